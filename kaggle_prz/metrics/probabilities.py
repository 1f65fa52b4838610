"""Scores of probabilities: log loss, areas under the ROC curve, probabilistic F1."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics as sklearn_metrics

from kaggle_prz.metrics.arrays import (
    Array,
    Probabilities,
    class_shares,
    class_truth,
    normalised,
    tag_truth,
    unknown,
)

CLIP = 1e-15  # Kaggle's: one cell of 0 that should be 1 costs 34.5
LEAST_TPR = 0.8


def class_log_loss(labels: Array, predictions: Probabilities) -> float:
    """Multi-class log loss, in nats; rows are normalised first, as graders do."""
    totals = predictions.sum(axis=1, dtype=np.float64)
    if labels.ndim == 1:  # one cell a row, where scikit-learn would fill a matrix
        own = predictions[np.arange(len(labels)), labels] / totals
        return float(-np.log(np.clip(own, CLIP, 1)).mean())
    logs = np.log(np.clip(predictions / totals[:, None], CLIP, 1))
    return float(-(labels * logs).sum(axis=1).mean())


def tag_log_loss(labels: Array, predictions: Probabilities) -> float:
    """Binary log loss of every column, averaged; in nats."""
    rows = np.clip(predictions.astype(np.float64), CLIP, 1 - CLIP)
    logs = labels * np.log(rows) + (1 - labels) * np.log1p(-rows)
    return float(-logs[~unknown(labels)].mean())


def class_roc_auc(labels: Array, predictions: Probabilities) -> float:
    """Area under the ROC curve: of the second class, or each class against the rest, averaged.

    Classes without a row, as a fold of few groups may have them, are left out; NaN where all rows
    are of one class.
    """
    truth = class_truth(labels)
    if predictions.shape[1] == 2:
        return _mean_area([(truth == 1, predictions[:, 1])])
    columns = range(predictions.shape[1])
    return _mean_area((truth == column, predictions[:, column]) for column in columns)


def tag_roc_auc(labels: Array, predictions: Probabilities) -> float:
    """Area under the ROC curve of every column, averaged.

    Columns in which all rows are alike are left out; NaN where none is left.
    """
    columns = zip(tag_truth(labels).T, predictions.T, ~unknown(labels).T, strict=True)
    return _mean_area((truth[known], scores[known]) for truth, scores, known in columns)


def _mean_area(columns: Iterable[tuple[NDArray[np.bool_], Array]]) -> float:
    areas = [
        sklearn_metrics.roc_auc_score(truth, scores)
        for truth, scores in columns
        if 0 < np.count_nonzero(truth) < len(truth)
    ]
    return float(np.mean(areas)) if areas else float("nan")


def class_average_precision(labels: Array, predictions: Probabilities) -> float:
    """Average precision: of the second class, or of each class against the rest, averaged."""
    truth, count = class_truth(labels), predictions.shape[1]
    columns = range(1, 2) if count == 2 else range(count)
    return _mean_precision((truth == column, predictions[:, column]) for column in columns)


def tag_average_precision(labels: Array, predictions: Probabilities) -> float:
    """Average precision of every column, averaged; columns without a positive row are left out."""
    columns = zip(tag_truth(labels).T, predictions.T, ~unknown(labels).T, strict=True)
    return _mean_precision((truth[known], scores[known]) for truth, scores, known in columns)


def _mean_precision(columns: Iterable[tuple[NDArray[np.bool_], Array]]) -> float:
    found = [sklearn_metrics.average_precision_score(*one) for one in columns if one[0].any()]
    return float(np.mean(found)) if found else float("nan")


def global_average_precision(labels: Array, predictions: Probabilities) -> float:
    """Average precision of the most probable class of all rows, the surest first.

    As in the Google landmark recognition challenges: every row counts as one to find.
    """
    right = predictions.argmax(axis=1) == class_truth(labels)
    if not right.any():
        return 0.0
    precision = sklearn_metrics.average_precision_score(right, predictions.max(axis=1))
    return float(precision * right.mean())


def class_brier(labels: Array, predictions: Probabilities) -> float:
    """Mean over rows of the squared distance to the truth; of two classes, of the second alone."""
    squares = (normalised(predictions) - class_shares(labels, predictions.shape[1])) ** 2
    return float(squares.sum(axis=1).mean() / (2 if predictions.shape[1] == 2 else 1))


def partial_roc_auc(labels: Array, predictions: Probabilities) -> float:
    """Area of the second class's ROC curve above a true positive rate of 0.8: from 0 to 0.2.

    As in the ISIC 2024 challenge. NaN where all rows are of one class.
    """
    truth = class_truth(labels) == 1
    if truth.all() or not truth.any():
        return float("nan")
    # Turned upside down, the area above a rate of 0.8 is that left of a false positive rate of 0.2.
    width = 1 - LEAST_TPR
    scaled = sklearn_metrics.roc_auc_score(~truth, -predictions[:, 1], max_fpr=width)
    chance = width**2 / 2  # scikit-learn stretches chance … width to 0.5 … 1
    return float(chance + (2 * scaled - 1) * (width - chance))


def pf1(labels: Array, predictions: Probabilities) -> float:
    """Probabilistic F1 of the second class: counts are sums of probabilities.

    As in the RSNA breast cancer challenge. 0 where there is nothing to find.
    """
    truth = class_truth(labels) == 1
    second = np.clip(predictions[:, 1].astype(np.float64), 0, 1)
    hits, everything = second[truth].sum(), second.sum() + np.count_nonzero(truth)
    return float(2 * hits / everything) if hits > 0 else 0.0
