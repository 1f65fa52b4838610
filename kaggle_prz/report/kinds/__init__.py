"""What the report shows of predictions, by their kind: the values of one template each."""

from collections.abc import Callable

from kaggle_prz.core.task import Kind, Task
from kaggle_prz.metrics import Metric
from kaggle_prz.metrics.decisions import Decision
from kaggle_prz.report.kinds import classes, heads, numbers, tags
from kaggle_prz.report.predictions import Rows

_VALUES: dict[Kind, Callable[[Task, Metric, Rows, Decision], dict[str, object]]] = {
    "classes": classes.values,
    "heads": heads.values,
    "tags": lambda task, _, rows, decision: tags.values(task, rows, decision),
    "numbers": lambda task, _metric, rows, _decision: numbers.values(task, rows),
}


def values(task: Task, metric: Metric, rows: Rows, decision: Decision) -> dict[str, object]:
    """Return what the template of the task's kind names, and `tile` and `mistakes`."""
    return _VALUES[task.kind](task, metric, rows, decision)
