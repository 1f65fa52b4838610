"""Layers in order of depth, whatever the network is made of."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.toy_nets import equal, plain

from kaggle_prz.models.backbones import resolve
from kaggle_prz.models.classifier import build
from kaggle_prz.models.fine_tuning import layer_depth

pytestmark = pytest.mark.keras


def classifier(backbone="tiny"):
    chosen = resolve(backbone) if isinstance(backbone, str) else backbone
    return build(chosen, 16, 4, seed=1).model


def names(groups):
    return [[layer.name for layer in group] for group in groups]


class Residual(keras.layers.Layer):
    """A layer made of layers, with a weight of its own."""

    def __init__(self, filters, **options):
        super().__init__(**options)
        self.first = keras.layers.Conv2D(filters, 3, padding="same", name="first")
        self.norm = keras.layers.BatchNormalization(name="norm")
        self.second = keras.layers.Conv2D(filters, 1, name="second")

    def build(self, shape):
        self.scale = self.add_weight(shape=(), initializer="ones", name="scale")
        self.first.build(shape)
        self.norm.build(shape)
        self.second.build(shape)

    def call(self, x, training=False):
        return x + self.scale * self.second(self.norm(self.first(x), training=training))


def nested(size):
    inner = keras.Sequential(
        [keras.Input((size, size, 4)), keras.layers.Conv2D(4, 1, name="in_model")], name="inner"
    )
    return keras.Sequential(
        [
            keras.Input((size, size, 3)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Conv2D(4, 3, padding="same", name="stem"),
            Residual(4, name="residual"),
            inner,
            keras.layers.Dense(5, name="last"),
        ],
        name="outer",
    )


def test_a_normalization_belongs_to_the_convolution_before_it():
    groups = layer_depth.backbone_of(classifier())
    assert names(groups) == [[f"block{n}_conv", f"block{n}_norm"] for n in (1, 2, 3, 4)]


def test_parts_of_layers_and_of_models_are_in_order():
    made = classifier(resolve(nested))
    first_to_last = [["stem", "residual"], ["first", "norm"], ["second"], ["in_model"], ["last"]]
    assert names(layer_depth.backbone_of(made)) == first_to_last


@pytest.mark.parametrize(("share", "count"), [(0.0, 0), (0.2, 1), (0.5, 2), (0.8, 3), (0.99, 4)])
def test_the_first_share_of_the_layers_is_frozen(share, count):
    made = classifier()
    told = layer_depth.freeze(made, share)
    assert told == (f"frozen: the first {count} of 4 layers of the backbone" if count else "")
    trained = {weight.path.split("/")[-2] for weight in made.trainable_variables}
    expected = {f"block{n}_{kind}" for n in range(count + 1, 5) for kind in ("conv", "norm")}
    assert trained == expected | {"head"}


def test_a_layer_made_of_layers_is_frozen_in_part():
    made = classifier(resolve(nested))
    assert layer_depth.freeze(made, 0.4) == "frozen: the first 2 of 5 layers of the backbone"
    paths = ["/".join(weight.path.split("/")[-2:]) for weight in made.trainable_variables]
    assert paths == [
        "second/kernel", "second/bias", "in_model/kernel", "in_model/bias",
        "last/kernel", "last/bias", "head/kernel", "head/bias",
    ]  # fmt: skip
    before = [weight.copy() for weight in made.get_weights()]
    made(np.ones((2, 16, 16, 3), "float32"), training=True)
    assert equal(before, made.get_weights())  # the frozen normalization keeps its statistics


@given(decay=st.floats(0.05, 1.0))
def test_rates_rise_with_depth_up_to_the_heads(made_once, decay):
    shares = layer_depth.rates(made_once, decay)
    assert set(shares) == {
        weight.path for weight in made_once.weights if not weight.path.startswith("head")
    }
    conv = [share for path, share in shares.items() if "conv" in path]
    assert conv == pytest.approx([decay**4, decay**3, decay**2, decay])
    norm = [share for path, share in shares.items() if path.endswith("norm/gamma")]
    assert norm == conv


def test_deep_networks_have_twelve_bands():
    layers = [keras.layers.Dense(2, name=f"dense{n}") for n in range(30)]
    deep = keras.Sequential([keras.Input((8, 8, 3)), *layers], name="deep")
    whole = keras.Sequential([keras.Input((8, 8, 3)), deep, keras.layers.Dense(1, name="head")])
    shares = layer_depth.rates(whole, 0.5)
    found = [share for path, share in shares.items() if path.endswith("kernel")]
    assert len(found) == 30
    assert found == sorted(found)
    assert sorted(set(found)) == [0.5**n for n in range(12, 0, -1)]
    assert {found.count(value) for value in found} == {2, 3}


def test_a_token_and_places_have_the_rate_of_the_first_block():
    """In a deep transformer, where a band is a block."""

    class Embedded(keras.layers.Layer):
        def build(self, shape):
            self.class_token = self.add_weight(shape=(1, 1, 4), name="class_token")
            self.position_embedding = keras.layers.Embedding(5, 4, name="position_embedding")
            self.position_embedding.build(())

        def call(self, x):
            return x

    x = images = keras.Input((16, 16, 3))
    x = keras.layers.Reshape((4, 4))(keras.layers.Conv2D(4, 8, strides=8, name="patches")(x))
    x = Embedded(name="embedded")(x)
    for n in range(12):
        x = keras.layers.MultiHeadAttention(1, 4, name=f"block{n}_attention")(x, x)
        x = keras.layers.LayerNormalization(name=f"block{n}_norm")(x)
        for part in ("up", "down"):
            x = keras.layers.Dense(4, name=f"block{n}_{part}")(x)
    whole = keras.Sequential([images, keras.Model(images, x), keras.layers.Dense(1, name="head")])
    shares = layer_depth.rates(whole, 0.5)
    assert {rate for path, rate in shares.items() if "embedded" in path} == {0.5**12}
    for n in range(12):
        of_block = {rate for path, rate in shares.items() if f"block{n}_" in path}
        assert of_block <= {0.5 ** (12 - n), 0.5 ** (11 - n), 0.5 ** (13 - n)}
    assert max(shares.values()) == 0.5


@pytest.fixture(scope="module")
def made_once():
    return classifier()


def test_a_network_without_normalization_is_in_order_too():
    assert names(layer_depth.backbone_of(classifier(plain()))) == [["conv"]]
