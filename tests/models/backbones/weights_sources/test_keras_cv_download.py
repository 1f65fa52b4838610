"""KerasCV's and kagglehub's own clients fetch presets from a Kaggle on the loopback."""

import json
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import keras
import keras_cv
import numpy as np
import pytest
from keras_cv.src.utils import preset_utils
from support.models_server import KAGGLE, STORAGE, in_a_thread, in_place_of_kaggle
from support.weights_server import FAULTS

from kaggle_prz.models.backbones import Backbone
from kaggle_prz.models.backbones.weights_sources import WeightsError, check
from kaggle_prz.models.backbones.weights_sources.keras_cv_preset import KerasCVPreset

pytestmark = pytest.mark.keras

PRESET, MODEL, FILE = "resnet50_imagenet", "resnetv1", "model.weights.h5"
SOURCE = KerasCVPreset(PRESET, "ResNetBackbone", MODEL)
BACKBONE = Backbone("net", lambda size: None, sources=(SOURCE,))
SERVED = f"{MODEL}/{PRESET}/2"
CANNOT = rf"^the preset {PRESET} cannot be downloaded from Kaggle Models \("


def network(filters=4, seed=1, **more):
    """A ResNet of one block, so that it is built in no time."""
    keras.utils.set_random_seed(seed)
    return keras_cv.models.ResNetBackbone(
        stackwise_filters=[filters], stackwise_blocks=[1], stackwise_strides=[1],
        block_type="block", input_shape=(32, 32, 3),
        **({"include_rescaling": True} | more),
    )  # fmt: skip


def saved(folder, of) -> Path:
    preset_utils.save_to_preset(of, str(folder))
    return folder


@pytest.fixture(scope="module")
def preset(tmp_path_factory) -> Path:
    return saved(tmp_path_factory.mktemp("preset"), network())


@pytest.fixture(scope="module")
def wide(tmp_path_factory) -> Path:
    """The same preset, twice as wide."""
    return saved(tmp_path_factory.mktemp("wide"), network(8))


@pytest.fixture
def host(preset, tmp_path, monkeypatch):
    with in_place_of_kaggle(tmp_path, monkeypatch) as found:
        found.publish(preset, MODEL, PRESET)
        yield found


@pytest.fixture
def folder(tmp_path) -> Path:
    """Where kagglehub keeps the preset."""
    return tmp_path / "cache" / "models" / "keras" / MODEL / "keras" / PRESET


def fetch() -> Path:
    return in_a_thread(SOURCE.fetch)


def refused(match=CANNOT):
    """Fetch in vain: in one sentence, and with nothing that is taken for a whole file."""
    with pytest.raises(WeightsError, match=match) as caught:
        fetch()
    assert "\n" not in str(caught.value)
    assert SOURCE.find() is None
    return str(caught.value)


