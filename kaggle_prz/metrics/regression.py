"""Scores of numbers by their distance from the truth; of shares and tags as well."""

import numpy as np
from sklearn import metrics as sklearn_metrics

from kaggle_prz.metrics.arrays import Array, class_shares, unknown
from kaggle_prz.metrics.metric import Scorer


def rmse(labels: Array, predictions: Array) -> float:
    """Root of the mean square error over all cells, in the labels' unit."""
    truth = labels.reshape(predictions.shape)
    if (hidden := unknown(truth)).any():
        truth, predictions = truth[~hidden], predictions[~hidden]
    return float(np.sqrt(sklearn_metrics.mean_squared_error(truth, predictions)))


def mcrmse(labels: Array, predictions: Array) -> float:
    """Root mean square error of every column, averaged."""
    truth = labels.reshape(predictions.shape)
    if unknown(truth).any():
        return _mean_of_columns(mcrmse, truth, predictions)
    # root_mean_squared_error is not there on images at Kaggle, which keep scikit-learn 1.2
    squares = sklearn_metrics.mean_squared_error(truth, predictions, multioutput="raw_values")
    return float(np.sqrt(squares).mean())


def mae(labels: Array, predictions: Array) -> float:
    """Mean absolute error of every column, averaged."""
    truth = labels.reshape(predictions.shape)
    if unknown(truth).any():
        return _mean_of_columns(mae, truth, predictions)
    return float(sklearn_metrics.mean_absolute_error(truth, predictions))


def of_shares(scorer: Scorer) -> Scorer:
    """Return the same distance from classes: from 1 for the true class and 0 for the others."""
    return lambda labels, predictions: scorer(
        class_shares(labels, predictions.shape[1]), predictions
    )


def _mean_of_columns(scorer: Scorer, truth: Array, predictions: Array) -> float:
    """Return the mean over columns of the score of the rows whose label is known."""
    columns = zip(truth.T, predictions.T, ~unknown(truth).T, strict=True)
    scores = [scorer(own[known], given[known]) for own, given, known in columns if known.any()]
    return float(np.mean(scores)) if scores else float("nan")
