"""Scores of answers: `(n,)` class indexes or `(n, k)` bool tags, against the truth in that form."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics as sklearn_metrics

from kaggle_prz.metrics.arrays import Array, Labels

Counts = tuple[Array, Array, Array]


def accuracy(truth: Array, answers: Array) -> float:
    """Share of rows whose answer is the true one; of tags, all of them."""
    right = truth == answers
    return float(np.mean(right if truth.ndim == 1 else right.all(axis=1)))


def balanced_accuracy(truth: Labels, answers: Labels) -> float:
    """Recall of every class, averaged; classes without a row are left out."""
    rows = np.bincount(truth)
    hits = np.bincount(truth[truth == answers], minlength=len(rows))
    return float(np.mean(hits[rows > 0] / rows[rows > 0]))


def table_of(truth: Labels, answers: Labels) -> NDArray[np.int64]:
    """`(k, k)` counts of rows by true class and answered class."""
    size = int(max(truth.max(), answers.max())) + 1
    return np.bincount(truth * size + answers, minlength=size**2).reshape(size, size)


def kappa_of_table(table: Array) -> float:
    """Quadratic weighted kappa of a `(k, k)` table of counts; 1 where all are of one class."""
    # |i − j|² summed over a table needs only the moments of its margins and one cross moment.
    index, rows = np.arange(len(table)), table.sum()
    true, said = table.sum(axis=1), table.sum(axis=0)
    squares = index**2 @ (true + said)
    apart = squares - 2 * (index @ table @ index)
    by_chance = squares - 2 * (index @ true) * (index @ said) / rows
    return float(1 - apart / by_chance) if by_chance > 0 else 1.0


def quadratic_kappa(truth: Labels, answers: Labels) -> float:
    """Cohen's kappa with the square of the distance between indexes as its weight."""
    return kappa_of_table(table_of(truth, answers))


def linear_kappa(truth: Labels, answers: Labels) -> float:
    """Cohen's kappa with the distance between indexes as its weight."""
    table = table_of(truth, answers)
    index = np.arange(len(table))
    return _weighted_kappa(table, np.abs(index[:, None] - index))


def cohen_kappa(truth: Labels, answers: Labels) -> float:
    """Cohen's kappa, in which all mistakes weigh the same."""
    table = table_of(truth, answers)
    return _weighted_kappa(table, 1 - np.eye(len(table)))


def _weighted_kappa(table: Array, weights: Array) -> float:
    by_chance = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    expected = float((weights * by_chance).sum())
    return 1 - float((weights * table).sum()) / expected if expected > 0 else 1.0


def matthews(truth: Labels, answers: Labels) -> float:
    """Matthews' correlation coefficient; 0 where all rows or all answers are of one class."""
    if not np.ptp(truth) or not np.ptp(answers):
        return 0.0
    return float(sklearn_metrics.matthews_corrcoef(truth, answers))


@dataclass(frozen=True)
class FScore:
    """F-beta over classes or tags.

    Where neither the truth nor the answer has anything to count, a column is left out of the
    macro average, and a row rightly left empty counts as right. `"macro"` averages columns and
    `"samples"` rows, `"micro"` counts all cells, and `"second"` the second class alone.
    """

    beta: float  # how much more recall counts than precision
    average: Literal["macro", "micro", "samples", "second"]

    def __call__(self, truth: Array, answers: Array) -> float:
        """Return the score of answers."""
        return self.mean(self.ratios(*self.counts(truth, answers)))

    def counts(self, truth: Array, answers: Array) -> Counts:
        """Hits, answers and truths: of each column, of each row, or in all."""
        if truth.ndim == 2:
            axis = {"macro": 0, "samples": 1}.get(self.average)
            hits, said, true = (
                np.asarray(np.sum(part, axis=axis)) for part in (truth & answers, answers, truth)
            )
            return hits, said, true
        if self.average in {"micro", "samples"}:  # one class a row: both are the accuracy
            rows = np.asarray(len(truth))
            return np.asarray(np.sum(truth == answers)), rows, rows
        size = int(max(truth.max(), answers.max(), 1)) + 1
        of_classes = slice(1, 2) if self.average == "second" else slice(None)
        return (
            np.bincount(truth[truth == answers], minlength=size)[of_classes],
            np.bincount(answers, minlength=size)[of_classes],
            np.bincount(truth, minlength=size)[of_classes],
        )

    def ratios(self, hits: Array, answers: Array, truths: Array) -> NDArray[np.float64]:
        """F of every count; NaN where there is nothing to count."""
        square = self.beta**2
        whole = np.asarray(square * truths + answers, np.float64)
        blank = np.full(whole.shape, np.nan)
        result: NDArray[np.float64] = np.divide(
            (1 + square) * hits, whole, out=blank, where=whole > 0
        )
        return result

    def mean(self, ratios: NDArray[np.float64]) -> float:
        """Return the average of columns or rows."""
        if self.average == "macro":
            ratios = ratios[~np.isnan(ratios)]
        return float(np.mean(np.nan_to_num(ratios, nan=1.0))) if ratios.size else 1.0
