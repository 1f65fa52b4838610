"""Scores of where the true class stands among the most probable ones."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kaggle_prz.metrics.arrays import Array, Probabilities, class_truth


def rank_of_truth(labels: Array, predictions: Probabilities) -> NDArray[np.int64]:
    """`(n,)` rank of the true class, from 1; of equal probabilities, the lower index is first.

    Example:
        >>> rank_of_truth(np.array([2, 0]), np.array([[0.2, 0.5, 0.3], [0.3, 0.4, 0.3]])).tolist()
        [2, 2]
    """
    truth = class_truth(labels)[:, None]
    own = np.take_along_axis(predictions, truth, axis=1)
    earlier = np.arange(predictions.shape[1]) < truth
    before = (predictions > own) | ((predictions == own) & earlier)
    rank: NDArray[np.int64] = 1 + before.sum(axis=1)
    return rank


@dataclass(frozen=True)
class MeanPrecisionAt:
    """MAP@k with one true class a row: 1 / its rank, and 0 beyond rank k."""

    k: int

    def __call__(self, labels: Array, predictions: Probabilities) -> float:
        """Return the score of predictions."""
        rank = rank_of_truth(labels, predictions)
        return float(np.where(rank <= self.k, 1 / rank, 0).mean())


@dataclass(frozen=True)
class ErrorAt:
    """Share of rows whose true class is not among the k most probable."""

    k: int

    def __call__(self, labels: Array, predictions: Probabilities) -> float:
        """Return the score of predictions."""
        return float(np.mean(rank_of_truth(labels, predictions) > self.k))


@dataclass(frozen=True)
class AccuracyAt:
    """Share of rows whose true class is among the k most probable."""

    k: int

    def __call__(self, labels: Array, predictions: Probabilities) -> float:
        """Return the score of predictions."""
        return float(np.mean(rank_of_truth(labels, predictions) <= self.k))
