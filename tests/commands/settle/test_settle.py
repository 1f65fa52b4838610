"""The recipe and backbone of a run, settled from options and the competition's defaults."""

import pytest

from kaggle_prz import competitions
from kaggle_prz.commands.settle import settle


@pytest.mark.parametrize("by", ["argument", "option"])
def test_a_backbone_has_one_name_in_the_recipe(by):
    """Predictions compare it with the name of the network."""
    named = "resnet50_imagenet"
    backbone, options = (named, {}) if by == "argument" else (None, {"backbone": named})
    recipe, network = settle(competitions.find("shapes"), backbone, {"weights": "none", **options})
    assert recipe.backbone == network.name == "resnet50"
