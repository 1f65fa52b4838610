"""KerasHub's and kagglehub's own clients fetch presets from a Kaggle on the loopback."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from support import hub_presets
from support.models_server import KAGGLE, STORAGE, in_a_thread, in_place_of_kaggle
from support.weights_server import FAULTS

from kaggle_prz.core.errors import PrzError, UsageError
from kaggle_prz.models.backbones import resolve
from kaggle_prz.models.backbones.weights_sources import WeightsError
from kaggle_prz.models.backbones.weights_sources.hub_preset import HubPreset
from kaggle_prz.models.classifier import build

keras_hub = pytest.importorskip("keras_hub")
pytestmark = [pytest.mark.keras, pytest.mark.full]

PRESET, MODEL, FILE = "vit_base_patch16_224_imagenet", "vit", "model.weights.h5"
VERSION = 4


@pytest.fixture(scope="module")
def preset(tmp_path_factory) -> Path:
    """A small network in place of a large one, under its name."""
    return hub_presets.make("ViT", tmp_path_factory.mktemp("preset"))


@pytest.fixture
def host(preset, tmp_path, monkeypatch):
    with in_place_of_kaggle(tmp_path, monkeypatch) as found:
        found.publish(preset, MODEL, PRESET, VERSION)
        yield found


@pytest.fixture
def source() -> HubPreset:
    (found,) = resolve(f"hub:{PRESET}").sources
    assert isinstance(found, HubPreset)
    return found


def fetch(source: HubPreset) -> Path:
    return in_a_thread(source.fetch)


def test_a_preset_is_fetched_once_and_gives_its_features(host, source, preset, capfd):
    source.check()
    assert not host.asked
    assert source.find() is None
    path = fetch(source)
    assert fetch(source) == path == source.find()
    assert path.read_bytes() == (preset / FILE).read_bytes()
    assert len([each for each in host.asked if each.endswith(FILE)]) == 1
    assert "%" not in "".join(capfd.readouterr())
    pixels = np.random.default_rng(0).uniform(0, 255, (1, 64, 64, 3)).astype(np.float32)
    ours = build(resolve(f"hub:{PRESET}"), 64, 2)
    theirs = build(resolve(f"hub:{preset}"), 64, 2)
    np.testing.assert_array_equal(ours.features(pixels), theirs.features(pixels))


ALL = [(fault, (STORAGE, FILE)) for fault in FAULTS]
OF_KAGGLE = [fault for fault in FAULTS if fault not in {"cut", "stalled", "other"}]  # no content
ALL += [(fault, (KAGGLE, file)) for fault in OF_KAGGLE for file in ("config.json", FILE)]


@pytest.mark.parametrize(("fault", "at"), ALL)
def test_a_fault_is_one_sentence_and_leaves_nothing(host, source, fault, at):
    host.fault, host.at = fault, at
    with pytest.raises(
        WeightsError, match=rf"the preset {PRESET} cannot|the preset {PRESET} \(4"
    ) as caught:
        fetch(source)
    assert "\n" not in str(caught.value)
    assert source.find() is None
    host.fault = ""
    assert fetch(source) == source.find()


@pytest.mark.parametrize(
    ("fault", "said"),
    [("403", "accept the terms of the model"), ("404", "404"), ("silent", "no answer in time")],
)
def test_what_cannot_be_had_is_refused_before_training(host, source, fault, said):
    host.fault, host.at = fault, (KAGGLE, "config.json")
    with pytest.raises(WeightsError, match=said):
        source.check()


@pytest.mark.parametrize("missing", ["config.json", FILE])
def test_a_preset_with_a_missing_file_is_not_whole(host, source, missing):
    del host.files[f"{MODEL}/{PRESET}/{VERSION}/{missing}"]
    with pytest.raises(WeightsError, match=PRESET):
        fetch(source)
    assert source.find() is None


@pytest.mark.parametrize("missing", ["config.json", FILE])
def test_a_directory_with_a_missing_file_is_refused(preset, tmp_path, missing):
    part = Path(shutil.copytree(preset, tmp_path / "part"))
    (part / missing).unlink()
    with pytest.raises(UsageError, match="lacks some"):
        build(resolve(f"hub:{part}"), 64, 2)


def test_every_family_that_keras_hub_has_is_fetched(host, tmp_path):
    """Keras warns of DeiT's file, though nothing is missing there."""
    name, model = "deit_tiny_distilled_patch16_224_imagenet", "deit"
    (source,) = resolve(f"hub:{name}").sources
    folder = hub_presets.make("DeiT", tmp_path / "DeiT")
    host.publish(folder, model, name, int(source.kaggle_model.rpartition("/")[2]))
    assert fetch(source).read_bytes() == (folder / FILE).read_bytes()


@pytest.mark.parametrize("kind", ["half a file", "a login page", "another network"])
@pytest.mark.parametrize("cached", [True, False], ids=["cached", "a directory"])
def test_damaged_weights_are_refused(host, preset, tmp_path, kind, cached):
    """As another program left them in the cache, or as a person brings them."""
    whole = (preset / FILE).read_bytes()
    damaged = {
        "half a file": whole[: len(whole) // 2],
        "a login page": b"<html>Please log in</html>",
        "another network": (hub_presets.make("DeiT", tmp_path / "DeiT") / FILE).read_bytes(),
    }[kind]
    place = tmp_path / (f"cache/models/keras/{MODEL}/keras/{PRESET}/{VERSION}" if cached else "own")
    shutil.copytree(preset, place)
    (place / FILE).write_bytes(damaged)
    if cached:
        (place.parent / f"{VERSION}.complete").touch()
    backbone = resolve(f"hub:{PRESET}" if cached else f"hub:{place}")
    if cached and kind == "a login page":
        assert fetch(backbone.sources[0]).read_bytes() == whole
        return
    with pytest.raises(PrzError, match=r"does not have the weights of|lacks some"):
        build(backbone, 64, 2)
    assert cached != (place / FILE).exists()


def test_weights_of_another_width_are_refused(host, source, tmp_path):
    other = hub_presets.make("DeiT", tmp_path / "other")
    host.files[f"{MODEL}/{PRESET}/{VERSION}/{FILE}"] = (other / FILE).read_bytes()
    with pytest.raises(WeightsError, match="cannot be downloaded"):
        fetch(source)
    assert source.find() is None


def test_a_preset_of_another_task_is_refused(tmp_path):
    text = keras_hub.models.BertBackbone(
        vocabulary_size=20, num_layers=1, num_heads=2, hidden_dim=8, intermediate_dim=8
    )
    text.save_to_preset(str(tmp_path / "bert"))
    with pytest.raises(UsageError, match="preset of an image classifier"):
        build(resolve(f"hub:{tmp_path / 'bert'}"), 64, 2)


@pytest.mark.parametrize(
    "text", ["hub:vit_base", "hub:", "hub:gs://bucket/x", "hub:kaggle://keras/vit", "hub:hf://x"]
)
def test_what_is_no_preset_is_refused(text):
    with pytest.raises(UsageError, match=r"preset of KerasHub"):
        resolve(text)
