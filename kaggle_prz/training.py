"""One stage: every fold in turn on one compiled model. Reads and writes no files.

The model is built, compiled and traced once; a fold begins by setting its weights and by putting
the optimizer back to where it was when new.
"""

import math
import time

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kaggle_prz.console import Advance
from kaggle_prz.errors import PrzError
from kaggle_prz.images import Pixels
from kaggle_prz.model import Classifier
from kaggle_prz.pipeline import TrainBatches
from kaggle_prz.spec import Recipe, Stage

_WARM_UP = 0.1
_ROWS_OF_HISTORY = 40
_STEPS_MEASURED = 4


class TrainingError(PrzError):
    """The loss stopped being a number."""


class TracedLoss(keras.losses.SparseCategoricalCrossentropy):  # type: ignore[misc]
    """Cross-entropy that counts how often a training step was traced.

    Python runs this only while the framework traces a step, never while it executes one.
    """

    def __init__(self) -> None:
        super().__init__(name="cross_entropy")
        self.traces = 0

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Cross-entropy of `(batch, classes)` probabilities, per image."""
        self.traces += not isinstance(y_pred, keras.KerasTensor)
        return super().call(y_true, y_pred)


@dataclass(frozen=True)
class FoldWork:
    """What one fold of a stage trains on.

    Attributes:
        fold: its number.
        pixels: `(images, size, size, 3)` uint8, at the stage's size.
        rows: indexes into `pixels` to train on.
        labels: `(len(rows),)` class indexes.
        flips: flips that leave labels what they are.
        deadline: `time.monotonic()` at which to be done, or None.
    """

    fold: int
    pixels: Pixels
    rows: NDArray[np.int64]
    labels: NDArray[np.int64]
    flips: tuple[str, ...] = ()
    deadline: float | None = None


class StageTrainer:
    """Trains the folds of one stage in one compiled model.

    Args:
        classifier: built for the stage's image size.
        stage: what to train.
        recipe: weight decay and seed.
    """

    def __init__(self, classifier: Classifier, stage: Stage, recipe: Recipe):
        self.stage = stage
        self._model = classifier.model
        self._seed = recipe.seed
        self._loss = TracedLoss()
        self._optimizer = keras.optimizers.AdamW(
            stage.learning_rate, weight_decay=recipe.weight_decay, clipnorm=1.0
        )
        self._optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        self._model.compile(
            optimizer=self._optimizer,
            loss=self._loss,
            metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
        )
        self._optimizer.build(self._model.trainable_variables)
        self._new = [keras.ops.convert_to_numpy(v) for v in self._optimizer.variables]

    @property
    def traces(self) -> int:
        """How often the training step was traced so far."""
        return self._loss.traces

    def steps(self, rows: int, epochs: float | None = None) -> int:
        """Training steps for that many rows, at least one."""
        a_pass = max(1, rows // self.stage.batch_size)
        return max(1, round(a_pass * (self.stage.epochs if epochs is None else epochs)))

    def measure(self, work: FoldWork) -> float:
        """Images a second in training; traces the step and leaves every weight as it was."""
        weights = self._model.get_weights()
        clock = _Clock()
        for steps in (1, _STEPS_MEASURED):  # the first call traces; both go the way of `train`
            self._model.fit(
                self._batches(work),
                steps_per_epoch=steps,
                shuffle=False,
                verbose=0,
                callbacks=[clock],
            )
        self._model.set_weights(weights)
        batch = min(self.stage.batch_size, len(work.rows))
        return batch * _STEPS_MEASURED / clock.seconds

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
        for variable, value in zip(self._optimizer.variables, self._new, strict=True):
            variable.assign(value)
        batches = self._batches(work)
        pace = _Pace(self.steps(len(work.rows)), self.stage.learning_rate, work.deadline)
        history = _History(pace, len(batches), advance)
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
            work.labels,
            batch_size=self.stage.batch_size,
            flips=work.flips,
            seed=(self._seed, self.stage.index, work.fold),
        )


def learning_rate_at(progress: float, peak: float) -> float:
    """Linear warm-up over the first tenth, then a cosine to 1 % of the peak.

    Args:
        progress: of the stage, 0 to 1.
        peak: highest learning rate.

    Example:
        >>> [round(learning_rate_at(p, 1.0), 3) for p in (0.0, 0.1, 0.55, 1.0)]
        [0.1, 1.0, 0.505, 0.01]
    """
    if progress < _WARM_UP:
        return peak * max(0.1, progress / _WARM_UP)
    along = (progress - _WARM_UP) / (1 - _WARM_UP)
    return peak * (0.01 + 0.99 * (1 + math.cos(math.pi * min(1.0, along))) / 2)


class _Clock(keras.callbacks.Callback):  # type: ignore[misc]
    """Seconds that the steps of the last `fit` took, without what surrounds them."""

    seconds = 0.0

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        self.seconds = 0.0

    def on_train_batch_begin(self, batch: int, logs: object = None) -> None:
        self._begun = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        self.seconds += time.monotonic() - self._begun


class _Pace(keras.callbacks.Callback):  # type: ignore[misc]
    """Sets the learning rate by progress, and stops at the last step or at the deadline.

    Progress is that of steps or of time, whichever is further: a fold that runs out of time
    still anneals to the end.
    """

    def __init__(self, steps: int, peak: float, deadline: float | None):
        super().__init__()
        self.steps, self.step, self.learning_rate = steps, 0, 0.0
        self._peak, self._deadline = peak, deadline
        self._begun = time.monotonic()

    @property
    def progress(self) -> float:
        done = self.step / self.steps
        if self._deadline is None:
            return done
        slot = max(1e-9, self._deadline - self._begun)
        return max(done, (time.monotonic() - self._begun) / slot)

    def on_train_batch_begin(self, batch: int, logs: object = None) -> None:
        self.learning_rate = learning_rate_at(self.progress, self._peak)
        self.model.optimizer.learning_rate = self.learning_rate

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        self.step += 1
        if self.progress >= 1:
            self.model.stop_training = True


class _History(keras.callbacks.Callback):  # type: ignore[misc]
    """Rows of the history, the bar's note, and an end to training when the loss is not finite.

    Keras reports means since the epoch began; differences of their sums give each row its own.
    """

    def __init__(self, pace: _Pace, steps_a_pass: int, advance: Advance | None):
        super().__init__()
        self.rows: list[dict[str, float]] = []
        self.finite = True
        self._pace, self._steps_a_pass, self._advance = pace, steps_a_pass, advance
        self._every = max(1, pace.steps // _ROWS_OF_HISTORY)
        self._begun = time.monotonic()
        self._earlier = (0, 0.0, 0.0)

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        self._earlier = (0, 0.0, 0.0)

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        means = logs or {}
        if self._advance is not None:
            self._advance(1, note=f"loss {means['loss']:.3f}")
        self.finite = math.isfinite(means["loss"])
        ends = self.model.stop_training or batch + 1 == self._steps_a_pass
        if ends or not self.finite or self._pace.step % self._every == 0:
            self._add_row(batch + 1, means)
        if not self.finite:
            self.model.stop_training = True

    def _add_row(self, count: int, means: dict[str, float]) -> None:
        before, loss_before, accuracy_before = self._earlier
        loss_sum, accuracy_sum = means["loss"] * count, means["accuracy"] * count
        self.rows.append(
            {
                "step": self._pace.step,
                "epoch": round(self._pace.step / self._steps_a_pass, 4),
                "loss": (loss_sum - loss_before) / (count - before),
                "accuracy": (accuracy_sum - accuracy_before) / (count - before),
                "learning_rate": self._pace.learning_rate,
                "seconds": round(time.monotonic() - self._begun, 3),
            }
        )
        self._earlier = (count, loss_sum, accuracy_sum)




def fit_head(
    features: NDArray[np.float32], labels: NDArray[np.int64], classes: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A logistic head on frozen features: a linear probe, before anything is fine-tuned.

    The features are standardised over the rows given here and over no others; the scaling is
    folded into the kernel.

    Args:
        features: `(rows, width)`, one fold's training rows.
        labels: `(rows,)` class indexes.
        classes: outputs; a class without rows gets a kernel of 0 and a low bias.

    Returns:
        `(width, classes)` kernel and `(classes,)` bias of a softmax head.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(features)
    present = np.unique(labels)
    kernel = np.zeros((features.shape[1], classes), np.float32)
    bias = np.full(classes, -10.0, np.float32)
    if len(present) < 2:
        bias[present] = 0.0
        return kernel, bias
    probe = LogisticRegression(C=0.003, tol=1e-2, max_iter=300).fit(scaler.transform(features), labels)
    weights, intercept = probe.coef_, probe.intercept_
    if len(present) == 2:
        weights = np.concatenate([-weights, weights]) / 2
        intercept = np.concatenate([-intercept, intercept]) / 2
    weights = weights / scaler.scale_
    kernel[:, present] = weights.T
    bias[present] = intercept - weights @ scaler.mean_
    return kernel, bias
