"""Head first: a linear probe on frozen features, before anything is fine-tuned."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import special
from sklearn.linear_model import LogisticRegression, Ridge

from kaggle_prz.metrics.arrays import Array
from kaggle_prz.tasks.outputs import Target

Head = tuple[NDArray[np.float32], NDArray[np.float32]]

_INVERSE_STRENGTH = 0.005
_RIDGE = 100.0
_ENDS = 0.02  # labels at the ends of their range would have logits without end


def fit_head(features: NDArray[np.float32], targets: Array, outputs: Target) -> Head:
    """Return a linear head on frozen features: its `(width, outputs)` kernel and its bias.

    Features are centred, and divided by one number for all. A scale for each would give features
    that hardly ever move a kernel a thousand times as large as the others', and fine-tuning makes
    them move. Both is folded into the head.

    Classes and heads take the softmax of a logistic regression each, tags a sigmoid of one each,
    numbers sigmoids of a ridge regression. A class or tag without rows gets a kernel of 0 and a low
    bias. Rows where a tag is unknown, NaN, do not count for it.
    """
    centre = features.mean(axis=0, dtype=np.float64)
    spread = float(np.sqrt(features.var(axis=0, dtype=np.float64).mean())) or 1.0
    scaled = (features - centre) / spread
    if outputs.sizes:
        columns = [targets] if len(outputs.sizes) == 1 else targets.T
        heads = zip(columns, outputs.sizes, strict=True)
        fitted = [_softmax(scaled, own, size) for own, size in heads]
        weights, bias = (np.concatenate(part) for part in zip(*fitted, strict=True))
    elif outputs.has_classes:
        each = [_sigmoid(scaled, column) for column in targets.T]
        weights, bias = (np.stack(part) for part in zip(*each, strict=True))
    else:
        logits = special.logit(np.clip(targets, _ENDS, 1 - _ENDS))
        probe = Ridge(_RIDGE).fit(scaled, logits)
        weights, bias = np.atleast_2d(probe.coef_), np.atleast_1d(probe.intercept_)
    kernel = weights.T / spread
    return kernel.astype(np.float32), (bias - centre @ kernel).astype(np.float32)


def probabilities(
    features: NDArray[np.float32], head: Head, outputs: Target
) -> NDArray[np.float32]:
    """Return what a network with that head puts out: `(rows, outputs)` from 0 to 1."""
    kernel, bias = head
    logits = features @ kernel + bias
    if not outputs.sizes:
        return np.asarray(special.expit(logits), np.float32)
    parts = np.split(logits, np.cumsum(outputs.sizes)[:-1], axis=1)
    made = np.concatenate([special.softmax(part, axis=1) for part in parts], axis=1)
    return np.asarray(made, np.float32)


def mean_probabilities(
    views: Sequence[NDArray[np.float32]], head: Head, outputs: Target
) -> NDArray[np.float32]:
    """Return `probabilities` as the mean over views of the same images."""
    each = [probabilities(features, head, outputs) for features in views]
    mean: NDArray[np.float32] = np.mean(each, axis=0)
    return mean


def _softmax(
    features: NDArray[np.float64], targets: Array, classes: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    shares = None
    if targets.ndim == 2:  # a row with shares of several classes counts for each by its share
        rows, columns = np.nonzero(targets)
        features, shares, targets = features[rows], targets[rows, columns], columns
    present = np.unique(targets)
    kernel, bias = np.zeros((classes, features.shape[1])), np.full(classes, -10.0)
    if len(present) < 2:
        bias[present] = 0.0
        return kernel, bias
    probe = _logistic().fit(features, targets, sample_weight=shares)
    weights, intercept = probe.coef_, probe.intercept_
    if len(present) == 2:
        weights = np.concatenate([-weights, weights]) / 2
        intercept = np.concatenate([-intercept, intercept]) / 2
    kernel[present], bias[present] = weights, intercept
    return kernel, bias


def _sigmoid(features: NDArray[np.float64], targets: Array) -> tuple[NDArray[np.float64], float]:
    known = ~np.isnan(targets)
    features, truth = features[known], targets[known] >= 0.5
    if truth.all() or not truth.any():
        return np.zeros(features.shape[1]), 10.0 if truth.all() else -10.0
    probe = _logistic().fit(features, truth)
    return probe.coef_[0], float(probe.intercept_[0])


def _logistic() -> LogisticRegression:
    return LogisticRegression(C=_INVERSE_STRENGTH, tol=1e-2, max_iter=300)
