"""What graders refuse, found before they do: the text of a CSV against the sample submission."""

import csv
import io
import math
import re
from collections.abc import Callable, Iterable, Sequence

from kaggle_prz.core.errors import SubmissionError
from kaggle_prz.core.task import Task
from kaggle_prz.submission import form as forms
from kaggle_prz.submission import long_format
from kaggle_prz.submission.form import Form

ROW_SUM_TOLERANCE = 1e-6
# float() takes more than graders do: "nan", "0_1", blanks, digits of other scripts.
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_BARE_INTEGER = re.compile(r"-?\d+", re.ASCII)
_ENDS_BARE = re.compile(r",-?\d+\r?$", re.ASCII | re.MULTILINE)

Complain = Callable[[list[str]], str | None]


def check(file: str, text: str, task: Task, form: Form | None = None) -> None:
    """Check a submission's text."""
    form = form or forms.of(task)
    header, rows = _parsed(file, text, form.separator)
    if tuple(header) != form.header:
        raise SubmissionError(
            f"{file} must have the sample submission's columns, in order: "
            f"{short(form.header)}; it has {short(header)}. Correct the file, or run the fit "
            "command again to write it."
        )
    wanted = form.names()
    given = [row[form.ids] if len(row) > form.ids else "" for row in rows]
    if given != wanted:
        raise SubmissionError(_row_difference(file, given, wanted))
    for name, row in zip(given, rows, strict=True):
        if len(row) != len(header):
            raise SubmissionError(
                f"{file}, row {name!r}: {len(row) - 1} cells for {len(header) - 1} columns."
            )
    _check_copied(file, rows, form)
    complain = _complaint_of(task)
    predicted = [form.predicted(row) for row in rows]
    for name, cells in zip(*long_format.by_image(task, given, predicted), strict=True):
        if complaint := complain(cells):
            raise SubmissionError(f"{file}, row {name!r}: {complaint}")
    if task.cell == "labels" and form.targets[0] == len(header) - 1:
        _check_quotes(file, text, [cells[0] for cells in predicted])


def _parsed(file: str, text: str, separator: str) -> tuple[list[str], list[list[str]]]:
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        header, *rows = list(reader) or [[]]
    except csv.Error as error:
        raise SubmissionError(
            f"{file} is not a CSV file: {error}. Correct the file, or run the fit command "
            "again to write it."
        ) from error
    return header, rows


def _check_copied(file: str, rows: Sequence[Sequence[str]], form: Form) -> None:
    for place in form.copied:
        for row, own in zip(rows, form.rows, strict=True):
            if row[place] != own[place]:
                raise SubmissionError(
                    f"{file}, row {row[form.ids]!r}: the column {form.header[place]!r} must be "
                    f"that of the sample submission, {own[place]!r}; it is {row[place]!r}."
                )


def all_bare_integers(lists: Iterable[str]) -> bool:
    """Return whether no list tells that it is text: each is one integer, or empty."""
    return all(not cell or _BARE_INTEGER.fullmatch(cell) for cell in lists)


def short(names: Iterable[object]) -> str:
    """Return the first five of several things."""
    listed = [str(name) for name in names]
    return ", ".join(listed[:5]) + (" …" if len(listed) > 5 else "")


def _row_difference(file: str, given: list[str], wanted: list[str]) -> str:
    lacking, extra = set(wanted) - set(given), set(given) - set(wanted)
    rule = f"{file} must have the sample submission's {len(wanted)} rows, in order; "
    if lacking or extra:
        found = [
            f"{len(ids)} {what} ({short(sorted(ids))})"
            for ids, what in ((lacking, "are missing"), (extra, "are not in the sample"))
            if ids
        ]
        return f"{rule}{' and '.join(found)}."
    if len(given) != len(wanted):
        return rule + f"it has {len(given)}: some ids occur more than once."
    return rule + "its rows are in another order."


