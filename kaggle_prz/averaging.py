"""Averages of the weights along a stage, and the begin and end of predicting with them."""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import keras

from kaggle_prz.spec import Recipe

if TYPE_CHECKING:
    from kaggle_prz.callbacks import Pace

_MOST_BETWEEN = 8
_SAMPLES = 20


def average_of(recipe: Recipe, pace: "Pace") -> "WeightAverage | None":
    """The average that a recipe asks for, to be begun anew in every fold; None for none.

    Args:
        recipe: of the run.
        pace: of the fold.
    """
    if not (recipe.ema or recipe.average_last):
        return None
    last = 0.0 if recipe.ema else recipe.average_last
    return WeightAverage(pace, momentum=recipe.ema, last=last, accumulate=recipe.accumulate)


class WeightAverage(keras.callbacks.Callback):  # type: ignore[misc]
    """Average of a model's weights over the steps of one fold.

    An exponential moving average forgets its beginning fast: after `t` changes of the weights
    its momentum is at most `(1 + t) / (10 + t)`, so that it means something in a short stage.
    A plain one takes the end of a stage alone (Izmailov et al., arXiv:1803.05407).

    Reading all weights costs time, so it is done every few changes where that makes little
    difference: more than twice within what the average reaches back over, and at most eight
    changes apart. The momentum is raised to their number.

    Args:
        pace: of the fold.
        momentum: of the exponential moving average; 0 for a plain one.
        last: share of the stage, at its end, that the plain average is taken over.
        accumulate: steps until the weights change.
    """

    def __init__(
        self, pace: "Pace", *, momentum: float = 0.0, last: float = 0.0, accumulate: int = 1
    ):
        super().__init__()
        self._pace, self._momentum, self._last = pace, momentum, last
        self._accumulate = accumulate
        between = 0.4 / (1 - momentum) if momentum else last * pace.steps / accumulate / _SAMPLES
        self._every = max(1, min(_MOST_BETWEEN, int(between + 1e-9)))
        self.restart()

    def restart(self) -> None:
        """Forget all weights so far."""
        self._mean: list[Any] = []
        self._samples = self._seen = 0
        self._begun = self._pace.step

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        if self._changes - self._seen >= self._every and self._counts:
            self._take(self.model)

    def on_train_end(self, logs: object = None) -> None:
        if self._counts:
            self._take(self.model)

    @contextlib.contextmanager
    def swapped(self, model: keras.Model) -> Iterator[None]:
        """Within, `model` has the averaged weights; afterwards those it had before.

        Before the first step of a plain average there is none, and the weights stay.

        Args:
            model: the one that is trained.
        """
        if self._counts:
            self._take(model)
        if not self._samples:
            yield
            return
        own = [keras.ops.copy(weight.value) for weight in model.weights]
        try:
            _assign(model, self._mean)
            yield
        finally:
            _assign(model, own)

    @property
    def _changes(self) -> int:
        """Changes of the weights so far."""
        return (self._pace.step - self._begun) // self._accumulate

    @property
    def _counts(self) -> bool:
        """Whether weights of now belong to the average."""
        return bool(self._momentum) or self._pace.progress >= 1 - self._last

    def _take(self, model: keras.Model) -> None:
        """Let the weights of now into the average."""
        changes = self._changes
        if self._samples and changes == self._seen:
            return
        part = self._part(changes)
        if self._samples:
            self._mean = [
                mean + (weight.value - mean) * part
                if keras.backend.is_float_dtype(weight.dtype)
                else keras.ops.copy(weight.value)
                for mean, weight in zip(self._mean, model.weights, strict=True)
            ]
        else:
            self._mean = [keras.ops.copy(weight.value) for weight in model.weights]
        self._samples += 1
        self._seen = changes

    def _part(self, changes: int) -> float:
        """Of the weights after so many changes in the average."""
        if not self._momentum:
            return 1 / (self._samples + 1)
        momentum = min(self._momentum, (1 + changes) / (10 + changes))
        return float(1 - momentum ** (changes - self._seen))


def _assign(model: keras.Model, values: list[Any]) -> None:
    for weight, value in zip(model.weights, values, strict=True):
        weight.assign(keras.ops.copy(value))  # JAX's steps use up the arrays that they are given
