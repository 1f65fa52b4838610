"""A trained stage's network, rebuilt to predict from the files of its folds."""

import keras

from kaggle_prz import outputs, precision, transfer, weights, workdir
from kaggle_prz.backbones import Backbone
from kaggle_prz.finish import Finish
from kaggle_prz.model import Classifier, build
from kaggle_prz.runs import Run
from kaggle_prz.spec import Stage


class Restored:
    """The network of a stage or of a finish; the weights of its folds are set one after the other.

    Args:
        run: whose files have the weights.
        backbone: of the run.
        stage: one of `run.candidates`, or a finish that is about to be tried.

    Raises:
        UsageError: the backbone does not take the stage's size.

    Example:
        ```python
        network = Restored(run, resolve("tiny"), run.stages[-1])
        network.set_fold(0)
        network.classifier.model.predict(pixels)
        ```
    """

    def __init__(self, run: Run, backbone: Backbone, stage: Stage):
        self._run, self._stage = run, stage
        self.classifier = _built(run, backbone, stage.image_size)
        self._trained: keras.Model | None = None
        if isinstance(stage, Finish):
            (last,) = (one for one in run.stages if one.name == stage.after)
            self._trained = _built(run, backbone, last.image_size).model

    def set_fold(self, fold: int) -> None:
        """Set the weights of a fold, every one of them."""
        model = self.classifier.model
        trained, *tuned = self._run.weights(self._stage, fold)
        if self._trained is None:
            weights.read(model, trained)
            return
        weights.read(self._trained, trained)
        transfer.transfer(self._trained, model)
        for file in tuned:
            transfer.overlay(model, workdir.read_arrays(file))


def _built(run: Run, backbone: Backbone, image_size: int) -> Classifier:
    meant = outputs.of(run.task)
    return build(
        backbone,
        image_size,
        meant.count,
        activation=meant.activation,
        heads=meant.heads,
        weights="none",  # every weight is set from a fold's file
        policy=precision.decide(run.recipe.precision).policy,
        channels=run.task.channels,
    )
