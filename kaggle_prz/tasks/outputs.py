"""What each kind of task asks of a network, and what its labels mean: one object a kind."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from kaggle_prz.core.task import Head, Kind, Task, spans
from kaggle_prz.metrics import arrays
from kaggle_prz.metrics.arrays import Array
from kaggle_prz.metrics.multi_output import normalised_heads, one_hot

Activation = Literal["softmax", "sigmoid"]
_SHOWN_NUMBERS = 3
_TENTHS = 10


@dataclass(frozen=True, eq=False)
class Target(ABC):
    """Labels <-> outputs of a network from 0 to 1, and all else that differs between kinds.

    Example:
        >>> paw = Numbers(1, np.array([1.0]), np.array([101.0]))
        >>> paw.targets(np.array([[26.0]])).tolist(), paw.predictions(np.array([[0.5]])).tolist()
        ([[0.25]], [[51.0]])
    """

    kind: ClassVar[Kind]
    noun: ClassVar[str] = "class"  # what one of the outputs stands for
    has_classes: ClassVar[bool] = True  # whether rows are of classes or tags, not numbers
    one_class: ClassVar[bool] = False  # a row, of each head: then accuracy is of interest
    indexes: ClassVar[bool] = False  # whether targets are class indexes

    count: int  # outputs
    _: KW_ONLY
    words: tuple[str, ...] = ()  # what each output is called in a sentence

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many outputs each softmax has; none where every output is a sigmoid."""
        return ()

    @property
    def heads(self) -> tuple[int, ...]:
        """How many outputs each head has; none where labels have no heads."""
        return ()

    @property
    def activation(self) -> Activation:
        """Return the activation of the last layer."""
        return "softmax" if self.sizes else "sigmoid"

    def targets(self, labels: Array) -> Array:
        """Return what training compares outputs with: int32 indexes, or float32 from 0 to 1."""
        return labels.astype(np.float32)

    def predictions(self, outputs: Array) -> Array:
        """Return `(n, count)` outputs in the units of the labels."""
        return outputs

    @abstractmethod
    def normalised(self, rows: Array) -> NDArray[np.float64]:
        """Return predictions in float64 within what their kind allows: classes sum to 1."""

    def prior(self, labels: Array) -> NDArray[np.float64]:
        """Return the prediction for a row without an image: shares of classes, or means."""
        means: NDArray[np.float64] = labels.mean(axis=0, dtype=np.float64)
        return means

    def rows_of_each(self, labels: Array) -> NDArray[np.int64]:
        """Return how many rows have each class or tag; of numbers 0."""
        present = self.present(labels)
        return np.zeros(self.count, np.int64) if present is None else present.sum(axis=0)

    def rows_known(self, labels: Array) -> NDArray[np.int64]:
        """Return of how many rows it is known whether they have each class or tag."""
        return np.full(self.count, len(labels), np.int64)

    @abstractmethod
    def present(self, labels: Array) -> NDArray[np.bool_] | None:
        """Return `(n, count)` which classes or tags rows have; None of numbers."""

    def never_empty(self, labels: Array) -> bool:  # noqa: ARG002
        """Return whether every row has a class or tag, or may have one."""
        return True

    @abstractmethod
    def strata(self, labels: Array, folds: int) -> NDArray[np.int64]:
        """Return `(n,)` what folds are balanced by; a stratum may have fewer rows than folds."""

    @abstractmethod
    def label(self, own: Array) -> str:
        """Return the label of one row in words, such as `"cat"`, `"night, rain"` or `"12.5"`."""

    def differ(self, labels: Array, rows: NDArray[np.int64]) -> bool:
        """Return whether rows have different labels; numbers by half a standard deviation."""
        truth = self._truth(labels[rows])
        return bool((truth != truth[0]).any())

    def extreme(self, labels: Array, rows: NDArray[np.int64]) -> int:  # noqa: ARG002
        """Return the place in `rows` of the one that differs most from another; of classes 0."""
        return 0

    def _truth(self, labels: Array) -> Array:
        return labels


