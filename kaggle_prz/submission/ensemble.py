"""Out-of-fold and test predictions of folds and stages -> one blend. Joined by id, always."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kaggle_prz.core import filesystem
from kaggle_prz.core.errors import RunError
from kaggle_prz.core.task import Task, Text
from kaggle_prz.metrics import Metric, Probabilities

_MOST_FOR_MEANS = 50_000_000  # numbers of a stage; several stages are held at once


@dataclass(frozen=True)
class FoldPredictions:
    """What one fold of one stage predicted."""

    stage: str
    fold: int
    oof_ids: Text  # `(held out,)`
    oof: Probabilities  # `(held out, classes)`
    test_ids: Text  # `(test,)`
    test: Probabilities  # `(test, classes)`


@dataclass(frozen=True)
class Blend:
    """The predictions that are submitted, and how they were chosen."""

    folds: tuple[FoldPredictions, ...]  # that take part, one a fold, or one a fold and stage
    oof: Probabilities  # `(train, classes)`, in the order of the task's training rows
    reason: str  # one sentence


def read_fold(directory: Path, stage: str, fold: int) -> FoldPredictions:
    """Read a sealed fold's predictions."""
    oof, test = (filesystem.read_arrays(directory / f"{part}.npz") for part in ("oof", "test"))
    return FoldPredictions(
        stage, fold, oof["ids"], oof["probabilities"], test["ids"], test["probabilities"]
    )


def join(ids: Text, given: Sequence[tuple[Text, Probabilities]]) -> Probabilities:
    """Put rows of several predictions into the order of `ids`; refuse ids not predicted once."""
    names = np.concatenate([part for part, _ in given])
    rows = np.concatenate([probabilities for _, probabilities in given])
    place = {name: row for row, name in enumerate(names.tolist())}
    lacking = [name for name in ids.tolist() if name not in place]
    if len(place) != len(names) or lacking:
        what = f"{len(lacking)} rows have none" if lacking else "some rows have more than one"
        raise RunError(f"Every row must have exactly one prediction; {what}.")
    joined: Probabilities = rows[[place[name] for name in ids.tolist()]]
    return joined


def mean_of_folds(ids: Text, folds: Sequence[FoldPredictions]) -> Probabilities:
    """Mean of the folds' test probabilities, `(len(ids), classes)` float64."""
    first, *others = folds
    total = join(ids, [(first.test_ids, first.test)]).astype(np.float64)
    for f in others:
        total += join(ids, [(f.test_ids, f.test)])
    mean: Probabilities = total / len(folds)
    return mean


def out_of_fold(ids: Text, folds: Sequence[FoldPredictions]) -> Probabilities:
    """Return every row's prediction by the fold that held it out, `(len(ids), classes)`.

    Where several stages take part, each with all folds, it is the mean of theirs.
    """
    stages = defaultdict(list)
    for found in folds:
        stages[found.fold].append(found)
    rounds = zip_longest(*stages.values())
    joined = [join(ids, [(f.oof_ids, f.oof) for f in each if f]) for each in rounds]
    return joined[0] if len(joined) == 1 else np.mean(joined, axis=0, dtype=np.float64)


