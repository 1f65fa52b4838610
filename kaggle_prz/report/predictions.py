"""Out-of-fold predictions against the labels: confusion, classes, calibration, worst mistakes."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn import metrics as sklearn_metrics

from kaggle_prz.errors import RunError
from kaggle_prz.report import pictures
from kaggle_prz.runs import Run
from kaggle_prz.task import Task

_MATRIX_UP_TO = 20
_PAIRS = 15
_MISTAKES = 12
_BINS = 10
_LEAST = 1e-15


@dataclass(frozen=True)
class Confusion:
    """Which class was taken for which.

    Attributes:
        classes: names, in the order of the matrix.
        counts: `(classes, classes)`, rows are true classes.
        shares: `counts` by row, 0 to 1.
    """

    classes: tuple[str, ...]
    counts: NDArray[np.int64]
    shares: NDArray[np.float64]

    @property
    def fits(self) -> bool:
        """Whether the matrix is small enough to be read as one."""
        return len(self.classes) <= _MATRIX_UP_TO

    @property
    def pairs(self) -> list[tuple[str, str, int, float]]:
        """The most frequent confusions: true, predicted, images, share of the true class."""
        wrong = self.counts.copy()
        np.fill_diagonal(wrong, 0)
        order = np.argsort(-wrong, axis=None, kind="stable")[:_PAIRS]
        cells = [divmod(int(cell), len(self.classes)) for cell in order]
        return [
            (
                self.classes[row],
                self.classes[column],
                int(wrong[row, column]),
                float(self.shares[row, column]),
            )
            for row, column in cells
            if wrong[row, column]
        ]


@dataclass(frozen=True)
class ClassScore:
    """One class: images, and recall and precision (None where they have no denominator)."""

    name: str
    count: int
    recall: float | None
    precision: float | None


@dataclass(frozen=True)
class Mistake:
    """One misclassified image.

    Attributes:
        id, file: which.
        truth, predicted: names of classes.
        confidence: probability of the predicted class.
        given: probability of the true class.
        loss: cross-entropy, nats.
        picture: `data:` URI, or None where the file cannot be shown.
    """

    id: str
    file: str
    truth: str
    predicted: str
    confidence: float
    given: float
    loss: float
    picture: str | None


@dataclass(frozen=True)
class Calibration:
    """How often predictions of a given confidence are right.

    Attributes:
        confidence, correct, count: of every bin that holds images.
        error: mean distance of the two, weighted by images.
    """

    confidence: tuple[float, ...]
    correct: tuple[float, ...]
    count: tuple[int, ...]
    error: float


def out_of_fold(run: Run) -> NDArray[np.float64]:
    """What is submitted, out of fold, in the order of the task's training rows.

    Returns:
        `(train, classes)` probabilities; every row sums to 1.

    Raises:
        RunError: the file is missing, or lacks a training row.
    """
    if not (run.path / "oof.npz").is_file():
        raise RunError(
            f"{run.path / 'oof.npz'} is missing: the run has not come as far as a "
            "blend. Run the same command again to go on with it."
        )
    frame: pd.DataFrame = run.oof
    ids = run.task.train_ids.tolist()
    lacking = set(ids) - set(frame.index)
    if lacking:
        raise RunError(
            f"{run.path / 'oof.npz'} lacks {len(lacking)} of {len(ids)} training rows "
            f"({sorted(lacking)[0]!r}); run the same command again to blend anew."
        )
    rows: NDArray[np.float64] = frame.loc[ids].to_numpy(np.float64)
    normalised: NDArray[np.float64] = rows / rows.sum(axis=1, keepdims=True)
    return normalised


def confusion(task: Task, probabilities: NDArray[np.float64]) -> Confusion:
    """Count true against predicted classes."""
    counts = sklearn_metrics.confusion_matrix(
        task.labels, probabilities.argmax(axis=1), labels=np.arange(len(task.classes))
    )
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return Confusion(task.classes, counts, shares)


def class_scores(found: Confusion) -> list[ClassScore]:
    """Recall and precision; in the order of classes, or the weakest first when they are many."""
    right, true, predicted = (
        values.tolist()
        for values in (found.counts.diagonal(), found.counts.sum(axis=1), found.counts.sum(axis=0))
    )
    rows = [
        ClassScore(
            name,
            true[at],
            right[at] / true[at] if true[at] else None,
            right[at] / predicted[at] if predicted[at] else None,
        )
        for at, name in enumerate(found.classes)
    ]
    return rows if found.fits else sorted(rows, key=lambda row: (row.recall or 0.0, row.name))


def worst_mistakes(task: Task, probabilities: NDArray[np.float64]) -> list[Mistake]:
    """The misclassified images with the highest loss, the worst first; at most 12."""
    predicted = probabilities.argmax(axis=1)
    given = probabilities[np.arange(len(task.labels)), task.labels]
    wrong = np.flatnonzero(predicted != task.labels)
    worst = wrong[np.argsort(given[wrong], kind="stable")][:_MISTAKES]
    return [
        Mistake(
            id=str(task.train_ids[row]),
            file=str(task.train_files[row]),
            truth=task.classes[task.labels[row]],
            predicted=task.classes[predicted[row]],
            confidence=float(probabilities[row, predicted[row]]),
            given=float(given[row]),
            loss=float(-np.log(max(given[row], _LEAST))),
            picture=pictures.thumbnail(task.root / str(task.train_files[row])),
        )
        for row in worst
    ]


def calibration(task: Task, probabilities: NDArray[np.float64]) -> Calibration:
    """Confidence of the most probable class against how often it is right, in ten bins."""
    top = probabilities.max(axis=1)
    right = (probabilities.argmax(axis=1) == task.labels).astype(np.float64)
    bins = np.minimum((top * _BINS).astype(int), _BINS - 1)
    count = np.bincount(bins, minlength=_BINS)
    filled = np.flatnonzero(count)
    confidence = np.bincount(bins, top, minlength=_BINS)[filled] / count[filled]
    correct = np.bincount(bins, right, minlength=_BINS)[filled] / count[filled]
    error = float(np.average(np.abs(confidence - correct), weights=count[filled]))
    return Calibration(
        tuple(confidence.tolist()), tuple(correct.tolist()), tuple(count[filled].tolist()), error
    )
