"""How each kind of cell is written: rows of predictions -> rows of text."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kaggle_prz import metrics
from kaggle_prz.core.errors import SubmissionError
from kaggle_prz.core.task import Task, spans
from kaggle_prz.metrics import Array, decisions
from kaggle_prz.metrics.arrays import normalised
from kaggle_prz.metrics.decisions import Decision
from kaggle_prz.submission import grader_rules
from kaggle_prz.tasks import outputs

Rows = NDArray[np.float64]

# A row that is certain and wrong costs 36 in a log loss, one that keeps this much aside 14; what
# it costs where it is right is not seen in six decimals.
KEPT_ASIDE = 1e-6
_DIGITS_ALONE = 12  # areas under curves see only ranks: small probabilities stay apart
_DIGITS_OF_ROWS = 8  # beside those of the number of classes: rounding stays far below 1e-6 a row

_KINDS = {
    "probabilities": ("classes",),
    "probability": ("classes", "tags"),
    "independent": ("classes", "tags", "numbers"),
    "label": ("classes",),
    "labels": ("classes", "tags"),
    "ranked": ("classes", "tags"),
    "number": ("numbers", "tags"),
}


def rows_of(task: Task, predictions: Array) -> Rows:
    """Return predictions as their kind has them: classes sum to 1, tags lie from 0 to 1."""
    given, target = np.asarray(predictions, np.float64), outputs.of(task)
    rows = target.normalised(given)
    usable = (np.isfinite(given) & np.isfinite(rows)).all(axis=1)
    if not usable.all():
        what = " and some class likely" if target.one_class else ""
        raise SubmissionError(
            f"Every prediction must be finite{what}; that of "
            f"{str(task.test_ids[~usable][0])!r} is {grader_rules.short(given[~usable][0])}."
        )
    return rows


def of(task: Task, rows: Rows, decision: Decision | None) -> list[list[str]]:
    """Return cells of every row, in the order of the task's target columns."""
    _check_form(task)
    match task.cell:
        case "probabilities":
            return _distributions(_in_columns(task, _not_certain(task, rows)))
        case "probability":
            return _alone(_not_certain(task, rows)[:, -1:])
        case "independent":
            return _alone(_in_columns(task, _not_certain(task, rows)))
        case "number":
            return _numbers(task, rows)
        case "ranked":
            return _ranked(task, rows)
        case _:
            answers = _answers(task, rows, decision)
            return _confident(task, rows, answers) if task.confident else _labels(task, answers)


def _check_form(task: Task) -> None:
    kinds, width = _KINDS[task.cell], len(task.target_columns)
    if task.kind not in kinds:
        raise SubmissionError(
            f"Cells of the form {task.cell!r} can be written from {' or '.join(kinds)}; this "
            f"task predicts {task.kind}."
        )
    wide = task.cell in {"probabilities", "independent", "number"}
    if width != (len(task.classes) if wide else 1):
        needed = f"a column for each of {len(task.classes)} {task.kind}" if wide else "one column"
        raise SubmissionError(
            f"A submission with {task.cell!r} cells must have {needed} beside the ids; "
            f"{task.sample.name} has {width} ({grader_rules.short(task.target_columns)})."
        )
    if task.cell == "probability" and len(task.classes) != (2 if outputs.of(task).one_class else 1):
        raise SubmissionError(
            "Cells with one probability need a task with two classes; this task has "
            f"{len(task.classes)} ({grader_rules.short(task.classes)})."
        )


def _in_columns(task: Task, rows: Rows) -> Rows:
    """Return columns in the sample's order: by name where names are the same, else as they come."""
    if set(task.target_columns) != set(task.classes):
        return rows
    place = {name: column for column, name in enumerate(task.classes)}
    return rows[:, [place[name] for name in task.target_columns]]


def _not_certain(task: Task, rows: Rows) -> Rows:
    """Give every class a small probability, for log loss."""
    if metrics.get(task.metric).name != "log_loss":
        return rows
    if not outputs.of(task).one_class:
        return np.clip(rows, KEPT_ASIDE, 1 - KEPT_ASIDE)
    return normalised(np.maximum(rows, KEPT_ASIDE / max(rows.shape[1] - 1, 1)))


