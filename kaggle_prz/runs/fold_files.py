"""Files of a fold, and what is written down of it once it is whole: its stage's record, its seal.

Predictions come image by image and are written row by row, with their score.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kaggle_prz import metrics
from kaggle_prz.core import filesystem
from kaggle_prz.core.task import Task, Text
from kaggle_prz.runs import records
from kaggle_prz.runs.records import StageRecord
from kaggle_prz.runs.run import Run
from kaggle_prz.schedule.recipe import Stage
from kaggle_prz.submission import ensemble
from kaggle_prz.tasks.image_rows import Rows, pooled


@dataclass(frozen=True)
class FoldDone:
    """A fold whose files are written, and what it took since the fold before.

    Attributes:
        stage: with the batch size and learning rate that it was trained with.
        fold: from 0.
        score: of its held-out rows, by the task's metric.
        seconds: by part: build, train, predict, features.
        wall: seconds from its beginning to its last file.
        traces: how often a training step was traced.
        predicted: images predicted, each view by itself.
        batch: images a step, and steps whose gradients are averaged.
        decisions: what was decided for the stage, as sentences.
        pace: images a second in training, or None where nothing was trained.
        views: that a linear probe alone predicted from; empty where the network predicted.
    """

    stage: Stage
    fold: int
    score: float
    seconds: Mapping[str, float]
    wall: float
    traces: int
    predicted: int
    batch: tuple[int, int]
    decisions: tuple[str, ...]
    pace: float | None = None
    views: tuple[str, ...] = ()


def stage_record(run: Run, stage: Stage) -> StageRecord:
    """Return what a stage took so far, in all processes that trained it."""
    return run.measured(stage) or StageRecord()


def keep(run: Run, done: FoldDone) -> None:
    """Add a fold to its stage's record, then seal it: a sealed fold is never trained again."""
    earlier = stage_record(run, done.stage)
    parts = {*earlier.seconds, *done.seconds}
    records.write(
        run.path / done.stage.name / "stage.json",
        StageRecord(
            seconds={
                part: round(earlier.seconds.get(part, 0.0) + done.seconds.get(part, 0.0), 2)
                for part in parts
            },
            training_traces=earlier.training_traces + done.traces,
            predicted_images=earlier.predicted_images + done.predicted,
            batch=done.batch,
            decisions=tuple(dict.fromkeys([*done.decisions, *earlier.decisions])),
        ),
    )
    views = {"views": done.views} if done.views else {}
    filesystem.seal(run.directory(done.stage, done.fold), score=done.score, **views)


def speeds_of(folds: Sequence[FoldDone]) -> tuple[float | None, float | None]:
    """Return images a second in predicting and in training, over folds of a stage.

    The first fold, which may trace, counts for training only if it is alone.
    """
    seconds = sum(done.seconds.get("predict", 0.0) for done in folds)
    predict = sum(done.predicted for done in folds) / seconds if seconds else None
    paces = [done.pace for done in folds if done.pace is not None]
    return predict, statistics.median(paces[1:] or paces) if paces else None


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
