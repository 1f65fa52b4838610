"""Presets of KerasCV, as KerasCV itself writes them, in the places where they are found."""

import shutil
from pathlib import Path

import keras
import keras_cv
import numpy as np
import pytest
from keras_cv.src.utils import preset_utils

from kaggle_prz.models.backbones import keras_cv_nets, resolve
from kaggle_prz.models.backbones.weights_sources.keras_cv_preset import KerasCVPreset
from kaggle_prz.models.classifier import build

pytestmark = pytest.mark.keras

INSIDE = "mobilenetv3/keras/mobilenet_v3_small_imagenet/2"
FILE = "model.weights.h5"


@pytest.fixture
def source() -> KerasCVPreset:
    (found,) = resolve("mobilenet_v3_small").sources
    assert isinstance(found, KerasCVPreset)
    return found


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("KAGGLE_PRZ_INPUT", str(tmp_path / "input"))
    return tmp_path


@pytest.fixture(scope="module")
def preset(tmp_path_factory) -> Path:
    """A preset with random weights, which KerasCV builds for any size and with its own scaling."""
    network = keras_cv.models.MobileNetV3Backbone(
        **keras_cv_nets.facts()["mobilenet_v3_small"].arguments,
        include_rescaling=True,
        input_shape=(None, None, 3),
    )
    folder = tmp_path_factory.mktemp("preset") / "2"
    preset_utils.save_to_preset(network, str(folder))
    assert (folder / FILE).is_file()
    return folder


@pytest.mark.parametrize(
    "place",
    [
        f"cache/models/keras/{INSIDE}",
        pytest.param(f"input/models/keras/{INSIDE}", marks=pytest.mark.full),
        pytest.param(f"input/{INSIDE}", marks=pytest.mark.full),
    ],
    ids=["kagglehub", "mounted", "mounted as before"],
)
def test_a_preset_is_found_and_gives_the_features_of_keras_cv(place, places, preset, source):
    assert source.find() is None
    shutil.copytree(preset, places / place)
    if place.startswith("cache"):
        assert source.find() is None  # kagglehub has not said that it is whole
        marker = (places / place).parent / ".complete" / "2" / f"{FILE}.complete"
        marker.parent.mkdir(parents=True)
        marker.touch()
    assert source.find() == places / place / FILE
    made = build(resolve("mobilenet_v3_small"), 96, 2)
    assert made.pretrained
    theirs = keras_cv.models.MobileNetV3Backbone.from_preset(
        str(places / place), load_weights=True, input_shape=(96, 96, 3)
    )
    pixels = np.random.default_rng(0).uniform(0, 255, (2, 96, 96, 3)).astype(np.float32)
    wanted = keras.ops.mean(theirs(pixels), axis=(1, 2))
    np.testing.assert_allclose(made.features(pixels), wanted, atol=1e-5)


def test_the_presets_with_weights_are_those_of_keras_cv():
    named, classes = set(), {known.class_name for known in keras_cv_nets.facts().values()}
    for name in keras_cv_nets.facts():
        for found in resolve(name).sources:
            if isinstance(found, KerasCVPreset):
                handle = f"kaggle://keras/{found.model}/keras/{found.preset}/2"
                known = getattr(keras_cv.models, found.class_name).presets_with_weights
                assert known[found.preset]["kaggle_handle"] == handle
                named.add(found.preset)
    assert named == {
        preset
        for class_name in classes
        for preset in getattr(keras_cv.models, class_name).presets_with_weights
    }