def fetched(preset):
    """Fetch the weights that were served."""
    path = fetch()
    assert path == SOURCE.find()
    assert path.read_bytes() == (preset / FILE).read_bytes()
    loaded = network(seed=2)
    SOURCE.load(path, loaded)
    for ours, theirs in zip(loaded.get_weights(), network().get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_preset_is_fetched_once_and_said_nothing(host, preset, capfd):
    SOURCE.check()
    assert not host.asked
    assert SOURCE.find() is None
    fetched(preset)
    fetched(preset)
    assert host.asked == [f"{SERVED}/config.json", f"{SERVED}/{FILE}"]
    assert "%" not in "".join(capfd.readouterr())


PLACES = [(KAGGLE, "config.json"), (STORAGE, "config.json"), (STORAGE, FILE)]


@pytest.mark.parametrize(
    "hashes",
    [True, pytest.param(False, marks=pytest.mark.full)],  # without one, KerasCV's reading tells
    ids=["digest", "no digest"],
)
@pytest.mark.parametrize(
    "at",
    [*(pytest.param(place, marks=pytest.mark.full) for place in PLACES[:2]), PLACES[2]],
    ids=["kaggle", "config", "weights"],
)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_sentence_and_passes(host, preset, fault, at, hashes):
    host.fault, host.at, host.hashes = fault, at, hashes
    refused("accept the terms of the model at" if fault == "403" else CANNOT)
    host.fault = ""
    fetched(preset)


@pytest.mark.full
@pytest.mark.parametrize("fault", ["cut", "stalled"])
def test_a_cut_download_goes_on_where_it_ended(host, tmp_path, fault):
    large = saved(tmp_path / "large", network(256))  # kagglehub writes it by the MiB
    host.publish(large, MODEL, PRESET)
    host.fault, host.at = fault, (STORAGE, FILE)
    refused()
    host.fault = ""
    assert fetch().read_bytes() == (large / FILE).read_bytes()
    half = (large / FILE).stat().st_size // 2 // 2**20 * 2**20
    assert half
    assert host.asked[-1] == f"{SERVED}/{FILE} bytes={half}-"


@pytest.mark.parametrize("fault", ["401", "403"])
def test_a_model_that_asks_for_consent_is_named(host, fault):
    host.fault, host.at = fault, (KAGGLE, "")
    named = "accept the terms of the model at https://www.kaggle.com/models/keras/resnetv1"
    refused(named)
    with pytest.raises(WeightsError, match=named):
        SOURCE.check()


@pytest.mark.parametrize("fault", ["404", "403", "500", "silent", "page", "cut", "other"])
def test_what_cannot_be_fetched_is_refused_before(host, fault):
    host.fault, host.at = fault, (KAGGLE, "")
    with pytest.raises(WeightsError, match=r"^net has no pretrained weights.*--weights none"):
        check(BACKBONE, "auto")
    assert not host.asked


@pytest.mark.parametrize(
    "proxy", ["http://127.0.0.1:9", "http://kaggle.invalid"], ids=["closed port", "no name"]
)
def test_without_a_network_it_is_one_sentence(host, preset, monkeypatch, proxy):
    monkeypatch.setenv("http_proxy", proxy)
    refused()
    with pytest.raises(WeightsError, match=CANNOT):
        SOURCE.check()
    monkeypatch.setenv("http_proxy", host.address)
    fetched(preset)


def another_task():
    return {"module": "keras_cv.models", "class_name": "RetinaNet",
            "registered_name": "keras_cv.models>RetinaNet", "config": {}}  # fmt: skip


CONFIGS = {
    "another task": lambda config: another_task() | {"weights": FILE},
    "another class": lambda config: (
        config | {"registered_name": "keras_cv.models>DenseNetBackbone"}
    ),
    "an unknown class": lambda config: config | {"registered_name": "keras_cv.models>NoSuchNet"},
    "without weights": lambda config: config | {"weights": None},
    "weights of another name": lambda config: config | {"weights": "other.weights.h5"},
    "arguments missing": lambda config: config | {"config": {}},
    "nothing": lambda config: {},
    "a list": lambda config: [],
}


@pytest.mark.parametrize("kind", CONFIGS)
def test_a_preset_that_is_another_is_refused(host, preset, kind):
    config = json.loads((preset / "config.json").read_text())
    host.files[f"{SERVED}/config.json"] = json.dumps(CONFIGS[kind](config)).encode()
    refused()
    host.publish(preset, MODEL, PRESET)
    fetched(preset)


@pytest.mark.parametrize("missing", ["config.json", FILE])
def test_a_preset_with_a_missing_file_is_refused(host, preset, missing):
    del host.files[f"{SERVED}/{missing}"]
    refused()
    host.publish(preset, MODEL, PRESET)
    fetched(preset)


def damaged(preset, wide):
    whole = (preset / FILE).read_bytes()
    return {
        "another width": (wide / FILE).read_bytes(),
        "half a file": whole[: len(whole) // 2],
        "its first bytes alone": whole[:8],
        "an empty file": b"",
    }


@pytest.mark.filterwarnings("default:Skipping nested container")  # outside tests, nothing raises
@pytest.mark.parametrize("kind", ["another width", "half a file", "its first bytes alone"])
def test_damaged_weights_as_published_are_refused(host, preset, wide, kind):
    host.files[f"{SERVED}/{FILE}"] = damaged(preset, wide)[kind]
    refused()
    host.publish(preset, MODEL, PRESET)
    fetched(preset)


@pytest.mark.filterwarnings("default:Skipping nested container")
def test_a_whole_preset_of_another_width_is_refused_when_loaded(host, preset, wide):
    host.publish(wide, MODEL, PRESET)
    path = fetch()
    with pytest.raises(WeightsError, match=rf"h5 does not have the weights of .* {PRESET} \("):
        SOURCE.load(path, network())
    assert SOURCE.find() is None
    host.publish(preset, MODEL, PRESET)
    fetched(preset)


@pytest.mark.filterwarnings("default:Skipping nested container")
@pytest.mark.full
@pytest.mark.parametrize("kind", ["another width", "half a file", "an empty file"])
def test_an_attached_model_that_is_damaged_stays_where_it_is(host, preset, wide, tmp_path, kind):
    file = tmp_path / "input" / MODEL / "keras" / PRESET / "2" / FILE
    file.parent.mkdir(parents=True)
    file.write_bytes(damaged(preset, wide)[kind])
    if SOURCE.find() is not None:
        with pytest.raises(WeightsError, match=f"{FILE} does not have the weights"):
            SOURCE.load(file, network())
    assert file.exists()


@pytest.mark.full
@pytest.mark.parametrize("name", ["config.json", FILE])
@pytest.mark.parametrize("left", ["whole by its marker", "interrupted"])
def test_a_login_page_in_the_cache_is_replaced(host, preset, folder, name, left):
    """As a call of KerasCV leaves it that was not ours, or one that was killed."""
    page, marker = folder / "2" / name, folder / ".complete" / "2" / f"{name}.complete"
    for file in [page, *([marker] if left.startswith("whole") else [])]:
        file.parent.mkdir(parents=True)
        file.write_text("<html>Please log in</html>")
    assert SOURCE.find() is None
    fetched(preset)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is full is Linux's")
@pytest.mark.parametrize("name", ["config.json", FILE])
def test_a_full_disk_is_named(host, preset, folder, name):
    (folder / "2").mkdir(parents=True)
    (folder / "2" / name).symlink_to("/dev/full")
    said = refused(r"cache cannot be written to \(No space left on device\)")
    assert said.endswith("set KAGGLEHUB_CACHE to another directory")
    fetched(preset)


@pytest.mark.full
@pytest.mark.parametrize("place", ["", "models", "models/keras/resnetv1/keras"])
def test_a_cache_that_cannot_be_written_to_is_named(host, preset, tmp_path, place):
    file = tmp_path / "cache" / place
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("")
    refused("cache cannot be written to .*set KAGGLEHUB_CACHE to another directory")
    file.unlink()
    fetched(preset)


def test_two_threads_fetch_it_once(host, preset):
    found = []
    threads = [threading.Thread(target=lambda: found.append(SOURCE.fetch())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [SOURCE.find()] * 2
    assert host.asked == [f"{SERVED}/config.json", f"{SERVED}/{FILE}"]


@pytest.mark.full
def test_two_processes_fetch_it_once(host, preset):
    code = f"""
        from kaggle_prz.models.backbones.weights_sources.keras_cv_preset import KerasCVPreset
        print(KerasCVPreset({PRESET!r}, "ResNetBackbone", {MODEL!r}).fetch())
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert {process.communicate()[0].strip() for process in both} == {str(SOURCE.find())}
    assert host.asked == [f"{SERVED}/config.json", f"{SERVED}/{FILE}"]
    fetched(preset)


def test_connections_are_as_patient_as_before_afterwards(host, preset):
    from requests.adapters import HTTPAdapter

    before = HTTPAdapter.send
    fetched(preset)
    assert HTTPAdapter.send is before
