"""The finish of a run: its last networks at larger sizes, sealed fold by fold like a stage."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kaggle_prz import (
    backbones,
    blending,
    interrupts,
    normalization,
    outputs,
    prediction,
    sealing,
    transfer,
    workdir,
)
from kaggle_prz.console import Console
from kaggle_prz.errors import UsageError
from kaggle_prz.finish import TUNED, Finish
from kaggle_prz.head import Head, fit_head, mean_probabilities
from kaggle_prz.model import HEAD
from kaggle_prz.pixels import Store
from kaggle_prz.planning import Plan
from kaggle_prz.restored import Restored
from kaggle_prz.rows import Rows
from kaggle_prz.runs import Run

Predictions = tuple[NDArray[Any], NDArray[Any]]  # of held-out images, of test images


def finish(
    run: Run,
    backbone: backbones.Backbone,
    rows: Rows,
    stores: Mapping[int, Store],
    *,
    plan: Plan,
    console: Console,
) -> None:
    """Try the larger sizes that a recipe asks for and the plan has time for; blend after each.

    Args:
        run: every stage of it that will be trained is sealed.
        backbone: of the run.
        rows: of the run.
        stores: image size -> `(images, size, size, channels)` uint8.
        plan: says which sizes, and until when; takes down what was begun.
        console: gets a bar a fold.

    Raises:
        PausedError: the session ends before the next fold does.
    """
    for pair in plan.finishes(tuple(stores)):
        left = [fold for fold in range(run.recipe.folds) if not _sealed(run, pair, fold)]
        if not left or not plan.has_time_to_finish(pair[0], len(left)):
            continue
        try:
            pixels = stores[pair[0].image_size]
            size = _Size(run, backbone, rows, pixels=pixels, pair=pair, console=console)
        except UsageError as error:
            console.say(f"Note: no finish at {pair[0].image_size} px: {error}")
            continue
        plan.begin_finish(pair)
        for position, fold in enumerate(left):
            interrupts.check()
            if position and not plan.has_time_to_finish(pair[0], len(left) - position):
                break
            plan.pause_unless_session_lasts(pair[0])
            with plan.fold_timed():
                size.finish(fold)
        blending.blend(run)


def _sealed(run: Run, pair: Sequence[Finish], fold: int) -> bool:
    return all(workdir.is_sealed(run.directory(one, fold)) for one in pair)


class _Size:
    """One larger size: every fold as it was trained, then with a head that is fitted anew."""

    def __init__(
        self,
        run: Run,
        backbone: backbones.Backbone,
        rows: Rows,
        *,
        pixels: Store,
        pair: tuple[Finish, Finish],
        console: Console,
    ):
        begun = time.monotonic()
        self._run, self._rows, self._pixels = run, rows, pixels
        self._as_trained, self._tuned = pair
        self._console = console
        self._outputs = outputs.of(run.task)
        self._views = prediction.views_of(run.task.flips, run.recipe.tta)
        self._measures = _statistics_are_the_images(run, backbone)
        self._network = Restored(run, backbone, self._as_trained)
        self._seconds = {"build": time.monotonic() - begun} | dict.fromkeys(
            ("features", "train", "predict"), 0.0
        )
        record = run.path / self._as_trained.name / "stage.json"
        earlier = workdir.read_json(record) if record.is_file() else {}
        self._earlier: dict[str, float] = earlier.get("seconds", {})

    def finish(self, fold: int) -> None:
        """Predict a fold both ways, and seal both."""
        classifier, rows = self._network.classifier, self._rows
        self._network.set_fold(fold)
        trained_on, size = rows.trained_on(fold), self._as_trained.image_size
        label = f"finish · {size} px · fold {fold + 1}/{self._run.recipe.folds}"
        with self._console.bar(label, 2) as advance:
            seen = self._features_of_views(fold)
            head = classifier.head
            score = self._seal(self._as_trained, fold, self._predictions(seen, head, fold), {})
            advance(1, note=f"{score:.4f}")
            begun = time.monotonic()
            if self._measures:
                self._recalibrate(fold)
            features = self._features(rows.train[trained_on])
            self._seconds["features"] += time.monotonic() - begun
            targets = self._outputs.targets(self._run.task.labels)[rows.train_rows]
            head = fit_head(features, targets[trained_on], self._outputs)
            classifier.set_head(*head)
            if self._measures:
                seen = self._features_of_views(fold)
            made = self._predictions(seen, head, fold)
            score = self._seal(self._tuned, fold, made, self._changed())
            advance(1, note=f"{score:.4f}")
        self._record()

    def _recalibrate(self, fold: int) -> None:
        normalization.recalibrate_on(
            self._network.classifier.model,
            self._pixels,
            self._rows.train[self._rows.trained_on(fold)],
            batch_size=self._as_trained.batch_size,
            seed=(self._run.recipe.seed, self._as_trained.index, fold),
        )

    def _features(self, images: NDArray[np.int64], view: str = "plain") -> NDArray[np.float32]:
        return prediction.predict(
            self._network.classifier.features,
            self._pixels,
            images,
            batch_size=self._as_trained.batch_size,
            views=(view,),
        )

    def _features_of_views(self, fold: int) -> list[NDArray[np.float32]]:
        """Features of held-out and test images, view by view: they serve both heads."""
        begun = time.monotonic()
        images = np.concatenate([self._rows.train[self._rows.held_out(fold)], self._rows.test])
        seen = [self._features(images, view) for view in self._views]
        self._seconds["predict"] += time.monotonic() - begun
        return seen

    def _predictions(
        self, seen: Sequence[NDArray[np.float32]], head: Head, fold: int
    ) -> Predictions:
        mean = self._outputs.predictions(mean_probabilities(seen, head, self._outputs))
        oof, test = np.split(mean, [len(self._rows.held_out(fold))])
        return oof, test

    def _changed(self) -> dict[str, NDArray[np.float32]]:
        """Weights that differ from the last stage's, by name."""
        named = transfer.named_weights(self._network.classifier.model)
        ends = ("moving_mean", "moving_variance") if self._measures else ()
        return {
            name: np.asarray(weight)
            for name, weight in named.items()
            if name.startswith(f"{HEAD}/") or name.endswith(ends)
        }

    def _seal(
        self, finish: Finish, fold: int, made: Predictions, changed: Mapping[str, NDArray[Any]]
    ) -> float:
        directory, rows, (oof, test) = self._run.directory(finish, fold), self._rows, made
        workdir.begin_anew(directory)
        score = sealing.write_predictions(directory, self._run.task, rows, fold, oof=oof, test=test)
        source = self._run.weights(finish, fold)[0]
        images = rows.train[rows.trained_on(fold)] if changed else rows.train[:0]
        workdir.write_arrays(directory / "trained_on.npz", ids=rows.ids[images])
        names = transfer.named_weights(self._network.classifier.model)
        workdir.write_json(
            directory / "transfer.json",
            {
                "source": source.relative_to(self._run.path).as_posix(),
                "source_sha256": workdir.sha256(source),
                "kept": [name for name in names if name not in changed],
                "reinitialised": list(changed),
            },
        )
        if changed:
            workdir.write_arrays(directory / TUNED, **changed)
        workdir.seal(directory, score=score)
        return score

    def _record(self) -> None:
        tuned = "head and batch normalization" if self._measures else "the head"
        workdir.write_json(
            self._run.path / self._as_trained.name / "stage.json",
            {
                "seconds": {
                    part: round(spent + self._earlier.get(part, 0.0), 2)
                    for part, spent in self._seconds.items()
                },
                "decisions": [
                    f"finish at {self._as_trained.image_size} px: the weights of "
                    f"{self._as_trained.after} as they are, and with {tuned} tuned to that size "
                    "on a fold's training images; chosen, among few, on all out-of-fold rows"
                ],
            },
        )


def _statistics_are_the_images(run: Run, backbone: backbones.Backbone) -> bool:
    """Whether batch normalization has statistics of the task's images, which change with size.

    Weights that were tuned under fixed pretrained statistics need those at any size.
    """
    if run.recipe.batch_norm != "auto":
        return run.recipe.batch_norm != "inference"
    file = backbones.pretrained_file(backbone, run.recipe.weights)
    return file is None and not backbone.pretrained
