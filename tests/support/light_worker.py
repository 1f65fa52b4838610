"""A worker that trains a fold in a tenth of a second: trees on thumbnails, in place of a network.

For tests of all that surrounds the training of networks. It keeps the protocol of
`kaggle_prz.training.workers`: predictions, rows, provenance and weights are a fold's files, and a
stage starts from the file of weights of the stage before.
"""

import pickle
import time
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesRegressor

from kaggle_prz.core import filesystem
from kaggle_prz.core.console import Console
from kaggle_prz.core.image_store import Store
from kaggle_prz.models.backbones import Backbone
from kaggle_prz.runs import fold_files, records
from kaggle_prz.runs.fold_files import FoldDone
from kaggle_prz.runs.records import Provenance
from kaggle_prz.runs.run import WEIGHTS, Run
from kaggle_prz.schedule.cost import Speed
from kaggle_prz.schedule.recipe import Stage
from kaggle_prz.tasks import outputs
from kaggle_prz.tasks.image_rows import Rows
from kaggle_prz.training.workers import NextSlot, Prepared

_SIDE = 8  # of a thumbnail, in pixels


class LightWorker:
    """Fits trees to thumbnails; called as `training.workers.in_process.InProcess` is."""

    def __init__(
        self, run: Run, _: Backbone, rows: Rows, stores: Mapping[int, Store], console: Console
    ):
        self._run, self._rows, self._stores, self._console = run, rows, stores, console
        self._outputs = outputs.of(run.task)
        targets = self._outputs.targets(run.task.labels)[rows.train_rows]
        if self._outputs.indexes:
            targets = outputs.shares(targets, self._outputs.sizes)
        self._targets = targets
        self._before: Stage | None = None

    def prepare(
        self,
        stage: Stage,
        before: Stage | None,
        *,
        measure: bool,
        batch: tuple[int, int] | None = None,
    ) -> Prepared:
        """Remember the stage before, whose weights are read where a fold starts."""
        self._before = before
        speed = Speed(stage.image_size, 1e4, 1e4, 0.1) if measure else None
        return Prepared(stage, speed, batch or (stage.batch_size, 1))

    def train(self, stage: Stage, folds: Sequence[int], slot: NextSlot) -> Iterator[FoldDone]:
        """Fit the trees of every fold, and write what a fold consists of."""
        for fold in folds:
            if slot(fold) is None:
                return
            with self._console.bar(f"{stage.name} fold {fold + 1}", 1) as advance:
                yield self._trained(stage, fold)
                advance(1)

    def close(self) -> None:
        """Hold nothing."""

    def _trained(self, stage: Stage, fold: int) -> FoldDone:
        started = time.monotonic()
        directory = self._run.directory(stage, fold)
        filesystem.make_empty(directory)
        own, held_out = self._rows.trained_on(fold), self._rows.held_out(fold)
        trees = ExtraTreesRegressor(n_estimators=50, random_state=self._run.recipe.seed + fold)
        targets = self._targets[own]
        trees.fit(
            self._thumbnails(stage, self._rows.train[own]),
            targets.ravel() if self._outputs.count == 1 else targets,
        )
        oof, test = (
            self._outputs.predictions(
                trees.predict(self._thumbnails(stage, rows)).reshape(len(rows), -1)
            )
            for rows in (self._rows.train[held_out], self._rows.test)
        )
        score = fold_files.write_predictions(
            directory, self._run.task, self._rows, fold, oof=oof, test=test
        )
        ids = self._rows.ids[self._rows.train[own]]
        filesystem.write_arrays(directory / "trained_on.npz", ids=ids)
        records.write(directory / "transfer.json", self._provenance(fold))
        with filesystem.replacing(directory / WEIGHTS) as path:
            path.write_bytes(pickle.dumps(trees))
        seconds = time.monotonic() - started
        return FoldDone(
            stage=stage,
            fold=fold,
            score=score,
            seconds={"train": seconds},
            wall=seconds,
            traces=0,
            predicted=len(held_out) + len(self._rows.test),
            batch=(stage.batch_size, 1),
            decisions=("trees on thumbnails",),
            pace=len(own) / seconds,
        )

    def _provenance(self, fold: int) -> Provenance:
        if self._before is None:
            return Provenance(source="trees begin without weights", source_sha256=None)
        file = self._run.directory(self._before, fold) / WEIGHTS
        return Provenance(
            source=file.relative_to(self._run.path).as_posix(),
            source_sha256=filesystem.sha256(file),
        )

    def _thumbnails(self, stage: Stage, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        pixels = self._stores[stage.image_size][rows].astype(np.float32)
        side = stage.image_size // _SIDE
        cut = pixels[:, : side * _SIDE, : side * _SIDE]
        tiles = cut.reshape(len(rows), _SIDE, side, _SIDE, side, -1)
        return np.concatenate(
            [
                tiles.mean(axis=(2, 4)).reshape(len(rows), -1),
                tiles.std(axis=(2, 4)).reshape(len(rows), -1),
            ],
            axis=1,
        )
