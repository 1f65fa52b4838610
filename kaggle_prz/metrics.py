"""Competition metrics: direction, and what they want of a prediction."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics as sklearn_metrics

from kaggle_prz.errors import UsageError

Probabilities = NDArray[np.floating]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Metric:
    """One competition metric.

    Attributes:
        name: as written in recipes and on the command line.
        title: as people say it.
        maximize: whether more is better.
        wants: `"probabilities"` or `"labels"`.
        score: `(n,)` true class indexes and `(n, classes)` probabilities -> float.
    """

    name: str
    title: str
    maximize: bool
    wants: Literal["probabilities", "labels"]
    score: Callable[[Labels, Probabilities], float]

    def better(self, first: float, second: float) -> bool:
        """Whether `first` is a strictly better score than `second`."""
        return first > second if self.maximize else first < second


def log_loss(labels: Labels, probabilities: Probabilities) -> float:
    """Multi-class log loss, in nats; rows are normalised first, as graders do."""
    classes = np.arange(probabilities.shape[1])
    rows = probabilities.astype(np.float64)
    rows /= rows.sum(axis=1, keepdims=True)
    return float(sklearn_metrics.log_loss(labels, rows, labels=classes))


def accuracy(labels: Labels, probabilities: Probabilities) -> float:
    """Share of rows whose most probable class is the true one."""
    return float(sklearn_metrics.accuracy_score(labels, probabilities.argmax(axis=1)))


def macro_f1(labels: Labels, probabilities: Probabilities) -> float:
    """F1 of every class, averaged; a class never predicted counts 0."""
    predicted = probabilities.argmax(axis=1)
    return float(sklearn_metrics.f1_score(labels, predicted, average="macro", zero_division=0.0))


def roc_auc(labels: Labels, probabilities: Probabilities) -> float:
    """Area under the ROC curve: of the second class, or each class against the rest, averaged.

    Classes without a row, as a fold of few groups may have them, are left out; NaN where all rows
    are of one class.
    """
    if probabilities.shape[1] == 2:
        columns, rows = [1], probabilities
    else:
        columns = list(range(probabilities.shape[1]))
        rows = probabilities / probabilities.sum(axis=1, keepdims=True)
    areas = [
        sklearn_metrics.roc_auc_score(labels == column, rows[:, column])
        for column in columns
        if 0 < np.count_nonzero(labels == column) < len(labels)
    ]
    return float(np.mean(areas)) if areas else float("nan")


_METRICS = {
    metric.name: metric
    for metric in (
        Metric("log_loss", "log loss", False, "probabilities", log_loss),
        Metric("accuracy", "accuracy", True, "labels", accuracy),
        Metric("macro_f1", "macro F1", True, "labels", macro_f1),
        Metric("roc_auc", "ROC AUC", True, "probabilities", roc_auc),
    )
}


def names() -> tuple[str, ...]:
    """Names of the known metrics."""
    return tuple(_METRICS)


def get(name: str) -> Metric:
    """The metric of that name; spaces, hyphens and case do not matter.

    Raises:
        UsageError: no such metric; lists the known ones.

    Example:
        >>> get("Log Loss").maximize
        False
    """
    key = name.strip().lower().replace(" ", "_").replace("-", "_")
    if key not in _METRICS:
        raise UsageError(
            f"Unknown metric {name!r}. Known metrics: {', '.join(_METRICS)}. Choose one with "
            "--metric."
        )
    return _METRICS[key]
