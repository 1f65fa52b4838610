"""Networks of four libraries, pretrained: trained here, and predicted with in an offline kernel."""

import dataclasses
import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from support import hub_presets, kaggle_image
from support.kaggle_shapes import SHOWN

import kaggle_prz as prz
from kaggle_prz.commands import kernel
from kaggle_prz.models.backbones import applications, resolve
from kaggle_prz.models.backbones.weights_sources.hub_preset import HubPreset
from kaggle_prz.models.backbones.weights_sources.keras_cv_preset import KerasCVPreset

pytestmark = [pytest.mark.keras, pytest.mark.full, pytest.mark.timeout(1200)]

QUICK = {"sizes": (32, 48), "folds": 2, "epochs": (0.3, 0.3), "batch_size": 8, "tta": False}
VIT = "vit_base_patch16_224_imagenet"


@pytest.fixture
def place(tmp_path, monkeypatch) -> Path:
    SHOWN.materialise(tmp_path / "drawn-shapes")
    for name, folder in (("KERAS_HOME", "keras"), ("KAGGLEHUB_CACHE", "cache")):
        monkeypatch.setenv(name, str(tmp_path / folder))
    return tmp_path


def of_keras(name: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a file with trained-looking weights into Keras's cache, under the digest of it."""
    import keras
    from keras.src.legacy.saving import legacy_h5_format

    known = applications.facts()[name]
    network = moved(getattr(keras.applications, name)(include_top=False, weights=None))
    file = place / "keras" / "models" / known.file
    file.parent.mkdir(parents=True)
    with h5py.File(file, "w") as written:
        legacy_h5_format.save_weights_to_hdf5_group(written, network)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    changed = {**applications.facts(), name: dataclasses.replace(known, digest=digest)}
    monkeypatch.setattr(applications, "facts", lambda: changed)


def of_keras_cv(name: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from keras_cv.src.utils import preset_utils

    (source,) = resolve(name).sources
    assert isinstance(source, KerasCVPreset)
    preset_utils.save_to_preset(moved(resolve(name).build(64)), str(cached(source, place)))


def of_keras_hub(name: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("keras_hub")
    base = {"patch_size": 16, "num_layers": 12, "num_heads": 12, "hidden_dim": 768}
    shape = {"image_shape": (224, 224, 3), "mlp_dim": 3072}
    monkeypatch.setitem(hub_presets.ARGUMENTS, "ViT", base | shape)
    (source,) = resolve(name).sources
    assert isinstance(source, HubPreset)
    hub_presets.make("ViT", cached(source, place))


def moved(network):
    """Weights as after training: none of them zero in all places."""
    random = np.random.default_rng(0)
    for weight in network.weights:
        if weight.name in {"bias", "beta", "moving_mean"}:
            weight.assign(random.normal(0, 0.1, weight.shape))
    return network


def cached(source: KerasCVPreset | HubPreset, place: Path) -> Path:
    """Return where kagglehub has a preset, which it says is whole."""
    folder = place / "cache" / "models" / source.kaggle_model
    folder.mkdir(parents=True)
    (folder.parent / f"{folder.name}.complete").touch()
    return folder


ROADS: dict[str, Callable[[str, Path, pytest.MonkeyPatch], None]] = {
    "ConvNeXtTiny": of_keras,
    "EfficientNetV2S": of_keras,
    "resnet50_v2": of_keras_cv,
    f"hub:{VIT}": of_keras_hub,
}


@pytest.mark.parametrize("name", ROADS)
def test_a_road_leads_from_weights_to_an_offline_kernel(name, place, monkeypatch):
    ROADS[name](name, place, monkeypatch)
    folder = place / "drawn-shapes"
    made = prz.fit(folder, backbone=name, output_dir=place / "runs", **QUICK)
    transfer = json.loads((made.path / "stage1-32/fold0/transfer.json").read_text())
    assert transfer["source"].startswith(f"weights: {name} from ")
    assert transfer["head"].startswith("linear probe")
    shutil.rmtree(place / "keras", ignore_errors=True)
    shutil.rmtree(place / "cache", ignore_errors=True)
    predicting = kernel.build(made.path, output=place / "predicting", owner="me")
    assert not [
        each
        for each in predicting.files
        if each.path.startswith("weights/") and each.path.endswith(".h5")
    ]
    machine = kaggle_image.machine_for(predicting.bundle, place / "machine", folder)
    done = machine.run(predicting.kernel / "predict.py")
    assert done.returncode == 0, done.stderr
    same(machine.working / "submission.csv", made.submission)


@pytest.mark.parametrize("name", ["mobilenet_v3_small", f"hub:{VIT}"])
def test_a_training_kernel_starts_from_an_attached_model(name, place, monkeypatch):
    if name.startswith("hub:"):
        pytest.importorskip("keras_hub")
        (source,) = resolve(name).sources
        hub_presets.make("ViT", cached(source, place))
    else:
        of_keras_cv(name, place, monkeypatch)
        (source,) = resolve(name).sources
    folder = place / "drawn-shapes"
    training = kernel.build(
        "drawn-shapes", output=place / "training", owner="me", machine="cpu",
        options=QUICK | {"backbone": name},
    )  # fmt: skip
    (model,) = json.loads((training.kernel / "kernel-metadata.json").read_text())["model_sources"]
    machine = kaggle_image.machine_for(training.bundle, place / "machine", folder)
    kaggle_image.attach(
        machine, "models", model, place / "cache" / "models" / source.kaggle_model, today=True
    )
    done = machine.run(training.kernel / "train.py", KAGGLEHUB_CACHE=str(place / "none"))
    assert done.returncode == 0, done.stderr
    assert "model.weights.h5" in done.stdout
    assert (machine.working / "submission.csv").is_file()


def same(one: Path, other: Path) -> None:
    ours, theirs = (pd.read_csv(each, index_col=0) for each in (one, other))
    pd.testing.assert_frame_equal(ours, theirs, atol=1e-4)


@pytest.mark.parametrize("mode", ["predict", "train"])
def test_kernels_carry_a_preset_s_directory(mode, place):
    pytest.importorskip("keras_hub")
    mine = hub_presets.make("MiT", place / "mine")
    folder, options = place / "drawn-shapes", QUICK | {"sizes": (64, 96)}
    if mode == "predict":
        made = prz.fit(folder, backbone=f"hub:{mine}", output_dir=place / "runs", **options)
        built = kernel.build(made.path, output=place / "built", owner="me")
    else:
        built = kernel.build(
            "drawn-shapes", output=place / "built", owner="me", machine="cpu",
            options=options | {"backbone": f"hub:{mine}"},
        )  # fmt: skip
    carried = [each.path for each in built.files if each.path.startswith("weights/")]
    assert len(set(carried)) == len(carried)
    assert ("weights/mine/model.weights.h5" in carried) == (mode == "train")
    for file in built.bundle.iterdir():
        assert str(place).encode() not in file.read_bytes()
    shutil.rmtree(mine)
    machine = kaggle_image.machine_for(built.bundle, place / "machine", folder)
    done = machine.run(built.kernel / f"{mode}.py", KAGGLEHUB_CACHE=str(place / "none"))
    assert done.returncode == 0, done.stderr
    if mode == "predict":
        same(machine.working / "submission.csv", made.submission)
    else:
        assert "weights: hub:mine from model.weights.h5" in done.stdout
