"""Where each image of a task is in the image stores, its row, and its fold."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kaggle_prz.core.image_store import Array
from kaggle_prz.core.task import Images, Task, Text


@dataclass(frozen=True)
class Rows:
    """Where the images of a run's rows are in the image stores."""

    ids: Text  # `(images,)` id of the row of every image of the stores
    folds: NDArray[np.int64]  # `(train,)` fold that holds each training row out
    train: NDArray[np.int64]  # `(train images,)` indexes into the stores
    train_rows: NDArray[np.int64]  # `(train images,)` the training row of each
    test: NDArray[np.int64]  # `(test images seen,)` indexes of the readable images of the test rows

    def held_out(self, fold: int) -> NDArray[np.int64]:
        """Positions in `train` of the images of the rows that a fold holds out."""
        return np.flatnonzero(self.folds[self.train_rows] == fold)

    def trained_on(self, fold: int) -> NDArray[np.int64]:
        """Positions in `train` of the images that a fold trains on."""
        return np.flatnonzero(self.folds[self.train_rows] != fold)


def files_of(task: Task) -> list[str]:
    """Return a task's images in the order of its stores: of training rows, then of test rows."""
    return [*task.images.train_files.tolist(), *task.images.test_files.tolist()]


def readable(task: Task, seen: NDArray[np.bool_]) -> Task:
    """Return the task without training rows that have no readable image; test rows all stay.

    Of a bag, the other images stay. The images are named in the task's warnings. `seen` is
    `(train images + test images,)`, in the order of `files_of`.
    """
    images = task.images
    train, test = np.split(seen, [len(images.train_files)])
    broken = [
        f"{file} cannot be decoded: {fate}."
        for file, fate, good in zip(files_of(task), _fates(task, train, test), seen, strict=True)
        if file and not good
    ]
    kept = np.unique(images.train_rows[train])
    changed = replace(
        task,
        train_ids=task.train_ids[kept],
        train_files=task.train_files[kept],
        labels=task.labels[kept],
        groups=None if task.groups is None else task.groups[kept],
        warnings=(*task.warnings, *broken),
    )
    if task.bags is None:
        return changed
    rows = np.searchsorted(kept, images.train_rows[train])
    bags = Images(images.train_files[train], rows, images.test_files[test], images.test_rows[test])
    _, first = np.unique(rows, return_index=True)
    return replace(changed, train_files=bags.train_files[first], bags=bags)


def _fates(task: Task, train: NDArray[np.bool_], test: NDArray[np.bool_]) -> list[str]:
    """Return what becomes of every image that is not seen."""
    images = task.images
    others = "the row's other images are used"
    trained = np.isin(images.train_rows, images.train_rows[train])
    predicted = np.isin(images.test_rows, images.test_rows[test])
    return [
        *(others if some else "the row is not used for training" for some in trained),
        *(others if some else "predicting the class prior for its row" for some in predicted),
    ]


def place(task: Task, seen: NDArray[np.bool_], folds: NDArray[np.int64]) -> Rows:
    """Find the images of `readable(task, seen)`, whose folds are given, in the stores of `task`."""
    images = task.images
    count = len(images.train_files)
    train = np.flatnonzero(seen[:count])
    _, train_rows = np.unique(images.train_rows[train], return_inverse=True)
    return Rows(
        ids=np.concatenate([task.train_ids[images.train_rows], task.test_ids[images.test_rows]]),
        folds=folds,
        train=train,
        train_rows=train_rows,
        test=count + np.flatnonzero(seen[count:]),
    )


def pooled(ids: Text, predictions: Array) -> tuple[Text, Array]:
    """Return one prediction `(rows, k)` for each row, in order of `ids`: the mean of its images'.

    Where one image is enough, such as a lesion in one of many slices, the largest would
    suit better; the mean serves every kind, and probabilities still sum to 1.
    """
    _, first, place = np.unique(ids, return_index=True, return_inverse=True)
    if len(first) == len(ids):
        return ids, predictions
    sums = np.zeros((len(first), predictions.shape[1]))
    np.add.at(sums, place, predictions)
    means = (sums / np.bincount(place)[:, None]).astype(predictions.dtype)
    order = np.argsort(first)
    return ids[first[order]], means[order]
