"""KerasCV's networks as registered: built for a fixed size, where an open one pads wrongly."""

import math

import keras
import keras_cv
import numpy as np
import pytest
from support.pictures import photographs
from support.sizes import features, lite

from kaggle_prz.core.errors import UsageError
from kaggle_prz.models.backbones import applications, keras_cv_nets, resolve
from kaggle_prz.models.classifier import build, build_model
from kaggle_prz.models.transfer import named_weights, transfer

pytestmark = pytest.mark.keras

FACTS = keras_cv_nets.facts()
CHEAP = {"resnet18"}
# The others differ from these in width and depth: python -m support.every_backbone tries them all.
OF_EACH_FAMILY = {
    "csp_darknet_s", "densenet121", "efficientnet_lite0", "efficientnetv1_b0", "efficientnetv2_b0",
    "mit_b0", "mobilenet_v3_small", "resnet18_v2", "vgg16",
}  # fmt: skip
# Video and detection, and a class that others are made of.
OF_OTHER_TASKS = {
    "Backbone", "CenterPillarBackbone", "ViTDetBackbone", "VideoSwinBackbone", "YOLOV8Backbone",
}  # fmt: skip
NAMES = [*CHEAP, *(pytest.param(name, marks=pytest.mark.full) for name in sorted(OF_EACH_FAMILY))]


def presets() -> dict[str, dict]:
    """Every preset of an image backbone that KerasCV lists, by our name of its network."""
    found = {}
    for class_name in {known.class_name for known in FACTS.values()}:
        found |= getattr(keras_cv.models, class_name).presets
    return {
        name.replace("efficientnetlite_b", "efficientnet_lite"): of for name, of in found.items()
    }


def _rounded(filters: float) -> int:
    nearest = int(filters + 4) // 8 * 8
    return nearest if nearest >= 0.9 * filters else nearest + 8


def beyond(name: str) -> int:
    """Parameters in KerasCV's list that its class does not build today."""
    known = FACTS[name]
    if name.startswith("mit"):  # a head of ten classes
        return 10 * (known.arguments["embedding_dims"][-1] + 1)
    if name.startswith("mobilenet"):  # it builds as many as keras.applications; see below
        return {"mobilenet_v3_small": 933502, "mobilenet_v3_large": 2994518}[
            name
        ] - known.parameters
    if not name.startswith(("efficientnetv1", "efficientnet_lite")):
        return 0
    # An expansion by 1 in the first blocks, which the class leaves out.
    width = known.arguments["width_coefficient"]
    into, out = (_rounded(filters * width) for filters in (32, 16))
    if "lite" in name:  # whose stem stays at 32 channels: the block goes on from `into`
        return 32 * into + 4 * into + (9 + 4 + out) * (into - 32)
    blocks = math.ceil(known.arguments["depth_coefficient"])
    return into**2 + 4 * into + (blocks - 1) * (out**2 + 4 * out)


def test_the_table_has_every_image_backbone_of_keras_cv():
    classes = {
        name
        for name, each in vars(keras_cv.models).items()
        if name.endswith("Backbone") and name not in OF_OTHER_TASKS
        if not any(base.__name__ in vars(keras_cv.models) for base in each.__mro__[1:-1]
                   if base.__name__.endswith("Backbone") and base.__name__ != "Backbone")
    }  # fmt: skip
    assert classes == {known.class_name for known in FACTS.values()}
    assert {name.removesuffix("_imagenet") for name in presets()} == set(FACTS) - {"vgg16"}


@pytest.mark.parametrize("name", FACTS)
def test_parameters_are_those_that_keras_cv_lists(name):
    said = presets().get(name, {}).get("metadata", {}).get("params")
    known = FACTS[name].parameters
    if said is None:
        twin = name.upper() if name == "vgg16" else name.replace("densenet", "DenseNet")
        assert known == applications.facts()[twin].parameters
    else:
        assert known + beyond(name) == said


def test_mobilenet_is_as_wide_as_that_of_keras_applications():
    for size in ("Small", "Large"):
        known = applications.facts()[f"MobileNetV3{size}"]
        assert FACTS[f"mobilenet_v3_{size.lower()}"].parameters == known.parameters


@pytest.mark.parametrize("name", NAMES)
def test_parameters_are_those_of_the_network(name):
    assert resolve(name).build(64).count_params() == FACTS[name].parameters


@pytest.mark.parametrize("name", NAMES)
def test_features_are_those_of_the_documented_road(name):
    known, backbone = FACTS[name], resolve(name)
    for size in (96, 131 - 131 % known.multiple):
        made = build(backbone, size, 2, weights="none", seed=size)
        documented = getattr(keras_cv.models, known.class_name)(
            **known.arguments,
            include_rescaling=known.lite is None,
            input_shape=(size, size, 3),
        )
        documented.set_weights(made.network.get_weights())
        pixels = photographs(size)
        seen = pixels if known.lite is None else (pixels - 127) / 128
        theirs = np.asarray(documented(seen)).mean(axis=(1, 2))
        ours = np.asarray(made.features(pixels))
        scale = np.abs(theirs).max()
        assert np.abs(theirs[0] - theirs[1]).max() > 1e-3 * scale
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-4 * scale)


@pytest.mark.full
@pytest.mark.parametrize(("size", "channels"), [(48, 1024), (80, 576)])
def test_mit_of_another_size_would_be_another_network(size, channels):
    """KerasCV builds it, with features folded into channels: why 64 px and multiples of 32."""
    folded = keras_cv_nets._build(FACTS["mit_b0"], size)
    assert folded.output_shape[-1] == channels
    assert keras_cv_nets._build(FACTS["mit_b0"], 64).output_shape == (None, 2, 2, 256)


@pytest.mark.parametrize("size", [32, 33, 40, 48, 72, 80, 112])
def test_sizes_that_mit_does_not_take_are_refused(size):
    with pytest.raises(UsageError, match=r"^mit_b0 takes image.*(at least 64|multiples of 32) px"):
        resolve("mit_b0").check_sizes((size,))


@pytest.mark.full
@pytest.mark.parametrize("size", [32, 33, 40, 72, 112])
def test_mit_cannot_be_built_at_sizes_between(size):
    network = keras_cv_nets._build(FACTS["mit_b0"], 64)
    with pytest.raises(ValueError, match=r".+"):
        keras_cv_nets._build(FACTS["mit_b0"], size).set_weights(network.get_weights())


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


@pytest.mark.parametrize(
    "name", ["csp_darknet_tiny", pytest.param("densenet121", marks=pytest.mark.full)]
)
def test_weights_pass_whatever_was_built_before(name):
    resolve(name).build(64)  # KerasCV counts the names of its blocks through the process
    small, large = (build(resolve(name), size, 2, weights="none") for size in (64, 96))
    report = transfer(small.model, large.model)
    assert {*report.kept} == named_weights(large.model).keys()
