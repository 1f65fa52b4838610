"""A backbone and a weights file -> the network that training begins with."""

import collections
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from kaggle_prz.core import environment
from kaggle_prz.core.errors import PrzError, UsageError
from kaggle_prz.models.backbones import Backbone
from kaggle_prz.models.backbones.input_channels import adapt
from kaggle_prz.models.backbones.weights_sources import keras_file, source_of
from kaggle_prz.models.backbones.weights_sources.clients import said

if TYPE_CHECKING:
    import keras

_COUNTERS = "object_name_uids"


@contextlib.contextmanager
def settings(policy: str, seed: int) -> Iterator[None]:
    """Build networks within by a dtype policy and a seed, channels last; then put all back.

    Names that Keras and KerasCV count through the process start at 1 within, so that a network has
    the same ones at every size, whatever was built before.
    """
    import keras
    from keras.src.backend.common import global_state  # there is no public way to the counters

    counted = global_state.get_global_attribute(_COUNTERS)
    before = keras.config.dtype_policy(), keras.config.image_data_format()
    with environment.without_banner():  # TensorFlow's generator is seeded with every backend
        keras.utils.set_random_seed(seed)
    keras.config.set_dtype_policy(policy)
    keras.config.set_image_data_format("channels_last")
    global_state.set_global_attribute(_COUNTERS, collections.defaultdict(int))
    try:
        yield
    finally:
        global_state.set_global_attribute(_COUNTERS, counted)
        keras.config.set_dtype_policy(before[0])
        keras.config.set_image_data_format(before[1])


def begin(
    backbone: Backbone, image_size: int, channels: int, path: Path | None
) -> tuple["keras.Model", str]:
    """Build a network and load its weights, those of three channels adapted to `channels`.

    `path` is of weights on `channels`, or on three; None leaves those that it is built with.
    With the network comes how its weights were adapted, for a note; empty where they were not.
    """
    network = _built(backbone, image_size, channels)
    if path is None:
        return network, ""
    if channels == 3:
        _load(backbone, network, path)
        return network, ""
    if source_of(backbone, path) is None:
        with contextlib.suppress(UsageError):
            _load(backbone, network, path)
            return network, ""
    donor = _built(backbone, image_size, 3)
    _load(backbone, donor, path)
    if [one.shape for one in donor.weights] == [one.shape for one in network.weights]:
        network.set_weights(donor.get_weights())
        return network, ", which sees grey as three equal channels"
    adapt(donor, network)
    return network, f", first convolution adapted from 3 channels to {channels}"


def _built(backbone: Backbone, image_size: int, channels: int) -> "keras.Model":
    try:  # plugins that know of three channels only take the size alone
        return backbone.build(image_size, *([] if channels == 3 else [channels]))
    except PrzError:
        raise
    except (ValueError, TypeError) as error:
        shape = f"{image_size} px" + ("" if channels == 3 else f" and {channels} channels")
        raise UsageError(
            f"{backbone.name} cannot be built for images of {shape}: "
            f"{str(error).strip().splitlines()[0]} Choose other --sizes."
        ) from error


def _load(backbone: Backbone, network: "keras.Model", path: Path) -> None:
    source = source_of(backbone, path)
    if source is not None:
        source.load(path, network)
        return
    try:
        keras_file.load(network, path)
    except keras_file.MISMATCHES as error:
        raise UsageError(
            f"--weights {path} does not have the weights of {backbone.name}: {said(error)}. Give a "
            "file of this backbone, or of a classifier that has it inside."
        ) from error
