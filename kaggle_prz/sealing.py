"""What a fold predicted, image by image -> its files, row by row, and its score."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kaggle_prz import ensemble, metrics, workdir
from kaggle_prz.rows import Rows, pooled
from kaggle_prz.task import Task, Text


class HeldOut(NamedTuple):
    """What a fold holds out, row by row.

    Attributes:
        ids: `(rows,)`.
        predictions: `(rows, columns)`, pooled over a row's images.
        score: of them, by the task's metric.
    """

    ids: Text
    predictions: NDArray[Any]
    score: float


def held_out(task: Task, rows: Rows, fold: int, predictions: NDArray[Any]) -> HeldOut:
    """Join predictions of held-out images to their rows, and score them.

    Args:
        task: whose labels score.
        rows: where images are.
        fold: its number.
        predictions: `(images held out, columns)` in the labels' units.
    """
    chosen = np.flatnonzero(rows.folds == fold)
    ids = task.train_ids[chosen]
    images = rows.train[rows.held_out(fold)]
    joined = ensemble.join(ids, [pooled(rows.ids[images], predictions)])
    return HeldOut(ids, joined, metrics.of(task).score(task.labels[chosen], joined, task.kind))


def write_predictions(
    directory: Path, task: Task, rows: Rows, fold: int, *, oof: NDArray[Any], test: NDArray[Any]
) -> float:
    """Write `oof.npz` and `test.npz` of a fold; predictions of a row's images are pooled.

    Args:
        directory: of the fold.
        task: whose labels score the held-out rows.
        rows: where images are.
        fold: its number.
        oof: `(images held out, columns)` in the labels' units.
        test: `(test images seen, columns)`.

    Returns:
        The out-of-fold score, by the task's metric.
    """
    ids, predictions, score = held_out(task, rows, fold, oof)
    test_ids, test = pooled(rows.ids[rows.test], test)
    workdir.write_arrays(directory / "oof.npz", ids=ids, probabilities=predictions)
    workdir.write_arrays(directory / "test.npz", ids=test_ids, probabilities=test)
    return score
