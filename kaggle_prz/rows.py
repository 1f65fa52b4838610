"""Which row of a task is where in the image stores, and in which fold."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kaggle_prz.task import Task, Text


@dataclass(frozen=True)
class Rows:
    """Where a run's rows are in the image stores.

    Attributes:
        ids: `(images,)` id of every image of the stores.
        folds: `(train,)` fold that holds each training row out.
        train: `(train,)` indexes into the stores.
        test: `(test seen,)` indexes of the test rows that have a readable image.
    """

    ids: Text
    folds: NDArray[np.int64]
    train: NDArray[np.int64]
    test: NDArray[np.int64]

    def held_out(self, fold: int) -> NDArray[np.int64]:
        """Positions of the training rows that a fold holds out."""
        return np.flatnonzero(self.folds == fold)

    def trained_on(self, fold: int) -> NDArray[np.int64]:
        """Positions of the training rows that a fold trains on."""
        return np.flatnonzero(self.folds != fold)


def files_of(task: Task) -> list[str]:
    """The images of a task in the order of its stores: training rows, then test rows."""
    return [*task.train_files.tolist(), *task.test_files.tolist()]


def readable(task: Task, seen: NDArray[np.bool_]) -> Task:
    """The task without the training rows whose image cannot be decoded; test rows all stay.

    The images are named in the task's warnings.

    Args:
        task: as read.
        seen: `(train + test,)`, in the order of `files_of`.
    """
    fates = ["it is not trained on"] * len(task.train_ids)
    fates += ["its row gets what is likely of any row"] * len(task.test_ids)
    broken = [
        f"{file} cannot be decoded: {fate}."
        for file, fate, good in zip(files_of(task), fates, seen, strict=True)
        if file and not good
    ]
    kept = seen[: len(task.train_ids)]
    return replace(
        task,
        train_ids=task.train_ids[kept],
        train_files=task.train_files[kept],
        labels=task.labels[kept],
        groups=None if task.groups is None else task.groups[kept],
        warnings=(*task.warnings, *broken),
    )


def place(task: Task, seen: NDArray[np.bool_], folds: NDArray[np.int64]) -> Rows:
    """Find the rows of `readable(task, seen)` in the stores of `task`."""
    count = len(task.train_ids)
    return Rows(
        ids=np.concatenate([task.train_ids, task.test_ids]),
        folds=folds,
        train=np.flatnonzero(seen[:count]),
        test=count + np.flatnonzero(seen[count:]),
    )