def choose(
    task: Task,
    stages: Mapping[str, Sequence[FoldPredictions]],
    folds: int,
    metric: Metric,
    *,
    means: Collection[str] = (),
) -> Blend:
    """Choose the stage whose out-of-fold predictions score best; a tie goes to the later.

    The choice is one of few on all rows, so the score that it is reported with is biased by
    little.

    Networks of several sizes see different things, and the mean of their predictions can be
    better than each. Means over the last two, three, ... of them are candidates where choosing
    among them too, on all folds but one, scores better on the folds left out than choosing among
    stages alone; no means are taken where predictions are very many.

    A last stage that the time limit cut short takes part with its folds so far, and the stage
    before for the others. `stages` are in the order of training, `means` those to average.
    """
    complete = {name: list(done) for name, done in stages.items() if len(done) == folds}
    if not complete:
        raise RunError(
            "No stage is complete yet, so not every row has an out-of-fold prediction. Run the "
            "same command again to continue."
        )
    candidates = dict(complete)
    partial = [(name, done) for name, done in stages.items() if 0 < len(done) < folds]
    if partial:
        name, done = partial[-1]
        base = {f.fold: f for f in list(complete.values())[-1]}
        candidates[f"{name} ({len(done)} of {folds} folds)"] = list(
            (base | {f.fold: f for f in done}).values()
        )
    choice = _Choice(task, metric, candidates)
    together = {name: done for name, done in complete.items() if name in means}
    rows = len(task.train_ids) + len(task.test_ids)
    if len(together) > 1 and rows * choice.columns <= _MOST_FOR_MEANS:
        wider = _Choice(task, metric, candidates | _means(together), choice.oof)
        if metric.better(wider.nested_score(folds), choice.nested_score(folds)):
            choice = wider
    best = choice.best()
    compared = ", ".join(f"{name} {choice.score(name):.4f}" for name in choice.oof)
    return Blend(
        folds=tuple(choice.candidates[best]),
        oof=choice.oof[best],
        reason=f"{best} has the best out-of-fold {metric.title} ({compared})",
    )


def _means(stages: Mapping[str, Sequence[FoldPredictions]]) -> dict[str, list[FoldPredictions]]:
    """Return names of the last two, three, ... stages -> all their predictions."""
    names = list(stages)
    tails = [names[-count:] for count in range(2, len(names) + 1)]
    return {
        f"the mean of {' and '.join(tail)}": list(chain.from_iterable(stages[n] for n in tail))
        for tail in tails
    }


class _Choice:
    """Candidates and their out-of-fold predictions."""

    def __init__(
        self,
        task: Task,
        metric: Metric,
        candidates: Mapping[str, Sequence[FoldPredictions]],
        known: Mapping[str, Probabilities] | None = None,
    ):
        self._task, self._metric, self.candidates = task, metric, candidates
        self.oof = dict(known or {})
        for name in candidates.keys() - self.oof.keys():
            self.oof[name] = out_of_fold(task.train_ids, candidates[name])
        self.oof = {name: self.oof[name] for name in candidates}

    @property
    def columns(self) -> int:
        """Of every prediction."""
        return int(next(iter(self.oof.values())).shape[1])

    def score(self, name: str, rows: NDArray[np.bool_] | slice = slice(None)) -> float:
        """Return the score of a candidate on some rows."""
        labels = self._task.labels[rows]
        return self._metric.score(labels, self.oof[name][rows], self._task.kind)

    def best(self, rows: NDArray[np.bool_] | slice = slice(None)) -> str:
        """Return the candidate that scores best on some rows; a tie goes to the later."""
        best, highest = "", 0.0
        for name in self.oof:
            score = self.score(name, rows)
            if not best or not self._metric.better(highest, score):
                best, highest = name, score
        return best

    def nested_score(self, folds: int) -> float:
        """Return the score of rows that had no part in the choice of what predicts them."""
        members = next(iter(self.candidates.values()))
        place = {name: row for row, name in enumerate(self._task.train_ids.tolist())}
        fold_of = np.zeros(len(place), np.int64)
        for found in members:
            fold_of[[place[name] for name in found.oof_ids.tolist()]] = found.fold
        nested = np.zeros_like(self.oof[next(iter(self.oof))], np.float64)
        for fold in range(folds):
            held_out = fold_of == fold
            nested[held_out] = self.oof[self.best(~held_out)][held_out]
        return self._metric.score(self._task.labels, nested, self._task.kind)


def with_unseen(
    seen_ids: Text, predictions: Probabilities, ids: Text, prior: NDArray[np.float64]
) -> tuple[Text, Probabilities]:
    """Add the test rows whose image could not be seen, with what is likely of any row."""
    unseen = np.setdiff1d(ids, seen_ids)
    rows = np.tile(prior, (len(unseen), 1))
    return np.concatenate([seen_ids, unseen]), np.concatenate([predictions, rows])
