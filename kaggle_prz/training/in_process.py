"""Where the folds of a stage run: in this process, one after the other, sealed one by one."""

import functools
import gc
import statistics
import time
from collections.abc import Mapping

import keras
import numpy as np
from numpy.typing import NDArray

from kaggle_prz import metrics
from kaggle_prz.core import filesystem
from kaggle_prz.core.console import Console, Silent
from kaggle_prz.core.image_store import Store
from kaggle_prz.models import precision, prediction, weights
from kaggle_prz.models.backbones import Backbone
from kaggle_prz.models.classifier import Classifier, build
from kaggle_prz.runs import fold_files, records
from kaggle_prz.runs.records import StageRecord
from kaggle_prz.runs.run import WEIGHTS, Run
from kaggle_prz.schedule import Slot, Speed
from kaggle_prz.schedule.recipe import Recipe, Stage
from kaggle_prz.tasks import outputs
from kaggle_prz.tasks.image_rows import Rows
from kaggle_prz.training import augmentation
from kaggle_prz.training.batch_size import Batch
from kaggle_prz.training.stage_trainer import FoldWork, StageTrainer
from kaggle_prz.training.starting_point import FirstWeights
from kaggle_prz.training.trainers import Trainer


class InProcess:
    """Prepares and trains stages of one run in this process.

    `stores` are of all sizes of `augmentation.decoded_sizes`; `console` gets a bar a fold.
    """

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
        self._precision = precision.decide(run.recipe.precision)
        self._views = prediction.views_of(run.task.flips, run.recipe.tta)
        self._first = FirstWeights(
            run, rows, stores, outputs=self._outputs, targets=self._targets, console=console
        )
        self._seconds = {"build": 0.0, "train": 0.0, "predict": 0.0}
        self._predicted = 0
        self._paces: list[float] = []
        self._said: set[str] = set()

    @property
    def decisions(self) -> tuple[str, ...]:
        """What was decided for the stage in hand, as sentences."""
        return (
            f"precision: {precision.as_built(self._precision, self._classifier.network)}",
            *self._classifier.notes,
            augmentation.sentence(self.stage, self._run.recipe, self._run.task.flips),
            *self._trainer.notes,
        )

    @property
    def stage(self) -> Stage:
        """The stage in hand, with the batch size that it is trained with."""
        return self._trainer.stage

    def prepare(self, stage: Stage, before: Stage | None, *, measure: bool) -> Speed | None:
        """Build and compile the model of a stage that starts from the one before, or from None.

        Returns:
            The speed of a few steps, which are traced and timed, or None unless `measure`.
        """
        begun = time.monotonic()
        self._seconds = dict.fromkeys(self._seconds, 0.0)
        self._predicted, self._paces = 0, []
        self._earlier = self._run.measured(stage) or StageRecord()
        if before is not None and self._first.before is None:
            self._first.keep(before, self._build(before).model)
        self._epochs = stage.epochs
        self._classifier = self._build(stage)
        self._trainer = Trainer(
            self._compile,
            stage,
            self._run.recipe,
            batch=Batch(*self._earlier.batch) if self._earlier.batch else None,
            console=self._console,
        )
        if self._run.recipe.batch_size == "auto" and self._earlier.batch is None:
            self._trainer.settle(self._work(stage, 0, Slot(epochs=1.0)), self._first.before)
        self._seconds["build"] = time.monotonic() - begun
        self._say_decisions()
        self._first.begin(stage, self._classifier, self._trainer)
        if not measure:
            return None
        # Features of all images, where they were just made, are the larger sample.
        predict_speed = max(self._measure_prediction(stage), self._first.speed)
        begun = time.monotonic()
        train_speed = self._trainer.measure(self._work(stage, 0, Slot(epochs=stage.epochs)))
        self._seconds["build"] += time.monotonic() - begun
        return Speed(stage.image_size, train_speed, predict_speed, self._seconds["build"])

    def _say_decisions(self) -> None:
        """Say what was decided, once a process."""
        for sentence in self.decisions:
            if sentence not in self._said:
                self._console.say(f"Decided: {sentence}.")
        self._said.update(self.decisions)

    def train(self, stage: Stage, fold: int, slot: Slot) -> float:
        """Train, predict and seal one fold of a prepared stage, with its epochs settled.

        Returns:
            The fold's out-of-fold score, by the task's metric.
        """
        directory = self._run.directory(stage, fold)
        model, self._epochs = self._classifier.model, stage.epochs
        filesystem.begin_anew(directory)
        views = prediction.head_views(self._run.task.flips)[: stage.head_views]
        provenance = self._first.set(fold, views=views)
        label = (
            f"stage {stage.index} · {stage.image_size} px · fold {fold + 1}/"
            f"{self._run.recipe.folds}"
        )
        work = self._work(stage, fold, slot)
        steps = self._trainer.steps(len(work.rows), stage.epochs)
        is_late = work.deadline is not None and time.monotonic() >= work.deadline
        trains = work.epochs > 0 and not is_late
        known = None if trains else self._first.untrained(fold, views)
        with self._console.bar(label, steps) as advance:
            begun = time.monotonic()
            if trains:
                history = self._trainer.train(
                    work, advance, lambda: self._first.set(fold, Silent())
                )
                trained = history["step"].iloc[-1] * min(self.stage.batch_size, len(work.rows))
                self._paces.append(float(trained) / (time.monotonic() - begun))
                with filesystem.replacing(directory / "history.csv") as path:
                    history.to_csv(path, index=False)
            self._seconds["train"] += time.monotonic() - begun
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
            filesystem.write_json(directory / "transfer.json", provenance)
            # HDF5 crashes the process when it cannot close a file for want of room.
            with (
                filesystem.replacing(directory / WEIGHTS, size=weights.bytes_of(model)) as path,
                self._trainer.averaged(fold),
            ):
                weights.write(model, path)
            filesystem.seal(directory, score=score, **({} if known is None else {"views": views}))
            self._record(stage)
            # The line of a fold is its promise: what is told here is kept.
            advance(0, note=f"{metrics.of(self._run.task).title} {score:.4f}")
        return score

    def finish(self) -> None:
        """Keep the stage's model for the transfer to the next, without what trained it."""
        settled = self.stage.model_copy(update={"epochs": self._epochs})
        self._first.keep(settled, self._classifier.model)
        # Keras's traced functions and their model hold each other.
        del self._trainer, self._classifier
        gc.collect()

    @property
    def seconds(self) -> dict[str, float]:
        """What the stage in hand took in this process, by part."""
        return {**self._seconds, "features": self._first.seconds}

    def _record(self, stage: Stage) -> None:
        """Write what the stage took so far, on top of what earlier processes took."""
        earlier = self._earlier
        seconds = {
            part: round(spent + earlier.seconds.get(part, 0.0), 2)
            for part, spent in self.seconds.items()
        }
        record = StageRecord(
            seconds=seconds,
            training_traces=self._trainer.traces + earlier.training_traces,
            predicted_images=self._predicted + earlier.predicted_images,
            batch=self._trainer.batch,
            decisions=tuple(dict.fromkeys([*self.decisions, *earlier.decisions])),
        )
        records.write(self._run.path / stage.name / "stage.json", record)

    def predict_speed(self) -> float | None:
        """Images a second in this stage's predictions so far."""
        return self._predicted / self._seconds["predict"] if self._predicted else None

    def train_speed(self) -> float | None:
        """Images a second in this stage's trainings; of the first, which may trace, if alone."""
        paces = self._paces[1:] or self._paces
        return statistics.median(paces) if paces else None

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

    def _compile(self, stage: Stage, recipe: Recipe) -> StageTrainer:
        return StageTrainer(
            self._classifier,
            stage,
            recipe,
            target=self._outputs,
            tell=self._console.say,
        )

    def _measure_prediction(self, stage: Stage) -> float:
        rows = np.resize(self._rows.train, 4 * stage.batch_size)
        self._predict_rows(stage, rows[: stage.batch_size])
        begun = time.monotonic()
        self._predict_rows(stage, rows)
        return len(rows) / (time.monotonic() - begun)

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
        """The score of a fold's held-out rows, in the plain view."""
        outputs = prediction.predict(
            model,
            self._stores[stage.image_size],
            self._held_out(fold),
            batch_size=stage.batch_size,
        )
        predictions = self._outputs.predictions(outputs)
        return fold_files.held_out(self._run.task, self._rows, fold, predictions).score

    def _held_out(self, fold: int) -> NDArray[np.int64]:
        """Where the images of the rows that a fold holds out are in the stores."""
        return self._rows.train[self._rows.held_out(fold)]

    def _predict(self, stage: Stage, *parts: NDArray[np.int64]) -> list[NDArray[np.float32]]:
        """Predictions of each of `parts`, in the labels' units, made in one go."""
        begun = time.monotonic()
        rows = np.concatenate(parts)
        probabilities = self._predict_rows(stage, rows)
        self._seconds["predict"] += time.monotonic() - begun
        self._predicted += len(rows) * len(self._views)
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


def backend() -> dict[str, str]:
    """What trains, for the record of a run."""
    return {"backend": str(keras.backend.backend())}
