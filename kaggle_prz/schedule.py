"""Recipe and measured speed -> stages: size, epochs, batch size, learning rate, cost.

Pure functions, without Keras. Compute is counted in images × px², which is what a
convolutional network's time follows (EfficientNetV2, arXiv:2104.00298, section 4).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from kaggle_prz.spec import Recipe, Stage

DEFAULT_EPOCHS = 6.0
MOST_EPOCHS_UNDER_A_TIME_LIMIT = 30.0
FEWEST_EPOCHS_WORTH_A_STAGE = 0.1
RAMPS = (
    "frozen",
    "dropout",
    "stochastic_depth",
    "randaugment",
    "mixup",
    "cutmix",
    "label_smoothing",
)
SAFETY = 0.94


@dataclass(frozen=True)
class Workload:
    """How many images a stage touches.

    Attributes:
        folds: folds of the run.
        train_rows: rows with a label; each fold trains on `(folds - 1) / folds` of them.
        test_rows: rows to predict, by every fold.
        views: test-time views of each predicted image.
    """

    folds: int
    train_rows: int
    test_rows: int
    views: int

    def trained_images(self, epochs: float) -> float:
        """Images that training passes over, all folds together."""
        return epochs * self.train_rows * (self.folds - 1)

    def predicted_images(self) -> int:
        """Images that prediction passes over, all folds together."""
        return self.views * (self.train_rows + self.folds * self.test_rows)


@dataclass(frozen=True)
class Speed:
    """What was measured on this machine, at one image size.

    Attributes:
        image_size: px at which it was measured.
        train_images: images a second in training.
        predict_images: images a second in prediction.
        start: seconds to build and trace one stage's model.
    """

    image_size: int
    train_images: float
    predict_images: float
    start: float

    def at(self, image_size: int) -> "Speed":
        """The same machine at another size, by the ratio of areas."""
        ratio = (self.image_size / image_size) ** 2
        return replace(
            self,
            image_size=image_size,
            train_images=self.train_images * ratio,
            predict_images=self.predict_images * ratio,
        )


@dataclass(frozen=True)
class Slot:
    """How long one fold may train.

    Attributes:
        epochs: passes at most.
        deadline: `time.monotonic()` by which training ends, or None.
    """

    epochs: float
    deadline: float | None = None


@dataclass(frozen=True)
class Cost:
    """Predicted seconds of one stage, all folds together."""

    start: float
    train: float
    predict: float

    @property
    def total(self) -> float:
        """Seconds of the whole stage."""
        return self.start + self.train + self.predict


def equal_compute(sizes: Sequence[int], epochs: float) -> tuple[float, ...]:
    """Divide `epochs` so that every stage costs the same compute (EfficientTrain++).

    Args:
        sizes: image size of every stage, px.
        epochs: in all.

    Returns:
        Epochs of every stage, in proportion to 1 / size².

    Example:
        >>> [round(e, 2) for e in equal_compute((160, 240, 320), 10)]
        [5.9, 2.62, 1.48]
    """
    shares = [1 / size**2 for size in sizes]
    return tuple(epochs * share / sum(shares) for share in shares)


def relative_compute(stages: Sequence[Stage]) -> float:
    """Compute of `stages` ÷ compute of the same epochs all at the largest size; 0 for none."""
    largest = max((stage.image_size for stage in stages), default=0)
    spent = sum(stage.epochs * stage.image_size**2 for stage in stages)
    return spent / (sum(stage.epochs for stage in stages) * largest**2 or 1.0)


def stages_of(recipe: Recipe) -> tuple[Stage, ...]:
    """The stages of a recipe, before any time limit.

    Batch size falls with the square of the image size, so that memory stays what it is at the
    first size, in multiples of 8 where it can. The learning rate falls from stage to stage: later
    stages refine what earlier ones learned.

    Returns:
        One `Stage` for every size of the recipe, in order.

    Example:
        >>> [stage.name for stage in stages_of(Recipe(sizes=(96, 144)))]
        ['stage1-96', 'stage2-144']
    """
    epochs = (
        recipe.epochs
        if isinstance(recipe.epochs, tuple)
        else equal_compute(recipe.sizes, recipe.epochs or DEFAULT_EPOCHS)
    )
    return tuple(
        Stage(
            index=index + 1,
            image_size=size,
            epochs=round(epochs[index], 2) or 0.01,
            batch_size=_batch_size(recipe, size),
            learning_rate=recipe.learning_rate * recipe.learning_rate_fall**index,
            **{name: ramped(getattr(recipe, name), index, len(recipe.sizes)) for name in RAMPS},
        )
        for index, size in enumerate(recipe.sizes)
    )


def ramped(value: float | tuple[float, float], index: int, stages: int) -> float:
    """The value of stage `index`, from 0, on a line from the first stage's to the last's.

    One stage alone takes the last's (EfficientNetV2, arXiv:2104.00298, algorithm 1).

    Example:
        >>> [ramped((0.1, 0.3), index, 3) for index in range(3)], ramped(0.2, 0, 3)
        ([0.1, 0.2, 0.3], 0.2)
    """
    if not isinstance(value, tuple):
        return value
    first, last = value
    return round(first + (last - first) * (index / (stages - 1) if stages > 1 else 1.0), 6)


def _batch_size(recipe: Recipe, size: int) -> int:
    fitting = recipe.batch_size * (recipe.sizes[0] / size) ** 2
    floor = min(recipe.batch_size, 16)
    return max(floor, int(fitting // 8) * 8)


def cost_of(stage: Stage, workload: Workload, speed: Speed) -> Cost:
    """Predicted seconds of `stage`, from a speed measured at any size."""
    here = speed.at(stage.image_size)
    return Cost(
        start=here.start,
        train=workload.trained_images(stage.epochs) / here.train_images,
        predict=workload.predicted_images() / here.predict_images,
    )


def finish_cost(stage: Stage, workload: Workload, speed: Speed, folds: int) -> float:
    """Predicted seconds of a finish in `folds` folds: images predicted twice, features of others.

    They are predicted twice where batch normalization is tuned, and once otherwise.
    """
    here = speed.at(stage.image_size)
    images = 2 * workload.predicted_images() + workload.trained_images(1)
    return here.start + images / here.predict_images * folds / workload.folds


def within(
    seconds: float, stages: Sequence[Stage], workload: Workload, speed: Speed, *, capped: bool
) -> tuple[Stage, ...]:
    """Fit the epochs of `stages` to `seconds`, equal compute a stage.

    The time of building and predicting is set aside first, and 6 % as a margin for a machine
    that slows down. Stages that would not get a tenth of an epoch are given up, largest
    first: a stage trained well beats two that are not.

    Args:
        seconds: left for these stages.
        stages: not yet begun, in order.
        workload: of every stage.
        speed: as measured last.
        capped: never train longer than the epochs that `stages` came with; otherwise their
            ratio does not matter and only 30 epochs in all are the limit.

    Returns:
        The stages that fit, with their epochs; empty when not even one does.

    Example:
        >>> stages = stages_of(Recipe(sizes=(96, 144), folds=5))
        >>> load = Workload(folds=5, train_rows=1800, test_rows=400, views=2)
        >>> fast = Speed(image_size=96, train_images=100, predict_images=300, start=10)
        >>> [stage.epochs for stage in within(600, stages, load, fast, capped=False)]
        [3.2, 1.42]
    """
    for count in range(len(stages), 0, -1):
        kept = stages[:count]
        idle = [cost_of(stage, workload, speed) for stage in kept]
        training = seconds * SAFETY - sum(cost.start + cost.predict for cost in idle)
        epochs = _affordable_epochs(training, kept, workload, speed, capped)
        if epochs and min(epochs) >= _fewest(kept, capped):
            return tuple(
                stage.model_copy(update={"epochs": _floor(count)})
                for stage, count in zip(kept, epochs, strict=True)
            )
    return ()


def _affordable_epochs(
    training: float, stages: Sequence[Stage], workload: Workload, speed: Speed, capped: bool
) -> tuple[float, ...]:
    if training <= 0:
        return ()
    one_epoch = [
        cost_of(stage.model_copy(update={"epochs": 1.0}), workload, speed).train for stage in stages
    ]
    if capped:
        wanted = sum(stage.epochs * cost for stage, cost in zip(stages, one_epoch, strict=True))
        return tuple(stage.epochs * min(1.0, training / wanted) for stage in stages)
    sizes = [stage.image_size for stage in stages]
    per_epoch = sum(
        share * cost for share, cost in zip(equal_compute(sizes, 1.0), one_epoch, strict=True)
    )
    return equal_compute(sizes, min(MOST_EPOCHS_UNDER_A_TIME_LIMIT, training / per_epoch))


def _fewest(stages: Sequence[Stage], capped: bool) -> float:
    asked = min(stage.epochs for stage in stages) if capped else math.inf
    return min(FEWEST_EPOCHS_WORTH_A_STAGE, asked)


def _floor(epochs: float) -> float:
    return max(0.01, math.floor(epochs * 100 + 1e-6) / 100)  # 0.29 * 100 is 28.999…
