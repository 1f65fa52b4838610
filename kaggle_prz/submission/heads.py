"""Submissions of several heads: a class or probabilities for each, side by side."""

from collections.abc import Sequence

from kaggle_prz.decisions import Decision
from kaggle_prz.errors import SubmissionError
from kaggle_prz.metrics import Array
from kaggle_prz.submission import cells
from kaggle_prz.task import Task, spans


def of(task: Task, predictions: Array, decision: Decision | None) -> list[list[str]]:
    """Cells of every row, in the order of the task's target columns.

    Raises:
        SubmissionError: predictions that such cells cannot hold, or a decision on other heads.
    """
    of_column: dict[str, list[str]] = {}
    parts = zip(spans(task.head_sizes), _of_each(task, decision), strict=True)
    for place, (span, own) in enumerate(parts):
        one = task.of_head(place)
        written = cells.of(one, cells.rows_of(one, predictions[:, span]), own)
        columns = zip(*written, strict=True)
        of_column |= {n: list(c) for n, c in zip(one.target_columns, columns, strict=True)}
    return [list(row) for row in zip(*(of_column[n] for n in task.target_columns), strict=True)]


def _of_each(task: Task, decision: Decision | None) -> Sequence[Decision | None]:
    if decision is None:
        return [None] * len(task.heads)
    if decision.sizes != task.head_sizes:
        raise SubmissionError(
            f"A decision on {decision.kind} says nothing of {len(task.heads)} heads with "
            f"{' + '.join(map(str, task.head_sizes))} classes; fit one on this task's out-of-fold "
            "predictions."
        )
    return decision.heads
