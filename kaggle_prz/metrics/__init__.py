"""Competition metrics: direction, and what they want of a prediction.

`get` finds one by any name it goes by, `of` that of a task; `names` lists them; the other modules
hold the formulas.
"""

from kaggle_prz.core.errors import UsageError
from kaggle_prz.core.task import Task
from kaggle_prz.metrics import registry
from kaggle_prz.metrics.arrays import Array, Kind, Labels, Probabilities
from kaggle_prz.metrics.metric import Metric
from kaggle_prz.metrics.multi_output import over
from kaggle_prz.metrics.registry import find as from_host
from kaggle_prz.metrics.registry import other_task

__all__ = [
    "Array",
    "Kind",
    "Labels",
    "Metric",
    "Probabilities",
    "default_for",
    "from_host",
    "get",
    "names",
    "of",
    "other_task",
    "over",
]

_OF_CELLS = {
    "probabilities": "log_loss",
    "probability": "roc_auc",
    "independent": "roc_auc",
    "label": "accuracy",
    "ordinal": "quadratic_kappa",
    "labels": "micro_f1",
    "ranked": "map_at_5",
    "number": "rmse",
}


def names() -> tuple[str, ...]:
    """Return names of the known metrics; MAP@k and top-k error take any other k as well."""
    return tuple(registry.METRICS)


def get(name: str) -> Metric:
    """Return the metric of that name, or of what Kaggle calls it; case and signs do not matter.

    Raises:
        UsageError: no such metric; lists the known ones.

    Example:
        >>> get("Log Loss").maximize
        False
        >>> get("Area Under Receiver Operating Characteristic Curve").name
        'roc_auc'
        >>> get("MAP@3").name
        'map_at_3'
    """
    metric = from_host(name)
    if metric is None and (task := other_task(name)) is not None:
        raise UsageError(
            f"The metric {name!r} is of {task}, which is not supported: a submission has classes, "
            "tags or numbers of whole images. If the cells are some, choose another metric with "
            "--metric."
        )
    if metric is None:
        alike = registry.nearest(name)
        near = f" The nearest names: {', '.join(alike)}." if alike else ""
        raise UsageError(
            f"Unknown metric {name!r}.{near} Known metrics: {', '.join(names())}. Choose one with "
            "--metric."
        )
    return metric


def of(task: Task, name: str | None = None) -> Metric:
    """Return a metric as it scores the predictions of a task: of several heads, the mean over them.

    Raises:
        UsageError: no such metric, or one that cannot be averaged over heads.
    """
    return over(get(name or task.metric), task.heads)


def default_for(cell: str) -> Metric:
    """Return the metric that suits what a submission's cells hold, where nobody names one.

    Raises:
        UsageError: no such cell.

    Example:
        >>> default_for("ordinal").title
        'quadratic weighted kappa'
    """
    if cell not in _OF_CELLS:
        raise UsageError(f"A cell must hold one of {', '.join(_OF_CELLS)}; received {cell!r}.")
    return registry.METRICS[_OF_CELLS[cell]]
