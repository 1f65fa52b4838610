"""What the report shows of predictions, by their kind: the values of one template each."""

from kaggle_prz.core.task import Task
from kaggle_prz.metrics import Metric
from kaggle_prz.metrics.decisions import Decision
from kaggle_prz.report.kinds import classes, heads, numbers, tags
from kaggle_prz.report.predictions import Rows


def values(task: Task, metric: Metric, rows: Rows, decision: Decision) -> dict[str, object]:
    """What the template of the task's kind names, and `tile` and `mistakes`."""
    match task.kind:
        case "tags":
            return tags.values(task, rows, decision)
        case "heads":
            return heads.values(task, metric, rows, decision)
        case "numbers":
            return numbers.values(task, rows)
        case _:
            return classes.values(task, metric, rows, decision)