def _complaint_of(task: Task) -> Complain:
    """Return what is wrong with the cells of a row, as a sentence; None where nothing is."""
    if task.heads:
        return _heads(task)
    match task.cell:
        case "label":
            return _labels(task)
        case "labels":
            return _lists(task, least=0, most=len(task.classes))
        case "ranked":
            return _lists(task, least=1, most=task.most_ranked)
        case "number":
            return _numbers(task)
        case _:
            return _distribution if task.cell == "probabilities" else _from_0_to_1


def _heads(task: Task) -> Complain:
    place = {name: column for column, name in enumerate(task.target_columns)}
    parts = [task.of_head(k) for k in range(len(task.heads))]
    each = [([place[n] for n in one.target_columns], _complaint_of(one)) for one in parts]

    def complain(cells: list[str]) -> str | None:
        for head, (columns, of_one) in zip(task.heads, each, strict=True):
            if complaint := of_one([cells[column] for column in columns]):
                return f"{head.name}: {complaint}"
        return None

    return complain


def _labels(task: Task) -> Complain:
    known = frozenset(task.classes)

    def complain(cells: list[str]) -> str | None:
        name, _, sure = cells[0].rpartition(" ") if task.confident else (cells[0], "", "1")
        if name in known:
            return _from_0_to_1([sure])
        return f"{name!r} is not one of the classes {short(task.classes)}."

    return complain


def _lists(task: Task, *, least: int, most: int) -> Complain:
    known = frozenset(task.classes)

    def complain(cells: list[str]) -> str | None:
        names = cells[0].split(task.between) if cells[0] else []
        unknown = [name for name in names if name not in known]
        if unknown:
            return (
                f"{unknown[0]!r} in {cells[0]!r} is not one of the classes "
                f"{short(task.classes)}; classes are separated by {task.between!r}."
            )
        if len(set(names)) != len(names):
            return f"{cells[0]!r} has a class more than once."
        if not least <= len(names) <= most:
            return (
                f"a cell must have {least} to {most} classes; it has {len(names)} ({cells[0]!r})."
            )
        return None

    return complain


def _numbers(task: Task) -> Complain:
    # As the table of labels has them: 0.1, where the float32 is 0.10000000149.
    bounds = [
        (float(str(low)), float(str(high)))
        for low, high in zip(task.labels.min(axis=0), task.labels.max(axis=0), strict=True)
    ]
    place = {name: column for column, name in enumerate(task.classes)}
    if set(task.target_columns) == set(task.classes):
        bounds = [bounds[place[name]] for name in task.target_columns]

    def complain(cells: list[str]) -> str | None:
        for column, cell, (low, high) in zip(task.target_columns, cells, bounds, strict=True):
            if not low <= _number(cell) <= high:
                return (
                    f"{column} must be a number from {low:g} to {high:g}, as in training; it is "
                    f"{cell!r}."
                )
        return None

    return complain


def _from_0_to_1(cells: Sequence[str]) -> str | None:
    return _beyond(cells, [_number(cell) for cell in cells])


def _distribution(cells: Sequence[str]) -> str | None:
    numbers = [_number(cell) for cell in cells]
    complaint = _beyond(cells, numbers)
    if complaint or abs(math.fsum(numbers) - 1) <= ROW_SUM_TOLERANCE:
        return complaint
    return f"probabilities must sum to 1; they sum to {math.fsum(numbers):.7f}."


def _beyond(cells: Sequence[str], numbers: Sequence[float]) -> str | None:
    if all(0 <= number <= 1 for number in numbers):
        return None
    return f"cells must be probabilities from 0 to 1; it has {short(cells)}."


def _check_quotes(file: str, text: str, lists: list[str]) -> None:
    body = text.split("\n", 1)[-1]
    if all_bare_integers(lists) and _ENDS_BARE.search(body):
        raise SubmissionError(
            f"{file} has a single integer in every cell, which graders read as a number, not as "
            "a list. Put the cells in quotation marks."
        )


def _number(cell: str) -> float:
    return float(cell) if _NUMBER.fullmatch(cell) else math.nan
