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
    """A fold whose files are written, and what it took since the fold before."""

    stage: Stage  # with the batch size and learning rate that it was trained with
    fold: int  # from 0
    score: float  # of its held-out rows, by the task's metric
    seconds: Mapping[str, float]  # by part: build, train, predict, features
    wall: float  # seconds from its beginning to its last file
    traces: int  # how often a training step was traced
    predicted: int  # images, each view by itself
    batch: tuple[int, int]  # images a step, and steps whose gradients are averaged
    decisions: tuple[str, ...]  # for the stage, as sentences
    pace: float | None = None  # images a second in training; None where nothing was trained
    views: tuple[str, ...] = ()  # that a linear probe alone predicted from; else none
    device: str = ""  # that trained it; empty where there is one


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
            devices=_with(earlier.devices, done),
        ),
    )
    views = {"views": done.views} if done.views else {}
    filesystem.seal(run.directory(done.stage, done.fold), score=done.score, **views)


def _with(devices: Mapping[str, float], done: FoldDone) -> dict[str, float]:
    if not done.device:
        return dict(devices)
    return {**devices, done.device: round(devices.get(done.device, 0.0) + done.wall, 2)}


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
    """Write `oof.npz` and `test.npz`, in the labels' units; return the out-of-fold score."""
    ids, predictions, score = held_out(task, rows, fold, oof)
    test_ids, test = pooled(rows.ids[rows.test], test)
    filesystem.write_arrays(directory / "oof.npz", ids=ids, probabilities=predictions)
    filesystem.write_arrays(directory / "test.npz", ids=test_ids, probabilities=test)
    return score
