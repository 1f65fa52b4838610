"""Predictions + sample submission -> a CSV in the sample's exact form, validated.

`cells` says how each kind of cell is written, `checks` what graders refuse.
"""

from pathlib import Path

import numpy as np

from kaggle_prz.core import filesystem
from kaggle_prz.core.errors import SubmissionError
from kaggle_prz.core.task import Task, Text
from kaggle_prz.metrics import Array
from kaggle_prz.metrics.decisions import Decision
from kaggle_prz.submission import cells, grader_rules, long_format
from kaggle_prz.submission import form as forms

__all__ = ["validate", "write"]


def write(
    path: Path, task: Task, ids: Text, predictions: Array, decision: Decision | None = None
) -> None:
    """Write a submission: the sample's columns, rows and order; then validate it.

    A file that is there is replaced only by a valid one. `ids` are those of the rows of
    `predictions`, each once, in any order; their columns are in the order of `task.classes`.
    Without a `decision`, predictions become labels by the one that is fitted on nothing.
    """
    rows = _joined(task, ids, predictions)
    if task.heads:
        written = cells.of_heads(task, rows, decision)
    else:
        written = cells.of(task, cells.rows_of(task, rows), decision)
    # A table whose every list is one bare integer is read as numbers.
    every = task.cell == "labels" and grader_rules.all_bare_integers(row[0] for row in written)
    form = forms.of(task)
    text = form.text(form.filled(long_format.in_rows(task, form, written)), quoted=every)
    grader_rules.check(path.name, text, task, form)
    filesystem.write_atomic(path, text)


def validate(path: Path, task: Task) -> None:
    """Refuse a file that differs from the sample submission's form, as strictly as graders do."""
    try:
        text = path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise SubmissionError(
            f"A submission must be a CSV file in UTF-8; {path} is not: {error}. Correct "
            "the file, or run the fit command again to write it."
        ) from error
    grader_rules.check(path.name, text, task)


def _joined(task: Task, ids: Text, predictions: Array) -> Array:
    """Return the rows of the sample submission, `(test, k)`, in its order."""
    wanted = (len(ids), len(task.classes))
    if np.shape(predictions) != wanted:
        raise SubmissionError(
            f"Predictions for {len(ids)} ids must have one row per id and one column for each of "
            f"{len(task.classes)} {task.kind}, {wanted}; received {np.shape(predictions)}."
        )
    place = {name: row for row, name in enumerate(ids.tolist())}
    lacking = [name for name in task.test_ids.tolist() if name not in place]
    if lacking:
        raise SubmissionError(
            f"{len(lacking)} rows of the sample submission have no prediction: "
            f"{', '.join(lacking[:5])}."
        )
    if len(place) != len(ids):
        raise SubmissionError(
            f"Every id must have one prediction; {len(ids) - len(place)} of the {len(ids)} rows "
            "repeat the id of another row. Average them first."
        )
    joined: Array = predictions[[place[name] for name in task.test_ids.tolist()]]
    return joined
