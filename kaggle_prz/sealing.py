"""What a fold predicted, image by image -> its files, row by row, and its score."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kaggle_prz import ensemble, metrics, workdir
from kaggle_prz.rows import Rows, pooled
from kaggle_prz.task import Task


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
    held_out = np.flatnonzero(rows.folds == fold)
    ids = task.train_ids[held_out]
    images = rows.train[rows.held_out(fold)]
    oof = ensemble.join(ids, [pooled(rows.ids[images], oof)])
    test_ids, test = pooled(rows.ids[rows.test], test)
    workdir.write_arrays(directory / "oof.npz", ids=ids, probabilities=oof)
    workdir.write_arrays(directory / "test.npz", ids=test_ids, probabilities=test)
    return metrics.of(task).score(task.labels[held_out], oof, task.kind)
