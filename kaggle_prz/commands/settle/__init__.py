"""Options and a competition's defaults -> the recipe and backbone of a run, checked first."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from kaggle_prz import competitions
from kaggle_prz.core import environment
from kaggle_prz.core.console import Console, Silent
from kaggle_prz.core.errors import UsageError
from kaggle_prz.core.identity import other_network
from kaggle_prz.models import backbones
from kaggle_prz.models.backbones import weights_sources
from kaggle_prz.models.backbones.own import written
from kaggle_prz.models.fine_tuning import families
from kaggle_prz.runs.run import Run
from kaggle_prz.schedule import presets
from kaggle_prz.schedule.choice import AUTO, candidates
from kaggle_prz.schedule.recipe import BY_FAMILY, Recipe

if TYPE_CHECKING:
    import keras


def _build_open(image_size: int, channels: int = 3, /) -> "keras.Model":
    raise NotImplementedError("the backbone is not chosen yet")


_OPEN = backbones.Backbone(AUTO, _build_open)


def settle(
    source: competitions.Source,
    backbone: object,
    options: Mapping[str, object],
    console: Console | None = None,
) -> tuple[Recipe, backbones.Backbone]:
    """Return the recipe and backbone of a run, checked before anything is downloaded or built.

    Sizes that no option asks for are rounded to what the backbone takes, with a note. What nothing
    sets of `recipe.BY_FAMILY` is set by the backbone's family. Where the recipe leaves the backbone
    open, it is chosen once the images are known, by `automatic`.
    """
    if isinstance(backbone, str | os.PathLike):
        backbone = os.fsdecode(backbone)
        options = {**options, "backbone": backbone}
    elif backbone is not None:
        options = {**options, "backbone": backbones.resolve(backbone).name}
    recipe = presets.parse(options, defaults=source.about.recipe)
    if recipe.backbone == AUTO:
        backbones.resolve(candidates()[0].name).check_sizes(recipe.sizes)
        if recipe.weights != "none":
            recipe = presets.parse(options, defaults=_suiting(source.about.recipe, AUTO))
        return recipe, _OPEN
    network = backbones.resolve(recipe.backbone if backbone is None else backbone)
    if network.handed_over is None:
        if weights_sources.is_pretrained(network, recipe.weights):
            recipe = presets.parse(options, defaults=_suiting(source.about.recipe, network.name))
        # Of several names of a library, the listed one.
        recipe = recipe.model_copy(update={"backbone": network.name})
    if options.get("sizes") is None and network.rounded(recipe.sizes) != recipe.sizes:
        recipe = recipe.model_copy(update={"sizes": network.rounded(recipe.sizes)})
        written = ",".join(map(str, recipe.sizes))
        note = (
            f"{network.name} takes sizes from {network.minimum} px in multiples of "
            f"{network.multiple} px; the sizes are {written}."
        )
        (console or Silent()).say(f"Note: {note}")
    network.check_sizes(recipe.sizes)
    network.check_package()
    network = identified(network, recipe, console)
    return families.settled(recipe, network), network


def _suiting(defaults: Mapping[str, object], name: str) -> dict[str, object]:
    """Return a competition's defaults without rates that it has for another backbone."""
    others = defaults.get("backbone", name) != name
    return {key: value for key, value in defaults.items() if not others or key not in BY_FAMILY}


def identified(
    network: backbones.Backbone, recipe: Recipe, console: Console | None = None
) -> backbones.Backbone:
    """Return a network of the user's own with what identifies it; any other as it is."""
    if network.handed_over is None:
        return network
    from kaggle_prz.models.backbones.own.survey import surveyed

    return surveyed(network, recipe.sizes, seed=recipe.seed, console=console or Silent())


def as_named(recipe: Recipe, network: backbones.Backbone) -> Recipe:
    """Return a recipe with the name of the user's own network, from wherever it was read."""
    if network.origin is None:
        return recipe
    return recipe.model_copy(update={"backbone": network.name})


def network_of(
    run: Run, backbone: object = None, console: Console | None = None
) -> backbones.Backbone:
    """Return the network of a run, read again where its recipe says; refuse another one.

    `backbone` is what the run was given, where the recipe does not say it or it has moved.
    """
    known, recipe = run.record.backbone_identity, run.recipe
    if backbone is None and known and not run.record.backbone_directory:
        raise UsageError(
            f"{run.path} was trained on a network that was passed as an object "
            f"({recipe.backbone}). Pass the same network: predict(run, backbone=…) in Python."
        )
    network = _read_again(run) if backbone is None else backbones.resolve(backbone)
    # A kernel's bundle has the file itself, and another Keras may describe it in other words.
    carried = not known and network.origin is not None and is_text(recipe.backbone)
    if carried:
        return network
    network = identified(network, recipe, console)
    differs = other_network(known, network.identity)
    if differs or (network.identity is None and network.name != recipe.backbone):
        raise UsageError(
            f"{run.path} was trained on the backbone {recipe.backbone!r}; received "
            f"{network.name!r}: {differs or 'it has another name'}. Pass the same backbone."
        )
    return network


def is_text(backbone: str) -> bool:
    """Return whether a recipe's backbone is the text of a network of the user's own."""
    return not backbones.is_listed(backbone) and written.parse(backbone) is not None


def _read_again(run: Run) -> backbones.Backbone:
    directory = run.record.backbone_directory
    try:
        return backbones.resolve(run.recipe.backbone, Path(directory) if directory else run.path)
    except UsageError as error:
        if not directory:
            raise
        raise UsageError(
            f"{error} {run.path} was trained on it. Put it back into {directory}, or give its new "
            "place with --backbone."
        ) from error


def check(
    recipe: Recipe, network: backbones.Backbone, channels: int, console: Console | None = None
) -> None:
    """Refuse what could not be trained on this machine, before an image is decoded.

    Pretrained weights that are not on this machine are downloaded.
    """
    network.check_channels(channels)
    environment.check_framework(wants_tensorflow=network.wants_tensorflow)
    if weights_sources.is_missing(network, recipe.weights):
        (console or Silent()).say(f"Downloading pretrained weights of {network.name} …")
    weights_sources.file_of(network, recipe.weights)
    with environment.without_banner():
        from kaggle_prz.models.backbones.own import survey
    survey.check(network, recipe, channels)
