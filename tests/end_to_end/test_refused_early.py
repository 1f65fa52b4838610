"""What cannot be trained is refused in a sentence, before an image is decoded."""

import functools
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from keras import layers

import kaggle_prz as prz
from kaggle_prz import images
from kaggle_prz.competitions import embedded
from kaggle_prz.competitions.embedded import source
from kaggle_prz.competitions.embedded.shapes import Shapes
from kaggle_prz.core import environment, plugins
from kaggle_prz.core.errors import PrzError
from kaggle_prz.models.backbones import Backbone

pytestmark = pytest.mark.keras

SIZES = (32, 48)


class DecodedError(Exception):
    """An image was decoded."""


@pytest.fixture(autouse=True)
def shapes(monkeypatch):
    """Few pictures, none of which may be decoded."""

    def decode(*_, **__):
        raise DecodedError

    drawn = Shapes(train=8, test=4)
    monkeypatch.setattr(source, "EMBEDDED", {**embedded.EMBEDDED, "shapes": drawn})
    monkeypatch.setattr(images, "decode", decode)


def net(size, *more, channels=3, name="mine"):
    return keras.Sequential(
        [keras.Input((size, size, channels)), layers.Conv2D(4, 3, padding="same"), *more],
        name=name,
    )


class Torch:
    __module__ = "torch.nn.modules.module"


class OldKeras:
    __module__ = "tf_keras.src.engine.training"


class Bare(layers.Layer):
    """A layer that cannot say how it was made."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def call(self, x):
        return self.function(x)


class Failing(layers.Layer):
    """A layer that cannot be trained."""

    def call(self, x, training=False):
        if training:
            raise RuntimeError("not today")
        return x


class Positions(layers.Layer):
    """One vector for each pixel of the map that it is built on."""

    def build(self, shape):
        self.vectors = self.add_weight(shape=tuple(shape[1:]), name="vectors")

    def call(self, x):
        return x + self.vectors


class Subclassed(keras.Model):
    def call(self, images):
        return images


class MineError(Exception):
    """The user's own."""


def raises(error):
    def failing(size):
        raise error

    return failing


def two_arguments(size, depth):
    return net(size)


def no_argument():
    return net(32)


def keyword_alone(*, size):
    return net(size)


async def coroutine(size):
    return net(size)


def generator(size):
    yield net(size)


def one_size(size):
    return net(32)


def by_size_in_names(size):
    return net(size, layers.Conv2D(4, 3, name=f"conv{size}"))


