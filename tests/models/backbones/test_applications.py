"""Networks of keras.applications: they scale pixels themselves and come without weights."""

import keras
import numpy as np
import pytest

from kaggle_prz.core.errors import UsageError
from kaggle_prz.models.backbones import pretrained_file, resolve
from kaggle_prz.models.classifier import build

pytestmark = pytest.mark.keras


@pytest.mark.parametrize(
    ("name", "channels"),
    [("EfficientNetV2B0", 1280), ("MobileNetV3Small", 576), ("ConvNeXtTiny", 768)],
)
def test_networks_build_without_head_at_64_px(name, channels):
    network = resolve(name).build(64)
    assert network.input_shape == (None, 64, 64, 3)
    assert network.output_shape == (None, 2, 2, channels)


def test_the_network_scales_pixels_and_the_model_does_not():
    classifier = build(resolve("MobileNetV3Small"), 32, 2)
    assert not classifier.pretrained
    scaling = [
        layer
        for layer in classifier.model._flatten_layers(include_self=False)
        if isinstance(layer, keras.layers.Rescaling)
    ]
    assert len(scaling) == 1
    pixels = np.array([0.0, 255.0], np.float32).reshape(2, 1, 1, 1)
    np.testing.assert_allclose(np.ravel(scaling[0](pixels)), [-1, 1], atol=1e-6)


def test_imagenet_weights_are_refused_before_anything_is_fetched():
    with pytest.raises(UsageError, match=r"No package.*EfficientNetV2B0.*--weights"):
        pretrained_file(resolve("EfficientNetV2B0"), "imagenet")


def test_weights_come_from_a_file(tmp_path):
    donor = resolve("MobileNetV3Small").build(32)
    file = tmp_path / "mine.weights.h5"
    donor.save_weights(file)
    classifier = build(resolve("MobileNetV3Small"), 64, 2, weights=str(file))
    assert classifier.pretrained
    assert "mine.weights.h5" in classifier.notes[0]
    network = next(layer for layer in classifier.model.layers if isinstance(layer, keras.Model))
    for given, set_ in zip(donor.get_weights(), network.get_weights(), strict=True):
        np.testing.assert_array_equal(given, set_)


def test_weights_of_another_network_are_refused(tmp_path):
    file = tmp_path / "other.weights.h5"
    resolve("tiny").build(32).save_weights(file)
    with pytest.raises(
        UsageError, match=r"other\.weights\.h5 does not have the weights of MobileNet"
    ):
        build(resolve("MobileNetV3Small"), 32, 2, weights=str(file))
