"""Recipe and Stage: frozen, typed values that say how a run trains. Nothing is computed here."""

import difflib
from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Literal, Self

import pydantic
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from kaggle_prz.budget import seconds_of
from kaggle_prz.errors import UsageError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

PositiveEpochs = Annotated[float, Field(gt=0, le=10_000)]
StageEpochs = Annotated[float, Field(ge=0, le=10_000)]
ImageSize = Annotated[int, Field(ge=8, le=4096)]
Share = Annotated[float, Field(ge=0, lt=1)]
Strength = Annotated[float, Field(ge=0, le=10)]
ShareRamp = Share | tuple[Share, Share]
StrengthRamp = Strength | tuple[Strength, Strength]


# Keys of earlier versions; where they were off, they are still read.
_INSTEAD = {
    "fixres": "to predict at a larger size, add that size with 0 epochs, such as "
    "--sizes 160,240,320,384 --epochs 3,2,1,0",
    "average_last": "the weights that predict are averaged by ema, such as ema = 0.95",
}


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Stage(_Frozen):
    """One step of progressive resizing: every fold is trained at one image size.

    Attributes:
        index: 1 for the first stage.
        image_size: height and width of the network's input, px.
        epochs: passes over a fold's training rows; a fraction ends within a pass.
        batch_size: images a step.
        learning_rate: peak of the stage's schedule.
        dropout: before the head.
        stochastic_depth: share of residual branches that a step drops, at the deepest block.
        randaugment: magnitude of RandAugment, 0 to 10; 0 for none.
        mixup, cutmix: alpha of the beta distribution that shares of two images are drawn from;
            0 for none.
        label_smoothing: share of a label that is spread over all classes.
        frozen: share of the backbone's layers, from the input on, that are not trained.
        head_views: of every image, flips included, that a head alone is fitted to and answers
            from, where the stage has no epochs.
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

    Attributes:
        backbone: name of a backbone; an unknown one lists the known ones.
        weights: `"auto"` (pretrained where a package ships them), `"imagenet"` (those or an
            error), `"none"`, or the path of a Keras weights file for the backbone.
        sizes: image size of every stage, px, rising.
        folds: cross-validation folds, at least 2.
        epochs: one number, divided among the stages by `schedule`; one number a stage, where a
            last one of 0 predicts at that size without training; or None: chosen from the time
            limit, else 6 in all.
        schedule: how `epochs` are divided, where they are not one number a stage: every stage
            costs the same compute; has the same epochs; most at the first size (`"late_jump"`);
            or the size rises linearly. See `kaggle_prz.schedule`.
        batch_size: images a step at the first size; falls with the square of the size, to 32 at
            the least. `"auto"`: as many as fit an accelerator, 32 on a processor.
        accumulate: steps whose gradients are averaged before the weights change.
        learning_rate: peak at the first stage.
        learning_rate_fall: learning rate of a stage ÷ that of the stage before.
        layer_decay: learning rate of a layer ÷ that of the layer after it.
        weight_decay: of AdamW.
        clipnorm: largest norm of a weight's gradient.
        head_first: fit the head on frozen features before anything is fine-tuned; without it
            heads are not fitted to larger sizes either.
        refit_head: fit it anew to the features of every larger size, as a stage begins; of
            networks that began with pretrained weights.
        frozen: share of the backbone's layers that are not trained. This and the following six
            take one number, or two: of the first stage and of the last.
        dropout: before the head.
        stochastic_depth: share of residual branches that a step drops.
        randaugment: magnitude of RandAugment, 0 to 10.
        mixup, cutmix: alpha of the beta distribution that shares of two images are drawn from.
        label_smoothing: share of a label that is spread over all classes.
        presize: margin that images keep around a random crop of the stage's size, as a share of
            it; 0 for none.
        loss: `"focal"` gives less weight to images that are right already.
        class_weight: `"balanced"` gives every class the same weight.
        ema: momentum of an exponential moving average of the weights, which predicts; 0 for none.
        patience: epochs without a better score of the held-out rows that end a fold's stage, which
            then keeps its best epoch; None trains all epochs and keeps the last.
        batch_norm: pretrained statistics: kept (`"inference"`), measured anew on the training
            images (`"recalibrate"`), or those of every batch (`"train"`); `"auto"` decides by the
            backbone.
        ensemble_stages: submit the mean of several stages' predictions where it is better.
        tta: average predictions over the flips that the task allows.
        precision: `"auto"` or a Keras dtype policy.
        time_limit: seconds for the whole run, or None.
        seed: of folds, batches and initial weights.

    Raises:
        UsageError: from `Recipe.parse`, with every mistake at once.

    Example:
        >>> Recipe(sizes=(160, 240, 320)).folds
        5
    """

    backbone: str = "efficientnet_lite0"
    weights: str = "auto"
    sizes: tuple[ImageSize, ...] = (160, 240, 320)
    folds: Annotated[int, Field(ge=2, le=100)] = 5
    epochs: PositiveEpochs | tuple[StageEpochs, ...] | None = None
    schedule: Literal["equal_compute", "equal_epochs", "late_jump", "linear"] = "equal_compute"
    batch_size: Annotated[int, Field(ge=1, le=65_536)] | Literal["auto"] = 32
    accumulate: Annotated[int, Field(ge=1, le=1024)] = 1
    learning_rate: Annotated[float, Field(gt=0, lt=1)] = 2e-4
    learning_rate_fall: Annotated[float, Field(gt=0, le=1)] = 0.6
    layer_decay: Annotated[float, Field(gt=0, le=1)] = 1.0
    weight_decay: Annotated[float, Field(ge=0, lt=1)] = 1e-4
    clipnorm: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    head_first: bool = True
    refit_head: bool = True
    frozen: ShareRamp = 0.0
    dropout: ShareRamp = 0.2
    stochastic_depth: ShareRamp = 0.0
    randaugment: StrengthRamp = 0.0
    mixup: StrengthRamp = 0.0
    cutmix: StrengthRamp = 0.0
    label_smoothing: ShareRamp = 0.0
    presize: Share = 0.0
    loss: Literal["crossentropy", "focal"] = "crossentropy"
    class_weight: Literal["none", "balanced"] = "none"
    ema: Share = 0.95
    patience: Annotated[int, Field(ge=1, le=1000)] | None = None
    batch_norm: Literal["auto", "inference", "recalibrate", "train"] = "auto"
    ensemble_stages: bool = True
    tta: bool = True
    precision: Literal["auto", "float32", "mixed_float16", "mixed_bfloat16"] = "auto"
    time_limit: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0

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
            raise ValueError("this key takes no true or false")
        return value

    @field_validator("time_limit", mode="before")
    @classmethod
    def _a_time_in_words(cls, limit: object) -> object:
        return seconds_of(limit) if isinstance(limit, str) else limit

    @model_validator(mode="after")
    def _one_epoch_count_a_stage(self) -> Self:
        if isinstance(self.epochs, tuple) and len(self.epochs) != len(self.sizes):
            raise ValueError(
                f"{len(self.epochs)} epochs for {len(self.sizes)} sizes; give one number "
                "in all, or one for every size"
            )
        if isinstance(self.epochs, tuple) and not all(self.epochs[:-1] or self.epochs):
            raise ValueError("only the last of several sizes may have 0 epochs")
        return self

    @model_validator(mode="before")
    @classmethod
    def _without_removed_keys(cls, given: object) -> object:
        """Drop keys that earlier versions had, where they asked for nothing."""
        if not isinstance(given, dict):
            return given
        return {key: value for key, value in given.items() if value or key not in _INSTEAD}

    @classmethod
    def parse(
        cls,
        options: Mapping[str, object],
        *,
        defaults: Mapping[str, object] | None = None,
        sources: Mapping[str, str] | None = None,
    ) -> "Recipe":
        """Check `options` over `defaults`; None and absent options take the default.

        `sources` says of keys where they are written, for the sentences about mistakes.

        Raises:
            UsageError: one line a mistake: unknown key, wrong type, value out of range.
        """
        given = {key: value for key, value in options.items() if value is not None}
        try:
            return cls.model_validate({**(defaults or {}), **given})
        except pydantic.ValidationError as error:
            raise UsageError(_all_mistakes(error, sources or {})) from None


