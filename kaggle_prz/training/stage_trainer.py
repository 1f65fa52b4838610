"""One stage: every fold in turn on one compiled model. Reads and writes no files.

The model is built, compiled and traced once; a fold begins by setting its weights and by putting
the optimizer and the random generators of dropout back to where they were when new, so that a
fold comes out the same whatever was trained before it.
"""

import contextlib
import functools
import math
import operator
import statistics
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kaggle_prz.core.console import Advance
from kaggle_prz.core.errors import PrzError
from kaggle_prz.core.image_store import Store
from kaggle_prz.metrics.arrays import Array
from kaggle_prz.models.classifier import Classifier
from kaggle_prz.models.fine_tuning import layer_depth
from kaggle_prz.schedule import describe
from kaggle_prz.schedule.ramps import mixes
from kaggle_prz.schedule.recipe import Recipe, Stage
from kaggle_prz.tasks import outputs
from kaggle_prz.tasks.outputs import Classes, Target
from kaggle_prz.training.augmentation import Augmentation
from kaggle_prz.training.callbacks.averaging import WeightAverage
from kaggle_prz.training.callbacks.callbacks import Clock, History, Pace, WriteBack
from kaggle_prz.training.callbacks.early_stopping import BestPass, Validate
from kaggle_prz.training.callbacks.rollback import Kept, Rollback
from kaggle_prz.training.data import TrainBatches, fed
from kaggle_prz.training.optimization import class_weights
from kaggle_prz.training.optimization.losses import TracedLoss, loss_and_metrics
from kaggle_prz.training.optimization.optimizer import optimizer_of

_STEPS_MEASURED = 6
_STEPS_AT_FULL_RATE = 60


class TrainingError(PrzError):
    """The loss stopped being a number, and lower learning rates did not help."""


@dataclass(frozen=True)
class FoldWork:
    """What one fold of a stage trains on."""

    fold: int  # its number
    pixels: Store  # `(images, stored, stored, 3)` uint8, of the stage's size or larger
    rows: NDArray[np.int64]  # indexes into `pixels` to train on
    targets: Array  # of these rows, see `kaggle_prz.tasks.outputs.Target.targets`
    epochs: float  # passes over `rows`, at most
    flips: tuple[str, ...] = ()  # flips that leave labels what they are
    deadline: float | None = None  # `time.monotonic()` at which to be done, or None
    expected: float | None = None  # passes likely before the deadline; default: the stage's
    validate: Validate | None = None  # score of the held-out rows, for a recipe with patience
    # whether a score is strictly better than another
    better: Callable[[float, float], bool] = operator.gt


