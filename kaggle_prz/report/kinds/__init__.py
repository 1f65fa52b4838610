"""What the report shows of predictions, by their kind: the values of one template each."""

from typing import Any

from kaggle_prz.decisions import Decision
from kaggle_prz.metrics import Metric
from kaggle_prz.report.kinds import classes, heads, numbers, tags
from kaggle_prz.report.predictions import Rows
from kaggle_prz.task import Task


def values(task: Task, metric: Metric, rows: Rows, decision: Decision) -> dict[str, Any]:
    """What the template of the task's kind names, and `tile` and `mistakes`.

    Args:
        task: labels and names.
        metric: of the competition.
        rows: `(train, k)` out-of-fold predictions.
        decision: how predictions become labels.
    """
    match task.kind:
        case "tags":
            return tags.values(task, rows, decision)
        case "heads":
            return heads.values(task, metric, rows, decision)
        case "numbers":
            return numbers.values(task, rows)
        case _:
            return classes.values(task, metric, rows, decision)
