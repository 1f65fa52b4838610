"""The worker of this process: folds one after the other, on one network a stage."""

import contextlib
import functools
import gc
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
from numpy.typing import NDArray

from kaggle_prz import metrics
from kaggle_prz.core import filesystem
from kaggle_prz.core.console import Advance, Console, Silent
from kaggle_prz.core.image_store import Store
from kaggle_prz.models import compilations, precision, prediction, weights
from kaggle_prz.models.backbones import Backbone
from kaggle_prz.models.classifier import Classifier, build
from kaggle_prz.models.fine_tuning import families
from kaggle_prz.runs import WEIGHTS, Run, fold_files, records
from kaggle_prz.runs.fold_files import FoldDone
from kaggle_prz.runs.records import Provenance
from kaggle_prz.schedule.cost import Slot, Speed
from kaggle_prz.schedule.recipe import Recipe, Stage
from kaggle_prz.tasks import outputs
from kaggle_prz.tasks.image_rows import Rows
from kaggle_prz.training import augmentation
from kaggle_prz.training.batch_size import Batch
from kaggle_prz.training.batch_size.trainer import Trainer
from kaggle_prz.training.stage_trainer import FoldWork, StageTrainer
from kaggle_prz.training.starting_point import FirstWeights
from kaggle_prz.training.workers import NextSlot, Prepared


class _InHand(NamedTuple):
    classifier: Classifier
    trainer: Trainer


