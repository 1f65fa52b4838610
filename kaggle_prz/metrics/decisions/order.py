"""Cut points over the expected class index, for quadratic weighted kappa."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from kaggle_prz.metrics.arrays import Labels, Probabilities, expected_index, rounding
from kaggle_prz.metrics.labels import kappa_of_table

CutPoints = NDArray[np.float64]

_STEP = 0.25
_TRIES = 2000
_DIGITS = 6


def cut_points(truth: Labels, predictions: Probabilities) -> list[CutPoints]:
    """Return two `(k - 1,)` rising cut points that Nelder and Mead's method finds, from two starts.

    The starts are rounding, and the points between which each class is answered as often as it is
    true: an expected index keeps away from the ends, where rounding answers too seldom.
    """
    classes = predictions.shape[1]
    positions = expected_index(predictions)
    order = np.argsort(positions)
    positions = positions[order]
    below = np.zeros((len(truth) + 1, classes), np.int64)  # rows of each class among the first n
    np.cumsum(np.eye(classes, dtype=np.int64)[truth[order]], axis=0, out=below[1:])

    def loss(points: CutPoints) -> float:
        ends = np.searchsorted(positions, np.sort(points))
        table = np.diff(below[[0, *ends.tolist(), len(truth)]], axis=0).T
        return -kappa_of_table(table)

    starts = (rounding(classes), _as_often_as_true(positions, below[-1]))
    return [_search(loss, start) for start in starts]


def _as_often_as_true(positions: NDArray[np.float64], rows: NDArray[np.int64]) -> CutPoints:
    padded = np.concatenate([[0.0], positions, [len(rows) - 1.0]])
    ends = np.cumsum(rows)[:-1]
    points: CutPoints = (padded[ends] + padded[ends + 1]) / 2
    return points


def _search(loss: Callable[[CutPoints], float], start: CutPoints) -> CutPoints:
    simplex = np.vstack([start, start + _STEP * np.eye(len(start))])
    found = optimize.minimize(
        loss,
        start,
        method="Nelder-Mead",
        options={"initial_simplex": simplex, "xatol": 1e-3, "fatol": 1e-7, "maxfev": _TRIES},
    )
    points: CutPoints = np.round(np.sort(found.x), _DIGITS)
    return points
