"""What a fold predicted, image by image -> its files, row by row, and its score."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kaggle_prz import metrics
from kaggle_prz.core import filesystem
from kaggle_prz.core.task import Task, Text
from kaggle_prz.submission import ensemble
from kaggle_prz.tasks.image_rows import Rows, pooled


class HeldOut(NamedTuple):
    """A fold's held-out ids, their predictions pooled over a row's images, and their score."""

    ids: Text
    predictions: NDArray[np.float32]
    score: float


def held_out(task: Task, rows: Rows, fold: int, predictions: NDArray[np.float32]) -> HeldOut:
    """Join predictions of held-out images to their rows, and score them."""
    chosen = np.flatnonzero(rows.folds == fold)
    ids = task.train_ids[chosen]
    images = rows.train[rows.held_out(fold)]
    joined = ensemble.join(ids, [pooled(rows.ids[images], predictions)])
    return HeldOut(ids, joined, metrics.of(task).score(task.labels[chosen], joined, task.kind))


def write_predictions(
    directory: Path,
    task: Task,
    rows: Rows,
    fold: int,
    *,
    oof: NDArray[np.float32],
    test: NDArray[np.float32],
) -> float:
    """Write `oof.npz` and `test.npz` of a fold; return the out-of-fold score.

    Args:
        oof: `(images held out, columns)` in the labels' units.
        test: `(test images seen, columns)`.
    """
    ids, predictions, score = held_out(task, rows, fold, oof)
    test_ids, test = pooled(rows.ids[rows.test], test)
    filesystem.write_arrays(directory / "oof.npz", ids=ids, probabilities=predictions)
    filesystem.write_arrays(directory / "test.npz", ids=test_ids, probabilities=test)
    return score
