"""Weights pass whole and by name, or not at all."""

import keras
import numpy as np
import pytest
from keras import layers
from support.toy_nets import equal

from kaggle_prz.models.classifier import build_model
from kaggle_prz.models.transfer import TransferError, named_weights, transfer

pytestmark = pytest.mark.keras


def tiny(size: int, seed: int, classes: int = 3) -> keras.Model:
    return build_model("tiny", image_size=size, classes=classes, seed=seed)


def test_every_weight_passes_to_the_larger_network():
    small, large = tiny(16, seed=1), tiny(24, seed=2)
    small.get_layer("tiny").get_layer("block1_norm").moving_mean.assign(np.arange(16))
    assert not equal(small.get_weights(), large.get_weights())
    report = transfer(small, large)
    assert equal(small.get_weights(), large.get_weights())
    assert len(report.kept) == len(small.weights) == 22
    assert {"block1_conv/kernel", "block1_norm/moving_mean", "head/bias"} <= set(report.kept)
    assert report.to_json() == {"kept": list(report.kept), "reinitialised": []}
    images = np.random.default_rng(0).uniform(0, 255, (2, 24, 24, 3)).astype("float32")
    features = large.get_layer("tiny")
    same = small.get_layer("tiny").get_layer("block1_conv").kernel
    np.testing.assert_array_equal(features.get_layer("block1_conv").kernel, same)
    assert np.isfinite(large(images)).all()


def test_a_head_of_other_classes_is_refused():
    small, large = tiny(16, seed=1, classes=3), tiny(16, seed=2, classes=5)
    before = large.get_weights()
    with pytest.raises(TransferError, match=r"2 with another shape: head/kernel \(64, 3\) -> \(64"):
        transfer(small, large)
    assert equal(large.get_weights(), before)


def net(*names: str) -> keras.Model:
    images = x = keras.Input((8, 8, 3))
    for name in names:
        x = layers.Conv2D(3, 1, name=name)(x)
    return keras.Model(images, x)


def test_a_refusal_lists_both_sides_and_changes_nothing():
    source, target = net("stem", "old", "top"), net("stem", "new", "top")
    before = target.get_weights()
    with pytest.raises(TransferError) as refused:
        transfer(source, target)
    message = str(refused.value)
    assert "2 missing in the source: new/kernel, new/bias." in message
    assert "2 missing in the target: old/kernel, old/bias." in message
    assert "Build both networks from the same backbone" in message
    assert equal(target.get_weights(), before)


def test_a_weight_that_only_the_source_has_is_a_refusal_too():
    source, target = net("stem", "more"), net("stem")
    before = target.get_weights()
    with pytest.raises(TransferError, match="2 missing in the target: more/kernel"):
        transfer(source, target)
    assert equal(target.get_weights(), before)


def test_a_long_list_is_cut():
    with pytest.raises(TransferError, match=r"40 missing in the source: .* and 28 more\."):
        transfer(net("stem"), net("stem", *[f"extra{letter}" for letter in "abcdefghijklmnopqrst"]))


def test_layers_numbered_by_keras_pass_between_two_builds_of_one_process():
    def built():
        x = given = keras.Input((4,))
        for units in (3, 2):
            x = layers.Dense(units)(x)
        return keras.Model(given, x)

    small, large = built(), built()
    automatic = [weight.path for weight in small.weights]
    assert automatic != [weight.path for weight in large.weights]  # else this shows nothing
    report = transfer(small, large)
    assert len(report.kept) == len(large.weights)
    assert equal(small.get_weights(), large.get_weights())


def test_names_are_numbered_within_the_model():
    for _ in range(2):
        x = given = keras.Input((4,))
        for layer in (layers.Dense(3), layers.Dense(2), layers.Dense(2, name="top_7")):
            x = layer(x)
        model = keras.Model(given, x)
        assert list(named_weights(model)) == [
            "dense/kernel", "dense/bias", "dense_1/kernel", "dense_1/bias",
            "top/kernel", "top/bias",
        ]  # fmt: skip


def test_random_generators_are_no_weights():
    model = build_model("tiny", image_size=16, classes=2, dropout=0.5)
    assert any("seed_generator" in variable.path for variable in model.variables)
    assert not any("seed_generator" in name for name in named_weights(model))


def test_two_weights_of_one_name_are_refused():
    class Twice(layers.Layer):
        def build(self, shape):
            self.one = self.add_weight(shape=(2,), name="w")
            self.two = self.add_weight(shape=(2,), name="w")

        def call(self, x):
            return x

    model = keras.Sequential([keras.Input((2,)), Twice(name="twice")], name="outer")
    with pytest.raises(TransferError, match=r"Two weights of .* have the name 'outer/twice/w'"):
        named_weights(model)
