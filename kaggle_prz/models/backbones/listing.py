"""What is known of every backbone without building it, for `kaggle-prz backbones`."""

from collections.abc import Iterator
from dataclasses import dataclass

from kaggle_prz.core.console import Console
from kaggle_prz.models.backbones import Backbone, names, resolve
from kaggle_prz.models.backbones.weights_sources import WeightsPackage, local_presets


@dataclass(frozen=True)
class Entry:
    """One backbone, and where its pretrained weights are."""

    name: str
    parameters: int | None  # without a head; None where only building it tells
    top_1: float | None  # published accuracy on ImageNet, %
    minimum: int  # smallest image size, px
    multiple: int  # image sizes are divisible by this
    weights: str  # "installed", "cached", "mounted", how to have them, or "none"


def entries(word: str = "") -> list[Entry]:
    """Return the backbones whose names contain a word, in any case.

    Example:
        >>> [entry.name for entry in entries("convnextt")]
        ['ConvNeXtTiny']
    """
    return [_entry(resolve(name)) for name in names() if word.lower() in name.lower()]


def show(found: list[Entry], console: Console) -> None:
    """Print a table, a row a backbone."""
    rows = list(_rows(found))
    console.table("", ("backbone", "parameters", "top-1", "px from", "multiple", "weights"), rows)


def _entry(backbone: Backbone) -> Entry:
    if backbone.from_scratch:
        weights = "none needed"
    elif place := _place_of(backbone):
        weights = place
    else:
        weights = " or ".join(source.brings for source in backbone.sources) or "none"
    return Entry(
        backbone.name,
        backbone.parameters,
        backbone.top_1,
        backbone.minimum,
        backbone.multiple,
        weights,
    )


def _place_of(backbone: Backbone) -> str:
    """Return where the weights are on this machine, in a word; empty where they are not."""
    for source in backbone.sources:
        found = source.find()
        if found is None:
            continue
        if isinstance(source, WeightsPackage):
            return "installed"
        return "mounted" if found.is_relative_to(local_presets.inputs()) else "cached"
    return ""


def here() -> dict[str, list[str]]:
    """Return the backbones whose weights are on this machine, by where they are."""
    places: dict[str, list[str]] = {}
    for name in names():
        if place := _place_of(resolve(name)):
            places.setdefault(place, []).append(name)
    return places


def _rows(found: list[Entry]) -> Iterator[tuple[str, ...]]:
    for entry in found:
        millions = "" if entry.parameters is None else f"{entry.parameters / 1e6:.1f} M"
        top_1 = "" if entry.top_1 is None else f"{entry.top_1:.1f} %"
        yield (
            entry.name,
            millions,
            top_1,
            str(entry.minimum),
            str(entry.multiple),
            entry.weights,
        )
