"""Batch normalization: which statistics a network trains with, and how they are measured again."""

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Literal, cast

import keras
import numpy as np
from numpy.typing import NDArray

from kaggle_prz.core.errors import UsageError
from kaggle_prz.core.image_store import Pixels, Store

Statistics = Literal["inference", "recalibrate", "train"]
Normalization = Literal["batch", "layer", "none"]
MOST_IMAGES = 512
_OVER_AN_IMAGE = re.compile(r"(?i)(layer|rms|group|instance)_?norm")
_ZERO_WHEN_NEW = {"bias", "beta", "moving_mean"}
_MOMENTUM_FOR_SHORT_FITS = 0.9


def layers_of(model: keras.Model) -> list[keras.layers.BatchNormalization]:
    """Return every BatchNorm layer of a model, also those of inner networks."""
    flat = model._flatten_layers(include_self=False, recursive=True)
    return [layer for layer in flat if isinstance(layer, keras.layers.BatchNormalization)]


def kind_of(model: keras.Model) -> Normalization:
    """Return how a model normalizes: over a batch anywhere, else over each image, or not at all.

    What other libraries call layer, RMS, group or instance normalization is over each image.
    """
    if layers_of(model):
        return "batch"
    flat = model._flatten_layers(include_self=False, recursive=True)
    return "layer" if any(_OVER_AN_IMAGE.search(type(one).__name__) for one in flat) else "none"


def was_trained(network: keras.Model) -> bool | None:
    """Return whether a network's weights moved since they were made, or None where none can tell.

    Biases, offsets of normalization and running means are zero in a new network, and training
    moves all of them.
    """
    telling = [v for v in network.variables if v.path.rpartition("/")[2] in _ZERO_WHEN_NEW]
    if not telling:
        return None
    return any(np.any(keras.ops.convert_to_numpy(variable)) for variable in telling)


def settle(network: keras.Model, wanted: str, *, pretrained: bool) -> tuple[Statistics, str]:
    """Decide which statistics a network trains with, set its layers so, and say it.

    Batch statistics over pretrained running ones make the features jump when fine-tuning begins,
    and Keras's momentum of 0.99 does not catch up within the few steps of a stage. So pretrained
    ones are kept, and a network from scratch learns its own with momentum 0.9.
    """
    statistics: Statistics = "inference" if pretrained else "train"
    why = "pretrained" if pretrained else "trained from scratch"
    if wanted != "auto":
        statistics, why = cast(Statistics, wanted), "as asked for"
    norms = layers_of(network)
    frozen = sum(not norm.trainable for norm in norms) if statistics == "train" else 0
    for norm in norms:
        if statistics == "train":
            norm.momentum = _MOMENTUM_FOR_SHORT_FITS
        else:
            norm.trainable = False
    if not norms:
        asked = "" if wanted == "auto" else f"; batch_norm={wanted} changes nothing"
        return "inference", f"batch normalization: the backbone has none{asked}"
    how = {
        "inference": "kept in inference mode",
        "recalibrate": f"measured again on at most {MOST_IMAGES} training images of a fold at "
        "the start of its stage, then in inference mode",
        "train": f"with batch statistics, momentum {_MOMENTUM_FOR_SHORT_FITS}",
    }[statistics]
    kept = f"; {frozen} frozen layers keep their statistics" if frozen else ""
    return statistics, f"batch normalization: {len(norms)} layers {how} ({why}){kept}"


def recalibrate(model: keras.Model, batches: Iterable[Pixels]) -> None:
    """Set running means and variances to those of `batches`; no other weight changes.

    Every layer normalizes by its batch's statistics and reports them, as in training, while the
    rest of the network is as in prediction. The running statistics become those of all images
    together: the mean of the batches' means, and the mean of their variances plus the variance
    of their means (Wu & Johnson, arXiv:2105.07576, section 3). Nothing is traced, and what was
    compiled stays compiled.
    """
    norms = layers_of(model)
    if not norms:
        return
    images = 0
    sums = [np.zeros((2, *norm.moving_mean.shape)) for norm in norms]
    with _reporting(norms):
        for batch in batches:
            model(batch, training=False)
            images += len(batch)
            for place, norm in enumerate(norms):
                mean, variance = _statistics(norm)
                sums[place] += len(batch) * np.stack([mean, variance + mean**2])
    if not images:
        raise UsageError("BatchNorm statistics need at least one batch of images; received none.")
    for norm, moments in zip(norms, sums, strict=True):
        mean, square = moments / images
        norm.moving_mean.assign(mean.astype(np.float32))
        norm.moving_variance.assign(np.maximum(square - mean**2, 0).astype(np.float32))


def _statistics(
    norm: keras.layers.BatchNormalization,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    mean, variance = map(keras.ops.convert_to_numpy, (norm.moving_mean, norm.moving_variance))
    return mean.astype(np.float64), variance.astype(np.float64)


@contextlib.contextmanager
def _reporting(norms: Iterable[keras.layers.BatchNormalization]) -> Iterator[None]:
    """Give layers the statistics of the last batch as running ones, whatever the model is doing.

    Only they run as in training: dropout and its like would change what is measured.
    """
    before = [(norm, norm.momentum, norm.trainable) for norm in norms]
    kept = [_statistics(norm) for norm, _, _ in before]
    measured = False
    try:
        for norm, _, _ in before:
            norm.trainable, norm.momentum = True, 0.0
            norm.call = _as_in_training(norm)
        yield
        measured = True
    finally:
        for (norm, momentum, trainable), (mean, variance) in zip(before, kept, strict=True):
            norm.__dict__.pop("call", None)
            norm.trainable, norm.momentum = trainable, momentum
            if not measured:
                norm.moving_mean.assign(mean.astype(np.float32))
                norm.moving_variance.assign(variance.astype(np.float32))


def _as_in_training(norm: keras.layers.BatchNormalization) -> Callable[..., keras.KerasTensor]:
    def call(
        inputs: keras.KerasTensor,
        training: object = None,  # noqa: ARG001
        mask: object = None,
    ) -> keras.KerasTensor:
        return type(norm).call(norm, inputs, training=True, mask=mask)

    return call


def recalibrate_on(
    model: keras.Model,
    pixels: Store,
    rows: NDArray[np.int64],
    *,
    batch_size: int,
    seed: tuple[int, ...],
    most: int = MOST_IMAGES,
) -> int:
    """Recalibrate on at most `most` of `rows`, drawn by `seed`; return how many were used."""
    drawn = np.random.default_rng(seed).permutation(rows)[:most]
    parts = np.array_split(drawn, -(-len(drawn) // batch_size) or 1)
    recalibrate(model, (pixels[part] for part in parts if len(part)))
    return len(drawn)
