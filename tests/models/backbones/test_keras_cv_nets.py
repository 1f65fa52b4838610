"""KerasCV's networks as registered: built for a fixed size, where an open one pads wrongly."""

import keras
import numpy as np
import pytest
from support.sizes import features, lite

from kaggle_prz.core.errors import UsageError
from kaggle_prz.models.backbones import resolve
from kaggle_prz.models.classifier import build_model

pytestmark = pytest.mark.keras


def test_lite0_at_240_is_the_network_built_for_240(imagenet_lite_240, photographs_240):
    network = resolve("efficientnet_lite0").build(240)
    assert network.output_shape == (None, 8, 8, 1280)
    network.set_weights(imagenet_lite_240.get_weights())
    right = features(imagenet_lite_240, photographs_240)
    np.testing.assert_allclose(features(network, photographs_240), right, atol=1e-5)


def test_lite0_of_open_size_is_another_network_at_240(imagenet_lite_240, photographs_240):
    """The trap that the test above guards against: 7×7 features instead of 8×8."""
    trap = lite(None)
    trap.set_weights(imagenet_lite_240.get_weights())
    mapped = trap(photographs_240, training=False)
    assert mapped.shape == (2, 7, 7, 1280)
    right = features(imagenet_lite_240, photographs_240)
    assert np.abs(features(trap, photographs_240) - right).max() > 0.1


@pytest.mark.parametrize(("size", "side"), [(160, 5), (240, 8), (300, 10), (320, 10)])
def test_lite0_has_the_feature_map_of_its_size(size, side):
    inputs = keras.Input((size, size, 3))
    assert resolve("efficientnet_lite0").build(size)(inputs).shape == (None, side, side, 1280)


@pytest.mark.parametrize(
    ("name", "channels"),
    [
        ("efficientnet_lite0", 1280),
        ("resnet18", 512),
        ("mobilenet_v3_small", 576),
        ("csp_darknet_tiny", 384),
    ],
)
def test_small_networks_build_at_64_px(name, channels):
    network = resolve(name).build(64)
    assert network.input_shape == (None, 64, 64, 3)
    assert network.output_shape == (None, 2, 2, channels)


def test_csp_darknet_takes_even_sizes_only():
    with pytest.raises(UsageError, match=r"multiples of 2 px.*Instead of 65 use 64 or 66"):
        build_model("csp_darknet_tiny", image_size=65, classes=2)
    model = build_model("csp_darknet_tiny", image_size=66, classes=2, weights="none")
    assert model.output_shape == (None, 2)


def test_networks_see_scaled_pixels():
    """KerasCV's networks are built without rescaling, so the model must do it, once."""
    for name in ("resnet18", "mobilenet_v3_small"):
        model = build_model(name, image_size=32, classes=2, weights="none")
        scaled = keras.Model(model.input, model.get_layer("rescale").output)
        ends = np.stack([np.zeros((32, 32, 3)), np.full((32, 32, 3), 255)]).astype("float32")
        np.testing.assert_allclose(np.asarray(scaled(ends))[:, 0, 0, 0], [0, 1], atol=1e-6)
        assert not any(
            isinstance(layer, keras.layers.Rescaling)
            for layer in model._flatten_layers(include_self=False)
            if layer.name != "rescale"
        )
