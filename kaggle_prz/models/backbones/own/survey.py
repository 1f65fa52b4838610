"""A network that was handed over, built once at every size and refused if it cannot be trained."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import keras
import numpy as np
from numpy.typing import NDArray

from kaggle_prz.core.console import Console
from kaggle_prz.core.errors import UsageError
from kaggle_prz.core.identity import ANY, Identity
from kaggle_prz.models.backbones import Backbone, refuse_other_ranks, weights_sources
from kaggle_prz.models.backbones.initial_weights import begin, settings
from kaggle_prz.models.backbones.own import first_line
from kaggle_prz.models.backbones.own.measured import (
    initializers_of,
    outputs_of,
    sampled,
    structure_of,
    weights_of,
)
from kaggle_prz.models.batch_normalization import Normalization, kind_of, was_trained
from kaggle_prz.models.transfer import TransferError, fitting, named_weights
from kaggle_prz.schedule.recipe import Recipe

_OURS = __name__.partition(".")[0]


def surveyed(backbone: Backbone, sizes: Sequence[int], *, seed: int, console: Console) -> Backbone:
    """Return a handed-over network with identity and channels, built once at every size."""
    if backbone.handed_over is None:
        return backbone
    found = _Found(backbone.name)
    # Twice where there is one size: initial weights may be others at every call.
    for size in [*sizes] * (2 if len(sizes) == 1 else 1):
        with settings("float32", seed):
            found.add(size, backbone.handed_over(size))
    if not found.repeats:
        console.say(
            f"Note: {backbone.name} has different initial weights at every call, so the weights "
            "do not distinguish runs. Set the seed of its initializers to make runs repeatable."
        )
    return replace(
        backbone,
        identity=found.identity,
        channels=found.channels,
        pretrained=found.pretrained,
        normalization=found.normalization,
    )


def check(backbone: Backbone, recipe: Recipe, channels: int) -> None:
    """Refuse a network known by its name that could not begin to train; builds what may fail.

    Networks of this package are tested at every size, so only a file of weights can be wrong.
    """
    backbone.check_channels(channels)
    path = weights_sources.file_of(backbone, recipe.weights)
    if path is not None and weights_sources.source_of(backbone, path) is None:
        with settings("float32", recipe.seed):
            begin(backbone, recipe.sizes[0], channels, path)
    if backbone.handed_over is None and not backbone.build.__module__.startswith(_OURS):
        found = _Found(backbone.name)
        for size in recipe.sizes:
            with settings("float32", recipe.seed):
                found.add(size, begin(backbone, size, channels, None)[0])


@dataclass
class _Found:
    """What is known of a network from the sizes at which it was built so far."""

    name: str
    structures: list[str] = field(default_factory=list)
    outputs: tuple[float, ...] = ()
    arrays: dict[str, NDArray[np.float32]] = field(default_factory=dict)  # of the first size
    first: int = 0
    weights: str = ""
    drawn: str = ""
    channels: int = 0
    repeats: bool = True
    pretrained: bool = True
    normalization: Normalization = "batch"

    def add(self, size: int, model: keras.Model) -> None:
        """Check a model that was built at a size, and keep what identifies it."""
        _refuse_channels_first(self.name, model)
        _refuse_classes(self.name, model)
        refuse_other_ranks(self.name, model.output_shape)
        arrays = {name: np.asarray(weight) for name, weight in named_weights(model).items()}
        if not self.first:
            outputs = _tried(self.name, model, size)
            _refuse_no_numbers(self.name, outputs, size)
            self.first, self.arrays, self.outputs = size, arrays, sampled(outputs)
            self.weights, self.drawn = weights_of(model), initializers_of(model)
            self.channels = model.input_shape[-1]
            self.pretrained = was_trained(model) is not False
            self.normalization = kind_of(model)
        else:
            self._compare(size, arrays)
        self.structures.append(structure_of(model))

    @property
    def identity(self) -> Identity:
        """What tells the network from others."""
        structure = hashlib.sha256("-".join(self.structures).encode()).hexdigest()[:16]
        weights = self.weights if self.repeats else f"{ANY} {self.drawn}"
        return Identity(structure, weights, self.outputs)

    def _compare(self, size: int, arrays: Mapping[str, NDArray[np.float32]]) -> None:
        shapes, given = (
            {name: array.shape for name, array in each.items()} for each in (arrays, self.arrays)
        )
        try:
            report = fitting(given, shapes)
        except TransferError as error:
            differing = str(error).partition("differ. ")[2].partition(" Build both")[0]
            raise UsageError(
                f"Weights pass from {self.first} to {size} px by name, but the backbone "
                f"{self.name!r} is a different network there: {differing} Give the layers the "
                "same names and weight shapes at every size. The network must end with a "
                "feature map or with pooled features."
            ) from error
        same = all(np.array_equal(arrays[name], self.arrays[name]) for name in report.kept)
        self.repeats = self.repeats and same


def _tried(name: str, model: keras.Model, size: int) -> NDArray[np.float32]:
    """Return a model's features of made-up pictures, after a call as in training."""
    weights = model.get_weights()
    try:
        outputs_of(model, training=True)
        model.set_weights(weights)  # statistics of batch normalization have moved
        outputs = outputs_of(model)
    except Exception as error:  # whatever a layer of the user's raises
        raise UsageError(
            f"The backbone {name!r} fails on an image of {size} px with {type(error).__name__}: "
            f"{first_line(error)} To see where, call it on random pixels, also with "
            "training=True."
        ) from error
    if outputs.shape[-1] == 0:
        raise UsageError(
            f"The backbone {name!r} has no features: its output has the shape {outputs.shape}."
        )
    return outputs


def _refuse_channels_first(name: str, model: keras.Model) -> None:
    layers = model._flatten_layers(include_self=False, recursive=True)
    wrong = [each for each in layers if getattr(each, "data_format", "") == "channels_first"]
    if wrong:
        raise UsageError(
            f"Images have the shape (height, width, channels), but the layer {wrong[0].name!r} "
            f"of the backbone {name!r} takes channels first. Build it with "
            "data_format='channels_last'."
        )


def _refuse_classes(name: str, model: keras.Model) -> None:
    """Refuse a classifier: its probabilities would be trained on as if they were features."""
    last = model
    while isinstance(last, keras.Model):
        last = last.outputs[0]._keras_history.operation
    activation = getattr(getattr(last, "activation", None), "__name__", "")
    ends = type(last).__name__ == "Softmax" or activation in {"softmax", "sigmoid"}
    if ends and len(model.output_shape) == 2:
        raise UsageError(
            f"A backbone must end with features; {name!r} ends with the "
            f"{activation or 'softmax'} of a classifier (layer {last.name!r}, "
            f"{model.output_shape[-1]} outputs). Pass it without its head, for example with "
            "include_top=False or keras.Model(model.input, model.layers[-2].output)."
        )


def _refuse_no_numbers(name: str, outputs: NDArray[np.float32], size: int) -> None:
    if not np.isfinite(outputs).all():
        raise UsageError(
            f"The backbone {name!r} returns NaN or infinite features for an image of {size} px "
            "with values from 0 to 255. Check its weights, and how it scales pixels."
        )
    several = outputs.ndim == 2 and outputs.shape[1] > 1
    if several and np.all(outputs >= 0) and np.allclose(outputs.sum(axis=1), 1, atol=1e-3):
        raise UsageError(
            f"A backbone must end with features; the {outputs.shape[1]} outputs of {name!r} sum "
            "to 1 for every image, as those of a classifier do. Pass it without its head."
        )
