"""Task -> fold column: stratified, and whole groups together. Drawn once a run."""

import csv
import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from kaggle_prz import workdir
from kaggle_prz.errors import DataError, RunError, UsageError
from kaggle_prz.task import Task


def draw(task: Task, folds: int, seed: int) -> NDArray[np.int64]:
    """Assign every training row to the fold that holds it out.

    Classes are stratified; where the task has groups, a group is never divided.

    Args:
        task: the competition.
        folds: at least 2.
        seed: the same seed draws the same folds.

    Returns:
        `(train,)` int64 in `[0, folds)`; every fold holds out at least one row.

    Raises:
        UsageError: fewer than 2 folds, or more folds than groups.
        DataError: a class has fewer members than there are folds.
    """
    if folds < 2:
        raise UsageError(
            f"Cross-validation needs at least 2 folds, received --folds {folds}: with one, no row "
            "would be held out."
        )
    _every_class_reaches_every_fold(task, folds)
    if task.groups is None:
        splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
    else:
        groups = len(np.unique(task.groups))
        if groups < folds:
            raise UsageError(
                f"--folds {folds} needs at least {folds} groups, and the task has {groups}. "
                f"{_fewer_or(groups, 'name another --group')}"
            )
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    column = np.empty(len(task.labels), np.int64)
    for fold, (_, held_out) in enumerate(
        splitter.split(task.labels, task.labels, groups=task.groups)
    ):
        column[held_out] = fold
    empty = sorted(set(range(folds)) - set(column.tolist()))
    if empty:
        raise UsageError(
            f"Groups are too few and too unequal for --folds {folds}: fold {empty[0]} would hold "
            "out no row. Use fewer folds."
        )
    return column


def _every_class_reaches_every_fold(task: Task, folds: int) -> None:
    counts = np.bincount(task.labels, minlength=len(task.classes))
    short = [
        f"{name!r} has {count}"
        for name, count in zip(task.classes, counts, strict=True)
        if count < folds
    ]
    if short:
        listed = ", ".join(short[:5]) + (f" and {len(short) - 5} more" if len(short) > 5 else "")
        raise DataError(
            f"Every class needs at least as many images as there are folds ({folds}): {listed}. "
            f"{_fewer_or(int(counts.min()), 'add labelled images')}"
        )


def _fewer_or(most: int, otherwise: str) -> str:
    if most < 2:
        return f"Fewer than 2 folds are not possible: {otherwise}."
    return f"Use --folds {most} or fewer, or {otherwise}."


def write(path: Path, task: Task, column: NDArray[np.int64]) -> None:
    """Write `id,fold[,group]` for every training row."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    grouped = task.groups is not None
    writer.writerow(["id", "fold", "group"] if grouped else ["id", "fold"])
    for row, name in enumerate(task.train_ids):
        extra = [str(task.groups[row])] if task.groups is not None else []
        writer.writerow([str(name), int(column[row]), *extra])
    workdir.write_atomic(path, text.getvalue())


def read(path: Path, task: Task, folds: int) -> NDArray[np.int64]:
    """Read the fold column back, joined to the task's rows by id.

    Raises:
        RunError: the file does not cover exactly the task's training rows.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            by_id = {row["id"]: int(row["fold"]) for row in csv.DictReader(file)}
    except (KeyError, TypeError, ValueError):
        by_id = {}  # not a table of folds at all
    wanted = task.train_ids.tolist()
    if set(by_id) != set(wanted) or set(by_id.values()) != set(range(folds)):
        raise RunError(
            f"{path} does not hold the {folds} folds of this competition's {len(wanted)} training "
            "rows: the files or the fold file changed since the run began. Begin another run with "
            "--run NAME."
        )
    return np.array([by_id[name] for name in wanted], np.int64)