def deeper_when_larger(size):
    return net(size, *[layers.Conv2D(4, 1) for _ in range(size // 16)])


def wider_when_larger(size):
    return net(size, layers.Conv2D(size, 1))


def flattened(size):
    return net(size, layers.Flatten(), layers.Dense(8))


def two_inputs(size):
    one, other = keras.Input((size, size, 3)), keras.Input((size, size, 3))
    return keras.Model([one, other], layers.Add()([one, other]))


def two_outputs(size):
    images = keras.Input((size, size, 3))
    return keras.Model(images, [layers.Conv2D(2, 3)(images), layers.Conv2D(2, 3)(images)])


def channels_first(size):
    return net(size, layers.Conv2D(4, 3, padding="same", data_format="channels_first"))


def padded(size):
    images = keras.Input((size, size, 3))
    x = layers.ZeroPadding2D(((0, 1), (0, 1)), name="stem_pad")(images)
    return keras.Model(images, layers.Conv2D(4, 3, strides=2)(x), name="padded")


def within(size):
    inner = keras.Sequential([keras.Input((32, 32, 3)), layers.Conv2D(4, 3)], name="inner")
    return keras.Sequential([keras.Input((32, 32, 3)), inner], name="outer")


def headed(activation, size=32):
    return net(size, layers.GlobalAveragePooling2D(), layers.Dense(4, activation=activation))


NETWORKS = {
    "number": (3, "received int"),
    "list": (["tiny"], "received list"),
    "dictionary": ({"name": "tiny"}, "received dict"),
    "array": (np.zeros(2), "received ndarray"),
    "table": (pd.DataFrame({"a": [1]}), "received DataFrame"),
    "path": (Path("net.keras"), "names no network: there is no file"),
    "unknown-name": ("efficientnet_b9", "Unknown backbone 'efficientnet_b9'"),
    "torch-module": (Torch(), "torch's Torch. PyTorch networks are not supported"),
    "torch-class": (Torch, "the class Torch. PyTorch networks are not supported"),
    "keras-2": (OldKeras(), "tf_keras's OldKeras. It is a network of Keras 2"),
    "layer": (layers.Conv2D(4, 3), "keras's Conv2D. Put the layer into a model: lambda size"),
    "layer-class": (layers.Conv2D, "the class Conv2D. Pass a function"),
    "model-class": (Subclassed, "the class Subclassed. Pass a function"),
    "symbolic-tensor": (keras.Input((32, 32, 3)), "Make a model of it: keras.Model(inputs"),
    "application": (
        keras.applications.ResNet50,
        "the function ResNet50. Its first argument is not an image size",
    ),
    "two-arguments": (two_arguments, "two_arguments(size, depth) cannot be"),
    "no-argument": (no_argument, "no_argument() cannot be"),
    "keyword-alone": (keyword_alone, "keyword_alone(*, size) cannot be"),
    "coroutine": (coroutine, "coroutine returns a coroutine or generator"),
    "generator": (generator, "generator returns a coroutine or generator"),
    "partial-of-too-much": (
        functools.partial(two_arguments, 32, 4),
        "is called with one argument, the image size in px",
    ),
    "returns-none": (lambda size: None, "lambda must return a keras.Model"),
    "returns-layer": (lambda size: layers.Conv2D(4, 3), "for the size 32 it returned Conv2D"),
    "returns-tensor": (lambda size: keras.Input((size, size, 3)), "it returned KerasTensor."),
    "returns-pair": (lambda size: (net(size), 4), "it returned tuple."),
    "returns-torch": (lambda size: Torch(), "it returned Torch."),
    "raises-value-error": (raises(ValueError("no")), "failed for 32 px with ValueError: no."),
    "raises-not-implemented": (
        raises(NotImplementedError()),
        "with NotImplementedError: it gives no reason",
    ),
    "raises-attribute-error": (raises(AttributeError("x")), "with AttributeError: x."),
    "preset-not-fetched": (
        raises(ConnectionError("HTTPSConnectionPool: Max retries exceeded")),
        "The function downloads weights, and the download failed. Download them",
    ),
    "weights-not-fetched": (
        raises(Exception("URL fetch failure on https://storage: None")),
        "The function downloads weights, and the download failed. Download them",
    ),
    "ignores-its-size": (one_size, "called with 48 and returned a network for images of 32×32"),
    "names-by-size": (by_size_in_names, "a different network there: 2 missing in the source: "),
    "deeper-when-larger": (deeper_when_larger, "a different network there: 2 missing"),
    "wider-when-larger": (wider_when_larger, "a different network there: 2 with another shape: "),
    "flattened-function": (flattened, "a different network there: 1 with another shape: "),
    "flattened-model": (flattened(32), "cannot be rebuilt for 48 px"),
    "positions-of-no-square": (
        lambda size: keras.Sequential(
            [
                keras.Input((size, size, 3)),
                layers.Reshape((size, size * 3)),
                layers.Lambda(lambda x: x),
                Positions(name="position_embedding"),
                layers.GlobalAveragePooling1D(),
            ]
        ),
        "position_embedding/vectors (32, 96) -> (48, 144)",
    ),
    "fixed-within-a-model": (within(32), "'outer' cannot be rebuilt for 48 px"),
    "no-get-config": (net(32, Bare(abs)), "Bare has no get_config"),
    "padded-by-hand": (padded(33), "has manual padding (stem_pad)"),
    "subclassed": (Subclassed(), "functional or sequential model with one input"),
    "unbuilt": (keras.Sequential([layers.Conv2D(4, 3)]), "functional or sequential model"),
    "two-inputs": (two_inputs(32), "functional or sequential model with one input"),
    "two-outputs": (two_outputs, "functional or sequential model with one input"),
    "softmax-head": (headed("softmax"), "ends with the softmax of a classifier"),
    "sigmoid-head": (headed("sigmoid"), "ends with the sigmoid of a classifier"),
    "head-within": (
        lambda size: keras.Sequential([keras.Input((size, size, 3)), headed("sigmoid", size)]),
        "ends with the sigmoid of a classifier",
    ),
    "softmax-layer": (net(32, layers.Flatten(), layers.Softmax()), "ends with the softmax of"),
    "hidden-softmax": (
        net(32, layers.GlobalAveragePooling2D(), layers.Lambda(keras.ops.softmax)),
        "4 outputs of 'mine' sum to 1 for every image",
    ),
    "not-finite": (net(32, layers.Lambda(lambda x: x / 0.0)), "NaN or infinite features"),
    "fails-in-training": (net(32, Failing()), "fails on an image of 32 px with RuntimeError"),
    "no-width": (net(32, layers.Lambda(lambda x: x[..., :0])), "has no features"),
    "three-axes": (net(32, layers.Reshape((32, 128))), "returns the shape (None, 32, 128)"),
    "three-axes-function": (
        lambda size: net(size, layers.Reshape((size, size * 4))),
        "returns the shape (None, 32, 128)",
    ),
    "channels-first": (channels_first, "takes channels first"),
    "grey-model": (net(32, channels=1), "takes images with 1 channel; the images have 3"),
    "grey-function": (lambda size: net(size, channels=1), "takes images with 1 channel;"),
}  # fmt: skip


@pytest.mark.parametrize("case", NETWORKS)
def test_a_network_is_refused_before_an_image_is_decoded(case, tmp_path):
    thing, said = NETWORKS[case]
    with pytest.raises(PrzError) as caught:
        prz.fit("shapes", backbone=thing, sizes=SIZES, folds=2, output_dir=tmp_path / "runs")
    assert said in str(caught.value)
    assert not (tmp_path / "runs").exists()


def other_weights(place):
    net(32).save_weights(place / "other.weights.h5")
    return {"weights": str(place / "other.weights.h5")}


def no_weights(place):
    (place / "text.weights.h5").write_text("none")
    return {"weights": str(place / "text.weights.h5")}


OPTIONS = {
    "weights-of-another-network": (other_weights, "does not have the weights of tiny"),
    "weights-that-are-text": (no_weights, "does not have the weights of tiny"),
    "weights-not-there": (lambda _: {"weights": "none.h5"}, "weights file; received 'none.h5'"),
    "weights-directory": (lambda place: {"weights": str(place)}, "an existing weights file"),
    "no-imagenet": (lambda _: {"weights": "imagenet"}, "tiny has no pretrained weights"),
    "too-small": (lambda _: {"sizes": (8,), "backbone": "efficientnet_lite0"}, "at least 32 px"),
    "odd-size": (lambda _: {"sizes": (33,), "backbone": "csp_darknet_tiny"}, "multiples of 2 px"),
}  # fmt: skip


@pytest.mark.parametrize("case", OPTIONS)
def test_weights_and_sizes_are_refused_before_an_image_is_decoded(case, tmp_path):
    make, said = OPTIONS[case]
    given = {"backbone": "tiny", "sizes": SIZES, "folds": 2} | make(tmp_path)
    with pytest.raises(PrzError) as caught:
        prz.fit("shapes", output_dir=tmp_path / "runs", **given)
    assert said in str(caught.value)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("backend", "missing", "said"),
    [
        ("tensorflow", "tensorflow", "needs the package tensorflow.*kaggle-prz.cpu"),
        ("jax", "jax", "needs the package jax.*kaggle-prz.jax"),
        ("tensorfow", "", "tensorflow or jax; received 'tensorfow', which is not installed"),
        ("no such name", "", "received 'no such name'"),
        ("../x", "", "received '../x'"),
    ],
)
@pytest.mark.parametrize("backbone", ["tiny", net])
def test_a_framework_that_is_not_there(backend, missing, said, backbone, monkeypatch):
    find = environment.importlib.util.find_spec
    monkeypatch.setenv("KERAS_BACKEND", backend)
    monkeypatch.setattr(
        environment.importlib.util,
        "find_spec",
        lambda name: None if name == missing else find(name),
    )
    with pytest.raises(PrzError, match=said):
        prz.fit("shapes", backbone=backbone, sizes=SIZES)


def test_the_framework_of_the_settings_file(monkeypatch, tmp_path):
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    for content, said in (('{"backend": "mxnet"}', "received 'mxnet'"), ("{", ""), ("[]", "")):
        (tmp_path / "keras.json").write_text(content)
        if said:
            with pytest.raises(PrzError, match=said):
                environment.check_framework()
        else:
            environment.check_framework()


def test_a_plugin_that_is_another_network_at_another_size(monkeypatch, tmp_path):
    def build(size, channels=3):
        return deeper_when_larger(size)

    monkeypatch.setattr(plugins, "names", lambda kind: ["theirs"])
    monkeypatch.setattr(
        plugins, "load", lambda kind, name: Backbone(name, build, from_scratch=True)
    )
    with pytest.raises(PrzError, match="'theirs' is a different network there"):
        prz.fit("shapes", backbone="theirs", sizes=SIZES, output_dir=tmp_path / "runs")


def test_the_users_own_exception_passes(tmp_path):
    with pytest.raises(MineError, match="out of luck"):
        prz.fit("shapes", backbone=raises(MineError("out of luck")), sizes=SIZES)


def test_the_fault_of_a_function_can_be_looked_up():
    with pytest.raises(PrzError) as caught:
        prz.fit("shapes", backbone=raises(ValueError("deep inside")), sizes=SIZES)
    assert isinstance(caught.value.__cause__, ValueError)


@pytest.mark.full
def test_networks_of_these_kinds_are_taken(tmp_path):
    class Builder:
        def __call__(self, size):
            return net(size)

    resnet = keras.applications.ResNet50V2(include_top=False, weights=None, input_shape=(64, 64, 3))
    for thing, sizes in ((Builder(), SIZES), (functools.partial(net), SIZES), (resnet, (64, 96))):
        with pytest.raises(DecodedError):
            prz.fit("shapes", backbone=thing, sizes=sizes, output_dir=tmp_path / "runs")
