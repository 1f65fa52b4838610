"""Where weights of backbones are on this machine."""

import pytest

from kaggle_prz.commands import doctor
from kaggle_prz.models.backbones import listing

NAME = "mobilenet_1_0_224_tf_no_top.h5"  # Keras has no digest of it
CONTENT = b"\x89HDF\r\n\x1a\n and weights"


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    for name in ("KERAS_HOME", "KAGGLEHUB_CACHE", "KAGGLE_PRZ_INPUT"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.delenv("KAGGLE_PRZ_WEIGHTS", raising=False)
    return tmp_path


def entry(name: str) -> listing.Entry:
    (found,) = [each for each in listing.entries(name) if each.name == name]
    return found


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (f"KERAS_HOME/models/{NAME}", "cached"),
        (f"KAGGLE_PRZ_INPUT/my-weights/{NAME}", "mounted"),
        (f"KAGGLE_PRZ_INPUT/datasets/me/my-weights/{NAME}", "mounted"),
        (f"brought/{NAME}", "cached"),
    ],
)
def test_weights_are_found_where_they_are(place, said, places, monkeypatch):
    (places / "brought").mkdir()
    monkeypatch.setenv("KAGGLE_PRZ_WEIGHTS", str(places / "brought"))
    assert entry("MobileNet").weights == "downloaded by Keras"
    (places / place).parent.mkdir(parents=True, exist_ok=True)
    (places / place).write_bytes(b"<html>")
    assert entry("MobileNet").weights == "downloaded by Keras"
    (places / place).write_bytes(CONTENT)
    assert entry("MobileNet").weights == said
    assert f"{said}: MobileNet" in doctor.weights().text


def test_presets_of_two_libraries_are_found(places):
    for preset, version, files in (
        ("resnetv1/keras/resnet50_imagenet", 2, ()),
        ("vit/keras/vit_base_patch16_224_imagenet", 4, ("config.json",)),
    ):
        folder = places / "KAGGLE_PRZ_INPUT" / "models" / "keras" / preset / str(version)
        folder.mkdir(parents=True)
        for name in files:
            (folder / name).write_text("{}")
        (folder / "model.weights.h5").write_bytes(CONTENT)
    here = listing.here()
    assert here["mounted"] == ["hub:vit_base_patch16_224_imagenet", "resnet50"]


def test_every_way_to_weights_is_said():
    said = {name: entry(name).weights for name in ("tiny", "resnet18", "resnet50", "VGG16")}
    assert said == {
        "tiny": "none needed",
        "resnet18": "none",
        "resnet50": "downloaded by KerasCV",
        "VGG16": "downloaded by Keras",
    }