@dataclass(frozen=True, eq=False)
class Classes(Target):
    """One class a row: a softmax."""

    kind: ClassVar[Kind] = "classes"
    one_class: ClassVar[bool] = True
    indexes: ClassVar[bool] = True

    @property
    def sizes(self) -> tuple[int, ...]:
        """One softmax."""
        return (self.count,)

    def targets(self, labels: Array) -> Array:
        """Return int32 indexes; JAX has no int64 of its own."""
        return labels.astype(np.int32)

    def normalised(self, rows: Array) -> NDArray[np.float64]:
        """Return rows that sum to 1; a row in which no class is likely becomes NaN."""
        with np.errstate(invalid="ignore"):
            return arrays.normalised(np.clip(rows, 0.0, None))

    def prior(self, labels: Array) -> NDArray[np.float64]:
        """Return the share of rows that each class has."""
        return self.rows_of_each(labels) / len(labels)

    def rows_of_each(self, labels: Array) -> NDArray[np.int64]:
        """Return how many rows each class has; of shares, the largest counts."""
        columns = self._truth(labels).reshape(len(labels), -1).T
        parts = zip(columns, self.sizes, strict=True)
        return np.concatenate([np.bincount(own, minlength=size) for own, size in parts])

    def present(self, labels: Array) -> NDArray[np.bool_]:
        """Return the class of each row as one column of several; of each head."""
        return one_hot(self._truth(labels).reshape(len(labels), -1), self.sizes)

    def strata(self, labels: Array, folds: int) -> NDArray[np.int64]:  # noqa: ARG002
        """Return classes."""
        return self._truth(labels)

    def label(self, own: Array) -> str:
        """Return the name of the class."""
        return self.words[int(self._truth(own[None])[0])]

    def _truth(self, labels: Array) -> Array:
        return arrays.class_truth(labels)


class Shares(Classes):
    """Shares of classes that sum to 1: a softmax."""

    indexes: ClassVar[bool] = False

    def targets(self, labels: Array) -> Array:
        """Return shares."""
        return labels.astype(np.float32)

    def prior(self, labels: Array) -> NDArray[np.float64]:
        """Return the mean share of each class."""
        return Target.prior(self, labels)


@dataclass(frozen=True, eq=False)
class Heads(Classes):
    """Several classes a row, one of each head: softmaxes side by side."""

    kind: ClassVar[Kind] = "heads"

    parts: tuple[int, ...]  # how many outputs each head has

    @property
    def sizes(self) -> tuple[int, ...]:
        """A softmax a head."""
        return self.parts

    @property
    def heads(self) -> tuple[int, ...]:
        """How many outputs each head has."""
        return self.parts

    def normalised(self, rows: Array) -> NDArray[np.float64]:
        """Return rows whose columns of every head sum to 1."""
        return normalised_heads(np.clip(rows, 0.0, None), self.parts)

    def strata(self, labels: Array, folds: int) -> NDArray[np.int64]:
        """Return the classes of all heads together, or the rarest where too few rows have them."""
        _, same, rows = np.unique(labels, axis=0, return_inverse=True, return_counts=True)
        together, few = same.reshape(-1), rows < folds
        rarest = len(rows) + _rarest(self.present(labels))
        classes: NDArray[np.int64] = np.where(few[together], rarest, together)
        return classes

    def label(self, own: Array) -> str:
        """Return the class of every head."""
        starts = (span.start for span in spans(self.parts))
        return ", ".join(self.words[start + k] for start, k in zip(starts, own, strict=True))

    def _truth(self, labels: Array) -> Array:
        return labels


@dataclass(frozen=True, eq=False)
class Tags(Target):
    """Any number of tags a row: sigmoids, each for itself."""

    kind: ClassVar[Kind] = "tags"
    noun: ClassVar[str] = "tag"

    def normalised(self, rows: Array) -> NDArray[np.float64]:
        """Return rows from 0 to 1."""
        return np.clip(np.asarray(rows, np.float64), 0.0, 1.0)

    def prior(self, labels: Array) -> NDArray[np.float64]:
        """Return the mean of each tag over the rows where it is known."""
        means: NDArray[np.float64] = np.nanmean(labels, axis=0, dtype=np.float64)
        return means

    def present(self, labels: Array) -> NDArray[np.bool_]:
        """Return which tags rows have."""
        return arrays.tag_truth(labels)

    def rows_known(self, labels: Array) -> NDArray[np.int64]:
        """Return of how many rows each tag is known."""
        known: NDArray[np.int64] = (~arrays.unknown(labels)).sum(axis=0)
        return known

    def never_empty(self, labels: Array) -> bool:
        """Return whether every row has a tag, or may have one that is unknown."""
        return arrays.never_empty(labels)

    def strata(self, labels: Array, folds: int) -> NDArray[np.int64]:  # noqa: ARG002
        """Return the rarest tag of each row, −1 where it has none."""
        return _rarest(self.present(labels))

    def label(self, own: Array) -> str:
        """Return the tags."""
        return ", ".join(self.words[k] for k in np.flatnonzero(self.present(own))) or "no tag"

    def differ(self, labels: Array, rows: NDArray[np.int64]) -> bool:
        """Return whether a tag is true of some rows, and known to be false of others."""
        truth, known = self.present(labels[rows]), ~np.isnan(labels[rows])
        return bool((truth.any(axis=0) & (known & ~truth).any(axis=0)).any())


