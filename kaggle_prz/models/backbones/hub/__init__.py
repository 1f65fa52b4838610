"""Networks for images of KerasHub, by preset: `hub:vit_base_patch16_224_imagenet`.

After `hub:` comes what KerasHub's `from_preset` takes: a name, `hf://timm/…`, `kaggle://…`, or a
directory. `presets.toml` has the names that KerasHub lists, written by tests/support/hub_table.py.
"""

import functools
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kaggle_prz.core import environment, filesystem, plugins
from kaggle_prz.core.errors import UsageError
from kaggle_prz.models.backbones import Backbone
from kaggle_prz.models.backbones.weights_sources import local_presets
from kaggle_prz.models.backbones.weights_sources.hub_preset import HubPreset

if TYPE_CHECKING:
    import keras

PREFIX = "hub:"
_KEPT = "preset"  # directory of a run


@dataclass(frozen=True)
class Facts:
    """What is known of a preset without building its network."""

    parameters: int
    model: str  # at Kaggle Models, as owner/model/framework/variation/version
    minimum: int = 32  # smallest image size, px
    multiple: int = 1  # image sizes must be divisible by this


@functools.cache
def facts() -> Mapping[str, Facts]:
    """Return the facts of every preset that KerasHub lists for images, by its name there."""
    table = tomllib.loads(Path(__file__).with_name("presets.toml").read_text("utf-8"))
    return {name: Facts(**row) for name, row in table.items()}


def names() -> list[str]:
    """Return the names of all backbones that KerasHub lists."""
    return [f"{PREFIX}{preset}" for preset in facts()]


def named(name: str, run: Path | None = None) -> Backbone | None:
    """Return the backbone of a name that begins with `hub:`, or None.

    What builds the network of a `run` is in its directory, see `keep_settings`.
    """
    if not name.startswith(PREFIX):
        return None
    preset = name.removeprefix(PREFIX)
    known = facts().get(preset)
    kept = run / _KEPT if run and (run / _KEPT / local_presets.CONFIG).is_file() else None
    model = known.model if known else "" if kept else _model_of(preset)
    source = HubPreset(preset, model, str(kept or ""))
    config = source.config()
    minimum, multiple = _sizes(config) or ((known.minimum, known.multiple) if known else (32, 1))
    return Backbone(
        name,
        functools.partial(_build, source),
        minimum=minimum,
        multiple=multiple,
        parameters=known.parameters if known else None,
        sources=(source,),
        wants_keras_hub=True,
        kind=preset if known else _kind(config, preset),
    )


def keep_settings(backbone: Backbone, run: Path) -> None:
    """Copy what builds a preset's network into the directory of a run, for predictions."""
    for source in backbone.sources:
        if isinstance(source, HubPreset) and not (run / _KEPT / local_presets.CONFIG).is_file():
            files = sorted(
                source.settings().values(), key=lambda file: file.name == local_presets.CONFIG
            )
            for file in files:  # the one that is looked for comes last
                filesystem.write_atomic(run / _KEPT / file.name, file.read_bytes())


def _model_of(preset: str) -> str:
    """Return where Kaggle Models has a preset that is not listed; empty where it is elsewhere."""
    scheme, separator, handle = preset.partition("://")
    if separator:
        if scheme == "kaggle" and len(handle.split("/")) == 5:
            return handle
        if scheme == "hf" and len(handle.split("/")) == 2:
            return ""
        raise UsageError(
            "A preset of KerasHub is hub:NAME, hub:DIRECTORY, hub:hf://OWNER/NAME or "
            "hub:kaggle://OWNER/MODEL/FRAMEWORK/VARIATION/VERSION; received "
            f"'{PREFIX}{preset}'."
        )
    places = [Path(preset).expanduser(), *local_presets.brought(preset)]
    if preset and any(place.is_dir() for place in places):
        return ""
    if environment.is_installed("keras_hub"):  # which may be newer than the list
        with environment.without_banner():
            import keras_hub

        newer = keras_hub.models.Backbone.presets.get(preset)
        if newer is not None:
            return str(newer["kaggle_handle"]).removeprefix("kaggle://")
    raise plugins.unknown("preset of KerasHub", preset, [*facts()], "kaggle-prz backbones hub:")


def _kind(config: Mapping[str, object], preset: str) -> str:
    """Return what tells the family of a preset that KerasHub does not list.

    Of a directory its class, as KerasHub, timm or Transformers writes it, else its address.
    """
    said = (config.get(key) for key in ("class_name", "architecture", "model_type"))
    address = preset.partition("://")[2] or preset.rpartition("/")[2]
    return next((each for each in said if isinstance(each, str)), address)


def _sizes(config: Mapping[str, object]) -> tuple[int, int] | None:
    """Return the smallest size and the multiple of sizes that a network takes, px.

    Networks of patches fail at other sizes, KerasHub's Swin where its last feature map is smaller
    than a window; attention in a MiT of one pixel would be of that pixel alone.
    """
    given = config.get("config")
    if not isinstance(given, Mapping) or not given.keys() & {"patch_size", "layerwise_strides"}:
        return None
    patch = given.get("patch_size", 1)
    multiple = patch[0] if isinstance(patch, list) else patch
    strides = given.get("layerwise_strides", ())
    multiple *= math.prod(strides)
    multiple *= 2 ** max(0, len(given.get("depths", ())) - 1)
    windows = given.get("window_size", 2 if strides else 1)
    return math.ceil(max(multiple * windows, 32) / multiple) * multiple, multiple


def _build(source: HubPreset, image_size: int, channels: int = 3) -> "keras.Model":
    from kaggle_prz.models.backbones.hub import network

    return network.build(source.directory(), image_size, channels)
