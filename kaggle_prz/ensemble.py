"""Out-of-fold and test predictions of folds and stages -> one blend. Joined by id, always."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kaggle_prz import workdir
from kaggle_prz.errors import RunError
from kaggle_prz.metrics import Metric, Probabilities
from kaggle_prz.task import Task, Text


@dataclass(frozen=True)
class FoldPredictions:
    """What one fold of one stage predicted.

    Attributes:
        stage, fold: whose they are.
        oof_ids, oof: `(held out,)` ids and `(held out, classes)` probabilities.
        test_ids, test: `(test,)` ids and `(test, classes)` probabilities.
    """

    stage: str
    fold: int
    oof_ids: Text
    oof: Probabilities
    test_ids: Text
    test: Probabilities


@dataclass(frozen=True)
class Blend:
    """The predictions that are submitted, and how they were chosen.

    Attributes:
        folds: the predictions that take part, one a fold.
        oof: `(train, classes)` probabilities, in the order of the task's training rows.
        reason: one sentence.
    """

    folds: tuple[FoldPredictions, ...]
    oof: Probabilities
    reason: str


def read_fold(directory: Path, stage: str, fold: int) -> FoldPredictions:
    """Read a sealed fold's predictions."""
    oof, test = (workdir.read_arrays(directory / f"{part}.npz") for part in ("oof", "test"))
    return FoldPredictions(
        stage, fold, oof["ids"], oof["probabilities"], test["ids"], test["probabilities"]
    )


def join(ids: Text, given: Sequence[tuple[Text, Probabilities]]) -> Probabilities:
    """Put rows of several predictions into the order of `ids`; each id is predicted once.

    Raises:
        RunError: an id predicted twice, or not at all.
    """
    names = np.concatenate([part for part, _ in given])
    rows = np.concatenate([probabilities for _, probabilities in given])
    place = {name: row for row, name in enumerate(names.tolist())}
    lacking = [name for name in ids.tolist() if name not in place]
    if len(place) != len(names) or lacking:
        what = f"{len(lacking)} rows have none" if lacking else "some rows have more than one"
        raise RunError(f"Every row needs exactly one prediction, and {what}.")
    joined: Probabilities = rows[[place[name] for name in ids.tolist()]]
    return joined


def mean_of_folds(ids: Text, folds: Sequence[FoldPredictions]) -> Probabilities:
    """Mean of the folds' test probabilities, `(len(ids), classes)` float64."""
    joined = np.stack([join(ids, [(f.test_ids, f.test)]) for f in folds])
    mean: Probabilities = joined.mean(axis=0, dtype=np.float64)
    return mean


def out_of_fold(ids: Text, folds: Sequence[FoldPredictions]) -> Probabilities:
    """Every row's prediction by the fold that held it out, `(len(ids), classes)`."""
    return join(ids, [(f.oof_ids, f.oof) for f in folds])


def choose(
    task: Task, stages: Mapping[str, Sequence[FoldPredictions]], folds: int, metric: Metric
) -> Blend:
    """Choose the stage whose out-of-fold predictions score best; a tie goes to the later.

    The choice is one of few on all rows, so the score that it is reported with is biased by
    little.

    A last stage that the time limit cut short takes part with its folds so far, and the stage
    before for the others.

    Args:
        task: its training and test ids give the order of rows.
        stages: stage name -> predictions of its sealed folds, in the order of training.
        folds: folds of the run.
        metric: of the competition.

    Raises:
        RunError: the first stage is not complete.
    """
    complete = {name: list(done) for name, done in stages.items() if len(done) == folds}
    if not complete:
        raise RunError(
            "There is no complete stage yet, so not every row has an out-of-fold prediction. Run "
            "the same command again to finish it."
        )
    candidates = dict(complete)
    partial = [(name, done) for name, done in stages.items() if 0 < len(done) < folds]
    if partial:
        name, done = partial[-1]
        base = {f.fold: f for f in list(complete.values())[-1]}
        candidates[f"{name} ({len(done)} of {folds} folds)"] = list(
            (base | {f.fold: f for f in done}).values()
        )
    scores = {
        name: metric.score(task.labels, out_of_fold(task.train_ids, members), task.kind)
        for name, members in candidates.items()
    }
    best = ""
    for name, score in scores.items():
        if not best or not metric.better(scores[best], score):
            best = name
    members = candidates[best]
    compared = ", ".join(f"{name} {score:.4f}" for name, score in scores.items())
    return Blend(
        folds=tuple(members),
        oof=out_of_fold(task.train_ids, members),
        reason=f"{best} has the best out-of-fold {metric.title} ({compared})",
    )


def with_unseen(
    seen_ids: Text, predictions: Probabilities, ids: Text, prior: NDArray[np.float64]
) -> tuple[Text, Probabilities]:
    """Add the test rows whose image could not be seen, with what is likely of any row.

    Args:
        seen_ids: `(seen,)` ids of the rows of `predictions`.
        predictions: `(seen, classes)`.
        ids: every test id.
        prior: `(classes,)`, see `kaggle_prz.outputs.prior`.

    Returns:
        Ids and predictions of every test row, in any order.
    """
    unseen = np.setdiff1d(ids, seen_ids)
    rows = np.tile(prior, (len(unseen), 1))
    return np.concatenate([seen_ids, unseen]), np.concatenate([predictions, rows])
