"""The clock and the curve of a run, the same for every tool; needs numpy alone."""

import contextlib
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

_LEAST = 1e-7  # probability, so that a certain mistake costs 16 and not infinitely much


class Clock:
    """Seconds since it was made, without those for which it was stopped."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._stood = 0.0

    @property
    def seconds(self) -> float:
        """Seconds so far; within `stopped`, also those that it stands."""
        return time.monotonic() - self._begun - self._stood

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        """Let what happens within not count."""
        self.at_stop = self.seconds
        begun = time.monotonic()
        try:
            yield
        finally:
            self._stood += time.monotonic() - begun


def spread(steps: int, points: int) -> set[int]:
    """Steps at equal distances, the last among them.

    Example:
        >>> sorted(spread(10, 4))
        [2, 5, 8, 10]
    """
    return {max(1, round(steps * (number + 1) / points)) for number in range(points)}


def point(clock: Clock, image_size: int, predicted: Any, labels: Any) -> dict[str, float]:
    """A point of the curve, taken while the clock stands.

    Args:
        clock: stopped.
        image_size: px.
        predicted: `(n, classes)` probabilities.
        labels: `(n,)` classes.
    """
    predicted, labels = np.asarray(predicted, np.float64), np.asarray(labels)
    own = predicted[np.arange(len(labels)), labels]
    return {
        "seconds": round(clock.at_stop, 3),
        "image_size": image_size,
        "log_loss": round(float(-np.log(np.clip(own, _LEAST, 1)).mean()), 6),
        "accuracy": round(float((predicted.argmax(axis=1) == labels).mean()), 6),
    }
