"""A network of the user's own: rebuilt at every size, or refused where that would change it."""

import functools

import keras
import numpy as np
import pytest
from keras import layers
from support.sizes import features, lite

from kaggle_prz.core.errors import UsageError
from kaggle_prz.models.backbones import resolve
from kaggle_prz.models.classifier import build_model

pytestmark = pytest.mark.keras


def conv_net(size: int | None = 32, name: str = "mine") -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((size, size, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(4, 3, strides=2, activation="relu"),
            layers.Conv2D(6, 3, activation="relu"),
        ],
        name=name,
    )


def padding_net(size: int | None = 32) -> keras.Model:
    images = keras.Input((size, size, 3))
    x = layers.ZeroPadding2D(((0, 1), (0, 1)), name="stem_pad")(images)
    return keras.Model(images, layers.Conv2D(4, 3, strides=2)(x), name="padding")


def test_a_model_is_rebuilt_with_its_weights_at_another_size():
    mine = conv_net(32)
    wrapped = resolve(mine)
    assert (wrapped.name, wrapped.pretrained) == ("mine", True)
    at_48 = wrapped.build(48)
    assert at_48.input_shape == (None, 48, 48, 3)
    assert at_48 is not mine
    for given, set_ in zip(mine.get_weights(), at_48.get_weights(), strict=True):
        np.testing.assert_array_equal(given, set_)
    images = np.random.default_rng(0).uniform(0, 255, (2, 48, 48, 3)).astype("float32")
    open_twin = conv_net(None)
    open_twin.set_weights(mine.get_weights())
    np.testing.assert_allclose(features(at_48, images), features(open_twin, images), atol=1e-6)


@pytest.mark.full
def test_a_kerascv_model_of_open_size_gives_the_features_of_a_fixed_one(
    imagenet_lite_240, photographs_240
):
    handed_over = lite(None)
    handed_over.set_weights(imagenet_lite_240.get_weights())
    network = resolve(handed_over).build(240)
    right = features(imagenet_lite_240, photographs_240)
    np.testing.assert_allclose(features(network, photographs_240), right, atol=1e-5)
    assert np.abs(features(handed_over, photographs_240) - right).max() > 0.1  # as it came


def test_a_model_that_pads_for_the_other_parity_is_refused():
    with pytest.raises(
        UsageError, match=r"'padding' has manual padding \(stem_pad\).*33 px.*function"
    ):
        resolve(padding_net(32)).build(33)
    assert resolve(padding_net(32)).build(48).output_shape == (None, 24, 24, 4)
    assert resolve(padding_net(33)).build(35).output_shape == (None, 17, 17, 4)


def test_a_model_of_open_size_pads_for_even_maps():
    assert resolve(padding_net(None)).build(32).output_shape == (None, 16, 16, 4)
    with pytest.raises(UsageError, match="has manual padding"):
        resolve(padding_net(None)).build(33)


def test_a_padding_model_within_a_model_is_refused():
    within = keras.Sequential(
        [keras.Input((None, None, 3)), layers.Rescaling(1 / 255), padding_net(None)], name="outer"
    )
    with pytest.raises(UsageError, match=r"'outer' has manual padding \(padding\)"):
        resolve(within).build(48)


def test_a_function_is_called_with_every_size():
    called = []

    def my_network(size):
        called.append(size)
        return conv_net(size)

    wrapped = resolve(my_network)
    assert wrapped.name == "my_network"
    assert [wrapped.build(size).input_shape[1] for size in (24, 40)] == [24, 40]
    assert called == [24, 40]


def test_a_function_that_returns_something_else_is_refused():
    with pytest.raises(
        UsageError, match=r"my_array must return a keras\.Model.*32 it returned ndarray"
    ):
        build_model(my_array, image_size=32, classes=2)


def my_array(size):
    return np.zeros(size)


@pytest.mark.parametrize("thing", [3, None, ["tiny"], np.zeros(2)])
def test_something_else_is_refused(thing):
    with pytest.raises(UsageError, match=f"received {type(thing).__name__}"):
        resolve(thing)


class Subclassed(keras.Model):
    def call(self, images):
        return images


def two_outputs(size: int) -> keras.Model:
    images = keras.Input((size, size, 3))
    return keras.Model(images, [layers.Conv2D(2, 3)(images), layers.Conv2D(2, 3)(images)])


@pytest.mark.parametrize(
    "model",
    [
        lambda size: Subclassed(),
        lambda size: keras.Sequential([layers.Conv2D(4, 3)]),
        two_outputs,
    ],
    ids=["subclassed", "unbuilt", "two-outputs"],
)
def test_a_model_that_is_not_from_image_to_features_is_refused(model):
    for handed_over in (model(32), model):
        with pytest.raises(UsageError, match="functional or sequential model with one input"):
            build_model(handed_over, image_size=32, classes=2)


