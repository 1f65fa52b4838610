"""Labels <-> what a network puts out: numbers from 0 to 1, whatever the kind of task."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kaggle_prz.task import Kind, Task

Activation = Literal["softmax", "sigmoid"]


@dataclass(frozen=True, eq=False)
class Outputs:
    """What the last layer means.

    Classes are a softmax, those of several heads a softmax each; tags are sigmoids, each for
    itself; numbers are sigmoids over the range of their training labels, so that no prediction
    leaves it.

    Attributes:
        kind: of the task.
        count: outputs.
        low, high: `(count,)` smallest and largest training label of every number; 0 and 1 for
            the other kinds.
        heads: how many of the outputs belong to each head, where the kind is `"heads"`.

    Example:
        >>> paw = Outputs("numbers", 1, np.array([1.0]), np.array([101.0]))
        >>> paw.targets(np.array([[26.0]])).tolist(), paw.predictions(np.array([[0.5]])).tolist()
        ([[0.25]], [[51.0]])
    """

    kind: Kind
    count: int
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    heads: tuple[int, ...] = ()

    @property
    def activation(self) -> Activation:
        """Of the last layer."""
        return "softmax" if self.kind in {"classes", "heads"} else "sigmoid"

    def targets(self, labels: NDArray[Any]) -> NDArray[Any]:
        """What training compares the outputs with.

        Args:
            labels: in the form of their kind, see `kaggle_prz.metrics.arrays`.

        Returns:
            `(n,)` int32 class indexes, `(n, heads)` of them, or `(n, count)` float32 from 0 to 1.
        """
        if labels.ndim == 1 or self.kind == "heads":
            return labels.astype(np.int32)  # JAX has no int64 of its own
        span = np.where(self.high > self.low, self.high - self.low, 1.0)
        return ((labels - self.low) / span).astype(np.float32)

    def predictions(self, outputs: NDArray[Any]) -> NDArray[Any]:
        """`(n, count)` outputs in the units of the labels."""
        if self.kind != "numbers":
            return outputs
        scaled: NDArray[Any] = self.low + outputs.astype(np.float64) * (self.high - self.low)
        return scaled


def of(task: Task) -> Outputs:
    """The outputs that a task needs.

    Example:
        ```python
        outputs.of(task).activation  # "softmax"
        ```
    """
    count = len(task.classes)
    low, high = np.zeros(count), np.ones(count)
    if task.kind == "numbers":
        low = task.labels.min(axis=0).astype(np.float64)
        high = task.labels.max(axis=0).astype(np.float64)
    return Outputs(task.kind, count, low, high, task.head_sizes)


def shares(targets: NDArray[Any], sizes: Sequence[int]) -> NDArray[np.float32]:
    """Class indexes as shares of classes, all of each row's at its own class.

    Args:
        targets: `(n,)` class indexes, or `(n, heads)` of them.
        sizes: how many classes there are, for every head.

    Returns:
        `(n, sum of sizes)`.

    Example:
        >>> shares(np.array([[1, 0]]), (2, 3)).tolist()
        [[0.0, 1.0, 1.0, 0.0, 0.0]]
    """
    columns = targets.reshape(len(targets), -1).T
    parts = [np.eye(size, dtype=np.float32)[own] for own, size in zip(columns, sizes, strict=True)]
    return np.concatenate(parts, axis=1)


def prior(task: Task) -> NDArray[np.float64]:
    """What is predicted of a row that nothing is known about: shares of classes, or means.

    Returns:
        `(len(task.classes),)`, in the form of a prediction.
    """
    if task.labels.ndim == 1 or task.kind == "heads":
        return rows_of_classes(task) / len(task.labels)
    means: NDArray[np.float64] = task.labels.mean(axis=0, dtype=np.float64)
    return means


def rows_of_classes(task: Task) -> NDArray[np.int64]:
    """How many training rows every class has, `(len(task.classes),)`; of heads, class by class.

    Args:
        task: of classes without shares, or of heads.
    """
    labels, sizes = np.atleast_2d(task.labels.T), task.head_sizes or (len(task.classes),)
    counts = [np.bincount(own, minlength=size) for own, size in zip(labels, sizes, strict=True)]
    return np.concatenate(counts)
