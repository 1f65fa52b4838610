"""Backbones by name: what builds them, what sizes they take, whose weights they can start from.

A backbone maps `(batch, size, size, channels)` pixels from 0 to 255 to a feature map; a model
adds the head. Every one is built with a fixed input shape: some of KerasCV's pad by the shape they
are built with, and a shape left open makes them pad odd feature maps wrongly (240 px: 7×7
instead of 8×8).
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from kaggle_prz.core import environment, plugins
from kaggle_prz.core.errors import MissingExtraError, UsageError
from kaggle_prz.core.identity import Identity

if TYPE_CHECKING:
    import keras

    from kaggle_prz.models.backbones.weights_sources import WeightsSource


class Build(Protocol):
    """Builds a network for one size and one number of input channels."""

    def __call__(self, image_size: int, channels: int = 3, /) -> "keras.Model":
        """Return a network on `(image_size, image_size, channels)` inputs."""


@dataclass(frozen=True)
class Origin:
    """Where a network of the user's own was read from, by a text."""

    written: str  # as in recipes
    directory: Path  # the current one, for what is relative
    file: Path | None  # None where a module has none
    attribute: str = ""  # of the module; empty for a saved model


@dataclass(frozen=True)
class Backbone:
    """A named network without its head."""

    name: str  # as written in recipes
    build: Build
    scale: float = 1.0  # pixels are multiplied by this …
    offset: float = 0.0  # … and this is added, before the network sees them
    minimum: int = 32  # smallest image size it takes, px
    multiple: int = 1  # image sizes must be divisible by this
    sources: "tuple[WeightsSource, ...]" = ()  # of pretrained weights, asked in this order
    parameters: int | None = None  # without a head, on three channels
    top_1: float | None = None  # published accuracy on ImageNet, %
    from_scratch: bool = False  # whether it is meant to begin with random weights
    pretrained: bool = False  # whether `build` returns trained weights of its own
    # Builds the user's own network at a size, whatever its channels; None where a name is known.
    handed_over: "Callable[[int], keras.Model] | None" = None
    identity: Identity | None = None  # what the user's own network computes, once surveyed
    origin: Origin | None = None  # of the user's own network, where a text named it
    channels: int | None = None  # the only number of input channels that it takes
    wants_tensorflow: bool = False  # is built with TensorFlow, whichever framework trains
    wants_keras_hub: bool = False  # is built by KerasHub, which an extra brings
    kind: str = ""  # what its library calls the network, where the name may not say it
    normalization: Literal["batch", "layer", "none"] = "batch"  # of the user's own, once surveyed

    @property
    def structure(self) -> str:
        """What tells networks of one name apart by their layers; empty where names do."""
        return self.identity.structure if self.identity else ""

    def check_sizes(self, sizes: tuple[int, ...]) -> None:
        """Refuse image sizes that the network cannot take, with the nearest ones that fit."""
        if small := tuple(size for size in sizes if size < self.minimum):
            raise UsageError(
                f"{self.name} takes images of at least {self.minimum} px; received --sizes "
                f"{_listed(sizes)}. Replace {_listed(small)} by larger sizes."
            )
        for size in sizes:
            if size % self.multiple:
                below = size // self.multiple * self.multiple
                raise UsageError(
                    f"{self.name} takes image sizes that are multiples of {self.multiple} px; "
                    f"received --sizes {_listed(sizes)}. Instead of {size} use {below} or "
                    f"{below + self.multiple}."
                )

    def check_package(self) -> None:
        """Refuse a network of a library that is not installed."""
        if self.wants_keras_hub and not environment.is_installed("keras_hub"):
            raise MissingExtraError(f"The backbone {self.name}", "keras-hub", "hub")

    def rounded(self, sizes: tuple[int, ...]) -> tuple[int, ...]:
        """Return sizes that nobody asked for, as the network takes them.

        They are enlarged by one factor where one is too small, and rounded to multiples; as they
        are where two would become one, and `check_sizes` then says what is wrong.
        """
        factor = max(1.0, self.minimum / min(sizes))
        nearest = tuple(round(size * factor / self.multiple) * self.multiple for size in sizes)
        return nearest if len(set(nearest)) == len(sizes) and min(nearest) > 0 else sizes

    def check_channels(self, channels: int) -> None:
        """Refuse images of another number of channels than the network takes."""
        if self.channels is not None:
            refuse_channels(self.name, self.channels, channels)


def refuse_channels(name: str, taken: int, channels: int) -> None:
    """Refuse images of `channels` for a network that takes `taken`, if these differ."""
    if taken != channels:
        raise UsageError(
            f"The backbone {name!r} takes images with {taken} "
            f"channel{('' if taken == 1 else 's')}; the images have {channels}. Pass a network "
            f"with an input of (height, width, {channels}), or give the name of one in "
            "kaggle-prz, which is built for any number."
        )


def refuse_other_ranks(name: str, shape: tuple[int | None, ...]) -> None:
    """Refuse a network that puts out neither a feature map nor features."""
    if len(shape) not in (2, 4):
        raise UsageError(
            "A backbone must return a feature map (batch, height, width, channels) or features "
            f"(batch, width); {name} returns the shape {shape}."
        )


def _listed(sizes: tuple[int, ...]) -> str:
    return ",".join(str(size) for size in sizes)


def names() -> list[str]:
    """Return the names of all backbones: of plugins and the libraries' networks for images."""
    from kaggle_prz.models.backbones import applications, hub, keras_cv_nets

    listed = {*applications.facts(), *keras_cv_nets.facts(), *hub.names()}
    return sorted({*plugins.names(plugins.BACKBONES), *listed})


def is_listed(text: str) -> bool:
    """Return whether a text is the name of a plugin or of a library's network."""
    from kaggle_prz.models.backbones import hub

    known = text.startswith(hub.PREFIX) or _of_library(text) is not None
    return known or text in plugins.names(plugins.BACKBONES)


def resolve(backbone: object, directory: Path | None = None) -> Backbone:
    """Return the backbone of a name, of a text that names a network, of a model or of a function.

    A name of KerasCV's presets, such as `resnet50_imagenet`, is that of its network, `resnet50`.
    A model's weights are the starting point; a function takes the image size and returns a model.
    What a text names relative to a directory is looked for in `directory` first.
    """
    if isinstance(backbone, Backbone):
        return backbone
    if isinstance(backbone, str | os.PathLike):
        return _of_text(os.fsdecode(backbone), directory)
    environment.check_framework()
    from kaggle_prz.models.backbones import own

    return own.wrap(backbone)


def _of_library(text: str, run: Path | None = None) -> Backbone | None:
    from kaggle_prz.models.backbones import applications, hub, keras_cv_nets

    return applications.named(text) or keras_cv_nets.named(text) or hub.named(text, run)


def _of_text(text: str, directory: Path | None) -> Backbone:
    if (listed := _of_library(text, directory)) is not None:
        return listed
    if text not in plugins.names(plugins.BACKBONES):
        from kaggle_prz.models.backbones.own import reading, written

        own = written.parse(text)
        if own is None:
            unknown = plugins.unknown("backbone", text, names())
            raise UsageError(f"{unknown} A network of your own: {written.FORMS}.")
        environment.check_framework()
        return reading.read(own, directory)
    found = plugins.load(plugins.BACKBONES, text)
    if not isinstance(found, Backbone):
        raise UsageError(
            f"The plugin {text!r} must be a kaggle_prz.models.backbones.Backbone; it is "
            f"a {type(found).__name__}."
        )
    return found
