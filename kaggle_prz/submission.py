"""Predictions + sample submission -> a CSV in the sample's exact form, validated."""

import csv
import io
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kaggle_prz import workdir
from kaggle_prz.errors import SubmissionError
from kaggle_prz.layouts import tables
from kaggle_prz.metrics import Probabilities
from kaggle_prz.task import Task, Text

_DIGITS = 9
_ROW_SUM_TOLERANCE = 1e-6
# float() takes more than graders do: "nan", "0_1", blanks, digits of other scripts.
_NUMBER = re.compile(r"(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def write(path: Path, task: Task, ids: Text, probabilities: Probabilities) -> None:
    """Write a submission: the sample's columns, rows and order; then validate it.

    Args:
        path: where to.
        task: its sample submission gives the form.
        ids: `(n,)` ids of the rows of `probabilities`, in any order.
        probabilities: `(n, classes)`; rows are renormalised in float64.

    Raises:
        SubmissionError: a sample row without prediction, or a number that is none.
    """
    place = {name: row for row, name in enumerate(ids.tolist())}
    lacking = [name for name in task.test_ids.tolist() if name not in place]
    if lacking:
        raise SubmissionError(
            f"{len(lacking)} rows of the sample submission have no prediction: "
            f"{', '.join(lacking[:5])}."
        )
    rows = probabilities[[place[name] for name in task.test_ids.tolist()]].astype(np.float64)
    rows = np.clip(rows, 0.0, None)
    usable = np.isfinite(rows).all(axis=1) & (rows.sum(axis=1) > 0)
    if not usable.all():
        raise SubmissionError(
            f"Every prediction must be finite and some class likely; that of "
            f"{str(task.test_ids[~usable][0])!r} is {_short(rows[~usable][0])}."
        )
    rows /= rows.sum(axis=1, keepdims=True)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([task.id_column, *task.target_columns])
    cells = _cells(task, rows)
    writer.writerows([name, *row] for name, row in zip(task.test_ids.tolist(), cells, strict=True))
    _check(path.name, text.getvalue(), task)
    workdir.write_atomic(path, text.getvalue())


def _cells(task: Task, rows: NDArray[np.float64]) -> list[list[str]]:
    if task.cell == "label":
        return [[task.classes[best]] for best in rows.argmax(axis=1)]
    if task.cell == "probability":
        return [[f"{row[1]:.{_DIGITS}f}"] for row in rows]
    return [[f"{value:.{_DIGITS}f}" for value in row] for row in rows]


def validate(path: Path, task: Task) -> None:
    """Check a file against the sample submission, as strictly as graders do.

    Raises:
        SubmissionError: the first difference, with what was expected.
    """
    try:
        text = path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise SubmissionError(
            f"A submission is a CSV file in UTF-8, but {path} is not: {error}."
        ) from error
    _check(path.name, text, task)


def _check(file: str, text: str, task: Task) -> None:
    try:
        header, *rows = list(csv.reader(io.StringIO(text, newline=""), strict=True)) or [[]]
    except csv.Error as error:
        raise SubmissionError(f"{file} is not a CSV file: {error}.") from error
    sample = tables.read_csv(task.sample)
    if header != list(sample.columns):
        raise SubmissionError(
            f"{file} must have the sample submission's columns, in order: "
            f"{_short(sample.columns)}; it has {_short(header)}."
        )
    wanted = sample.iloc[:, 0].str.strip().tolist()
    given = [row[0] if row else "" for row in rows]
    if given != wanted:
        raise SubmissionError(_row_difference(file, given, wanted))
    for row in rows:
        _check_cells(file, task, row)


def _row_difference(file: str, given: list[str], wanted: list[str]) -> str:
    lacking, extra = set(wanted) - set(given), set(given) - set(wanted)
    rule = f"{file} must have the sample submission's {len(wanted)} rows, in order; "
    if lacking or extra:
        return rule + (
            f"{len(lacking)} are missing ({_short(sorted(lacking))}) and {len(extra)} "
            f"are not in the sample ({_short(sorted(extra))})."
        )
    if len(given) != len(wanted):
        return rule + f"it has {len(given)}: some ids more than once."
    return rule + "its rows are in another order."


def _check_cells(file: str, task: Task, row: list[str]) -> None:
    name, *cells = row
    if len(cells) != len(task.target_columns):
        raise SubmissionError(
            f"{file}, row {name!r}: {len(cells)} cells for {len(task.target_columns)} columns."
        )
    if task.cell == "label":
        if cells[0] not in task.classes:
            raise SubmissionError(
                f"{file}, row {name!r}: {cells[0]!r} is not one of the "
                f"classes {_short(task.classes)}."
            )
        return
    numbers = [_number(cell) for cell in cells]
    if not all(0 <= number <= 1 for number in numbers):
        raise SubmissionError(
            f"{file}, row {name!r}: cells must be probabilities from 0 to "
            f"1; it has {_short(cells)}."
        )
    if task.cell == "probabilities" and abs(sum(numbers) - 1) > _ROW_SUM_TOLERANCE:
        raise SubmissionError(
            f"{file}, row {name!r}: probabilities must sum to 1; they sum to {sum(numbers):.7f}."
        )


def _number(cell: str) -> float:
    return float(cell) if _NUMBER.fullmatch(cell) else math.nan


def _short(names: Any) -> str:
    listed = [str(name) for name in names]
    return ", ".join(listed[:5]) + (f" … ({len(listed)})" if len(listed) > 5 else "")
