"""One run of `staged.py`: kaggle-prz's stages over fold 0, with a curve of the held-out rows.

    python benchmarks/staged_run.py split.json --sizes 96,144,192 --epochs 4,2,1 --json run.json

The stages are prepared and trained by the worker that trains them in every run. Two things differ:
features for the head are made of the rows that the fold trains on, not of every fold's, and
predictions count as evaluation. From the second stage on, what is evaluated is the mean of the
stages' predictions, as a run's ensemble has it where it is better.
"""

import contextlib
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import curves
import keras
import numpy as np
from split import FOLD, FOLDS

from kaggle_prz import competitions, images
from kaggle_prz.commands import inspect, settle
from kaggle_prz.commands.cli.options import setting
from kaggle_prz.core.console import Console, Silent
from kaggle_prz.core.task import Task
from kaggle_prz.runs.run import Run
from kaggle_prz.schedule.cost import Slot
from kaggle_prz.schedule.recipe import Stage
from kaggle_prz.schedule.stages import stages_of
from kaggle_prz.tasks.image_rows import Rows
from kaggle_prz.training import augmentation
from kaggle_prz.training.workers import in_process


@dataclass(frozen=True)
class Listed:
    """The rows of a split: those that are trained on, then those held out."""

    files: list[str]
    labels: np.ndarray
    held_out: np.ndarray


def listed(split: dict[str, Any]) -> Listed:
    """The rows of `split.py`'s file."""
    both = [*split["train"], *split["held_out"]]
    held_out = np.arange(len(both)) >= len(split["train"])
    return Listed([file for file, _ in both], np.array([label for _, label in both]), held_out)


def task_of(split: dict[str, Any], rows: Listed) -> Task:
    """The competition's task with the rows of the split, and none to predict."""
    task = inspect.inspect(split["competition"])
    files = [str(Path(file).relative_to(task.root.absolute())) for file in rows.files]
    return replace(
        task,
        train_ids=np.array(files),
        train_files=np.array(files),
        labels=rows.labels,
        groups=None,
        test_ids=task.test_ids[:0],
        test_files=task.test_files[:0],
    )


class Watched(in_process.InProcess):
    """A worker of one fold whose held-out rows are evaluated while it trains."""

    def watch(self, clock: curves.Clock, points: int, labels: np.ndarray) -> None:
        """Evaluate `points` times a stage, with the clock stopped."""
        self.clock, self.curve, self._points, self._labels = clock, [], points, labels
        self._stages: dict[str, np.ndarray] = {}
        self._first._features_of = self._features_of_fold(self._first._features_of)

    def prepare(self, stage: Stage, before: Stage | None, *, measure: bool) -> Any:
        found = super().prepare(stage, before, measure=measure)
        trained = self._trainer.train
        self._trainer.train = lambda work, advance, begin: trained(
            work,
            advance,
            begin,
            callbacks=[Watch(self, stage, self._trainer.steps(len(work.rows), work.epochs))],
        )
        return found

    def wanted(self, steps: int) -> set[int]:
        """The steps after which held-out rows are evaluated."""
        return curves.spread(steps, self._points)

    def evaluate(self, stage: Stage, *, begins: bool = False) -> None:
        """Add a point to the curve: the mean of what every stage so far predicts."""
        rows = self._rows.train[self._rows.held_out(FOLD)]
        weights = contextlib.nullcontext() if begins else self._trainer.averaged(FOLD)
        with self.clock.stopped(), weights:
            self._stages[stage.name] = self._outputs.predictions(self._predict_rows(stage, rows))
            stages = list(self._stages.values())
            each = stages if self._run.recipe.ensemble_stages else stages[-1:]
            predicted = np.mean(each, axis=0)
            self.curve.append(curves.point(self.clock, stage.image_size, predicted, self._labels))

    def _features_of_fold(self, whole: Callable[..., Any]) -> Callable[..., Any]:
        """A fit of one fold needs no features of the rows that it holds out."""
        chosen = self._rows.trained_on(FOLD)

        def features_of(rows: np.ndarray, console: Console, view: str = "plain") -> np.ndarray:
            if len(rows) != len(self._rows.train):
                return whole(rows, console, view)
            trained = whole(rows[chosen], console, view)
            features = np.zeros((len(rows), trained.shape[1]), np.float32)
            features[chosen] = trained
            return features

        return features_of

    def _predict(self, stage: Stage, *parts: np.ndarray) -> Any:
        with self.clock.stopped():
            return super()._predict(stage, *parts)


