"""The best constant prediction, which a run must beat, and which takes part where it does not."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kaggle_prz.core.task import Task
from kaggle_prz.metrics import Array, Metric
from kaggle_prz.metrics.decisions import fit, score_with
from kaggle_prz.tasks import outputs

_SHARES = (0.5, 1.0)  # of the constant


@dataclass(frozen=True)
class Mix:
    """How much of a constant is in every prediction."""

    constant: tuple[float, ...]  # a row, in the order of the task's classes
    score: float  # of the constant alone, on the training rows
    share: float = 0.0  # of the constant

    def of(self, predictions: Array) -> NDArray[np.floating]:
        """Return `(n, k)` predictions with the constant's share in them."""
        if not self.share:
            return predictions
        constant = np.asarray(self.constant)
        mixed: NDArray[np.floating] = (1 - self.share) * predictions + self.share * constant
        return mixed


def mix(task: Task, metric: Metric, oof: Array, seed: int) -> Mix:
    """Return how much of the best constant belongs into predictions; none if they are better.

    Where out-of-fold predictions score worse than the constant, the share of it, a half or all,
    is the one that scores best out of fold.
    """
    best, rows = _best(task, metric), len(task.labels)

    def scored(predictions: Array) -> float:
        decision = fit(metric, task.kind, task.labels, predictions, seed)
        return score_with(metric, task.labels, predictions, decision)

    alone = scored(np.tile(best.constant, (rows, 1)))
    best = Mix(best.constant, alone)
    reached = scored(oof)
    if not (metric.better(alone, reached) or np.isnan(reached)):
        return best
    for share in _SHARES:
        candidate = Mix(best.constant, alone, share)
        score = alone if share == 1 else scored(candidate.of(oof))
        if metric.better(score, reached) or np.isnan(reached):
            best, reached = candidate, score
    return best


def _best(task: Task, metric: Metric) -> Mix:
    """Return the mean of the labels, or the median of numbers where that scores better."""
    target = outputs.of(task)
    tried = [target.prior(task.labels)]
    if not target.has_classes:
        tried.append(np.median(task.labels.astype(np.float64), axis=0))
    found = [
        Mix(
            tuple(row.tolist()),
            metric.score(task.labels, np.tile(row, (len(task.labels), 1)), task.kind),
        )
        for row in tried
    ]
    first, *others = found
    for other in others:
        if metric.better(other.score, first.score):
            first = other
    return first
