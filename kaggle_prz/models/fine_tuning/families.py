"""How a family of networks is fine-tuned where a recipe does not say it, from `families.toml`."""

import functools
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kaggle_prz.models.backbones import Backbone
from kaggle_prz.models.backbones.weights_sources import is_pretrained
from kaggle_prz.schedule.recipe import BY_FAMILY, Recipe

_OF_NORMALIZATION = {
    "batch": "convolutional",
    "layer": "layer_normalized",
    "none": "unnormalized",
}


@dataclass(frozen=True)
class Family:
    """Networks that are fine-tuned alike."""

    title: str
    names: str  # a regular expression that is found in their names, in lower case
    normalization: Literal["batch", "layer", "none"]
    learning_rate: float
    weight_decay: float
    layer_decay: float
    stochastic_depth: float
    sources: Mapping[str, str]  # where each value is from, by the recipe's key

    @property
    def values(self) -> dict[str, float]:
        """Its defaults, by the recipe's key."""
        return {key: getattr(self, key) for key in BY_FAMILY}


@functools.cache
def table() -> Mapping[str, Family]:
    """Return all families by name, in the order in which names are looked up."""
    text = Path(__file__).with_suffix(".toml").read_text("utf-8")
    return {name: Family(**row) for name, row in tomllib.loads(text).items()}


def named(text: str) -> Family | None:
    """Return the family of what a library calls a network, or None."""
    families = table().values()
    return next((each for each in families if re.search(each.names, text.lower())), None)


def of(backbone: Backbone) -> Family:
    """Return the family of a backbone: by its name, or by the normalization of the user's own.

    One that nothing is known of, as of a plugin, is trained as a convolutional network.
    """
    if backbone.handed_over is not None:
        return table()[_OF_NORMALIZATION[backbone.normalization]]
    return named(backbone.kind or backbone.name) or table()["convolutional"]


def settled(recipe: Recipe, backbone: Backbone) -> Recipe:
    """Return a recipe with its family's defaults for the keys that nothing set.

    They are for fine-tuning: a network with random weights has those of every recipe.
    """
    if not is_pretrained(backbone, recipe.weights):
        return recipe
    values = of(backbone).values
    unset = {key: values[key] for key in BY_FAMILY if key not in recipe.model_fields_set}
    return recipe.model_copy(update=unset)


def note(recipe: Recipe, backbone: Backbone) -> str:
    """Return which values of a recipe are a family's and not the general ones, or ""."""
    if not is_pretrained(backbone, recipe.weights):
        return ""
    family, general = of(backbone), Recipe()
    differing = [
        f"{key} {value:g}"
        for key, value in family.values.items()
        if getattr(recipe, key) == value != getattr(general, key)
    ]
    return f"fine-tuning defaults of {family.title}: {', '.join(differing)}" if differing else ""
