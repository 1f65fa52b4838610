"""The recipe and backbone of a run, settled from options and the competition's defaults."""

import types

import pytest
from support.toys import Recorder

from kaggle_prz import competitions
from kaggle_prz.commands.plan import foresee
from kaggle_prz.commands.settle import settle
from kaggle_prz.models import backbones
from kaggle_prz.models.fine_tuning import families
from kaggle_prz.schedule import presets


@pytest.mark.parametrize("by", ["argument", "option"])
def test_a_backbone_has_one_name_in_the_recipe(by):
    """Predictions compare it with the name of the network."""
    named = "resnet50_imagenet"
    backbone, options = (named, {}) if by == "argument" else (None, {"backbone": named})
    recipe, network = settle(competitions.find("shapes"), backbone, {"weights": "none", **options})
    assert recipe.backbone == network.name == "resnet50"


@pytest.mark.keras
def test_a_network_s_text_stays_in_the_recipe(tmp_path, monkeypatch):
    (tmp_path / "net.py").write_text(
        "import keras\n"
        "def net(size):\n"
        "    layers = [keras.Input((size, size, 3)), keras.layers.Conv2D(2, 3, name='conv')]\n"
        "    return keras.Sequential(layers)\n"
    )
    monkeypatch.chdir(tmp_path)
    recipe, network = settle(competitions.find("shapes"), "net.py:net", {"sizes": (16, 24)})
    assert (recipe.backbone, network.name) == ("net.py:net", "net")


def test_rates_of_a_competition_are_for_its_own_backbone():
    shapes = competitions.find("shapes")
    own = shapes.about.recipe["learning_rate"]
    assert settle(shapes, None, {})[0].learning_rate == own
    assert settle(shapes, "ConvNeXtTiny", {})[0].learning_rate == 5e-5
    assert settle(shapes, "efficientnet_lite0", {})[0].learning_rate == 2e-4
    assert settle(shapes, "ConvNeXtTiny", {"weights": "none"})[0].learning_rate == own
    assert settle(shapes, "ConvNeXtTiny", {"learning_rate": 0.1})[0].learning_rate == 0.1
    assert "learning_rate" not in settle(shapes, "auto", {})[0].model_fields_set


@pytest.fixture
def source(monkeypatch):
    """A competition with defaults of its own; KerasHub need not be there."""
    monkeypatch.setattr(backbones.Backbone, "check_package", lambda _: None)
    recipe = {"weight_decay": 0.5, "layer_decay": 0.5}
    return types.SimpleNamespace(about=types.SimpleNamespace(recipe=recipe))


VIT = "hub:vit_base_patch16_224_imagenet"


def test_an_option_wins_over_recipe_competition_and_family(source, tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text("weight_decay = 0.25\nlearning_rate = 0.25\n")
    options = {"backbone": VIT, "recipe": str(file), "learning_rate": 0.125}
    recipe, _ = settle(source, None, options)
    assert recipe.learning_rate == 0.125  # the option
    assert recipe.weight_decay == 0.25  # the recipe
    assert recipe.layer_decay == 0.5  # the competition
    assert recipe.stochastic_depth == 0.0  # the family
    recipe, _ = settle(source, None, {"backbone": VIT})
    assert (recipe.learning_rate, recipe.weight_decay) == (5e-5, 0.5)


def test_auto_is_the_family_s_whatever_else_is_set(source):
    recipe, _ = settle(source, VIT, {"weight_decay": "auto", "settings": {"layer_decay": "auto"}})
    assert (recipe.weight_decay, recipe.layer_decay) == (0.05, 0.75)


@pytest.mark.parametrize("backbone", ["efficientnet_lite0", "ResNet50", "tiny"])
def test_convolutional_networks_keep_the_general_defaults(source, backbone):
    recipe, network = settle(source, backbone, {})
    assert recipe == presets.parse({"backbone": network.name}, defaults=source.about.recipe)


@pytest.mark.keras
@pytest.mark.parametrize(
    ("layer", "rate"),
    [("BatchNormalization", 2e-4), ("LayerNormalization", 5e-5), ("GroupNormalization", 5e-5)],
)
def test_one_s_own_trained_network_is_known_by_its_normalization(source, layer, rate):
    import keras

    def mine(size):
        norm = getattr(keras.layers, layer)
        arguments = {"groups": 2} if layer == "GroupNormalization" else {}
        images = keras.Input((size, size, 3))
        x = keras.layers.Conv2D(4, 3, bias_initializer="ones", name="conv")(images)
        return keras.Model(images, norm(name="norm", **arguments)(x), name="mine")

    recipe, _ = settle(source, mine, {"sizes": (16,)})
    assert recipe.learning_rate == rate


@pytest.mark.keras
def test_a_plan_says_whose_defaults_it_has():
    import keras

    def mine(size):
        images = keras.Input((size, size, 3))
        x = keras.layers.Conv2D(4, 3, bias_initializer="ones", name="conv")(images)
        return keras.Model(images, keras.layers.LayerNormalization(name="norm")(x), name="mine")

    said = Recorder()
    options = {"sizes": (16,), "learning_rate": 1e-3, "weight_decay": "auto"}
    foresee("shapes", backbone=mine, console=said, **options)
    of_family = [line for line in said.lines if "fine-tuning" in line]
    title = families.table()["layer_normalized"].title
    assert of_family == [
        f"Note: fine-tuning defaults of {title}: weight_decay 0.01, layer_decay 0.9."
    ]
