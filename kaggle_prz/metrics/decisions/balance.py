"""Weights of classes, for metrics to which a rare class matters as much as a frequent one."""

import numpy as np
from numpy.typing import NDArray

from kaggle_prz.metrics.arrays import Labels, Probabilities, most_probable
from kaggle_prz.metrics.decisions.grid import DIGITS
from kaggle_prz.metrics.metric import Metric

_POWERS = (0.25, 0.5, 0.75, 1.0)
_DRAWS = 100
_STANDARD_ERRORS = 2.0
_WEIGHT_DIGITS = 6


def weights(
    metric: Metric, truth: Labels, predictions: Probabilities, seed: int
) -> NDArray[np.float64] | None:
    """Return `(k,)` weights that score better than none by more than noise, or None.

    They are powers of how much rarer a class is than the most frequent one, so that one number is
    fitted and not one a class; with power 1 they make up for the classes' shares in full.
    """
    rows = np.bincount(truth, minlength=predictions.shape[1])
    rarity = rows.max() / np.where(rows > 0, rows, rows.max())
    before = most_probable(predictions)
    tried = [np.round(rarity**power, _WEIGHT_DIGITS) for power in _POWERS]
    answers = [most_probable(predictions * each) for each in tried]
    scores = [round(metric.score_answers(truth, each, "classes"), DIGITS) for each in answers]
    best = int(np.argmax(scores))
    return tried[best] if _beyond_noise(metric, truth, before, answers[best], seed) else None


def _beyond_noise(metric: Metric, truth: Labels, before: Labels, after: Labels, seed: int) -> bool:
    """Return whether the gain is more than two standard errors, estimated from resampled rows."""
    outcomes, rows = np.unique(np.stack([truth, before, after]), axis=1, return_counts=True)

    def gain(counts: NDArray[np.int64]) -> float:
        drawn, first, second = np.repeat(outcomes, counts, axis=1)
        return metric.score_answers(drawn, second, "classes") - metric.score_answers(
            drawn, first, "classes"
        )

    draws = np.random.default_rng(seed).multinomial(len(truth), rows / len(truth), size=_DRAWS)
    noise = float(np.std([gain(counts) for counts in draws]))
    return gain(rows) > _STANDARD_ERRORS * noise
