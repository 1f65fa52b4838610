"""Backbone + image size + classes -> classifier, with the precision and BatchNorm policy set."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kaggle_prz.core.errors import UsageError
from kaggle_prz.models import batch_normalization
from kaggle_prz.models.backbones import Backbone, refuse_other_ranks, resolve
from kaggle_prz.models.backbones.initial_weights import begin, settings
from kaggle_prz.models.backbones.weights_sources import file_of
from kaggle_prz.models.fine_tuning.drop_path import set_rate
from kaggle_prz.tasks.outputs import Activation

HEAD = "head"


@dataclass(frozen=True)
class Classifier:
    """One stage's network; every fold of the stage is trained in it, one after the other."""

    model: keras.Model  # `(batch, size, size, channels)` 0–255 -> `(batch, classes)` float32
    features: keras.Model  # the same -> `(batch, width)` float32, pooled; shares layers
    pretrained: bool  # whether the backbone started from trained weights
    notes: tuple[str, ...]  # what was decided, as sentences
    network: keras.Model  # the backbone within `model`
    statistics: batch_normalization.Statistics = "inference"  # of batch normalization

    @property
    def head(self) -> tuple[np.ndarray, np.ndarray]:
        """The head's `(width, classes)` kernel and `(classes,)` bias."""
        kernel, bias = self.model.get_layer(HEAD).get_weights()
        return kernel, bias

    def set_head(self, kernel: np.ndarray, bias: np.ndarray) -> None:
        """Set the head's `(width, classes)` kernel and `(classes,)` bias."""
        self.model.get_layer(HEAD).set_weights([kernel, bias])


def build(
    backbone: Backbone,
    image_size: int,
    classes: int,
    *,
    activation: Activation = "softmax",
    heads: Sequence[int] = (),
    weights: str = "auto",
    policy: str = "float32",
    dropout: float = 0.2,
    stochastic_depth: float = 0.0,
    seed: int = 0,
    channels: int = 3,
    batch_norm: str = "auto",
) -> Classifier:
    """Build a classifier for one image size in px; pretrained weights are adapted to `channels`.

    `heads` says how many of the outputs belong to each of several softmaxes, none for one.
    `policy` is the Keras dtype policy of the backbone; head and output are float32 under any. A
    network that was handed over keeps its own `stochastic_depth` at 0.
    """
    if classes < 1:
        raise UsageError(f"A classifier has at least 1 class; received classes={classes}.")
    backbone.check_sizes((image_size,))
    backbone.check_channels(channels)
    path = file_of(backbone, weights)
    with settings(policy, seed):
        network, adapted = begin(backbone, image_size, channels, path)
        drops = ""
        if stochastic_depth or backbone.handed_over is None:
            drops = set_rate(network, stochastic_depth)
        images = keras.Input((image_size, image_size, channels), name="images")
        x = images
        if (backbone.scale, backbone.offset) != (1.0, 0.0):
            x = keras.layers.Rescaling(backbone.scale, backbone.offset, name="rescale")(x)
        x = network(x)
        refuse_other_ranks(backbone.name, tuple(x.shape))
        if len(x.shape) == 4:
            x = keras.layers.GlobalAveragePooling2D(name="pool", dtype="float32")(x)
        pooled = keras.layers.Activation("linear", name="pooled", dtype="float32")(x)
        x = keras.layers.Dropout(dropout, name="dropout", seed=seed, dtype="float32")(pooled)
        x = keras.layers.Dense(classes, name=HEAD, dtype="float32")(x)
        if heads:
            x = grouped_softmax(x, heads)
        last = "linear" if heads else activation
        x = keras.layers.Activation(last, name="probabilities", dtype="float32")(x)
    trained = None if path else batch_normalization.was_trained(network)
    pretrained = path is not None or (backbone.pretrained and trained is not False)
    statistics, settled = batch_normalization.settle(network, batch_norm, pretrained=pretrained)
    return Classifier(
        model=keras.Model(images, x, name="classifier"),
        features=keras.Model(images, pooled, name="features"),
        pretrained=pretrained,
        notes=(
            _weights_note(backbone, path, trained) + adapted,
            settled,
            *([drops] if drops else []),
        ),
        network=network,
        statistics=statistics,
    )


def build_model(
    backbone: Any = "efficientnet_lite0", image_size: int = 160, classes: int = 2, **options: Any
) -> keras.Model:
    """Build the classifier that a stage trains, as a plain Keras model.

    Args:
        backbone: a name, a `keras.Model`, a function from image size to `keras.Model`, or the
            text of one, see `prz.fit`.
        image_size: px.
        classes: number of classes.
        **options: `activation`, `heads`, `weights`, `policy`, `dropout`,
            `stochastic_depth`, `seed`, `channels`, `batch_norm`, see `build`.

    Returns:
        A model from `(batch, image_size, image_size, channels)` pixels 0–255 to `(batch, classes)`
        float32 probabilities; not compiled.

    Raises:
        UsageError: an unknown backbone or a size that does not suit it.

    Example:
        >>> build_model("tiny", image_size=32, classes=4).output_shape
        (None, 4)
    """
    return build(resolve(backbone), image_size, classes, **options).model


def grouped_softmax(logits: keras.KerasTensor, sizes: Sequence[int]) -> keras.KerasTensor:
    """Return a softmax for each of several heads, side by side, by their numbers of columns."""
    if len(sizes) == 1:  # nothing to split, which TensorFlow refuses
        return keras.ops.softmax(logits)
    parts = keras.ops.split(logits, np.cumsum(sizes)[:-1].tolist(), axis=-1)
    return keras.ops.concatenate([keras.ops.softmax(part) for part in parts], axis=-1)


def _weights_note(backbone: Backbone, path: Path | None, trained: bool | None) -> str:
    if path is not None:
        return f"weights: {backbone.name} from {path.name}"
    if not backbone.pretrained:
        return f"weights: {backbone.name} with random weights, not pretrained"
    if trained is None:
        return f"weights: {backbone.name} as passed, trained or not"
    if trained:
        return f"weights: {backbone.name} with the weights that it was passed with"
    return f"weights: {backbone.name} with random weights; it was passed untrained"
