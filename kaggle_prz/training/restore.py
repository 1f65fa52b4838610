"""A trained stage's network, rebuilt to predict from the files of its folds."""

from kaggle_prz.models import precision, weights
from kaggle_prz.models.backbones import Backbone
from kaggle_prz.models.classifier import build
from kaggle_prz.runs.run import Run
from kaggle_prz.schedule.recipe import Stage
from kaggle_prz.tasks import outputs


class Restored:
    """The network of a stage; the weights of its folds are set one after the other."""

    def __init__(self, run: Run, backbone: Backbone, stage: Stage):
        self._run, self._stage = run, stage
        meant = outputs.of(run.task)
        self.classifier = build(
            backbone,
            stage.image_size,
            meant.count,
            activation=meant.activation,
            heads=meant.heads,
            weights="none",  # every weight is set from a fold's file
            policy=precision.decide(run.recipe.precision).policy,
            channels=run.task.channels,
        )

    def set_fold(self, fold: int) -> None:
        """Set the weights of a fold, every one of them."""
        weights.read(self.classifier.model, self._run.weights(self._stage, fold))
