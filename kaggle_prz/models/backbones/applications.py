"""Networks of keras.applications: built by Keras, pixels as each family takes them.

`applications.toml` has their facts, read off Keras itself by tests/support/applications_table.py.
"""

import functools
import tomllib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kaggle_prz.models.backbones import Backbone
from kaggle_prz.models.backbones.input_channels import colours
from kaggle_prz.models.backbones.weights_sources.keras_download import KerasDownload

if TYPE_CHECKING:
    import keras

_BY_COLOUR = ("ConvNeXt", "EfficientNetV2B")  # scale red, green and blue differently
_MEAN = (0.485, 0.456, 0.406)  # of ImageNet's red, green and blue, and their deviation
_DEVIATION = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Facts:
    """What is known of a network without building it."""

    parameters: int  # without its head
    minimum: int  # smallest image size, px
    top_1: float  # published accuracy on ImageNet, %
    file: str  # of weights without the head
    url: str
    digest: str = ""
    scale: tuple[float, float, float] = (1.0, 1.0, 1.0)  # of red, green and blue from 0 to 255 …
    offset: tuple[float, float, float] = (0.0, 0.0, 0.0)  # … to what the network takes
    bgr: bool = False  # whether it takes blue, green and red


@functools.cache
def facts() -> Mapping[str, Facts]:
    """Return the facts of every network, by the name of its function in keras.applications."""
    table = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
    return {name: Facts(**row) for name, row in table.items()}


def named(name: str) -> Backbone | None:
    """Return the backbone of a function of keras.applications, or None."""
    known = facts().get(name)
    if known is None:
        return None
    return Backbone(
        name,
        functools.partial(_build, name, known),
        minimum=known.minimum,
        parameters=known.parameters,
        top_1=known.top_1,
        sources=(KerasDownload(known.file, known.url, known.digest),),
    )


def _build(name: str, known: Facts, image_size: int, channels: int = 3) -> "keras.Model":
    import keras

    shape = (image_size, image_size, channels)
    scales_itself = not any(known.offset)
    by_colour = name.startswith(_BY_COLOUR)
    if scales_itself and (channels == 3 or (channels > 1 and not by_colour)):
        return _network(name, shape)
    images = keras.Input(shape)
    seen = images
    if channels == 1:
        seen, channels = keras.layers.Concatenate(name="grey_as_rgb")([images] * 3), 3
    more: dict[str, object] = {}
    if not scales_itself:
        seen = _scaled(seen, known, channels)
    elif channels != 3:
        seen, more = _normalised(seen, channels), {"include_preprocessing": False}
    built = _network(name, (*shape[:2], channels), input_tensor=seen, **more)
    return keras.Model(images, built.output, name=built.name)


def _network(name: str, shape: tuple[int, int, int], **arguments: object) -> "keras.Model":
    import keras

    # ConvNeXt normalises what is pooled, in this order.
    pooling = "avg" if name.startswith("ConvNeXt") else None
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "This model usually expects 1 or 3 input channels")
        model: keras.Model = getattr(keras.applications, name)(
            include_top=False, weights=None, input_shape=shape, pooling=pooling, **arguments
        )
    return model


def _scaled(images: "keras.KerasTensor", known: Facts, channels: int) -> "keras.KerasTensor":
    """Return what a network takes that leaves the scaling of pixels to others."""
    import keras

    taken = colours(channels)
    if known.bgr:
        taken = [2 - colour for colour in reversed(taken)]
    scale, offset = ([values[colour] for colour in taken] for values in (known.scale, known.offset))
    # In float32: half precision would round pixels from 0 to 255 to whole levels.
    seen = keras.layers.Rescaling(scale, offset, name="scaled", dtype="float32")(images)
    return keras.ops.flip(seen, axis=-1) if known.bgr else seen


def _normalised(images: "keras.KerasTensor", channels: int) -> "keras.KerasTensor":
    """Return what a network of RGB alone takes whose own scaling is left out."""
    from keras import layers

    return layers.Normalization(
        mean=[255 * _MEAN[colour] for colour in colours(channels)],
        variance=[(255 * _DEVIATION[colour]) ** 2 for colour in colours(channels)],
        name="normalised",
    )(images)
