"""Task -> fold column: stratified, and whole groups together. Drawn once a run."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from kaggle_prz.core import filesystem
from kaggle_prz.core.errors import RunError, UsageError
from kaggle_prz.core.task import Task
from kaggle_prz.tasks import outputs

_FEW = 0.05  # of rows, beyond one a group
_MANY_GROUPS = 10_000


def draw(task: Task, folds: int, seed: int) -> NDArray[np.int64]:
    """Return the fold from 0 that holds each training row out, `(train,)`; every fold has some.

    Rows are stratified by class, by the rarest of their tags, or by the tenth of the range of
    ranks that their number is in; of heads, by the classes of all together, or by the rarest of
    them where too few rows have the same. Where the task has groups, a group is never divided.
    """
    if folds < 2:
        raise UsageError(
            f"Cross-validation needs at least 2 folds; received --folds {folds}. With one fold "
            "no row would be held out."
        )
    _enough(task, folds)
    if task.groups is not None and _nearly_ungrouped(task.groups):
        _, first, of_row = np.unique(task.groups, return_index=True, return_inverse=True)
        one_each = replace(
            task,
            train_ids=task.train_ids[first],
            train_files=task.train_files[first],
            labels=task.labels[first],
            groups=None,
        )
        rows: NDArray[np.int64] = draw(one_each, folds, seed)[of_row]
        return rows
    layers = strata(task, folds)
    if task.groups is None:
        splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
    else:
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    column = np.empty(len(layers), np.int64)
    for fold, (_, held_out) in enumerate(splitter.split(layers, layers, groups=task.groups)):
        column[held_out] = fold
    empty = sorted(set(range(folds)) - set(column.tolist()))
    if empty:
        raise UsageError(
            f"There are too few groups, or their sizes differ too much, for --folds {folds}: "
            f"fold {empty[0]} would hold out no row. Use fewer folds."
        )
    return column


def _nearly_ungrouped(groups: NDArray[np.str_]) -> bool:
    """Return whether one row may stand for each group, for the grouped splitter is slow at many."""
    units = len(np.unique(groups))
    return len(groups) - units <= _FEW * len(groups) or units > _MANY_GROUPS


def strata(task: Task, folds: int) -> NDArray[np.int64]:
    """Return what folds are balanced by, `(train,)`; the smallest are pooled up to `folds` rows."""
    _, layers, rows = np.unique(
        outputs.of(task).strata(task.labels, folds), return_inverse=True, return_counts=True
    )
    by_size = np.argsort(rows, kind="stable")
    pooled = np.arange(len(rows))
    small = int((rows < folds).sum())
    if small:
        within = np.cumsum(rows[by_size])
        first_enough = int(np.searchsorted(within, folds))
        pooled[by_size[: max(small, first_enough + 1)]] = by_size[0]
    chosen: NDArray[np.int64] = pooled[layers]
    return chosen


def notes(task: Task, folds: int) -> list[str]:
    """Return what a user should know of classes that are rarer than folds are many."""
    target = outputs.of(task)
    counts = target.rows_of_each(task.labels)
    rare = np.flatnonzero(counts < folds)
    if not target.one_class or not len(rare):
        return []
    listed = ", ".join(f"{task.classes[k]!r} has {counts[k]}" for k in rare[:3].tolist())
    more = f" and {len(rare) - 3} more" if len(rare) > 3 else ""
    return [
        f"{len(rare)} of {len(counts)} classes have fewer images than folds ({folds}), so some "
        f"folds do not hold them out: {listed}{more}."
    ]


def _enough(task: Task, folds: int) -> None:
    units = len(task.train_ids) if task.groups is None else len(np.unique(task.groups))
    if units >= folds:
        return
    what = "training images" if task.groups is None else "groups"
    otherwise = "add labelled images" if task.groups is None else "choose another --group"
    advice = f"Use --folds {units} or fewer, or {otherwise}."
    if units < 2:
        advice = f"Fewer than 2 folds are not possible: {otherwise}."
    raise UsageError(
        f"--folds {folds} needs at least {folds} {what}; the task has {units}. {advice}"
    )


def write(path: Path, task: Task, column: NDArray[np.int64]) -> None:
    """Write `id,fold[,group]` for every training row."""
    frame = pd.DataFrame({"id": task.train_ids, "fold": column})
    if task.groups is not None:
        frame["group"] = task.groups
    filesystem.write_atomic(path, frame.to_csv(index=False, lineterminator="\n"))


def read(path: Path, task: Task, folds: int) -> NDArray[np.int64]:
    """Read the fold column back, joined to the task's rows by id."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            by_id = {row["id"]: int(row["fold"]) for row in csv.DictReader(file)}
    except (KeyError, TypeError, ValueError):
        by_id = {}  # not a table of folds at all
    wanted = task.train_ids.tolist()
    if set(by_id) != set(wanted) or set(by_id.values()) != set(range(folds)):
        raise RunError(
            f"{path} does not have the {folds} folds of this competition's {len(wanted)} "
            "training rows: the competition's files or this file changed since the run started. "
            "Start another run with --run NAME."
        )
    return np.array([by_id[name] for name in wanted], np.int64)
