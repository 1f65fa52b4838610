"""Scores of numbers by their distance from the truth; of shares and tags as well."""

import numpy as np
from scipy import stats
from sklearn import metrics as sklearn_metrics

from kaggle_prz.metrics.arrays import Array, class_shares, unknown
from kaggle_prz.metrics.metric import Scorer


def mse(labels: Array, predictions: Array) -> float:
    """Mean square error over all cells, in the labels' unit, squared."""
    truth = labels.reshape(predictions.shape)
    if (hidden := unknown(truth)).any():
        truth, predictions = truth[~hidden], predictions[~hidden]
    return float(sklearn_metrics.mean_squared_error(truth, predictions))


def rmse(labels: Array, predictions: Array) -> float:
    """Root of the mean square error over all cells, in the labels' unit."""
    return float(np.sqrt(mse(labels, predictions)))


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


def r2(labels: Array, predictions: Array) -> float:
    """Coefficient of determination of every column, averaged; NaN of a single row."""
    truth = labels.reshape(predictions.shape)
    return float(sklearn_metrics.r2_score(truth, predictions)) if len(truth) > 1 else float("nan")


def pearson(labels: Array, predictions: Array) -> float:
    """Correlation of every column, averaged; columns that are constant are left out."""
    return _mean_of_columns(_correlation, labels.reshape(predictions.shape), predictions)


def spearman(labels: Array, predictions: Array) -> float:
    """Correlation of ranks of every column, averaged; columns that are constant are left out."""

    def of_ranks(own: Array, given: Array) -> float:
        return _correlation(stats.rankdata(own), stats.rankdata(given))

    return _mean_of_columns(of_ranks, labels.reshape(predictions.shape), predictions)


def _correlation(own: Array, given: Array) -> float:
    if np.ptp(own) == 0 or np.ptp(given) == 0:
        return float("nan")
    return float(np.corrcoef(own.astype(np.float64), given.astype(np.float64))[0, 1])


def of_shares(scorer: Scorer) -> Scorer:
    """Return the same distance from classes: from 1 for the true class and 0 for the others."""
    return lambda labels, predictions: scorer(
        class_shares(labels, predictions.shape[1]), predictions
    )


def _mean_of_columns(scorer: Scorer, truth: Array, predictions: Array) -> float:
    """Return the mean over columns of the score of the rows whose label is known."""
    columns = zip(truth.T, predictions.T, ~unknown(truth).T, strict=True)
    scores = [scorer(own[known], given[known]) for own, given, known in columns if known.any()]
    return float(np.nanmean(scores)) if not np.isnan(scores).all() else float("nan")