class _Took:
    """What was spent since the last fold: seconds by part, and images predicted."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(("build", "train", "predict", "features"), 0.0)
        self.predicted = 0

    @contextlib.contextmanager
    def of(self, part: str) -> Iterator[None]:
        """Add the time within to a part."""
        started = time.monotonic()
        yield
        self.seconds[part] += time.monotonic() - started


class InProcess:
    """Prepares and trains stages of one run in this process, see `workers.Worker`."""

    def __init__(
        self,
        run: Run,
        backbone: Backbone,
        rows: Rows,
        stores: Mapping[int, Store],
        console: Console,
    ):
        self._run, self._backbone, self._rows = run, backbone, rows
        self._stores, self._console = stores, console
        self._outputs = outputs.of(run.task)
        self._targets = self._outputs.targets(run.task.labels)[rows.train_rows]
        compilations.keep()
        self._precision = precision.decide(run.recipe.precision)
        self._views = prediction.views_of(run.task.flips, run.recipe.tta)
        self._first = FirstWeights(
            run, rows, stores, outputs=self._outputs, targets=self._targets, console=console
        )
        self._in_hand: _InHand | None = None
        self._took, self._traces = _Took(), 0
        self._said: set[str] = set()

    @property
    def decisions(self) -> tuple[str, ...]:
        """What was decided for the stage in hand, as sentences."""
        family = families.note(self._run.recipe, self._backbone)
        return (
            f"precision: {precision.as_built(self._precision, self._classifier.network)}",
            *self._classifier.notes,
            *([family] if family else []),
            augmentation.sentence(self._trainer.stage, self._run.recipe, self._run.task.flips),
            *self._trainer.notes,
        )

    def prepare(
        self,
        stage: Stage,
        before: Stage | None,
        *,
        measure: bool,
        batch: tuple[int, int] | None = None,
    ) -> Prepared:
        """Build and compile the network of a stage; with `measure`, time a few steps.

        `batch` is what another worker has settled for the stage, see `Prepared`.
        """
        self._let_go(before)
        self._took, self._traces = _Took(), 0
        with self._took.of("build"):
            if before is not None and self._first.before is None:
                self._first.keep(before, self._build(before).model)
            classifier = self._build(stage)
            batch = batch or fold_files.stage_record(self._run, stage).batch
            trainer = Trainer(
                functools.partial(self._compile, classifier),
                stage,
                self._run.recipe,
                batch=Batch(*batch) if batch else None,
                console=self._console,
            )
            self._in_hand = _InHand(classifier, trainer)
            if self._run.recipe.batch_size == "auto" and batch is None:
                trainer.settle(self._work(stage, 0, Slot(epochs=1.0)), self._first.before)
        self._say_decisions()
        self._first.begin(stage, classifier, trainer)
        speed = self._measured(stage) if measure else None
        return Prepared(trainer.stage, speed, trainer.batch)

    def train(self, stage: Stage, folds: Sequence[int], slot: NextSlot) -> Iterator[FoldDone]:
        """Train, predict and write folds of the prepared stage, one after the other."""
        for fold in folds:
            if (given := slot(fold)) is None:
                return
            label = (
                f"stage {stage.index} · {stage.image_size} px · fold {fold + 1}/"
                f"{self._run.recipe.folds}"
            )
            work = self._work(stage, fold, given)
            steps = self._trainer.steps(len(work.rows), stage.epochs)
            with self._console.bar(label, steps) as advance:
                done = self._trained(stage, work, advance)
                yield done
                # Said once the caller has sealed the fold: what is on the screen is kept.
                advance(0, note=f"{metrics.of(self._run.task).title} {done.score:.4f}")

    def close(self) -> None:
        """Let go of the network and of what trains it."""
        self._let_go(None)

    @property
    def _classifier(self) -> Classifier:
        return self._hand.classifier

    @property
    def _trainer(self) -> Trainer:
        return self._hand.trainer

    @property
    def _hand(self) -> _InHand:
        if self._in_hand is None:
            raise RuntimeError("prepare() comes before train()")
        return self._in_hand

    def _let_go(self, before: Stage | None) -> None:
        """Drop what trained a stage; keep its network to read the weights of its folds into."""
        if self._in_hand is None:
            return
        if before is not None:
            self._first.keep(before, self._in_hand.classifier.model)
        # Keras's traced functions and their model hold each other.
        self._first.let_go()
        self._in_hand = None
        gc.collect()

    def _say_decisions(self) -> None:
        """Say what was decided, once a process."""
        for sentence in self.decisions:
            if sentence not in self._said:
                self._console.say(f"Decided: {sentence}.")
        self._said.update(self.decisions)

    def _measured(self, stage: Stage) -> Speed:
        """Return the speed of a few steps, which are traced first."""
        # Features of all images, where they were just made, are the larger sample.
        predict_speed = max(self._measure_prediction(stage), self._first.speed)
        with self._took.of("build"):
            train_speed = self._trainer.measure(self._work(stage, 0, Slot(epochs=stage.epochs)))
        return Speed(stage.image_size, train_speed, predict_speed, self._took.seconds["build"])

    def _trained(self, stage: Stage, work: FoldWork, advance: Advance) -> FoldDone:
        """Train one fold, predict with it, and write its files, all but the seal."""
        fold, wall = work.fold, time.monotonic()
        directory = self._run.directory(stage, fold)
        filesystem.make_empty(directory)
        views = prediction.head_views(self._run.task.flips)[: stage.head_views]
        provenance = self._first.set(fold, views=views)
        is_late = work.deadline is not None and time.monotonic() >= work.deadline
        trains = work.epochs > 0 and not is_late
        known = None if trains else self._first.untrained(fold, views)
        pace = self._fine_tuned(work, directory, advance) if trains else None
        with self._trainer.averaged(fold):
            oof, test = (
                self._predict(stage, self._held_out(fold), self._rows.test)
                if known is None
                else map(self._outputs.predictions, known)
            )
        score = fold_files.write_predictions(
            directory, self._run.task, self._rows, fold, oof=oof, test=test
        )
        filesystem.write_arrays(directory / "trained_on.npz", ids=self._rows.ids[work.rows])
        records.write(directory / "transfer.json", Provenance.model_validate(provenance))
        model = self._classifier.model
        # HDF5 crashes the process when it cannot close a file for want of room.
        with (
            filesystem.replacing(directory / WEIGHTS, size=weights.bytes_of(model)) as path,
            self._trainer.averaged(fold),
        ):
            weights.write(model, path)
        took, traces, self._took = self._took, self._trainer.traces, _Took()
        took.seconds["features"], self._first.seconds = self._first.seconds, 0.0
        new, self._traces = traces - self._traces, traces
        return FoldDone(
            stage=self._trainer.stage,
            fold=fold,
            score=score,
            views=() if known is None else views,
            wall=time.monotonic() - wall,
            pace=pace,
            seconds=took.seconds,
            predicted=took.predicted,
            traces=new,
            batch=self._trainer.batch,
            decisions=self.decisions,
        )

    def _fine_tuned(self, work: FoldWork, directory: Path, advance: Advance) -> float:
        """Train a fold, write its history, and return images a second."""
        started = time.monotonic()
        with self._took.of("train"):
            history = self._trainer.train(
                work, advance, lambda: self._first.set(work.fold, Silent())
            )
            images = history["step"].iloc[-1] * min(self._trainer.stage.batch_size, len(work.rows))
            pace = float(images) / (time.monotonic() - started)
            with filesystem.replacing(directory / "history.csv") as path:
                history.to_csv(path, index=False)
        return pace

    def _build(self, stage: Stage) -> Classifier:
        recipe = self._run.recipe
        return build(
            self._backbone,
            stage.image_size,
            self._outputs.count,
            activation=self._outputs.activation,
            heads=self._outputs.heads,
            channels=self._run.task.channels,
            weights=recipe.weights,
            policy=self._precision.policy,
            dropout=stage.dropout,
            stochastic_depth=stage.stochastic_depth,
            seed=recipe.seed,
            batch_norm=recipe.batch_norm,
        )

    def _compile(self, classifier: Classifier, stage: Stage, recipe: Recipe) -> StageTrainer:
        return StageTrainer(classifier, stage, recipe, target=self._outputs, tell=self._console.say)

    def _measure_prediction(self, stage: Stage) -> float:
        rows = np.resize(self._rows.train, 4 * stage.batch_size)
        self._predict_rows(stage, rows[: stage.batch_size])
        started = time.monotonic()
        self._predict_rows(stage, rows)
        return len(rows) / (time.monotonic() - started)

    def _work(self, stage: Stage, fold: int, slot: Slot) -> FoldWork:
        trained_on = self._rows.trained_on(fold)
        return FoldWork(
            fold=fold,
            pixels=self._stores[
                augmentation.stored_size(stage.image_size, self._run.recipe.presize)
            ],
            rows=self._rows.train[trained_on],
            targets=self._targets[trained_on],
            flips=self._run.task.flips,
            epochs=slot.epochs,
            deadline=slot.deadline,
            expected=stage.epochs,
            validate=functools.partial(self._validate, stage, fold),
            better=metrics.of(self._run.task).better,
        )

    def _validate(self, stage: Stage, fold: int, model: keras.Model) -> float:
        """Return the score of a fold's held-out rows, in the plain view."""
        outputs = prediction.predict(
            model,
            self._stores[stage.image_size],
            self._held_out(fold),
            batch_size=stage.batch_size,
        )
        predictions = self._outputs.predictions(outputs)
        return fold_files.held_out(self._run.task, self._rows, fold, predictions).score

    def _held_out(self, fold: int) -> NDArray[np.int64]:
        """Return where the images of the rows that a fold holds out are in the stores."""
        return self._rows.train[self._rows.held_out(fold)]

    def _predict(self, stage: Stage, *parts: NDArray[np.int64]) -> list[NDArray[np.float32]]:
        """Return predictions of each of `parts`, in the labels' units, made in one go."""
        rows = np.concatenate(parts)
        with self._took.of("predict"):
            probabilities = self._predict_rows(stage, rows)
        self._took.predicted += len(rows) * len(self._views)
        predictions = self._outputs.predictions(probabilities)
        return np.split(predictions, np.cumsum([len(part) for part in parts])[:-1])

    def _predict_rows(self, stage: Stage, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        network = prediction.Answering(self._classifier, self._outputs)
        return self._trainer.predict(
            lambda batch: prediction.predict(
                network,
                self._stores[stage.image_size],
                rows,
                batch_size=batch,
                views=self._views,
            )
        )
