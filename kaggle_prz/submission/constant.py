"""The best constant prediction, which a run must beat; where it does not, it takes part."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kaggle_prz.core.task import Task
from kaggle_prz.metrics import Array, Metric
from kaggle_prz.metrics.decisions import Decision, fit, score_with
from kaggle_prz.tasks import outputs


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


@dataclass(frozen=True)
class Mixed:
    """Out-of-fold predictions with a constant's share, how they are decided, and their score."""

    mix: Mix
    oof: NDArray[np.floating]  # `(train, k)`
    decision: Decision
    score: float


def mixed(task: Task, metric: Metric, oof: Array, seed: int) -> Mixed:
    """Return predictions with as much of the best constant as is good for them.

    That is none, unless out-of-fold predictions score worse than the constant. Then it is the
    share, a half or all, that scores best out of fold.
    """
    best = _best(task, metric)

    def with_share(share: float, alone: float) -> Mixed:
        mix = Mix(best.constant, alone, share)
        rows = mix.of(oof)
        decision = fit(metric, task.kind, task.labels, rows, seed)
        return Mixed(mix, rows, decision, score_with(metric, task.labels, rows, decision))

    alone = with_share(1.0, best.score)
    found = with_share(0.0, alone.score)
    if not (metric.better(alone.score, found.score) or np.isnan(found.score)):
        return found
    for candidate in (with_share(0.5, alone.score), with_share(1.0, alone.score)):
        if metric.better(candidate.score, found.score) or np.isnan(found.score):
            found = candidate
    return found


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
