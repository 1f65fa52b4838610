"""Thresholds of tags: one for all, and one for each tag that has rows enough to tell."""

import numpy as np
from numpy.typing import NDArray

from kaggle_prz.metrics.arrays import Array, Probabilities, passing, tag_truth
from kaggle_prz.metrics.decisions.grid import GRID, best
from kaggle_prz.metrics.labels import FScore
from kaggle_prz.metrics.metric import Metric

FEWEST_POSITIVES = 30
_PASSES = 2


def one_for_all(
    metric: Metric, labels: Array, predictions: Probabilities, *, never_empty: bool
) -> float:
    """Return the threshold of the grid that scores best when all tags share it."""
    scores = [
        metric.score_answers(
            labels, passing(predictions, threshold, never_empty=never_empty), "tags"
        )
        for threshold in GRID.tolist()
    ]
    return float(GRID[best(scores)])


def one_each(
    f_score: FScore, labels: Array, predictions: Probabilities, shared: float
) -> NDArray[np.float64]:
    """Return `(k,)` best thresholds of tags with 30 positive rows; others keep `shared`.

    Tags are searched in turn while the others stay as they are; a macro average needs one turn,
    the others two. That empty rows get a tag later on is not foreseen here.
    """
    truth = tag_truth(labels)
    answers = predictions >= shared
    thresholds = np.full(truth.shape[1], shared)
    searched = np.flatnonzero(truth.sum(axis=0) >= FEWEST_POSITIVES).tolist()
    for _ in range(1 if f_score.average == "macro" else _PASSES):
        totals = f_score.counts(truth, answers)
        for column in searched:
            own, now = truth[:, column], answers[:, column]
            others = _without(f_score, totals, own, now)
            tried = predictions[:, column] >= GRID[:, None]
            scores = [f_score.mean(f_score.ratios(*_with(f_score, others, own, t))) for t in tried]
            chosen = best(scores, near=thresholds[column])
            thresholds[column], answers[:, column] = GRID[chosen], tried[chosen]
            if f_score.average != "macro":
                totals = _with(f_score, others, own, tried[chosen])
    return thresholds


Counts = tuple[Array, Array, Array]


def _without(f_score: FScore, totals: Counts, own: Array, now: Array) -> Counts:
    """Counts of the other tags; a macro average looks at one tag alone."""
    hits, said, truths = totals
    if f_score.average == "macro":
        nothing = np.asarray(0)
        return nothing, nothing, np.asarray(own.sum())
    return hits - _tally(f_score, own & now), said - _tally(f_score, now), truths


def _with(f_score: FScore, others: Counts, own: Array, now: Array) -> Counts:
    hits, said, truths = others
    return hits + _tally(f_score, own & now), said + _tally(f_score, now), truths


def _tally(f_score: FScore, cells: Array) -> Array:
    return cells.astype(np.int64) if f_score.average == "samples" else np.asarray(cells.sum())
