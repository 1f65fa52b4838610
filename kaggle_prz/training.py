"""One stage: every fold in turn on one compiled model. Reads and writes no files.

The model is built, compiled and traced once; a fold begins by setting its weights and by putting
the optimizer and the random generators of dropout back to where they were when new, so that a
fold comes out the same whatever was trained before it.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kaggle_prz.callbacks import Clock, History, Pace
from kaggle_prz.console import Advance
from kaggle_prz.errors import PrzError
from kaggle_prz.images import Pixels
from kaggle_prz.losses import TracedLoss, loss_and_metrics
from kaggle_prz.model import Classifier
from kaggle_prz.optimizer import FineTuningAdamW
from kaggle_prz.pipeline import TrainBatches
from kaggle_prz.spec import Recipe, Stage
from kaggle_prz.task import Kind

_STEPS_MEASURED = 6


class TrainingError(PrzError):
    """The loss stopped being a number."""


@dataclass(frozen=True)
class FoldWork:
    """What one fold of a stage trains on.

    Attributes:
        fold: its number.
        pixels: `(images, size, size, 3)` uint8, at the stage's size.
        rows: indexes into `pixels` to train on.
        targets: of these rows, see `kaggle_prz.outputs.Outputs.targets`.
        flips: flips that leave labels what they are.
        epochs: passes over `rows`, at most.
        deadline: `time.monotonic()` at which to be done, or None.
    """

    fold: int
    pixels: Pixels
    rows: NDArray[np.int64]
    targets: NDArray[Any]
    epochs: float
    flips: tuple[str, ...] = ()
    deadline: float | None = None


class StageTrainer:
    """Trains the folds of one stage in one compiled model.

    Args:
        classifier: built for the stage's image size.
        stage: what to train.
        recipe: weight decay and seed.
        kind: of the task.
        shares: classes have shares of rows, see `loss_and_metrics`.
        heads: outputs of each head, see `loss_and_metrics`.
    """

    def __init__(
        self,
        classifier: Classifier,
        stage: Stage,
        recipe: Recipe,
        *,
        kind: Kind = "classes",
        shares: bool = False,
        heads: Sequence[int] = (),
    ):
        self.stage = stage
        self._model = classifier.model
        self._seed = recipe.seed
        loss, measured = loss_and_metrics(kind, shares=shares, heads=heads)
        self._loss = TracedLoss(loss)
        adam = FineTuningAdamW if classifier.pretrained else keras.optimizers.AdamW
        optimizer = adam(
            stage.learning_rate,
            weight_decay=recipe.weight_decay,
            clipnorm=1.0,
            gradient_accumulation_steps=recipe.accumulate if recipe.accumulate > 1 else None,
        )
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        if _computes_in_float16(self._model):  # its head is float32, so Keras would not do it
            optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
        self._model.compile(
            optimizer=optimizer,
            loss=self._loss,
            metrics=measured,
        )
        optimizer.build(self._model.trainable_variables)
        generators = [v for v in self._model.variables if "seed_generator" in v.path]
        self._new = [
            (variable, keras.ops.convert_to_numpy(variable).copy())
            for variable in [*optimizer.variables, *generators]
        ]

    @property
    def traces(self) -> int:
        """How often the training step was traced so far."""
        return self._loss.traces

    def steps(self, rows: int, epochs: float) -> int:
        """Training steps for that many passes over that many rows, at least one."""
        a_pass = max(1, rows // self.stage.batch_size)
        return max(1, round(a_pass * epochs))

    def measure(self, work: FoldWork) -> float:
        """Images a second in training; traces the step and leaves every weight as it was."""
        weights = self._model.get_weights()
        clock = Clock()
        measured = min(_STEPS_MEASURED, len(self._batches(work)))
        try:
            for steps in (1, measured):  # the first call traces; both go the way of `train`
                self._model.fit(
                    self._batches(work),
                    steps_per_epoch=steps,
                    shuffle=False,
                    verbose=0,
                    callbacks=[clock],
                )
        finally:
            self._model.set_weights(weights)
        batch = min(self.stage.batch_size, len(work.rows))
        return batch / statistics.median(clock.seconds)

    def train(self, work: FoldWork, advance: Advance | None = None) -> pd.DataFrame:
        """Train one fold from the weights that the model holds.

        Args:
            work: the fold's rows.
            advance: called after every step, with the loss so far.

        Returns:
            The history: about 40 rows with `epoch`, `step`, `loss`, `accuracy` (means since the
            row before), `learning_rate` and `seconds`.

        Raises:
            TrainingError: the loss became NaN or infinite.
        """
        for variable, value in self._new:
            variable.assign(value)
        batches = self._batches(work)
        pace = Pace(
            self.steps(len(work.rows), work.epochs), self.stage.learning_rate, work.deadline
        )
        likely = min(pace.steps, self.steps(len(work.rows), self.stage.epochs))
        history = History(pace, len(batches), advance, likely)
        self._model.fit(
            batches,
            epochs=math.ceil(pace.steps / len(batches)),
            shuffle=False,
            verbose=0,
            callbacks=[pace, history],
        )
        if not history.finite:
            raise TrainingError(
                f"The loss became {history.rows[-1]['loss']} in {self.stage.name}, fold "
                f"{work.fold}, step {pace.step} (learning rate "
                f"{self.stage.learning_rate:.2g}). Use a lower --learning-rate, or --precision "
                "float32."
            )
        return pd.DataFrame(history.rows)

    def _batches(self, work: FoldWork) -> TrainBatches:
        return TrainBatches(
            work.pixels,
            work.rows,
            work.targets,
            batch_size=self.stage.batch_size,
            flips=work.flips,
            seed=(self._seed, self.stage.index, work.fold),
        )


def _computes_in_float16(model: keras.Model) -> bool:
    layers = model._flatten_layers(include_self=False, recursive=True)
    return any(layer.compute_dtype == "float16" for layer in layers)
