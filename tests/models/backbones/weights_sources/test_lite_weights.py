"""ImageNet weights from the installed package: all of them, in their places, and in no other."""

import re

import numpy as np
import pytest
from support.sizes import lite

from kaggle_prz.core.errors import DataError
from kaggle_prz.models.backbones import resolve
from kaggle_prz.models.backbones.weights_sources import lite_weights
from kaggle_prz.models.backbones.weights_sources.torch_file import read_state_dict

pytestmark = pytest.mark.keras

# Indexes of ImageNet's classes, in the order of its identifiers.
TEMPLE = {698: "palace", 442: "bell cote", 663: "monastery", 832: "stupa", 668: "mosque"}
FLOWER = {985: "daisy", 309: "bee", 947: "mushroom", 738: "pot"}


@pytest.fixture(scope="module")
def path():
    return resolve("efficientnet_lite0").sources[0].find()


@pytest.fixture(scope="module")
def network(path):
    network = resolve("efficientnet_lite0").build(224)
    lite_weights.load(path, network)
    return network


@pytest.fixture(scope="module")
def classify(network, path):
    tensors = read_state_dict(path)
    kernel, bias = tensors["_fc.weight"].T, tensors["_fc.bias"]

    def probabilities(scaled):
        pooled = np.asarray(network(scaled.astype("float32"), training=False)).mean(axis=(1, 2))
        exponents = np.exp(pooled @ kernel + bias)
        return exponents / exponents.sum(axis=1, keepdims=True)

    return probabilities


def as_expected(pixels):
    backbone = resolve("efficientnet_lite0")
    return pixels * backbone.scale + backbone.offset


def test_photographs_are_what_they_show(classify, photographs):
    temple, flower = classify(as_expected(photographs))
    assert temple.argmax() == 698
    assert set(temple.argsort()[-3:]) <= set(TEMPLE)
    assert flower.argmax() == 985
    assert flower[985] > 1.5 * np.sort(flower)[-2]


@pytest.mark.parametrize("wrongly", [lambda x: x, lambda x: x / 255_000], ids=["raw", "dark"])
def test_pixels_of_another_scale_are_seen_less_well(classify, photographs, wrongly):
    """Shows that the photographs above tell a right scale from a wrong one."""
    right, wrong = classify(as_expected(photographs)), classify(wrongly(photographs))
    for row, named in enumerate((TEMPLE, FLOWER)):
        assert right[row, list(named)].sum() > 1.5 * wrong[row, list(named)].sum()


def test_the_first_layer_is_that_of_the_file(network, path, photographs):
    """Channels, rows and columns in their order: computed here from the file, by the definition."""
    import keras

    tensors = read_state_dict(path)
    weight = tensors["_conv_stem.weight"].astype(np.float64)  # (out, in, row, column)
    row, column = 40, 70
    scaled = as_expected(photographs[0].astype(np.float64))
    patch = scaled[2 * row : 2 * row + 3, 2 * column : 2 * column + 3]
    summed = np.array([(kernel.transpose(1, 2, 0) * patch).sum() for kernel in weight])
    deviation = np.sqrt(tensors["_bn0.running_var"] + 1e-3)
    normed = (summed - tensors["_bn0.running_mean"]) / deviation
    expected = normed * tensors["_bn0.weight"] + tensors["_bn0.bias"]
    stem = keras.Model(network.input, network.get_layer("stem_bn").output)
    computed = np.asarray(stem(as_expected(photographs[:1]).astype("float32"), training=False))
    np.testing.assert_allclose(computed[0, row, column], expected, atol=1e-4)


def test_every_weight_is_set(network):
    untouched = lite(224).get_weights()
    same = [
        weight.path
        for weight, before in zip(network.weights, untouched, strict=True)
        if np.array_equal(weight.numpy(), before)
    ]
    assert same == []
    assert sum(weight.numpy().size for weight in network.weights) == 3_413_024


def without(name):
    return lambda tensors: {key: value for key, value in tensors.items() if key != name}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without("_blocks.3._bn1.running_var"), "has no tensor '_blocks.3._bn1.running_var'"),
        (without("_conv_head.weight"), "has no tensor '_conv_head.weight'"),
        (lambda t: t | {"_se_reduce.weight": np.zeros(3)}, "does not use: ['_se_reduce.weight']"),
        (
            lambda t: t | {"_bn0.weight": np.zeros(31)},
            "weights of another network",
        ),
        (lambda t: t | {"_blocks.16._bn1.weight": np.zeros(3)}, "does not use"),
    ],
    ids=["missing", "missing-top", "left-over", "shape", "another-block"],
)
def test_weights_that_do_not_fit_are_refused(monkeypatch, path, change, message):
    tensors = read_state_dict(path)
    monkeypatch.setattr(lite_weights, "read_state_dict", lambda _: change(tensors))
    with pytest.raises(DataError, match=re.escape(message)):
        lite_weights.load(path, lite(64))


@pytest.mark.parametrize("variant", [1, 2])
def test_weights_of_another_variant_are_refused(path, variant):
    with pytest.raises(DataError, match=r"no tensor|another network"):
        lite_weights.load(path, resolve(f"efficientnet_lite{variant}").build(64))


def test_a_package_that_is_not_installed_has_no_file():
    assert lite_weights._find("efficientnet_lite9_pytorch_model") is None
