import json
import re
import shutil
from pathlib import Path

import pytest
from support.runs_of_kinds import make_run_of
from support.toys import Recorder

from kaggle_prz import runs
from kaggle_prz.commands import cli, kernel
from kaggle_prz.commands.kernel import job, wheels
from kaggle_prz.commands.kernel.job import Job
from kaggle_prz.core import filesystem
from kaggle_prz.core.errors import RunError, SecretFoundError, UsageError
from kaggle_prz.tasks.overrides import Overrides

QUICK = {"backbone": "tiny", "sizes": (32, 48)}


@pytest.fixture(autouse=True)
def few_wheels(monkeypatch):
    """Wheels are tested for themselves."""

    def collect(needed, directory):
        (directory / "kaggle_prz-0.1.0-py3-none-any.whl").write_bytes(b"PK\5\6" + bytes(18))

    monkeypatch.setattr(wheels, "collect", collect)


@pytest.fixture
def run(tmp_path) -> runs.Run:
    made = make_run_of("classes", tmp_path / "runs" / "leaf-shapes" / "first", slug="leaf-shapes")
    runs.begin(
        made.path, str(made.task.root), made.recipe, made.task, "", overrides=Overrides(target="t")
    )
    runs.write_task(made.path, made.task)
    return made


def of_bundle(built: kernel.Built, name: str):
    return json.loads((built.bundle / name).read_text())


def metadata(built: kernel.Built) -> dict:
    return json.loads((built.kernel / "kernel-metadata.json").read_text())


@pytest.mark.parametrize("asked", [{"recipe": "standard"}, {"backbone": "auto"}])
def test_a_kernel_trains_a_backbone_with_a_name(tmp_path, asked):
    console = Recorder()
    options = {**asked, "sizes": (32, 48), "weights": "none"}
    built = kernel.build(
        "leaf-shapes", output=tmp_path, owner="me", options=options, console=console
    )
    assert of_bundle(built, "kernel.json")["options"]["backbone"] == "efficientnet_lite0"
    assert console.lines[0].startswith("In a kernel, the backbone auto is efficientnet_lite0")


def test_a_training_kernel_for_a_competition(tmp_path):
    built = kernel.build("leaf-shapes", output=tmp_path, owner="me", options=QUICK)
    assert metadata(built) == {
        "id": "me/prz-train-leaf-shapes",
        "title": "prz train leaf shapes",
        "code_file": "train.py",
        "language": "python",
        "kernel_type": "script",
        "is_private": True,
        "enable_gpu": True,
        "enable_tpu": False,
        "enable_internet": False,
        "machine_shape": "NvidiaTeslaT4",
        "dataset_sources": ["me/prz-train-leaf-shapes-bundle"],
        "competition_sources": ["leaf-shapes"],
        "kernel_sources": [],
        "model_sources": [],
    }
    assert (built.kernel / "train.py").read_bytes() == (
        wheels.scripts() / "train" / "train.py"
    ).read_bytes()
    todo = Job.read(built.bundle / "kernel.json")
    assert (todo.mode, todo.competition, todo.run) == ("train", "leaf-shapes", None)
    assert todo.options == {"backbone": "tiny", "sizes": [32, 48]}
    assert todo.session == 11.5 * 3600
    assert of_bundle(built, "dataset-metadata.json")["id"] == "me/prz-train-leaf-shapes-bundle"


@pytest.mark.parametrize(
    ("machine", "shape", "gpu", "tpu"),
    [
        ("cpu", "", False, False),
        ("t4x2", "NvidiaTeslaT4", True, False),
        ("tpu", "TpuV5E8", False, True),
    ],
)
def test_machines(tmp_path, machine, shape, gpu, tpu):
    built = kernel.build("leaf-shapes", output=tmp_path, owner="me", machine=machine, options=QUICK)
    found = metadata(built)
    assert (found["machine_shape"], found["enable_gpu"], found["enable_tpu"]) == (shape, gpu, tpu)
    assert found["enable_internet"] is False


def test_a_kernel_that_goes_on_has_itself_as_source(tmp_path):
    built = kernel.build("leaf-shapes", output=tmp_path, owner="me", resume=True, options=QUICK)
    assert metadata(built)["kernel_sources"] == ["me/prz-train-leaf-shapes"]