class Watch(keras.callbacks.Callback):
    """Evaluates a worker's held-out rows as a stage begins, and at a few steps of it."""

    def __init__(self, worker: Watched, stage: Stage, steps: int):
        super().__init__()
        self._worker, self._stage = worker, stage
        self._step, self._wanted = 0, worker.wanted(steps)

    def on_train_begin(self, logs: object = None) -> None:
        self._worker.evaluate(self._stage, begins=True)

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        self._step += 1
        if self._step in self._wanted:
            self._worker.evaluate(self._stage)


def run(
    split: dict[str, Any],
    *,
    sizes: Sequence[int],
    epochs: Sequence[float],
    seed: int,
    points: int,
    place: Path,
    backbone: Any = None,
    others: Mapping[str, Any] | None = None,
) -> list[dict[str, float]]:
    """Train every stage over the fold; returns its curve."""
    passes = tuple(epochs) if len(epochs) > 1 else epochs[0]
    options = {"sizes": tuple(sizes), "epochs": passes, "folds": FOLDS, "seed": seed}
    options |= {"tta": False, **(others or {})}
    recipe, network = settle.settle(competitions.find(split["competition"]), backbone, options)
    rows = listed(split)
    task = task_of(split, rows)
    count = np.arange(len(rows.files))
    placed = Rows(task.train_ids, np.where(rows.held_out, FOLD, FOLD + 1), count, count, count[:0])
    clock = curves.Clock()
    decoded = images.decode(
        task.root,
        task.train_files.tolist(),
        augmentation.decoded_sizes(recipe),
        place / "images",
        Silent(),
        channels=task.channels,
    )
    worker = Watched(Run(place / "run", recipe, task), network, placed, decoded.stores, Silent())
    worker.watch(clock, points, rows.labels[rows.held_out])
    before = None
    for stage in stages_of(recipe):
        worker.prepare(stage, before, measure=False)
        list(worker.train(stage, [FOLD], lambda _, stage=stage: Slot(epochs=stage.epochs)))
        before = stage
    return worker.curve


@click.command()
@click.argument("split", type=click.Path(path_type=Path))
@click.option("--mode", default="staged", show_default=True)
@click.option("--sizes", default="96,144,192", show_default=True)
@click.option("--epochs", default="4,2,1", show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--points", default=5, show_default=True)
@click.option("--set", "settings", multiple=True, type=setting, help="Of the recipe.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), required=True)
def main(
    split: Path,
    *,
    mode: str,
    sizes: str,
    epochs: str,
    seed: int,
    points: int,
    settings: tuple[tuple[str, Any], ...],
    json_file: Path,
) -> None:
    """Write the run as JSON."""
    each = {
        "sizes": [int(size) for size in sizes.split(",")],
        "epochs": [float(count) for count in epochs.split(",")],
    }
    with tempfile.TemporaryDirectory() as place:
        curve = run(
            json.loads(split.read_text("utf-8")),
            **each,
            seed=seed,
            points=points,
            place=Path(place),
            others=dict(settings),
        )
    found = {"tool": "kaggle-prz", "mode": mode, "seed": seed, **each}
    found |= {"settings": dict(settings), "curve": curve}
    json_file.write_text(json.dumps(found) + "\n", "utf-8")


if __name__ == "__main__":
    main()
