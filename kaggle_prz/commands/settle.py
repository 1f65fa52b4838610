"""Options and a competition's defaults -> the recipe and backbone of a run, checked first."""

from collections.abc import Mapping

from kaggle_prz import competitions
from kaggle_prz.core import environment
from kaggle_prz.core.console import Console, Silent
from kaggle_prz.core.errors import MissingExtraError
from kaggle_prz.models import backbones
from kaggle_prz.models.backbones import weights_sources
from kaggle_prz.schedule import presets
from kaggle_prz.schedule.recipe import Recipe


def settle(
    source: competitions.Source,
    backbone: object,
    options: Mapping[str, object],
    console: Console | None = None,
) -> tuple[Recipe, backbones.Backbone]:
    """Return the recipe and backbone of a run, checked before anything is downloaded or built.

    Sizes that no option asks for are rounded to what the backbone takes, with a note.
    """
    if isinstance(backbone, str):
        options = {**options, "backbone": backbone}
    elif backbone is not None:
        options = {**options, "backbone": backbones.resolve(backbone).name}
    recipe = presets.parse(options, defaults=source.about.recipe)
    network = backbones.resolve(recipe.backbone if backbone is None else backbone)
    recipe = recipe.model_copy(update={"backbone": network.name})  # of several names, the listed
    if options.get("sizes") is None and network.rounded(recipe.sizes) != recipe.sizes:
        recipe = recipe.model_copy(update={"sizes": network.rounded(recipe.sizes)})
        written = ",".join(map(str, recipe.sizes))
        note = (
            f"{network.name} takes sizes in multiples of {network.multiple} px; rounded to "
            f"{written}."
        )
        (console or Silent()).say(f"Note: {note}")
    network.check_sizes(recipe.sizes)
    if network.wants_keras_hub and not environment.is_installed("keras_hub"):
        raise MissingExtraError("KerasHub's networks", "keras-hub", "hub")
    weights_sources.check(network, recipe.weights)
    if network.handed_over is not None:
        from kaggle_prz.models.backbones.own.survey import surveyed

        network = surveyed(network, recipe.sizes, seed=recipe.seed, console=console or Silent())
    return recipe, network


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
