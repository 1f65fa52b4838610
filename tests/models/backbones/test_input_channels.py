"""Networks on any number of channels; from weights on RGB, grey gives what it gave as RGB."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaggle_prz.core.errors import UsageError
from kaggle_prz.models.backbones import Backbone, resolve
from kaggle_prz.models.backbones.input_channels import adapt, adapted_kernel
from kaggle_prz.models.classifier import Classifier, build

NAMES = ("csp_darknet_tiny", "EfficientNetV2B0", "ConvNeXtTiny", "MobileNetV3Small")
GREY = np.random.default_rng(0).uniform(0, 255, (2, 64, 64, 1)).astype(np.float32)


@given(st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_a_kernel_sees_grey_as_it_saw_it_in_colour(thirds, seed):
    kernel = np.random.default_rng(seed).normal(size=(3, 3, 3, 4)).astype(np.float32)
    for channels in (1, 3 * thirds):
        adapted = adapted_kernel(kernel, channels)
        assert adapted.shape == (3, 3, channels, 4)
        assert adapted.dtype == np.float32
        np.testing.assert_allclose(adapted.sum(axis=2), kernel.sum(axis=2), atol=1e-5)


def test_filters_are_repeated_in_turn():
    kernel = np.arange(3, dtype=np.float32).reshape(3, 1)
    assert adapted_kernel(kernel, 3).tolist() == kernel.tolist()
    np.testing.assert_allclose(adapted_kernel(kernel, 2)[:, 0], [0, 1.5])
    np.testing.assert_allclose(adapted_kernel(kernel, 5)[:, 0], np.array([0, 1, 2, 0, 1]) * 0.6)


def classifier(name: str, channels: int, weights: str = "none", size: int = 64) -> Classifier:
    return build(resolve(name), size, 2, weights=weights, channels=channels)


def pooled(made: Classifier, pixels: np.ndarray) -> np.ndarray:
    given: np.ndarray = made.features.predict(pixels, verbose=0)
    return given


@pytest.mark.keras
def test_grey_gives_the_features_of_its_rgb(tmp_path):
    file = tmp_path / "rgb.weights.h5"
    resolve("tiny").build(64).save_weights(file)
    made = {channels: classifier("tiny", channels, str(file)) for channels in (1, 3, 6)}
    right = pooled(made[3], GREY.repeat(3, axis=-1))
    assert np.abs(right[0] - right[1]).max() > 1e-4
    for channels in (1, 6):
        assert made[channels].model.input_shape == (None, 64, 64, channels)
        seen = pooled(made[channels], GREY.repeat(channels, axis=-1))
        np.testing.assert_allclose(seen, right, atol=1e-5)


def stem(network: keras.Model) -> keras.Model:
    """A network up to its first layer with weights."""
    first = next(layer for layer in network.layers if layer.weights)
    return keras.Model(network.input, first.output)


@pytest.mark.keras
@pytest.mark.parametrize(
    "name", [*(pytest.param(name, marks=pytest.mark.full) for name in NAMES[:-1]), NAMES[-1]]
)
def test_the_first_layer_sees_grey_as_it_saw_it_in_colour(name):
    donor = resolve(name).build(64)
    right = stem(donor)(GREY.repeat(3, axis=-1)).numpy()
    for channels in (1, 6):
        network = resolve(name).build(64, channels)
        adapt(donor, network)
        assert network.output_shape == donor.output_shape
        seen = stem(network)(GREY.repeat(channels, axis=-1)).numpy()
        np.testing.assert_allclose(seen, right, atol=np.abs(right).max() * 1e-5)


@pytest.mark.full
@pytest.mark.keras
def test_imagenet_weights_are_adapted_and_it_is_said():
    three, one, four = (
        build(resolve("efficientnet_lite0"), 64, 2, channels=channels) for channels in (3, 1, 4)
    )
    assert three.notes[0] == "weights: efficientnet_lite0 from efficientnet-lite0-57934424.pth"
    assert one.notes[0] == f"{three.notes[0]}, first convolution adapted from 3 channels to 1"
    assert one.pretrained
    assert "kept in inference mode" in one.notes[1]
    right = pooled(three, GREY.repeat(3, axis=-1))
    np.testing.assert_allclose(pooled(one, GREY), right, atol=1e-4)
    narrow = three.model.layers[2].get_layer("stem_conv").get_weights()[0]
    wide = four.model.layers[2].get_layer("stem_conv").get_weights()[0]
    np.testing.assert_allclose(wide, narrow[:, :, [0, 1, 2, 0]] * 0.75, rtol=1e-6)


@pytest.mark.keras
def test_weights_of_as_many_channels_are_taken_as_they_are(tmp_path):
    file = tmp_path / "five.weights.h5"
    donor = resolve("tiny").build(32, 5)
    donor.save_weights(file)
    made = classifier("tiny", 5, str(file), 32)
    assert "adapted" not in made.notes[0]
    for given_, set_ in zip(
        donor.get_weights(), made.model.get_layer("tiny").get_weights(), strict=True
    ):
        np.testing.assert_array_equal(given_, set_)


@pytest.mark.keras
def test_weights_of_another_network_are_refused_on_any_number_of_channels(tmp_path):
    file = tmp_path / "other.weights.h5"
    resolve("MobileNetV3Small").build(32).save_weights(file)
    for channels in (1, 3):
        with pytest.raises(UsageError, match="does not have the weights of tiny"):
            classifier("tiny", channels, str(file), 32)


def two_convolutions() -> keras.Model:
    images = keras.Input((32, 32, 1))
    x = keras.layers.Conv2D(8, 5, use_bias=False)(images)
    return keras.Model(images, keras.layers.Conv2D(9, 3)(x), name="wider")


@pytest.mark.keras
def test_networks_that_differ_in_more_are_refused():
    with pytest.raises(UsageError, match="wider with 1 input channels cannot take"):
        adapt(resolve("tiny").build(32), two_convolutions())


@pytest.mark.keras
def test_a_plugin_of_three_channels_only_still_builds():
    from support.toy_nets import plain_net

    backbone = Backbone("plain", plain_net, minimum=8, from_scratch=True)
    assert build(backbone, 16, 2).model.input_shape == (None, 16, 16, 3)
    with pytest.raises(UsageError, match="plain cannot be built for images of 16 px and 4 chan"):
        build(backbone, 16, 2, channels=4)
