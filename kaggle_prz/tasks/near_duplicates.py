"""What near-duplicates mean for a task: one fold for a set of them, and notes to the user."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kaggle_prz.core.task import Task
from kaggle_prz.images.duplicates import Rows, sets
from kaggle_prz.tasks import outputs

_MOST_IN_ONE_GROUP = 0.5


def held_together(task: Task, first: Rows, folds: int) -> Task:
    """Return the task with near-duplicates among its training rows in one group, and notes on them.

    Groups that such a pair connects become one, under the first of their names. A task without
    groups has them only where there are near-duplicates: every other row is a group of its own,
    named by its id. Where that would leave fewer groups than `folds`, or most rows in one group,
    the groups stay as they were. `first` is what `duplicates.find` returns of the images seen.
    """
    train = first[: len(task.images.train_rows)]
    groups = _joined(task, train)
    kept = groups is None or _divisible(groups, task.groups, folds)
    alike = _of_several_rows(task, train)
    notes = [*_of_sets(task, alike, kept=kept), *_of_test(train, first[len(train) :])]
    if not notes:
        return task
    groups = groups if kept else task.groups
    return replace(task, groups=groups, warnings=(*task.warnings, *notes))


def _divisible(groups: NDArray[np.str_], own: NDArray[np.str_] | None, folds: int) -> bool:
    """Return whether folds can be drawn of groups about as well as of the task's own."""
    rows = np.unique(groups, return_counts=True)[1]
    before = 1 if own is None else np.unique(own, return_counts=True)[1].max()
    return bool(len(rows) >= folds and rows.max() <= max(before, _MOST_IN_ONE_GROUP * len(groups)))


def _joined(task: Task, train: Rows) -> NDArray[np.str_] | None:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    rows = task.images.train_rows
    if (rows[train] == rows).all():
        return task.groups
    own = task.train_ids if task.groups is None else task.groups
    names, groups = np.unique(own, return_inverse=True)
    edges = (np.ones(len(train), bool), (groups[rows], groups[rows[train]]))
    graph = coo_array(edges, shape=(len(names), len(names)))
    _, joined = connected_components(graph, directed=False)
    _, first_name = np.unique(joined, return_index=True)
    together: NDArray[np.str_] = names[first_name[joined[groups]]]
    return together


def _of_several_rows(task: Task, train: Rows) -> list[Rows]:
    """Return the sets of near-duplicates that one bag does not hold."""
    rows = task.images.train_rows
    return [members for members in sets(train) if len(np.unique(rows[members])) > 1]


def _of_sets(task: Task, found: list[Rows], *, kept: bool) -> Iterator[str]:
    if not found:
        return
    count = sum(len(members) for members in found)
    many = "1 set" if len(found) == 1 else f"{len(found)} sets"
    outcome = (
        "each set is in one fold"
        if kept
        else "there are too many to keep each set in one fold, so out-of-fold scores are too good"
    )
    yield f"{count} training images in {many} are near-duplicates; {outcome}."
    differing = [members for members in found if labels_differ(task, members)]
    if differing:
        _, first = np.unique(task.images.train_rows[differing[0]], return_index=True)
        named = " and ".join(task.images.train_files[differing[0][first[:2]]].tolist())
        which = f"{len(differing)} of {many}" if len(found) > 1 else "That set"
        verb = "has" if len(differing) == 1 else "have"
        yield (
            f"{which} of near-duplicates {verb} different labels, so some labels are wrong or "
            f"uncertain: {named}{(', …' if len(differing) > 1 else '.')}"
        )


def _of_test(train: Rows, test: Rows) -> Iterator[str]:
    count = int(np.isin(test, train).sum())
    if count:
        images, many = ("image is a", "") if count == 1 else ("images are", "s")
        yield (
            f"{count} test {images} near-duplicate{many} of training images, so the test score "
            "may be better than the out-of-fold score."
        )


def labels_differ(task: Task, members: Rows) -> bool:
    """Return whether training images differ in label; numbers by half a standard deviation."""
    return outputs.of(task).differ(task.labels, task.images.train_rows[members])
