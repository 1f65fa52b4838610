"""A submission to a competition as it was read: nearest neighbours on thumbnails, no network.

    task -> thumbnails -> nearest training rows -> predictions -> submission.csv -> score

Drawn pictures show their label plainly, so a score near chance says that files were read wrong.
"""

from pathlib import Path

import numpy as np
from PIL import Image

from kaggle_prz import submission
from kaggle_prz.core.task import Task
from kaggle_prz.readers.pictures import sources
from kaggle_prz.readers.pictures.modes import Span
from kaggle_prz.tasks import outputs

from .drawn import Drawn

_SIDE = 12  # of a thumbnail, px
_NEAREST = 3


def share(drawn: Drawn, task: Task, path: Path) -> float:
    """Return how far the score lies from chance, 0, towards that of the answers, 1.

    Raises:
        Refused: the grader does not accept the submission, which is at `path` then.
    """
    submission.write(path, task, task.test_ids, predictions(task))
    return (drawn.grade(path) - drawn.chance) / (drawn.perfect - drawn.chance)


def predictions(task: Task) -> np.ndarray:
    """Return `(test, outputs)` means over the nearest training rows."""
    target = outputs.of(task)
    known = np.asarray(target.targets(task.labels), np.float64)
    if target.indexes:
        known = np.asarray(outputs.shares(target.targets(task.labels), target.sizes), np.float64)
    images = task.images
    train = _thumbnails(task, images.train_files)
    answer = np.tile(np.nanmean(known, axis=0), (len(task.test_ids), 1))
    sums, counts = np.zeros_like(answer), np.zeros(len(answer))
    for file, row in zip(images.test_files.tolist(), images.test_rows.tolist(), strict=True):
        if not file:
            continue
        apart = np.linalg.norm(train - _thumbnail(task, file), axis=1)
        near = np.argsort(apart, kind="stable")[:_NEAREST]
        weights = 1 / (apart[near] + 1e-3)
        rows = known[images.train_rows[near]]
        sums[row] += np.ma.average(np.ma.masked_invalid(rows), axis=0, weights=weights).filled(0)
        counts[row] += 1
    found = counts > 0
    answer[found] = sums[found] / counts[found][:, None]
    return np.asarray(target.predictions(answer), np.float64)


def _thumbnails(task: Task, files: np.ndarray) -> np.ndarray:
    return np.stack([_thumbnail(task, file) for file in files.tolist()])


def _thumbnail(task: Task, file: str) -> np.ndarray:
    span = None if task.pixel_range is None else Span(*task.pixel_range)
    planes = sources.planes(task.root / file, _SIDE, task.channels, 10**8, span)
    small = [np.asarray(_small(plane), np.float64).reshape(_SIDE, _SIDE, -1) for plane in planes]
    return np.concatenate(small, axis=2).ravel()


def _small(plane: Image.Image) -> Image.Image:
    return plane.resize((_SIDE, _SIDE), Image.Resampling.BOX)