def grey_net(size: int) -> keras.Model:
    return keras.Sequential([keras.Input((size, size, 1)), layers.Conv2D(4, 3)], name="grey_net")


def test_a_model_of_other_channels_is_refused():
    for handed_over in (grey_net(32), grey_net):
        assert build_model(handed_over, 48, channels=1).input_shape == (None, 48, 48, 1)
        for channels in (3, 5):
            said = f"'grey_net' takes images with 1 channel; the images have {channels}. Pass"
            with pytest.raises(UsageError, match=said):
                build_model(handed_over, image_size=48, channels=channels)
    with pytest.raises(UsageError, match="'mine' takes images with 3 channels; the images have 1"):
        build_model(conv_net(), image_size=32, channels=1)


def test_a_model_that_only_fits_one_size_is_refused_with_a_remedy():
    flat = keras.Sequential(
        [keras.Input((16, 16, 3)), layers.Flatten(), layers.Dense(4)], name="flat"
    )
    assert build_model(flat, image_size=16, classes=2).output_shape == (None, 2)
    with pytest.raises(UsageError, match=r"'flat' cannot be rebuilt for 24 px.*Pass a func"):
        build_model(flat, image_size=24, classes=2)


def test_features_of_another_rank_are_refused():
    odd = keras.Sequential([keras.Input((8, 8, 3)), layers.Reshape((8, 24))], name="odd")
    with pytest.raises(UsageError, match=r"odd returns the shape \(None, 8, 24\)"):
        build_model(odd, image_size=8, classes=2)


def test_functions_within_a_model_are_those_of_the_model():
    factor = 3.0
    inner = keras.Sequential([keras.Input((None, None, 4)), layers.Lambda(lambda x: x * factor)])
    mine = keras.Sequential([keras.Input((16, 16, 3)), layers.Conv2D(4, 1), inner])
    images = np.ones((1, 24, 24, 3), "float32")
    plain = keras.Sequential([keras.Input((24, 24, 3)), layers.Conv2D(4, 1)])
    plain.set_weights(mine.get_weights())
    got = features(resolve(mine).build(24), images)
    np.testing.assert_allclose(got, features(plain, images) * factor, atol=1e-4)


def symmetric_net(size: int | None, stride: int = 2) -> keras.Model:
    images = keras.Input((size, size, 3))
    x = layers.ZeroPadding2D(1, name="both")(images)
    return keras.Model(images, layers.Conv2D(4, 3, strides=stride)(x), name="symmetric")


@pytest.mark.parametrize(
    ("model", "size", "fits"),
    [
        (symmetric_net(32), 33, True),  # on both sides of an even map: so at every size
        (symmetric_net(None), 33, True),
        (symmetric_net(33), 32, False),  # may pad by one side there
        (symmetric_net(33, stride=1), 32, True),
        (padding_net(33), 32, False),
    ],
)
def test_padding_fits_another_size_where_it_would_be_the_same(model, size, fits):
    if fits:
        assert resolve(model).build(size).input_shape == (None, size, size, 3)
    else:
        with pytest.raises(UsageError, match="has manual padding"):
            resolve(model).build(size)


@pytest.mark.full
def test_a_resnet_passes_from_64_to_96_px():
    given, right = (
        keras.applications.ResNet50V2(include_top=False, weights=None, input_shape=(size, size, 3))
        for size in (64, 96)
    )
    right.set_weights(given.get_weights())
    images = np.random.default_rng(0).uniform(0, 1, (1, 96, 96, 3)).astype("float32")
    rebuilt = resolve(given).build(96)
    np.testing.assert_allclose(features(rebuilt, images), features(right, images), atol=1e-4)


@pytest.mark.parametrize(("thing", "name"), [
    (lambda: conv_net, "conv_net"),
    (lambda: lambda size: conv_net(size, name="y"), "lambda"),
    (lambda: functools.partial(conv_net, name="x"), "conv_net"),
    (lambda: conv_net(name="a b<c>"), "a-b-c"),
    (lambda: keras.Sequential([keras.Input((8, 8, 3)), layers.ReLU()]), "sequential"),
    (lambda: keras.Model(x := keras.Input((8, 8, 3)), layers.ReLU()(x)), "functional"),
    (lambda: lite(32), "efficient_net_lite_backbone"),
    (lambda: conv_net(name="net_2"), "net_2"),
])  # fmt: skip
def test_names_are_those_of_directories(thing, name):
    assert [resolve(thing()).name, resolve(thing()).name] == [name, name]


def test_a_model_that_a_function_keeps_is_not_trained():
    kept = {}

    def cached(size):
        return kept.setdefault(size, conv_net(size))

    wrapped = resolve(cached)
    first, second = wrapped.build(32), wrapped.build(32)
    assert first is kept[32]
    assert second is not first
    for given, copied in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(given, copied)
