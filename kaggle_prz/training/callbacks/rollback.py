"""What becomes of a fold whose loss is no number: back to good weights, at a lower rate."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import keras
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from kaggle_prz.training.callbacks.callbacks import Pace

MOST = 3
_STEPS_BETWEEN = 40


class Kept:
    """Variables that are put back to the values they have now."""

    def __init__(self, variables: Sequence[keras.Variable]):
        self._kept = [(each, keras.ops.convert_to_numpy(each).copy()) for each in variables]

    def put_back(self) -> None:
        """Assign the values that were kept."""
        for variable, value in self._kept:
            variable.assign(value)


class Rollback(keras.callbacks.Callback):  # type: ignore[misc]
    """Keeps weights that are good, and goes back to them at half the learning rate of `pace`.

    Weights count as good when the step after them has a finite loss: a step may have a finite
    loss and yet leave weights that are no numbers. `restart` puts back what belongs to weights
    that are gone, such as the optimizer's state; `where` says what trains, for the sentence.
    """

    def __init__(
        self,
        pace: "Pace",
        restart: Callable[[], None],
        tell: Callable[[str], None],
        where: str,
    ):
        super().__init__()
        self.count = 0
        self._pace, self._restart, self._tell = pace, restart, tell
        self._where = where
        self._good_at, self._kept_at = 0, -1
        self._given_up = False

    def on_train_begin(self, logs: object = None) -> None:
        self._good = self.model.get_weights()
        self._kept = self._good

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        step = self._pace.step
        if step == self._good_at:  # it has just gone back
            return
        if self._kept_at > self._good_at:
            self._good, self._good_at = self._kept, self._kept_at
        if step % _STEPS_BETWEEN == 0:
            self._kept, self._kept_at = self.model.get_weights(), step

    def on_train_end(self, logs: object = None) -> None:
        if not self._given_up and finite(self._good) and not finite(self.model.get_weights()):
            self._go_back("the weights were NaN or infinite after")

    def recover(self) -> bool:
        """Go back to the last good weights; False where there are none, or it is no use."""
        if self.count == MOST or not finite(self._good):
            self._given_up = True
            return False
        self._pace.restart(0.5)
        self._go_back("the loss was NaN or infinite at")
        return True

    @property
    def told(self) -> str:
        """Where training is and how often it went back, for a sentence."""
        times = "" if self.count == 1 else f" {self.count} times"
        after = (
            f" after going back{times} to good weights at half the learning rate"
            if self.count
            else ""
        )
        return f"step {self._pace.step}{after} (learning rate {self._pace.peak:.2g})"

    def _go_back(self, why: str) -> None:
        model, step = self.model, self._pace.step
        model.set_weights(self._good)
        self._restart()
        model.reset_metrics()
        self.count += 1
        since = f"step {self._good_at}" if self._good_at else "the start"
        self._tell(
            f"{self._where}: {why} step {step}. Training continues from the weights of {since}, "
            f"with a peak learning rate of {self._pace.peak:.2g}."
        )
        self._good_at = self._kept_at = step


def finite(weights: Sequence[NDArray[np.float32]]) -> bool:
    """Return whether all weights are numbers."""
    return all(bool(np.isfinite(weight).all()) for weight in weights)
