"""Out-of-fold predictions of a run, and what the kinds of them share in the report."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kaggle_prz.core.errors import RunError
from kaggle_prz.core.task import Task
from kaggle_prz.report import thumbnails
from kaggle_prz.runs.run import Run
from kaggle_prz.tasks import outputs

LEAST = 1e-15
MOST_MISTAKES = 12
_BINS = 10

Rows = NDArray[np.float64]


@dataclass(frozen=True)
class Mistake:
    """One image that was predicted badly."""

    id: str
    file: str
    truth: str  # in words, as what was predicted
    predicted: str
    note: str  # how bad it is
    picture: str | None  # `data:` URI, or None where the file cannot be shown


@dataclass(frozen=True)
class Mistakes:
    """The worst mistakes."""

    told: str  # how many there are, and which are shown; one sentence
    verb: str  # between truth and prediction
    shown: list[Mistake]  # the worst first


@dataclass(frozen=True)
class Table:
    """Cells as text; the first column is a name, the others are numbers."""

    header: tuple[str, ...]
    rows: list[tuple[str, ...]]


@dataclass(frozen=True)
class Tile:
    """A number for the head of the page: its title, id, value, and a line below."""

    title: str
    id: str
    value: str
    note: str


def tile_of(title: str, right: NDArray[np.bool_]) -> Tile:
    """Return the tile of the share of images that are right."""
    note = f"{int(right.sum())} of {len(right)} images"
    return Tile(title, "accuracy", f"{100 * int(right.sum()) / len(right):.1f} %", note)


@dataclass(frozen=True)
class Calibration:
    """How often predictions of a given confidence are right."""

    confidence: tuple[float, ...]  # of every bin that holds predictions, as the next two
    correct: tuple[float, ...]
    count: tuple[int, ...]
    error: float  # mean distance of the two, weighted by predictions


def out_of_fold(run: Run) -> Rows:
    """Return the submitted predictions, out of fold, in the order of the task's training rows."""
    if not (run.path / "oof.npz").is_file():
        raise RunError(
            f"{run.path / 'oof.npz'} is missing, because no stage of the run is complete. Run "
            "the fit command again to continue."
        )
    frame: pd.DataFrame = run.oof
    ids = run.task.train_ids.tolist()
    lacking = set(ids) - set(frame.index)
    if lacking:
        raise RunError(
            f"{run.path / 'oof.npz'} lacks {len(lacking)} of {len(ids)} training rows "
            f"({sorted(lacking)[0]!r}). Run the fit command again to write it again."
        )
    rows: Rows = frame.loc[ids].to_numpy(np.float64)
    return outputs.of(run.task).normalised(rows)


def binned(confidence: Rows, correct: Rows) -> Calibration:
    """Confidence against how often it is right, in ten bins."""
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    count = np.bincount(bins, minlength=_BINS)
    filled = np.flatnonzero(count)
    means = [
        np.bincount(bins, values, minlength=_BINS)[filled] / count[filled]
        for values in (confidence, correct)
    ]
    error = float(np.average(np.abs(means[0] - means[1]), weights=count[filled]))
    return Calibration(
        tuple(means[0].tolist()), tuple(means[1].tolist()), tuple(count[filled].tolist()), error
    )


def worst(
    task: Task,
    losses: Rows,
    wrong: NDArray[np.int64],
    words: Callable[[int], tuple[str, str, str]],
    *,
    none: str,
    some: str,
) -> Mistakes:
    """Return the wrong rows with the highest loss, at most 12, and how many there are.

    Truth, prediction and note of a row come from `words`.
    """
    rows = wrong[np.argsort(-losses[wrong], kind="stable")][:MOST_MISTAKES].tolist()
    rest = "; these have the highest loss" if len(wrong) > len(rows) else ""
    told = f"{len(wrong)} of {len(losses)} images {some}{rest}." if rows else none
    return Mistakes(told, "taken for", _mistakes(task, rows, map(words, rows)))


def furthest(task: Task, distances: Rows, words: Callable[[int], tuple[str, str, str]]) -> Mistakes:
    """Return the rows with the largest errors, at most 12, where no row is simply wrong."""
    rows = np.argsort(-distances, kind="stable")[:MOST_MISTAKES].tolist()
    shown = "These images have the largest errors out-of-fold."
    return Mistakes(shown, "predicted", _mistakes(task, rows, map(words, rows)))


def _mistakes(
    task: Task, rows: Iterable[int], words: Iterable[tuple[str, str, str]]
) -> list[Mistake]:
    return [
        Mistake(
            id=str(task.train_ids[row]),
            file=str(task.train_files[row]),
            truth=truth,
            predicted=predicted,
            note=note,
            picture=thumbnails.thumbnail(task, str(task.train_files[row])),
        )
        for row, (truth, predicted, note) in zip(rows, words, strict=True)
    ]