@dataclass(frozen=True, eq=False)
class Numbers(Target):
    """Numbers: sigmoids over the range of their training labels, which no prediction leaves."""

    kind: ClassVar[Kind] = "numbers"
    noun: ClassVar[str] = "number"
    has_classes: ClassVar[bool] = False

    low: NDArray[np.float64]  # `(count,)` smallest training label of every number
    high: NDArray[np.float64]  # `(count,)` largest

    def targets(self, labels: Array) -> Array:
        """Return where labels are in their range."""
        span = np.where(self.high > self.low, self.high - self.low, 1.0)
        return ((labels - self.low) / span).astype(np.float32)

    def predictions(self, outputs: Array) -> Array:
        """Return outputs in the units of the labels."""
        scaled: Array = self.low + outputs.astype(np.float64) * (self.high - self.low)
        return scaled

    def normalised(self, rows: Array) -> NDArray[np.float64]:
        """Return rows as they are."""
        return np.asarray(rows, np.float64)

    def present(self, labels: Array) -> None:  # noqa: ARG002
        """Return None: numbers have no classes."""
        return

    def strata(self, labels: Array, folds: int) -> NDArray[np.int64]:  # noqa: ARG002
        """Return the tenth of the range of ranks that each row is in."""
        ranks = labels.argsort(axis=0, kind="stable").argsort(axis=0, kind="stable").mean(axis=1)
        tenths: NDArray[np.int64] = (_TENTHS * ranks / len(ranks)).astype(np.int64)
        return tenths

    def label(self, own: Array) -> str:
        """Return the first three numbers."""
        if len(own) == 1:
            return f"{own[0]:g}"
        named = [f"{name} {value:g}" for name, value in zip(self.words, own, strict=True)]
        return ", ".join(named[:_SHOWN_NUMBERS]) + (" …" if len(named) > _SHOWN_NUMBERS else "")

    def differ(self, labels: Array, rows: NDArray[np.int64]) -> bool:
        """Return whether rows differ by more than half a standard deviation of all."""
        return bool((np.ptp(labels[rows], axis=0) > labels.std(axis=0) / 2).any())

    def extreme(self, labels: Array, rows: NDArray[np.int64]) -> int:
        """Return the place of the row that is furthest below another one."""
        own = labels[rows]
        spread = np.maximum(labels.std(axis=0), np.finfo(np.float32).tiny)
        column = int((np.ptp(own, axis=0) / spread).argmax())
        return int(own[:, column].argmin())


def target(kind: Kind, names: Sequence[str], labels: Array, heads: Sequence[Head] = ()) -> Target:
    """Return the object of a kind of labels."""
    count, words = len(names), tuple(names)
    match kind:
        case "heads":
            words = tuple(f"{head.name} {name}" for head in heads for name in head.classes)
            return Heads(count, tuple(len(head.classes) for head in heads), words=words)
        case "tags":
            return Tags(count, words=words)
        case "numbers":
            low, high = (end(axis=0).astype(np.float64) for end in (labels.min, labels.max))
            return Numbers(count, low, high, words=words)
        case _:
            return (Classes if labels.ndim == 1 else Shares)(count, words=words)


def of(task: Task) -> Target:
    """Return what the kind of a task asks of a network."""
    return target(task.kind, task.classes, task.labels, task.heads)


def shares(targets: Array, sizes: Sequence[int]) -> NDArray[np.float32]:
    """Return class indexes `(rows, heads)` as shares of all classes, side by side, 1 at its own."""
    return one_hot(targets.reshape(len(targets), -1), sizes).astype(np.float32)


def _rarest(present: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return `(n,)` the column that is true of a row and of fewest rows; −1 where none is."""
    rarity = np.where(present, present.sum(axis=0), np.iinfo(np.int64).max)
    rarest: NDArray[np.int64] = np.where(present.any(axis=1), rarity.argmin(axis=1), -1)
    return rarest
