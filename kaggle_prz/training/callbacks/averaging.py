"""The moving average of the weights along a stage, and predicting with it."""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import keras

if TYPE_CHECKING:
    from kaggle_prz.training.callbacks.callbacks import Pace

_MOST_BETWEEN = 8


class WeightAverage(keras.callbacks.Callback):  # type: ignore[misc]
    """Exponential moving average of a model's weights over the steps of one fold.

    It forgets its beginning fast: after `t` changes of the weights its momentum is at most
    `(1 + t) / (10 + t)`, so that it means something in a short stage. Reading all weights costs
    time, so it is done every few changes, at most eight, and more than twice within what the
    average reaches back over; the momentum is raised to their number.
    """

    def __init__(self, pace: "Pace", momentum: float, accumulate: int = 1):
        super().__init__()
        self._pace, self._momentum, self._accumulate = pace, momentum, accumulate
        self._every = max(1, min(_MOST_BETWEEN, int(0.4 / (1 - momentum) + 1e-9)))
        self.restart()

    def restart(self) -> None:
        """Forget all weights so far."""
        self._mean: list[keras.KerasTensor] = []
        self._seen = 0
        self._started = self._pace.step

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        if self._changes - self._seen >= self._every:
            self._take(self.model)

    def on_train_end(self, logs: object = None) -> None:
        self._take(self.model)

    @contextlib.contextmanager
    def swapped(self, model: keras.Model) -> Iterator[None]:
        """Give `model`, which is trained, the averaged weights within; then its own again."""
        self._take(model)
        own = [keras.ops.copy(weight.value) for weight in model.weights]
        try:
            _assign(model, self._mean)
            yield
        finally:
            _assign(model, own)

    @property
    def _changes(self) -> int:
        """Changes of the weights so far."""
        return (self._pace.step - self._started) // self._accumulate

    def _take(self, model: keras.Model) -> None:
        """Let the weights of now into the average."""
        changes = self._changes
        if self._mean and changes == self._seen:
            return
        if self._mean:
            momentum = min(self._momentum, (1 + changes) / (10 + changes))
            part = 1 - momentum ** (changes - self._seen)
            self._mean = [
                mean + (weight.value - mean) * part
                if keras.backend.is_float_dtype(weight.dtype)
                else keras.ops.copy(weight.value)
                for mean, weight in zip(self._mean, model.weights, strict=True)
            ]
        else:
            self._mean = [keras.ops.copy(weight.value) for weight in model.weights]
        self._seen = changes


def _assign(model: keras.Model, values: list[keras.KerasTensor]) -> None:
    for weight, value in zip(model.weights, values, strict=True):
        weight.assign(keras.ops.copy(value))  # JAX's steps use up the arrays that they are given
