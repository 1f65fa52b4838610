"""What happens within a fold: the learning rate's course, the end in time, the history."""

import math
import time
from collections.abc import Callable

import keras

from kaggle_prz.core.console import Advance
from kaggle_prz.core.process import interrupts

_WARM_UP = 0.1
_ROWS_OF_HISTORY = 40


def learning_rate_at(progress: float, peak: float) -> float:
    """Linear warm-up over the first tenth, then a cosine to 1 % of the peak."""
    if progress < _WARM_UP:
        return peak * max(0.1, progress / _WARM_UP)
    along = (progress - _WARM_UP) / (1 - _WARM_UP)
    return peak * (0.01 + 0.99 * (1 + math.cos(math.pi * min(1.0, along))) / 2)


class Clock(keras.callbacks.Callback):  # type: ignore[misc]
    """Seconds that each step of the last `fit` took, without what surrounds it."""

    def on_train_begin(self, logs: object = None) -> None:
        self.seconds: list[float] = []

    def on_train_batch_begin(self, batch: int, logs: object = None) -> None:
        self._started = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        self.seconds.append(time.monotonic() - self._started)


class WriteBack(keras.callbacks.Callback):  # type: ignore[misc]
    """First of a fit's callbacks: lets the others see the weights and set the learning rate.

    With JAX, Keras trains on a state of its own and empties the variables; it writes them back
    where a pass ends, or sooner where asked. Other backends train on the variables themselves.
    """

    def on_train_batch_begin(self, batch: int, logs: object = None) -> None:
        """Variables hold what the next step begins from."""
        self._write_back()

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        """Variables hold what the step made of them."""
        self._write_back()

    def _write_back(self) -> None:
        if keras.backend.backend() == "jax":
            self.model.jax_state_sync()


class Pace(keras.callbacks.Callback):  # type: ignore[misc]
    """Sets the learning rate by progress, and stops at the last step or at the deadline.

    Progress is that of steps or of time, whichever is further: a fold that runs out of time
    still anneals to the end. Where gradients are accumulated, training ends when the weights
    have changed; under a deadline it ends before an accumulation that would not be done in time.
    The last `reserved` seconds before the deadline are for something else.
    """

    def __init__(self, steps: int, peak: float, deadline: float | None, accumulate: int = 1):
        super().__init__()
        self.steps, self.step, self.learning_rate = steps, 0, 0.0
        self.peak, self.reserved = peak, 0.0
        self._deadline, self._accumulate, self._origin = deadline, accumulate, 0
        self._started = time.monotonic()

    @property
    def progress(self) -> float:
        """Of the stage, from 0 on."""
        done = self.step / self.steps
        if self._deadline is None:
            return done
        slot = max(1e-9, self._deadline - self.reserved - self._started)
        return max(done, (time.monotonic() - self._started) / slot)

    @property
    def unused(self) -> int:
        """Steps whose gradients wait for an accumulation to be whole."""
        return (self.step - self._origin) % self._accumulate

    def restart(self, share: float) -> None:
        """Go on with a share of the learning rate and a new accumulation."""
        self.peak *= share
        self._origin = self.step

    def on_train_batch_begin(self, batch: int, logs: object = None) -> None:
        self.learning_rate = learning_rate_at(self.progress, self.peak)
        self.model.optimizer.learning_rate = self.learning_rate

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        self.step += 1
        if self._ends():
            self.model.stop_training = True

    def _ends(self) -> bool:
        if self.step >= self.steps and not self.unused:
            return True
        if self._deadline is None:
            return False
        now, end = time.monotonic(), self._deadline - self.reserved
        if now >= end:
            return True
        a_step = (now - self._started) / self.step
        return self._accumulate > 1 and not self.unused and now + self._accumulate * a_step > end


class History(keras.callbacks.Callback):  # type: ignore[misc]
    """Rows of the history, the bar's note, and an end to training when the loss is not finite.

    Keras reports means since the epoch began; differences of their sums give each row its own.
    Accuracy is NaN where the model measures none. `recover` is called when the loss is not finite
    and says whether training can go on; such a row has 1 in the column `rollback`.
    """

    def __init__(
        self,
        pace: Pace,
        steps_a_pass: int,
        advance: Advance | None,
        expected: int | None = None,
        recover: Callable[[], bool] | None = None,
    ):
        super().__init__()
        self.rows: list[dict[str, float]] = []
        self.finite = True
        self._pace, self._steps_a_pass, self._advance = pace, steps_a_pass, advance
        self._every = max(1, (expected or pace.steps) // _ROWS_OF_HISTORY)
        self._started = time.monotonic()
        self._recover = recover
        self._forget_sums()

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        self._forget_sums()

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        interrupts.check()
        means = logs or {}
        self._count += 1
        if self._advance is not None:
            self._advance(1, note=f"loss {means['loss']:.3f}")
        self.finite = math.isfinite(means["loss"])
        ends = self.model.stop_training or batch + 1 == self._steps_a_pass
        if ends or not self.finite or self._pace.step % self._every == 0:
            self._add_row(means)
        if not self.finite and self._recover is not None and self._recover():
            self.finite = True
            self.rows[-1]["rollback"] = 1
            self._forget_sums()
        if not self.finite:
            self.model.stop_training = True

    def _forget_sums(self) -> None:
        """As Keras does when an epoch begins."""
        self._count, self._earlier = 0, (0, 0.0, 0.0)

    def _add_row(self, means: dict[str, float]) -> None:
        count = self._count
        before, loss_before, accuracy_before = self._earlier
        loss_sum, accuracy_sum = means["loss"] * count, means.get("accuracy", math.nan) * count
        self.rows.append(
            {
                "step": self._pace.step,
                "epoch": round(self._pace.step / self._steps_a_pass, 4),
                "loss": (loss_sum - loss_before) / (count - before),
                "accuracy": (accuracy_sum - accuracy_before) / (count - before),
                "learning_rate": self._pace.learning_rate,
                "seconds": round(time.monotonic() - self._started, 3),
            }
        )
        self._earlier = (count, loss_sum, accuracy_sum)