def test_a_finished_run_predicts_with_what_its_blend_needs(run, tmp_path):
    console = Recorder()
    built = kernel.build(run.path, output=tmp_path / "out", owner="me", console=console)
    assert (built.kernel / "predict.py").is_file()
    entries = of_bundle(built, "manifest.json")["files"]
    assert sorted(entry["path"] for entry in entries) == [
        "kaggle_prz-0.1.0-py3-none-any.whl",
        "kernel.json",
        "runs/first/blend.json",
        "runs/first/plan.json",
        "runs/first/recipe.json",
        *(f"runs/first/stage2-48/fold{fold}/model.weights.h5" for fold in range(3)),
        "runs/first/task.json",
        "runs/first/task.npz",
    ]
    assert built.bytes == sum(entry["bytes"] for entry in entries)
    assert re.match(r"10 files, \d+\.\d MB: ", console.lines[-1])
    assert Job.read(built.bundle / "kernel.json").run == "first"


def test_no_path_of_this_machine_leaves_it(run, tmp_path):
    built = kernel.build(run.path, output=tmp_path / "out", owner="me")
    for file in [*built.bundle.iterdir(), *built.kernel.iterdir()]:
        assert str(tmp_path).encode() not in file.read_bytes()


def test_a_run_is_trained_there_as_it_was_here(run, tmp_path):
    built = kernel.build(
        run.path, output=tmp_path / "out", owner="me", mode="train", options={"folds": 5}
    )
    todo = Job.read(built.bundle / "kernel.json")
    assert todo.run == "first"
    assert todo.options == {
        "backbone": "tiny", "weights": "none", "sizes": [32, 48], "epochs": [2.0, 3.0],
        "batch_size": 8, "target": "t", "metric": "accuracy",
        # Whatever the backbone's family has there.
        "learning_rate": 2e-4, "weight_decay": 1e-4, "layer_decay": 1.0, "stochastic_depth": 0.0,
    }  # fmt: skip


def test_what_a_family_sets_is_set_there(tmp_path):
    options = {"backbone": "tiny", "settings": {"layer_decay": "auto"}, "learning_rate": "auto"}
    built = kernel.build("leaf-shapes", output=tmp_path / "out", owner="me", options=options)
    assert Job.read(built.bundle / "kernel.json").options == {"backbone": "tiny"}


def test_a_named_recipe_is_written_out(tmp_path):
    options = {"recipe": "quick", "backbone": "tiny", "folds": 2, "settings": {"ema": 0.5}}
    built = kernel.build("leaf-shapes", output=tmp_path / "out", owner="me", options=options)
    assert Job.read(built.bundle / "kernel.json").options == {
        "sizes": [96, 160], "folds": 2, "epochs": 3.0, "schedule": "equal_compute",
        "backbone": "tiny", "ema": 0.5,
    }  # fmt: skip


def test_a_named_recipe_wins_over_that_of_the_run(run, tmp_path):
    built = kernel.build(
        run.path, output=tmp_path / "out", owner="me", mode="train", options={"recipe": "quick"}
    )
    given = Job.read(built.bundle / "kernel.json").options
    assert (given["sizes"], given["folds"], given["epochs"]) == ([96, 160], 3, 3.0)
    assert given["batch_size"] == 8


def test_weights_of_a_file_come_along(tmp_path):
    (tmp_path / "mine.weights.h5").write_bytes(b"weights")
    built = kernel.build(
        "leaf-shapes", output=tmp_path / "out", owner="me",
        options=QUICK | {"weights": str(tmp_path / "mine.weights.h5")},
    )  # fmt: skip
    assert Job.read(built.bundle / "kernel.json").options["weights"] == "weights/mine.weights.h5"
    (entry,) = [e for e in built.files if e.path == "weights/mine.weights.h5"]
    assert (built.bundle / entry.file).read_bytes() == b"weights"


