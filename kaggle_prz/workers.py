"""Where the folds of a stage run: in this process, one after the other, sealed one by one."""

import gc
import time
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from kaggle_prz import ensemble, metrics, outputs, precision, prediction, transfer, weights, workdir
from kaggle_prz.backbones import Backbone
from kaggle_prz.batching import Batch
from kaggle_prz.console import Console
from kaggle_prz.head import fit_head
from kaggle_prz.images import Pixels
from kaggle_prz.model import Classifier, build
from kaggle_prz.rows import Rows, pooled
from kaggle_prz.runs import WEIGHTS, Run
from kaggle_prz.schedule import Slot, Speed
from kaggle_prz.spec import Recipe, Stage
from kaggle_prz.trainers import Trainer
from kaggle_prz.training import FoldWork, StageTrainer


class InProcess:
    """Prepares and trains stages of one run in this process.

    Args:
        run: whose directory takes the results.
        backbone: of every stage.
        rows: the run's rows.
        stores: image size -> `(images, size, size, 3)` uint8.
        console: gets a bar a fold.
    """

    def __init__(
        self,
        run: Run,
        backbone: Backbone,
        rows: Rows,
        stores: Mapping[int, Pixels],
        console: Console,
    ):
        self._run, self._backbone, self._rows = run, backbone, rows
        self._stores, self._console = stores, console
        self._outputs = outputs.of(run.task)
        self._targets = self._outputs.targets(run.task.labels)[rows.train_rows]
        self._precision = precision.decide(run.recipe.precision)
        self._views = prediction.views_of(run.task.flips, run.recipe.tta)
        self._before: tuple[Stage, keras.Model] | None = None
        self._fresh: list[np.ndarray] = []
        self._features: NDArray[np.float32] | None = None
        self._seconds = {"build": 0.0, "features": 0.0, "train": 0.0, "predict": 0.0}
        self._predicted = 0

    @property
    def decisions(self) -> tuple[str, ...]:
        """What was decided for the stage in hand, as sentences."""
        notes = (*self._classifier.notes, *self._trainer.notes)
        return (f"precision: {self._precision.reason}", *notes)

    @property
    def stage(self) -> Stage:
        """The stage in hand, with the batch size that it is trained with."""
        return self._trainer.stage

    def prepare(self, stage: Stage, before: Stage | None, *, measure: bool) -> Speed | None:
        """Build and compile the stage's one model.

        Args:
            stage: to train next.
            before: the stage it starts from, or None for the first.
            measure: also trace the training step and time a few.

        Returns:
            The measured speed, or None when it was not to be measured.
        """
        begun = time.monotonic()
        self._seconds = dict.fromkeys(self._seconds, 0.0)
        self._predicted = 0
        record = self._run.path / stage.name / "stage.json"
        self._earlier = workdir.read_json(record) if record.is_file() else {}
        if before is not None and self._before is None:
            self._before = before, weights.bare(self._build(before).model)
        self._classifier = self._build(stage)
        self._trainer = Trainer(
            self._compile,
            stage,
            self._run.recipe,
            batch=Batch(*self._earlier["batch"]) if "batch" in self._earlier else None,
            console=self._console,
        )
        if self._run.recipe.batch_size == "auto" and "batch" not in self._earlier:
            earlier = self._before[0] if self._before else None
            self._trainer.settle(self._work(stage, 0, Slot(epochs=1.0)), earlier)
        self._seconds["build"] = time.monotonic() - begun
        if before is None:
            self._fresh = self._classifier.model.get_weights()
            if self._classifier.pretrained:
                self._extract_features(stage)
        if not measure:
            return None
        predict_speed = self._measure_prediction(stage)
        begun = time.monotonic()
        train_speed = self._trainer.measure(self._work(stage, 0, Slot(epochs=stage.epochs)))
        self._seconds["build"] += time.monotonic() - begun
        return Speed(stage.image_size, train_speed, predict_speed, self._seconds["build"])

    def train(self, stage: Stage, fold: int, slot: Slot) -> float:
        """Train, predict and seal one fold.

        Args:
            stage: as prepared, with its epochs settled.
            fold: number of the fold.
            slot: how long it may train.

        Returns:
            The fold's out-of-fold score, by the task's metric.
        """
        directory = self._run.directory(stage, fold)
        model, task = self._classifier.model, self._run.task
        held_out, ids = self._rows.held_out(fold), self._rows.ids
        workdir.begin_anew(directory)
        provenance = self._start_from(fold)
        label = (
            f"stage {stage.index} · {stage.image_size} px · fold {fold + 1}/"
            f"{self._run.recipe.folds}"
        )
        work = self._work(stage, fold, slot)
        steps = self._trainer.steps(len(work.rows), stage.epochs)
        with self._console.bar(label, steps) as advance:
            begun = time.monotonic()
            if work.epochs > 0 and (work.deadline is None or begun < work.deadline):
                history = self._trainer.train(work, advance, lambda: self._start_from(fold))
                with workdir.replacing(directory / "history.csv") as path:
                    history.to_csv(path, index=False)
            self._seconds["train"] += time.monotonic() - begun
            oof, test = self._predict(stage, self._rows.train[held_out], self._rows.test)
            rows = np.flatnonzero(self._rows.folds == fold)
            oof_ids = task.train_ids[rows]
            oof = ensemble.join(oof_ids, [pooled(ids[self._rows.train[held_out]], oof)])
            test_ids, test = pooled(ids[self._rows.test], test)
            metric = metrics.of(task)
            score = metric.score(task.labels[rows], oof, task.kind)
            advance(0, note=f"{metric.title} {score:.4f}")
        workdir.write_arrays(directory / "trained_on.npz", ids=ids[work.rows])
        workdir.write_arrays(directory / "oof.npz", ids=oof_ids, probabilities=oof)
        workdir.write_arrays(directory / "test.npz", ids=test_ids, probabilities=test)
        workdir.write_json(directory / "transfer.json", provenance)
        # HDF5 crashes the process when it cannot close a file for want of room.
        with workdir.replacing(directory / WEIGHTS, size=weights.bytes_of(model)) as path:
            weights.write(model, path)
        workdir.seal(directory, score=score)
        self._record(stage)
        return score

    def finish(self) -> None:
        """Keep the stage's model for the transfer to the next, without what trained it."""
        self._before = self.stage, weights.bare(self._classifier.model)
        self._features = None
        # Keras's traced functions and their model hold each other.
        del self._trainer, self._classifier
        gc.collect()

    @property
    def seconds(self) -> dict[str, float]:
        """What the stage in hand took in this process, by part."""
        return dict(self._seconds)

    def _record(self, stage: Stage) -> None:
        """Write what the stage took so far, on top of what earlier processes took."""
        earlier = self._earlier
        seconds = {
            part: round(spent + earlier.get("seconds", {}).get(part, 0.0), 2)
            for part, spent in self._seconds.items()
        }
        workdir.write_json(
            self._run.path / stage.name / "stage.json",
            {
                "seconds": seconds,
                "training_traces": self._trainer.traces + earlier.get("training_traces", 0),
                "predicted_images": self._predicted + earlier.get("predicted_images", 0),
                "batch": self._trainer.batch,
                "decisions": list(dict.fromkeys([*earlier.get("decisions", ()), *self.decisions])),
            },
        )

    def predict_speed(self) -> float | None:
        """Images a second in this stage's predictions so far."""
        return self._predicted / self._seconds["predict"] if self._predicted else None

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
            seed=recipe.seed,
        )

    def _compile(self, stage: Stage, recipe: Recipe) -> StageTrainer:
        return StageTrainer(
            self._classifier,
            stage,
            recipe,
            kind=self._outputs.kind,
            shares=self._targets.ndim == 2,
            heads=self._outputs.heads,
        )

    def _extract_features(self, stage: Stage) -> None:
        """Pooled features of every training row, once for all folds.

        Only of a pretrained backbone: random features teach a head nothing, and it would then
        stand in the way when batch statistics begin to move.
        """
        begun = time.monotonic()
        rows = self._rows.train
        with self._console.bar(f"features · {stage.image_size} px", len(rows)) as advance:
            self._features = self._trainer.predict(
                lambda batch: prediction.predict(
                    self._classifier.features,
                    self._stores[stage.image_size],
                    rows,
                    batch_size=batch,
                    advance=advance,
                )
            )
        self._seconds["features"] = time.monotonic() - begun

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
            pixels=self._stores[stage.image_size],
            rows=self._rows.train[trained_on],
            targets=self._targets[trained_on],
            flips=self._run.task.flips,
            epochs=slot.epochs,
            deadline=slot.deadline,
        )

    def _start_from(self, fold: int) -> dict[str, Any]:
        """Set the fold's first weights; says where they come from."""
        if self._before is None:
            return self._start_fresh(fold)
        before, model = self._before
        source = self._run.directory(before, fold) / WEIGHTS
        weights.read(model, source)
        report = transfer.transfer(model, self._classifier.model)
        return {
            "source": source.relative_to(self._run.path).as_posix(),
            "source_sha256": workdir.sha256(source),
            **report.to_json(),
        }

    def _start_fresh(self, fold: int) -> dict[str, Any]:
        self._classifier.model.set_weights(self._fresh)
        names = list(transfer.named_weights(self._classifier.model))
        provenance = {"source": self._classifier.notes[0], "source_sha256": None}
        if self._features is None:
            return provenance | {"kept": [], "reinitialised": names, "head": "random"}
        trained_on = self._rows.trained_on(fold)
        head = fit_head(self._features[trained_on], self._targets[trained_on], self._outputs)
        self._classifier.set_head(*head)
        return provenance | {
            "kept": [name for name in names if not name.startswith("head")],
            "reinitialised": [name for name in names if name.startswith("head")],
            "head": f"linear probe on frozen features of {len(trained_on)} training rows",
        }

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
        return self._trainer.predict(
            lambda batch: prediction.predict(
                self._classifier.model,
                self._stores[stage.image_size],
                rows,
                batch_size=batch,
                views=self._views,
            )
        )


def backend() -> dict[str, str]:
    """What trains, for the record of a run."""
    return {"backend": str(keras.backend.backend())}
