"""Scores of numbers by their distance from the truth; of shares and tags as well."""

import numpy as np
from sklearn import metrics as sklearn_metrics

from kaggle_prz.metrics.arrays import Array, class_shares
from kaggle_prz.metrics.metric import Scorer


def rmse(labels: Array, predictions: Array) -> float:
    """Root of the mean square error over all cells, in the labels' unit."""
    truth = labels.reshape(predictions.shape)
    return float(np.sqrt(sklearn_metrics.mean_squared_error(truth, predictions)))


def mcrmse(labels: Array, predictions: Array) -> float:
    """Root mean square error of every column, averaged."""
    truth = labels.reshape(predictions.shape)
    # root_mean_squared_error is not there on images at Kaggle, which keep scikit-learn 1.2
    squares = sklearn_metrics.mean_squared_error(truth, predictions, multioutput="raw_values")
    return float(np.sqrt(squares).mean())


def mae(labels: Array, predictions: Array) -> float:
    """Mean absolute error of every column, averaged."""
    truth = labels.reshape(predictions.shape)
    return float(sklearn_metrics.mean_absolute_error(truth, predictions))


def of_shares(scorer: Scorer) -> Scorer:
    """Return the same distance from classes: from 1 for the true class and 0 for the others."""
    return lambda labels, predictions: scorer(
        class_shares(labels, predictions.shape[1]), predictions
    )