@pytest.mark.parametrize(
    ("what", "given", "told"),
    [
        ("Leaf Shapes", {}, "names a competition as in its URL, in lower case"),
        ("leaf-shapes", {"owner": None}, "belongs to a user of Kaggle; none is named"),
        ("leaf-shapes", {"owner": "a/b"}, "belongs to a user of Kaggle; received 'a/b'"),
        ("leaf-shapes", {"mode": "predict"}, "directory of a finished run; received leaf-shapes"),
        ("leaf-shapes", {"options": {"time_limit": 12 * 3600}}, "shorter than a session of 11.5 h"),
        ("leaf-shapes", {"options": {"backbone": "tinny"}}, "Did you mean 'tiny'"),
        ("leaf-shapes", {"options": {"sizes": (64, 32)}}, "must rise"),
        ("leaf-shapes", {"options": {"weights": "gone.h5"}}, "weights file; received 'gone.h5'"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path, what, given, told):
    with pytest.raises(UsageError, match=told):
        kernel.build(what, output=tmp_path, **({"owner": "me"} | given))


def test_the_account_may_be_in_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("KAGGLE_USERNAME", "somebody")
    built = kernel.build("leaf-shapes", output=tmp_path, options=QUICK)
    assert metadata(built)["id"] == "somebody/prz-train-leaf-shapes"


def test_a_network_that_was_handed_over_cannot_come_along(run, tmp_path):
    recipe = filesystem.read_json(run.path / "recipe.json")
    filesystem.write_json(run.path / "recipe.json", recipe | {"backbone_identity": "abc"})
    with pytest.raises(UsageError, match="takes backbones by name"):
        kernel.build(run.path, output=tmp_path / "out", owner="me")


def test_weights_in_keras_s_cache_come_along(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    content = b"\x89HDF\r\n\x1a\n and weights"  # Keras has no digest of MobileNet's file
    name = "mobilenet_1_0_224_tf_no_top.h5"
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / name).write_bytes(content)
    built = kernel.build(
        "leaf-shapes", owner="me", output=tmp_path / "out",
        options={"backbone": "MobileNet", "sizes": (32, 48)},
    )  # fmt: skip
    assert "weights" not in Job.read(built.bundle / "kernel.json").options
    (entry,) = [each for each in built.files if each.path == f"weights/{name}"]
    assert (built.bundle / entry.file).read_bytes() == content
    assert metadata(built)["model_sources"] == []


def test_weights_at_kaggle_models_are_attached(tmp_path):
    built = kernel.build(
        "leaf-shapes", owner="me", output=tmp_path / "out",
        options={"backbone": "resnet50_v2", "sizes": (32, 48)},
    )  # fmt: skip
    assert metadata(built)["model_sources"] == ["keras/resnetv2/keras/resnet50_v2_imagenet/2"]
    assert not [each for each in built.files if each.path.startswith("weights/")]


def test_lost_weights_are_named(run, tmp_path):
    (run.path / "stage2-48/fold2/model.weights.h5").unlink()
    with pytest.raises(RunError, match=r"fold2/model\.weights\.h5 is missing"):
        kernel.build(run.path, output=tmp_path / "out", owner="me")


def test_a_credential_in_a_run_is_refused(run, tmp_path, monkeypatch):
    monkeypatch.setenv("KAGGLE_KEY", "0123456789abcdef" * 2)
    blend = filesystem.read_json(run.path / "blend.json")
    filesystem.write_json(run.path / "blend.json", blend | {"note": "0123456789abcdef" * 2})
    with pytest.raises(SecretFoundError, match=r"blend\.json is refused"):
        kernel.build(run.path, output=tmp_path / "out", owner="me")


@pytest.mark.parametrize("competition", ["a", "x" * 60, "aptos2019-blindness-detection-" * 2])
def test_slugs_are_of_a_length_that_kaggle_takes(competition):
    for mode in ("train", "predict"):
        slug = job.kernel_slug(mode, competition)
        assert 5 <= len(slug) <= len(f"{slug}-bundle") <= 50
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug)


def test_a_job_of_another_form_is_told(tmp_path):
    (tmp_path / "kernel.json").write_text('{"mode": "dream"}')
    with pytest.raises(RunError, match=r"kernel\.json has .*\(mode: .*Build the kernel again"):
        Job.read(tmp_path / "kernel.json")


def test_the_scripts_are_short_and_the_shipped_metadata_is_whole():
    for mode in ("train", "predict"):
        directory = wheels.scripts() / mode
        assert len((directory / f"{mode}.py").read_text().splitlines()) <= 40
        shipped = json.loads((directory / "kernel-metadata.json").read_text())
        assert shipped["enable_internet"] is False
        assert shipped["code_file"] == f"{mode}.py"


def test_the_command_builds(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    cli.cli.main(
        ["kernel", "build", "leaf-shapes", "--output", "out", "--owner", "me", "--sizes", "32",
         "--backbone", "tiny", "--machine-shape", "cpu", "--session", "2h", "--metric", "auc"],
        standalone_mode=False,
    )  # fmt: skip
    todo = Job.read(Path("out/bundle/kernel.json"))
    assert todo.session == 7200
    assert todo.options == {"backbone": "tiny", "sizes": [32], "metric": "auc"}
    assert "bundle of me/prz-train-leaf-shapes" in capsys.readouterr().out
    shutil.rmtree("out/bundle")
