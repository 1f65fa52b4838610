"""Networks of keras.applications: every name that Keras lists, with the pixels that each takes."""

import sys
from typing import Any

import keras
import numpy as np
import pytest
from support import applications_table
from support.pictures import photographs

from kaggle_prz.core.errors import UsageError
from kaggle_prz.models.backbones import applications, resolve
from kaggle_prz.models.classifier import build

pytestmark = pytest.mark.keras

# Pixels scaled by three families in three ways, and by networks themselves in two.
OF_EACH_FAMILY = {"ResNet50", "DenseNet121", "MobileNetV2", "EfficientNetB0", "ConvNeXtTiny"}
# The others differ from these in width and depth: python -m support.every_backbone tries them all.
NAMES = [
    name if name == "ResNet50" else pytest.param(name, marks=pytest.mark.full)
    for name in sorted(OF_EACH_FAMILY)
]


def test_the_table_has_every_name_that_keras_lists():
    assert list(applications.facts()) == list(applications_table.functions())


@pytest.mark.parametrize("name", NAMES)
def test_the_table_is_what_keras_says(name):
    row = applications_table.row(name, applications_table.functions()[name])
    known = applications.facts()[name]
    assert row == applications_table.Row(
        known.parameters, known.minimum, tuple(known.scale), tuple(known.offset), known.bgr,
        known.top_1, known.file, known.url, known.digest,
    )  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_features_are_those_of_the_documented_road(name):
    function: Any = getattr(keras.applications, name)
    preprocess = sys.modules[function.__module__].preprocess_input
    for size in (96, 131):
        made = build(resolve(name), size, 2, weights="none", seed=size)
        documented = function(
            include_top=False, weights=None, input_shape=(size, size, 3), pooling="avg"
        )
        documented.set_weights(made.network.get_weights())
        pixels = photographs(size)
        ours = np.asarray(made.features(pixels))
        theirs = np.asarray(documented(preprocess(pixels.copy())))
        scale = np.abs(theirs).max()
        assert np.abs(theirs[0] - theirs[1]).max() > 1e-3 * scale
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-4 * scale)


@pytest.mark.full
@pytest.mark.parametrize("policy", ["float32", "mixed_float16"])
@pytest.mark.parametrize("name", sorted(OF_EACH_FAMILY))
def test_a_step_trains_it(name, policy):
    made = build(resolve(name), 96, 2, weights="none", policy=policy)
    before = made.head[0].copy()
    made.model.compile("sgd", "sparse_categorical_crossentropy", jit_compile=False)
    assert np.isfinite(made.model.train_on_batch(photographs(96), np.array([0, 1])))
    assert np.abs(made.head[0] - before).max() > 0
    assert {weight.dtype for weight in made.model.weights} <= {"float32", "int64"}


@pytest.mark.full
@pytest.mark.parametrize("name", ["ResNet50", "DenseNet121", "MobileNetV2", "MobileNetV3Small"])
def test_weights_for_colour_suit_grey_and_more_channels(name, tmp_path):
    donor = resolve(name).build(64)
    file = tmp_path / "mine.weights.h5"
    donor.save_weights(file)
    colour = build(resolve(name), 64, 2, weights=str(file))
    pixels = np.random.default_rng(0).uniform(0, 255, (2, 64, 64, 1)).astype(np.float32)
    wanted = colour.features.predict(pixels.repeat(3, axis=-1), verbose=0)
    for channels in (1, 6):
        made = build(resolve(name), 64, 2, weights=str(file), channels=channels)
        seen = made.features.predict(pixels.repeat(channels, axis=-1), verbose=0)
        np.testing.assert_allclose(seen, wanted, rtol=0, atol=1e-3 * np.abs(wanted).max())


def test_the_network_scales_pixels_and_the_model_does_not():
    classifier = build(resolve("MobileNetV3Small"), 32, 2, weights="none")
    assert not classifier.pretrained
    scaling = [
        layer
        for layer in classifier.model._flatten_layers(include_self=False)
        if isinstance(layer, keras.layers.Rescaling)
    ]
    assert len(scaling) == 1
    pixels = np.array([0.0, 255.0], np.float32).reshape(2, 1, 1, 1)
    np.testing.assert_allclose(np.ravel(scaling[0](pixels)), [-1, 1], atol=1e-6)


def test_weights_come_from_a_file(tmp_path):
    donor = resolve("MobileNetV3Small").build(32)
    file = tmp_path / "mine.weights.h5"
    donor.save_weights(file)
    classifier = build(resolve("MobileNetV3Small"), 64, 2, weights=str(file))
    assert classifier.pretrained
    assert "mine.weights.h5" in classifier.notes[0]
    for given, set_ in zip(donor.get_weights(), classifier.network.get_weights(), strict=True):
        np.testing.assert_array_equal(given, set_)


def test_weights_of_another_network_are_refused(tmp_path):
    file = tmp_path / "other.weights.h5"
    resolve("tiny").build(32).save_weights(file)
    with pytest.raises(
        UsageError, match=r"other\.weights\.h5 does not have the weights of MobileNet"
    ):
        build(resolve("MobileNetV3Small"), 32, 2, weights=str(file))
