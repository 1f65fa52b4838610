"""What a stage costs: images that it touches, and the speed that was measured."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from kaggle_prz.schedule.recipe import Stage


@dataclass(frozen=True)
class Workload:
    """How many images a stage touches."""

    folds: int  # folds of the run
    train_rows: int  # rows with a label; each fold trains on `(folds - 1) / folds` of them
    test_rows: int  # rows to predict, by every fold
    views: int  # test-time views of each predicted image
    refits_head: bool = False  # folds fit their heads again in every stage but the first
    shares_features: bool = False  # folds share features, as long as no backbone was trained
    head_views: int = 1  # most views of an image that such a head can be fitted to
    side_by_side: int = 1  # folds that are trained at a time

    def turns(self, folds: int) -> int:
        """Return how many folds one device trains, of so many."""
        return math.ceil(folds / self.side_by_side)

    @property
    def share(self) -> float:
        """Share of the seconds of all folds, one after the other, that a stage takes."""
        return self.turns(self.folds) / self.folds

    def trained_images(self, epochs: float) -> float:
        """Return images that training passes over, all folds together."""
        return epochs * self.train_rows * (self.folds - 1)

    def featured_images(self, stage: Stage) -> float:
        """Return images whose features a stage fits its folds' heads to, all folds together."""
        if self.predicts_from_features(stage):
            return float(stage.head_views * (self.train_rows + self.test_rows))  # of all folds
        return self.trained_images(1) if self.refits_head and stage.index > 1 else 0.0

    def predicted_images(self) -> int:
        """Return images that prediction passes over, all folds together."""
        return self.views * (self.train_rows + self.folds * self.test_rows)

    def predicts_from_features(self, stage: Stage) -> bool:
        """Return whether a stage fits heads alone, to features that all folds share."""
        return self.shares_features and stage.epochs == 0


@dataclass(frozen=True)
class Speed:
    """What was measured on this machine, at one image size."""

    image_size: int  # px at which it was measured
    train_images: float  # images a second in training
    predict_images: float  # images a second in prediction
    start: float  # seconds to build and trace one stage's model

    def at(self, image_size: int) -> "Speed":
        """Return the same machine at another size, by the ratio of areas."""
        ratio = (self.image_size / image_size) ** 2
        return replace(
            self,
            image_size=image_size,
            train_images=self.train_images * ratio,
            predict_images=self.predict_images * ratio,
        )

    def of(self, stage: Stage) -> "Speed":
        """Return the speed at the size of a stage."""
        return self.at(stage.image_size)


@dataclass(frozen=True)
class Speeds:
    """What was measured on this machine, at several image sizes."""

    measured: Mapping[tuple[int, int], Speed]  # by image size, px, and batch size; at least one

    def of(self, stage: Stage) -> Speed:
        """Return the speed at the nearest size and batch size, scaled to the size of a stage."""

        def distance(key: tuple[int, int]) -> tuple[float, float]:
            size, batch = key
            here = abs(math.log(size / stage.image_size))
            return here, abs(math.log(batch / stage.batch_size))

        return self.measured[min(self.measured, key=distance)].at(stage.image_size)

    def knows(self, stage: Stage) -> bool:
        """Return whether the very size and batch size of a stage were measured."""
        return (stage.image_size, stage.batch_size) in self.measured

    def adding(self, stage: Stage, speed: Speed) -> "Speeds":
        """These, and what was measured of a stage."""
        return Speeds({**self.measured, (stage.image_size, stage.batch_size): speed})


Measured = Speed | Speeds


@dataclass(frozen=True)
class Slot:
    """How long one fold may train."""

    epochs: float  # passes at most
    deadline: float | None = None  # `time.monotonic()` by which predicting begins


@dataclass(frozen=True)
class Cost:
    """Predicted seconds of one stage, all folds together."""

    start: float
    train: float
    predict: float
    features: float = 0.0

    @property
    def total(self) -> float:
        """Seconds of the whole stage."""
        return self.train + self.idle

    @property
    def idle(self) -> float:
        """Seconds of the stage that do not train the network."""
        return self.start + self.features + self.predict


def cost_of(stage: Stage, workload: Workload, speed: Measured) -> Cost:
    """Predicted seconds of `stage`, from speeds measured at any size."""
    here = speed.of(stage)
    heads = workload.predicts_from_features(stage)  # of all folds, on one device
    share = 1.0 if heads else workload.share
    predicted = 0 if heads else workload.predicted_images()
    return Cost(
        start=here.start,
        train=share * workload.trained_images(stage.epochs) / here.train_images,
        predict=share * predicted / here.predict_images,
        features=share * workload.featured_images(stage) / here.predict_images,
    )


def relative_compute(stages: Sequence[Stage]) -> float:
    """Compute of `stages` ÷ compute of the same epochs all at the largest size; 0 for none."""
    largest = max((stage.image_size for stage in stages), default=0)
    spent = sum(stage.epochs * stage.image_size**2 for stage in stages)
    return spent / (sum(stage.epochs for stage in stages) * largest**2 or 1.0)