class StageTrainer:
    """Trains the folds of one stage in one compiled model; `tell` gets what was not planned."""

    def __init__(
        self,
        classifier: Classifier,
        stage: Stage,
        recipe: Recipe,
        *,
        target: Target | None = None,
        tell: Callable[[str], None] | None = None,
    ):
        self.stage, self._recipe, self._tell = stage, recipe, tell
        self._model, self._pretrained = classifier.model, classifier.pretrained
        target = target or Classes(classifier.model.output_shape[-1])
        self._sizes = target.sizes
        self._mixed = target.indexes and bool(stage.mixup or stage.cutmix)
        loss, measured = loss_and_metrics(
            target,
            shares=self._mixed or not target.indexes,
            focal=recipe.loss == "focal",
            smoothing=stage.label_smoothing,
        )
        self._loss = TracedLoss(loss)
        frozen = layer_depth.freeze(self._model, stage.frozen)
        self.notes = [
            *([frozen] if frozen else []),
            *describe.of(stage, recipe, has_classes=target.has_classes),
        ]
        optimizer = optimizer_of(
            self._model,
            recipe,
            stage.learning_rate,
            pretrained=classifier.pretrained,
            rates=layer_depth.rates(self._model, recipe.layer_decay),
        )
        self._model.compile(optimizer=optimizer, loss=self._loss, metrics=measured)
        generators = [v for v in self._model.variables if "seed_generator" in v.path]
        self._new_optimizer, self._new_generators = Kept(optimizer.variables), Kept(generators)
        self._average: tuple[int, WeightAverage] | None = None

    @property
    def traces(self) -> int:
        """How often the training step was traced so far."""
        return self._loss.traces

    def steps(self, rows: int, epochs: float) -> int:
        """Return training steps for that many epochs over that many rows."""
        a_pass, whole = max(1, rows // self.stage.batch_size), self._recipe.accumulate
        steps = max(1, round(a_pass * epochs))
        return max(1, round(steps / whole)) * whole

    def measure(self, work: FoldWork) -> float:
        """Return images a second in training; traces the step and leaves every weight as it was."""
        weights = self._model.get_weights()
        clock = Clock()
        measured = min(_STEPS_MEASURED, len(self._batches(work)))
        try:
            for steps in (1, measured):  # the first call traces; both go the way of `train`
                self._model.fit(
                    fed(self._batches(work)),
                    steps_per_epoch=steps,
                    shuffle=False,
                    verbose=0,
                    callbacks=[clock],
                )
        finally:
            self._model.set_weights(weights)
        batch = min(self.stage.batch_size, len(work.rows))
        return batch / statistics.median(clock.seconds)

    def train(
        self,
        work: FoldWork,
        advance: Advance | None = None,
        *,
        callbacks: Sequence[keras.callbacks.Callback] = (),
    ) -> pd.DataFrame:
        """Train one fold from the weights that the model holds; return about 40 rows of history.

        `loss` and `accuracy` are means since the row before; `val_score` is there where a pass was
        scored, and `rollback` where the loss was no number.
        """
        self._new_optimizer.put_back()
        self._new_generators.put_back()
        planned, whole = self.steps(len(work.rows), work.epochs), self._recipe.accumulate
        expected = self.stage.epochs if work.expected is None else work.expected
        likely = min(planned, self.steps(len(work.rows), expected))
        pace = Pace(planned, self._peak(likely // whole), work.deadline, whole)
        batches = self._batches(work, lambda step: self._mixes(step, pace))
        average = WeightAverage(pace, self._recipe.ema, whole) if self._recipe.ema else None
        self._average = (work.fold, average) if average else None
        where = f"{self.stage.name}, fold {work.fold}"
        rollback = Rollback(pace, lambda: self._restart(average), self._note, where)
        history = History(pace, len(batches), advance, likely, rollback.recover)
        best = self._best_pass(work, history, pace)
        try:
            self._model.fit(
                fed(batches),
                epochs=math.ceil((pace.steps + whole) / len(batches)),  # pace ends it
                shuffle=False,
                verbose=0,
                callbacks=[
                    WriteBack(),
                    *(each for each in (pace, history, rollback, average, best) if each),
                    *callbacks,
                ],
            )
        finally:
            batches.let_go()  # TensorFlow keeps batches, and they would keep the model
        if not history.finite:
            raise TrainingError(
                f"The loss became {history.rows[-1]['loss']} in {where}, {rollback.told}. Use a "
                "lower --learning-rate, or --precision float32."
            )
        if pace.unused:
            self._note(
                f"{where}: the time limit ended {pace.unused} step(s) into an accumulation of "
                f"{whole} steps; their gradients were not used."
            )
        if best is not None and best.restore(self._model):
            self._average = None
        return pd.DataFrame(history.rows)

    def averaged(self, fold: int) -> AbstractContextManager[None]:
        """Give the model the weights that predict within, if this fold was trained last."""
        if self._average is None or self._average[0] != fold:
            return contextlib.nullcontext()
        return self._average[1].swapped(self._model)

    def _peak(self, changes: int) -> float:
        """Return the highest learning rate of a fold whose weights change so many times.

        AdamW moves every weight by about its rate at each step, whatever the gradient. What a
        pretrained network loses by its first steps at the full rate takes some sixty to win back;
        where there are fewer, smaller ones lose nothing.
        """
        share = min(1.0, changes / _STEPS_AT_FULL_RATE) if self._pretrained else 1.0
        return self.stage.learning_rate * share

    def _best_pass(self, work: FoldWork, history: History, pace: Pace) -> BestPass | None:
        patience = self._recipe.patience
        if patience is None or work.validate is None:
            return None
        predicting = functools.partial(self.averaged, work.fold)
        return BestPass(
            work.validate, work.better, patience, history=history, pace=pace, predicting=predicting
        )

    def _restart(self, average: WeightAverage | None) -> None:
        self._new_optimizer.put_back()
        if average is not None:
            average.restart()

    def _note(self, sentence: str) -> None:
        self.notes.append(sentence)
        if self._tell is not None:
            self._tell(f"Note: {sentence}")

    def _mixes(self, step: int, pace: Pace) -> bool:
        """Return whether a step mixes images; batches are made ahead of `pace`'s count."""
        progress = max(step / pace.steps, pace.progress)
        return mixes(self.stage.index - 1, len(self._recipe.sizes), progress)

    def _batches(self, work: FoldWork, mixing: Callable[[int], bool] | None = None) -> TrainBatches:
        targets = outputs.shares(work.targets, self._sizes) if self._mixed else work.targets
        weigh = None
        if self._recipe.class_weight != "none":
            weights = class_weights.balanced(work.targets, self._sizes)
            weigh = functools.partial(class_weights.of_rows, weights, sizes=self._sizes)
        return TrainBatches(
            work.pixels,
            work.rows,
            targets,
            batch_size=self.stage.batch_size,
            flips=work.flips,
            augmentation=Augmentation.of(self.stage),
            mixing=mixing,
            size=self._model.input_shape[1],
            seed=(self._recipe.seed, self.stage.index, work.fold),
            weigh=weigh,
        )