def _distributions(rows: Rows) -> list[list[str]]:
    """Return rows whose written digits sum to exactly 1; the largest cell takes the rest."""
    digits = _DIGITS_OF_ROWS + len(str(rows.shape[1]))
    scale = 10**digits
    units = np.rint(rows * scale).astype(np.int64)
    units[np.arange(len(units)), units.argmax(axis=1)] += scale - units.sum(axis=1)
    return [[f"{unit / scale:.{digits}f}" for unit in row] for row in units.tolist()]


def _alone(rows: Rows) -> list[list[str]]:
    written = np.clip(rows, 0.0, 1.0).tolist()
    return [[f"{value:.{_DIGITS_ALONE}f}" for value in row] for row in written]


def _numbers(task: Task, rows: Rows) -> list[list[str]]:
    """Return numbers within the training labels' range, as the shortest float32 decimals.

    So a bound is written as the table of labels had it: 0.1, not 0.10000000149.
    """
    low, high = task.labels.min(axis=0), task.labels.max(axis=0)
    within = _in_columns(task, np.clip(rows, low, high)).astype(np.float32) + np.float32(0)
    return [[np.format_float_positional(value, trim="0") for value in row] for row in within]


def _ranked(task: Task, rows: Rows) -> list[list[str]]:
    best = np.argsort(-rows, axis=1, kind="stable")[:, : task.most_ranked]
    return _lists(task, best.tolist())


def _answers(task: Task, rows: Rows, decision: Decision | None) -> Array:
    if decision is None:
        decision = decisions.default(metrics.get(task.metric), task.kind, len(task.classes))
        never_empty = outputs.of(task).never_empty(task.labels)
        decision = replace(decision, never_empty=never_empty)
    if decision.kind != task.kind:
        raise SubmissionError(
            f"A decision for {decision.kind} does not apply to {task.kind}. Fit one on this "
            "task's out-of-fold predictions."
        )
    return decision.apply(rows)


def _labels(task: Task, answers: Array) -> list[list[str]]:
    if task.cell == "label":
        return [[task.classes[answer]] for answer in answers.tolist()]
    if answers.ndim == 1:
        return _lists(task, answers[:, None].tolist())
    return _lists(task, [np.flatnonzero(row).tolist() for row in answers])


def _confident(task: Task, rows: Rows, answers: Array) -> list[list[str]]:
    sure = rows[np.arange(len(rows)), answers].tolist()
    pairs = zip(answers.tolist(), sure, strict=True)
    return [[f"{task.classes[answer]} {own:.{_DIGITS_ALONE}f}"] for answer, own in pairs]


def _lists(task: Task, rows: Sequence[Sequence[int]]) -> list[list[str]]:
    parted = [name for name in task.classes if not name or task.between in name]
    if parted:
        raise SubmissionError(
            f"Names in a list are separated by {task.between!r}, so no name can contain it; "
            f"received {grader_rules.short(map(repr, parted))}."
        )
    return [[task.between.join(task.classes[column] for column in row)] for row in rows]


def of_heads(task: Task, predictions: Array, decision: Decision | None) -> list[list[str]]:
    """Return cells of every row, in the order of the task's target columns."""
    of_column: dict[str, list[str]] = {}
    parts = zip(spans(task.head_sizes), _of_each_head(task, decision), strict=True)
    for place, (span, own) in enumerate(parts):
        one = task.of_head(place)
        written = of(one, rows_of(one, predictions[:, span]), own)
        columns = zip(*written, strict=True)
        of_column |= {n: list(c) for n, c in zip(one.target_columns, columns, strict=True)}
    return [list(row) for row in zip(*(of_column[n] for n in task.target_columns), strict=True)]


def _of_each_head(task: Task, decision: Decision | None) -> Sequence[Decision | None]:
    if decision is None:
        return [None] * len(task.heads)
    if decision.sizes != task.head_sizes:
        raise SubmissionError(
            f"A decision for {decision.kind} does not apply to {len(task.heads)} outputs with "
            f"{' + '.join(map(str, task.head_sizes))} classes. Fit one on this task's "
            "out-of-fold predictions."
        )
    return decision.heads