# What a key that takes one number or several says of the form that was not meant.
_OF_ANOTHER_FORM = {"tuple_type", "float_type", "literal_error"}
_WORDS = {
    "tuple_type": "Input should be numbers in a list, such as [96, 144]",
    "bool_type": "Input should be true or false",
    "bool_parsing": "Input should be true or false",
    "float_type": "Input should be a number",
    "float_parsing": "Input should be a number",
    "int_type": "Input should be a whole number",
    "int_parsing": "Input should be a whole number",
    "int_from_float": "Input should be a whole number",
}


def _key(mistake: "ErrorDetails") -> str:
    return str(mistake["loc"][0]) if mistake["loc"] else ""


def _known_beside(key: str) -> str:
    """What an unknown key may have been meant to be, and all that are known."""
    if key in _INSTEAD:
        return f"; {_INSTEAD[key]}"
    close = difflib.get_close_matches(key, Recipe.model_fields, n=1)
    meant = f"; did you mean {close[0]!r}?" if close else "."
    return f"{meant} The keys are {', '.join(Recipe.model_fields)}"


def _written(value: object) -> str:
    """A value as TOML has it, as far as users write it."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(_written, value))}]"
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _all_mistakes(error: pydantic.ValidationError, sources: Mapping[str, str]) -> str:
    lines = []
    mistakes = error.errors(include_url=False)
    told = {_key(mistake) for mistake in mistakes if mistake["type"] not in _OF_ANOTHER_FORM}
    for mistake in mistakes:
        key = _key(mistake)
        if key in told and mistake["type"] in _OF_ANOTHER_FORM:
            continue
        where = key or "epochs"  # the one rule of two keys is about them
        source = f"{sources[where]}: " if where in sources else ""
        if mistake["type"] == "extra_forbidden":
            lines.append(f"{source or 'recipe: '}unknown key {key!r}{_known_beside(key)}")
            continue
        written = _written(mistake["input"])
        message = _WORDS.get(mistake["type"], mistake["msg"]).removeprefix("Value error, ")
        told_already = isinstance(mistake["input"], str) and message.startswith(written)
        received = f" (received {written})" if key and not told_already else ""
        lines.append(f"{source}{key or 'recipe'}: {message}{received}")
    return "\n".join(dict.fromkeys(lines))
