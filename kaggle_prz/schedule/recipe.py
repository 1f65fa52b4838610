"""Recipe and Stage: frozen, typed values that say how a run trains. Nothing is computed here."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

import pydantic
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from kaggle_prz.core.clock import seconds_of
from kaggle_prz.core.errors import UsageError
from kaggle_prz.schedule import mistakes
from kaggle_prz.schedule.mistakes import REMOVED

PositiveEpochs = Annotated[float, Field(gt=0, le=10_000)]
StageEpochs = Annotated[float, Field(ge=0, le=10_000)]
ImageSize = Annotated[int, Field(ge=8, le=4096)]
Share = Annotated[float, Field(ge=0, lt=1)]
Strength = Annotated[float, Field(ge=0, le=10)]
ShareRamp = Share | tuple[Share, Share]
StrengthRamp = Strength | tuple[Strength, Strength]

# Keys that the backbone's family sets where nothing else does; the defaults are the general ones.
BY_FAMILY = ("learning_rate", "weight_decay", "layer_decay", "stochastic_depth")


def _key(default: object, text: str, **more: Any) -> Any:
    """Return a key of a recipe that follows `--set` on the command line."""
    return Field(default, description=text, **more)


def _option(default: object, text: str, *, metavar: str | None = None, **more: Any) -> Any:
    """Return a key that has an option of its own; its metavar is that of its type, if None."""
    return _key(default, text, json_schema_extra={"metavar": metavar}, **more)


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Stage(_Frozen):
    """One step of progressive resizing: every fold is trained at one image size.

    Attributes:
        index: 1 for the first stage.
        image_size: height and width of the network's input, px.
        epochs: passes over a fold's training rows; a fraction ends within a pass.
        head_views: number of views (an image and its flips) that the head is fitted to and
            predicts from, if the stage has no epochs.

    Other attributes: the recipe's keys, at this stage's value.
    """

    index: int
    image_size: int
    epochs: float
    batch_size: int
    learning_rate: float
    dropout: float = 0.2
    stochastic_depth: float = 0.0
    randaugment: float = 0.0
    mixup: float = 0.0
    cutmix: float = 0.0
    label_smoothing: float = 0.0
    frozen: float = 0.0
    head_views: int = 1

    @property
    def name(self) -> str:
        """Directory name of the stage within a run, such as `stage2-240`."""
        return f"stage{self.index}-{self.image_size}"

    @property
    def label(self) -> str:
        """What charts call it."""
        return f"{self.image_size} px"


class Recipe(_Frozen):
    """How a run trains; the same recipe on the same files is the same run.

    Raises:
        UsageError: from `Recipe.parse`, with every mistake at once.

    Example:
        >>> Recipe(sizes=(160, 240, 320)).folds
        5
    """

    backbone: str = _option(
        "efficientnet_lite0",
        "Backbone. NAME: one that kaggle-prz backbones lists; auto: the most accurate one that "
        "the machine can train in time; FILE.py:FUNCTION, MODULE:FUNCTION: "
        "a function of your own from image size to keras.Model; FILE.keras: a model that Keras "
        "saved.",
        metavar="NAME|auto|FILE.py:FUNCTION|MODULE:FUNCTION|FILE.keras",
    )
    weights: str = _option(
        "auto",
        "Initial weights of the backbone. auto, imagenet: pretrained on ImageNet, or an error; "
        "none: random; FILE: a Keras weights file.",
        metavar="auto|imagenet|none|FILE",
    )
    sizes: tuple[ImageSize, ...] = _option(
        (160, 240, 320), "Image size of each stage in px, from small to large."
    )
    folds: int = _option(5, "Number of cross-validation folds, at least 2.", ge=2, le=100)
    epochs: PositiveEpochs | tuple[StageEpochs, ...] | None = _option(
        None,
        "Total number of epochs, which the schedule divides among the stages, or one number per "
        "stage (the last may be 0). Default: what the time limit allows, else 6 in total.",
    )
    schedule: Literal["equal_compute", "equal_epochs", "late_jump", "linear"] = _option(
        "equal_compute",
        "How the total number of epochs is divided among the stages. equal_compute: same compute; "
        "equal_epochs: same number; late_jump: 80 % at the first size; linear: as if the "
        "size grew steadily, then 20 % at the last size.",
    )
    batch_size: Annotated[int, Field(ge=1, le=65_536)] | Literal["auto"] = _option(
        32,
        "Batch size of the first stage. Later stages get smaller batches, down to 32. auto: as "
        "many images as fit on an accelerator, 32 on a CPU.",
    )
    accumulate: int = _key(
        1, "Number of steps over which gradients are averaged before an update.", ge=1, le=1024
    )
    learning_rate: float = _option(
        2e-4,
        "Peak learning rate of the first stage. auto, the default: by the backbone's family.",
        metavar="X|auto",
        gt=0,
        lt=1,
    )
    learning_rate_fall: float = _key(
        0.6, "Factor from the learning rate of one stage to that of the next.", gt=0, le=1
    )
    layer_decay: float = _key(
        1.0,
        "Learning-rate factor from a group of layers to the one before it. auto, the default: by "
        "the backbone's family.",
        gt=0,
        le=1,
    )
    weight_decay: float = _option(
        1e-4,
        "Weight decay of AdamW. auto, the default: by the backbone's family.",
        metavar="X|auto",
        ge=0,
        lt=1,
    )
    clipnorm: float = _key(
        1.0, "Largest gradient norm of one weight tensor.", gt=0, allow_inf_nan=False
    )
    head_first: bool = _key(
        True,
        "Fit the head as a linear probe before fine-tuning. Off: no linear probes at all.",
    )
    refit_head: bool = _key(
        True,
        "Fit the head as a linear probe again at every larger size, if the backbone is pretrained.",
    )
    frozen: ShareRamp = _key(
        0.0, "Share of the backbone's layers that stay frozen, counted from the input"
    )
    dropout: ShareRamp = _option(0.2, "Dropout before the head")
    stochastic_depth: ShareRamp = _key(
        0.0, "Drop rate of the last residual block. auto, the default: by the backbone's family"
    )
    randaugment: StrengthRamp = _option(0.0, "Magnitude of RandAugment, 0 to 10")
    mixup: StrengthRamp = _option(0.0, "Alpha of mixup; 0: no mixup")
    cutmix: StrengthRamp = _key(0.0, "Alpha of CutMix; 0: no CutMix")
    label_smoothing: ShareRamp = _key(
        0.0, "Share of the label's probability that is spread over all classes"
    )
    presize: Share = _key(
        0.0,
        "How much larger a stored training image is than its random crop, as a share of the "
        "stage's size; 0: no random crop.",
    )
    loss: Literal["crossentropy", "focal"] = _key(
        "crossentropy", "Training loss. focal gives less weight to images that are classified well."
    )
    class_weight: Literal["none", "balanced"] = _key(
        "none", "balanced: every class gets the same total weight in the loss."
    )
    ema: Share = _option(
        0.95,
        "Momentum of the EMA of the weights. The averaged weights predict. 0: no EMA.",
    )
    patience: Annotated[int, Field(ge=1, le=1000)] | None = _option(
        None,
        "Early stopping: end the stage of a fold after this number of epochs without a better "
        "score, and keep the weights of the best epoch. Default: train all epochs and keep the "
        "last weights.",
    )
    batch_norm: Literal["auto", "inference", "recalibrate", "train"] = _key(
        "auto",
        "BatchNorm statistics. inference: pretrained; recalibrate: measured again on training "
        "images; train: those of every batch; auto: by the backbone.",
    )
    ensemble_stages: bool = _key(
        True, "Submit the mean of several stages if its out-of-fold score is better."
    )
    tta: bool = _option(
        True, "Test-time augmentation: average predictions over the flips that the task allows."
    )
    precision: Literal["auto", "float32", "mixed_float16", "mixed_bfloat16"] = _option(
        "auto", "Compute dtype. auto: depends on the device."
    )
    time_limit: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = _option(
        None, "Time for the whole run, such as 600, 90s, 10m or 1h30m. Epochs are chosen to fit it."
    )
    seed: int = _option(0, "Random seed of folds, batches and initial weights.", ge=0, lt=2**32)

    @field_validator("sizes")
    @classmethod
    def _sizes_rise(cls, sizes: tuple[int, ...]) -> tuple[int, ...]:
        if not sizes:
            raise ValueError("at least one image size is needed, such as 160,240,320")
        if any(later <= earlier for earlier, later in pairwise(sizes)):
            raise ValueError(
                "image sizes must rise from stage to stage; write them as "
                + ",".join(str(size) for size in sorted(set(sizes)))
            )
        return sizes

    @field_validator("*", mode="before")
    @classmethod
    def _no_boolean_for_a_number(cls, value: object, info: pydantic.ValidationInfo) -> object:
        if (
            isinstance(value, bool)
            and cls.model_fields[str(info.field_name)].annotation is not bool
        ):
            raise ValueError("this key does not take true or false")
        return value

    @field_validator("time_limit", mode="before")
    @classmethod
    def _a_time_in_words(cls, limit: object) -> object:
        return seconds_of(limit) if isinstance(limit, str) else limit

    @model_validator(mode="after")
    def _one_epoch_count_a_stage(self) -> Self:
        if isinstance(self.epochs, tuple) and len(self.epochs) != len(self.sizes):
            raise ValueError(
                f"{len(self.epochs)} epochs for {len(self.sizes)} sizes; give one number in "
                "total, or one per size"
            )
        if isinstance(self.epochs, tuple) and not all(self.epochs[:-1] or self.epochs):
            raise ValueError("only the last of several sizes may have 0 epochs")
        return self

    @model_validator(mode="before")
    @classmethod
    def _without_what_is_not_asked(cls, given: object) -> object:
        """Drop keys that a family sets, where they are auto, and removed keys that were off."""
        if not isinstance(given, dict):
            return given
        return {
            key: value
            for key, value in given.items()
            if not (key in BY_FAMILY and value == "auto") and (value or key not in REMOVED)
        }

    @classmethod
    def parse(
        cls,
        options: Mapping[str, object],
        *,
        defaults: Mapping[str, object] | None = None,
        sources: Mapping[str, str] | None = None,
    ) -> "Recipe":
        """Check `options` over `defaults`; None and absent options take the default.

        `sources` maps a key to the file that sets it, for error messages.

        Raises:
            UsageError: one line a mistake: unknown key, wrong type, value out of range.
        """
        given = {key: value for key, value in options.items() if value is not None}
        try:
            return cls.model_validate({**(defaults or {}), **given})
        except pydantic.ValidationError as error:
            raise UsageError(
                mistakes.sentences(error, list(cls.model_fields), sources or {})
            ) from None
