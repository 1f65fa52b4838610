"""Classes: confusion, recall and precision, calibration, ranks of the true class, mistakes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics as sklearn_metrics

from kaggle_prz.core.task import Task
from kaggle_prz.metrics import Labels, Metric
from kaggle_prz.metrics.arrays import class_shares, class_truth
from kaggle_prz.metrics.decisions import Decision
from kaggle_prz.metrics.ranks import rank_of_truth
from kaggle_prz.report import plots
from kaggle_prz.report.predictions import LEAST, Mistakes, Rows, binned, tile_of, worst

_MATRIX_UP_TO = 20
_PAIRS = 15


@dataclass(frozen=True)
class Confusion:
    """Which class was taken for which."""

    classes: tuple[str, ...]  # names, in the order of the matrix
    counts: NDArray[np.int64]  # `(classes, classes)`, rows are true classes
    shares: NDArray[np.float64]  # `counts` by row, 0 to 1

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


def values(task: Task, metric: Metric, rows: Rows, decision: Decision) -> dict[str, object]:
    """Return what the template of classes names; of shares, the largest is the true class."""
    truth, answers = class_truth(task.labels), decision.apply(rows)
    found = confusion(task.classes, truth, answers)
    right = (rows.argmax(axis=1) == truth).astype(np.float64)
    calibrated = binned(rows.max(axis=1), right)
    tile = tile_of("out-of-fold accuracy", answers == truth)
    ranked = task.cell == "ranked" or metric.wants == "ranks"
    marked, ranks = min(task.most_ranked, rows.shape[1]), rank_of_truth(truth, rows)
    return {
        "tile": None if metric.name == "accuracy" else tile,
        "confusion": found,
        "class_scores": class_scores(found),
        "calibration": calibrated,
        "reliability": plots.reliability(
            calibrated, "probability of the most probable class", "share that is right"
        ),
        "marked_k": marked if ranked else 0,
        "top_k": [float(np.mean(ranks <= k)) for k in (1, marked)],
        "mistakes": worst_mistakes(task, rows, answers),
    }


def confusion(names: tuple[str, ...], truth: Labels, answers: Labels) -> Confusion:
    """Count true against answered classes."""
    counts = sklearn_metrics.confusion_matrix(truth, answers, labels=np.arange(len(names)))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return Confusion(names, counts, shares)


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


def worst_mistakes(task: Task, rows: Rows, answers: Labels) -> Mistakes:
    """Return the misclassified images with the highest cross-entropy, in nats; at most 12."""
    truth, names = class_truth(task.labels), task.classes
    shares = class_shares(task.labels, len(names))
    losses = -(shares * np.log(np.maximum(rows, LEAST))).sum(axis=1)
    wrong = np.flatnonzero(answers != truth)

    def words(row: int) -> tuple[str, str, str]:
        sure = f"{100 * rows[row, answers[row]]:.1f} %, loss {losses[row]:.2f}"
        return names[truth[row]], names[answers[row]], sure

    none, some = "No image is misclassified out-of-fold.", "are misclassified out-of-fold"
    return worst(task, losses, wrong, words, none=none, some=some)
