"""Residual branches are dropped as often as a stage wants it, whatever a network brings."""

import keras
import numpy as np
import pytest
from support.toy_nets import plain

from kaggle_prz.models.backbones import resolve
from kaggle_prz.models.classifier import build
from kaggle_prz.models.fine_tuning.drop_path import set_rate

pytestmark = pytest.mark.keras


def network(rates=(0.1, 0.2)) -> keras.Model:
    images = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(4, 3, padding="same", name="stem")(images)
    for place, rate in enumerate(rates):
        branch = keras.layers.Conv2D(4, 3, padding="same", name=f"block{place}")(x)
        branch = keras.layers.Dropout(rate, noise_shape=(None, 1, 1, 1), name=f"drop{place}")(
            branch
        )
        x = keras.layers.Add()([x, branch])
    x = keras.layers.Dropout(0.5, name="usual")(x)
    return keras.Model(images, x, name="residual")


def test_the_rate_rises_with_depth_and_other_dropout_stays():
    model = network()
    assert set_rate(model, 0.3) == "stochastic depth: up to 0.3, in 2 blocks"
    rates = [model.get_layer(name).rate for name in ("drop0", "drop1", "usual")]
    assert rates == pytest.approx([0.15, 0.3, 0.5])


def test_none_is_dropped_unless_asked_for():
    model = network()
    assert set_rate(model, 0.0) == "stochastic depth: none; 2 blocks support it"
    model.get_layer("usual").rate = 0.0
    images = np.random.default_rng(0).random((4, 8, 8, 3), np.float32)
    np.testing.assert_array_equal(model(images, training=True), model(images, training=False))


def test_a_network_without_branches_says_so_only_where_it_is_asked():
    model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3)], name="plain")
    assert set_rate(model, 0.0) == ""
    assert set_rate(model, 0.1) == (
        "stochastic depth: plain has no drop-path layers, and is not changed"
    )


@pytest.mark.parametrize("rate", [0.0, 0.25])
def test_a_backbone_by_name_has_the_rate_of_the_recipe(rate):
    made = build(resolve("efficientnet_lite0"), 32, 4, weights="none", stochastic_depth=rate)
    (inner,) = (layer for layer in made.model.layers if isinstance(layer, keras.Model))
    found = [
        layer.rate
        for layer in inner.layers
        if isinstance(layer, keras.layers.Dropout) and layer.noise_shape
    ]
    assert len(found) > 5
    assert max(found) == pytest.approx(rate)
    assert any(note.startswith("stochastic depth: ") for note in made.notes)


class DropPath(keras.layers.Layer):
    """As KerasHub's of Swin: the rate is called drop_prob."""

    def __init__(self, drop_prob, **options):
        super().__init__(**options)
        self.drop_prob = drop_prob


class StochasticDepth(keras.layers.Layer):
    """As that of Keras's ConvNeXt."""

    def __init__(self, drop_path_rate, **options):
        super().__init__(**options)
        self.drop_path_rate = drop_path_rate


class DINOV2DropPath(keras.layers.Layer):
    """As KerasHub's, which drops nothing."""

    rate = 0.0


class Block(keras.layers.Layer):
    """Three layers in a layer; the second drops branches."""

    def __init__(self, drop, **options):
        super().__init__(**options)
        self.before = keras.layers.Dropout(0.3)
        self.drop = drop

    def build(self, shape):
        self.drop.build(shape)

    def call(self, x):
        return x


def test_blocks_within_layers_and_models_are_found():
    drops = [DropPath(0.0), StochasticDepth(0.1), keras.layers.Dropout(0.2, (None, 1, 1, 1))]
    inner = keras.Sequential([keras.Input((8, 8, 3)), Block(drops[1]), drops[2]])
    last = Block(DINOV2DropPath())
    outer = keras.Sequential([keras.Input((8, 8, 3)), Block(drops[0]), inner, last], name="outer")
    assert set_rate(outer, 0.3) == "stochastic depth: up to 0.3, in 3 blocks"
    rates = [drops[0].drop_prob, drops[1].drop_path_rate, drops[2].rate]
    assert rates == pytest.approx([0.1, 0.2, 0.3])
    assert (last.drop.rate, last.before.rate) == (0.0, 0.3)


@pytest.mark.full
def test_the_blocks_of_keras_cv_s_mit_have_the_rate_of_the_recipe():
    network = resolve("mit_b0").build(64)
    assert set_rate(network, 0.2) == "stochastic depth: up to 0.2, in 8 blocks"
    images = np.random.default_rng(0).uniform(0, 255, (2, 64, 64, 3)).astype(np.float32)
    still, dropped = (np.asarray(network(images, training=mode)) for mode in (False, True))
    assert np.abs(still - dropped).max() > 1e-3
    assert set_rate(network, 0.0) == "stochastic depth: none; 8 blocks support it"
    np.testing.assert_allclose(network(images, training=True), still, atol=1e-5)


def test_a_network_that_is_handed_over_keeps_its_own():
    handed = network()
    made = build(resolve(handed), 8, 4)
    (inner,) = (layer for layer in made.model.layers if isinstance(layer, keras.Model))
    assert inner.get_layer("drop1").rate == 0.2
    assert not any(note.startswith("stochastic depth") for note in made.notes)
    assert not any(note.startswith("stochastic depth") for note in build(plain(), 16, 4).notes)
