"""What a fold starts from: weights of the stage before or fresh ones, with a head fitted first."""

import time
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import keras
import numpy as np
from numpy.typing import NDArray

from kaggle_prz.core import filesystem
from kaggle_prz.core.console import Console
from kaggle_prz.core.image_store import Store
from kaggle_prz.metrics.arrays import Array
from kaggle_prz.models import batch_normalization, prediction, transfer, weights
from kaggle_prz.models.classifier import HEAD, Classifier
from kaggle_prz.models.linear_probe import fit_head, mean_probabilities
from kaggle_prz.runs.run import WEIGHTS, Run
from kaggle_prz.schedule.recipe import Stage
from kaggle_prz.tasks.image_rows import Rows
from kaggle_prz.tasks.outputs import Target
from kaggle_prz.training.batch_size.trainer import Trainer

_PLAIN = ("plain",)
_Part = Literal["train", "test"]


class _InHand(NamedTuple):
    stage: Stage
    classifier: Classifier
    trainer: Trainer


class FirstWeights:
    """Sets the first weights of every fold of a stage, and says where they come from."""

    def __init__(
        self,
        run: Run,
        rows: Rows,
        stores: Mapping[int, Store],
        *,
        outputs: Target,
        targets: Array,
        console: Console,
    ):
        self._run, self._rows, self._stores = run, rows, stores
        self._outputs, self._targets, self._console = outputs, targets, console
        self._kept: tuple[Stage, keras.Model] | None = None
        self._in_hand: _InHand | None = None
        self._shared: dict[tuple[_Part, str], NDArray[np.float32]] = {}  # empty: folds share none
        self.seconds = self.speed = 0.0  # of the stage in hand; images a second

    @property
    def before(self) -> Stage | None:
        """The stage whose weights the folds start from; None for the first."""
        return self._kept[0] if self._kept else None

    def keep(self, stage: Stage, model: keras.Model) -> None:
        """Keep the model of a stage, into which the next stage reads the weights of each fold."""
        self._kept = stage, weights.bare(model)
        self.let_go()

    def let_go(self) -> None:
        """Forget the network and the features of the stage in hand."""
        self._in_hand, self._shared = None, {}

    def begin(self, stage: Stage, classifier: Classifier, trainer: Trainer) -> None:
        """Make ready for the folds of a stage, whose network was just built."""
        self._in_hand = _InHand(stage, classifier, trainer)
        self.seconds = self.speed = 0.0
        if self._kept is None:
            self._fresh = classifier.model.get_weights()
        if self._folds_share_features:
            if self._kept is not None:
                self._transfer(fold=0)
            self._features_of_all("train", "plain")

    def set(
        self, fold: int, console: Console | None = None, *, views: Sequence[str] = _PLAIN
    ) -> dict[str, object]:
        """Set a fold's first weights; return where they come from, for `transfer.json`.

        The head is fitted to these `views` of the images; if folds do not share features, it is
        fitted to the plain view only.
        """
        console = console or self._console
        if self._kept is None:
            return self._set_fresh(fold, console, views)
        provenance, resampled = self._transfer(fold)
        provenance |= self._recalibrate(fold)
        if not self._refits_head:
            return provenance
        body = self._all_but_the_head(resampled)
        return provenance | body | self._fit_head(fold, console, views)

    def untrained(self, fold: int, views: Sequence[str]) -> list[NDArray[np.float32]] | None:
        """Return what a fold's first weights put out for its held-out and for the test images.

        Folds that are not fine-tuned share features: each view is one pass for all of them. The
        result is `(images, outputs)` each, the mean over the views that the weights were set for,
        or None where folds do not share their features.
        """
        if not self._shared:
            return None
        head = self._classifier.head
        held_out = self._rows.held_out(fold)
        seen = [self._features_of_all("train", view)[held_out] for view in views]
        test = [self._features_of_all("test", view) for view in views]
        return [mean_probabilities(each, head, self._outputs) for each in (seen, test)]

    @property
    def _classifier(self) -> Classifier:
        return self._hand.classifier

    @property
    def _hand(self) -> _InHand:
        if self._in_hand is None:
            raise RuntimeError("begin() comes before set()")
        return self._in_hand

    @property
    def _fits_head(self) -> bool:
        """Whether linear probes are fitted: on a pretrained backbone only.

        A probe on random features has large weights, which harm fine-tuning (see docs/log.md).
        """
        return self._classifier.pretrained and self._run.recipe.head_first

    @property
    def _refits_head(self) -> bool:
        return self._fits_head and self._run.recipe.refit_head

    @property
    def _folds_share_features(self) -> bool:
        """Whether the folds share one backbone: it is pretrained, and no stage has trained it."""
        untrained = self._kept is None or (self._refits_head and self._kept[0].epochs == 0)
        return untrained and self._fits_head and self._classifier.statistics != "recalibrate"

    def _transfer(self, fold: int) -> tuple[dict[str, object], Sequence[str]]:
        """Set what a fold's network had learned in the stage before; name what is resampled."""
        if self._kept is None:
            raise RuntimeError("keep() comes before a transfer")
        before, model = self._kept
        source = self._run.directory(before, fold) / WEIGHTS
        weights.read(model, source)
        report = transfer.transfer(model, self._classifier.model)
        provenance: dict[str, object] = {
            "source": source.relative_to(self._run.path).as_posix(),
            "source_sha256": filesystem.sha256(source),
            **report.to_json(),
        }
        return provenance, report.resampled

    def _all_but_the_head(self, resampled: Sequence[str] = ()) -> dict[str, object]:
        """Return names for `transfer.json`; other layers may be called like the head's."""
        model = self._classifier.model
        head = {id(weight) for weight in model.get_layer(HEAD).weights}
        named = transfer.named_weights(model)
        return {
            "kept": [
                name
                for name, weight in named.items()
                if id(weight) not in head and name not in resampled
            ],
            "reinitialised": [name for name, weight in named.items() if id(weight) in head],
        }

    def _set_fresh(self, fold: int, console: Console, views: Sequence[str]) -> dict[str, object]:
        self._classifier.model.set_weights(self._fresh)
        provenance: dict[str, object] = {"source": self._classifier.notes[0], "source_sha256": None}
        provenance |= self._recalibrate(fold)
        if not self._classifier.pretrained:
            names = list(transfer.named_weights(self._classifier.model))
            return provenance | {"kept": [], "reinitialised": names, "head": "random"}
        provenance |= self._all_but_the_head()
        if not self._fits_head:
            return provenance | {"head": "random"}
        return provenance | self._fit_head(fold, console, views)

    def _fit_head(self, fold: int, console: Console, views: Sequence[str]) -> dict[str, object]:
        """Fit the head to features of the rows that a fold trains on.

        At a larger size the features differ, and the head of the size before predicts worse.
        Fitting it again is faster than training it back step by step.
        """
        trained_on = self._rows.trained_on(fold)
        if self._shared:
            seen = [self._features_of_all("train", view)[trained_on] for view in views]
            features = np.concatenate(seen)
        else:
            views = _PLAIN
            features = self._features_of(self._rows.train[trained_on], console)
        targets = np.concatenate([self._targets[trained_on]] * len(views))
        self._classifier.set_head(*fit_head(features, targets, self._outputs))
        also = f", in {len(views)} views each" if len(views) > 1 else ""
        return {"head": f"linear probe on frozen features of {len(trained_on)} training rows{also}"}

    def _features_of_all(self, part: _Part, view: str) -> NDArray[np.float32]:
        """Return features of all training or test images in a view: one pass for all folds."""
        if (part, view) not in self._shared:
            rows = self._rows.train if part == "train" else self._rows.test
            self._shared[part, view] = self._features_of(rows, self._console, view)
        return self._shared[part, view]

    def _features_of(
        self, rows: NDArray[np.int64], console: Console, view: str = "plain"
    ) -> NDArray[np.float32]:
        """Pooled features of `rows` in a view."""
        started = time.monotonic()
        pixels = self._stores[self._hand.stage.image_size]
        with console.bar(f"features · {self._hand.stage.image_size} px", len(rows)) as advance:
            features = self._hand.trainer.predict(
                lambda batch: prediction.predict(
                    self._classifier.features,
                    pixels,
                    rows,
                    batch_size=batch,
                    views=(view,),
                    advance=advance,
                )
            )
        passed = time.monotonic() - started
        self.seconds += passed
        self.speed = len(rows) / passed
        return features

    def _recalibrate(self, fold: int) -> dict[str, object]:
        """Measure BatchNorm statistics again on images that the fold trains on, where asked for.

        A head is then fitted on features of the fold's own network. Features that all folds
        share would need statistics of images that some of them hold out.
        """
        if self._classifier.statistics != "recalibrate":
            return {}
        started = time.monotonic()
        images = batch_normalization.recalibrate_on(
            self._classifier.model,
            self._stores[self._hand.stage.image_size],
            self._rows.train[self._rows.trained_on(fold)],
            batch_size=self._hand.stage.batch_size,
            seed=(self._run.recipe.seed, self._hand.stage.index, fold),
        )
        self.seconds += time.monotonic() - started
        return {"batch_norm": f"statistics of {images} training images"}
