"""The two kernels, unchanged, from their bundles alone: no network, no package, both layouts."""

import json
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from support import kaggle_image
from support.kaggle_shapes import QUICK, SHOWN, hidden_test

import kaggle_prz as prz
from kaggle_prz.commands import kernel
from kaggle_prz.competitions.embedded import grader
from kaggle_prz.core import filesystem
from kaggle_prz.runs import leak_audit

pytestmark = [pytest.mark.keras, pytest.mark.full]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("data") / "drawn-shapes"
    SHOWN.materialise(path)
    return path


@pytest.fixture(scope="module")
def run(folder, tmp_path_factory) -> prz.Run:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KAGGLE_PRZ_HOME", str(tmp_path_factory.mktemp("home")))
        return prz.fit(str(folder), run="mine", output_dir=tmp_path_factory.mktemp("runs"), **QUICK)


@pytest.fixture(scope="module")
def predicting(run, tmp_path_factory) -> kernel.Built:
    return kernel.build(run.path, output=tmp_path_factory.mktemp("predicting"), owner="me")


def test_the_image_has_keras_and_not_us(tmp_path):
    python = kaggle_image.make_image(tmp_path)
    code = "import importlib.util as u; print([u.find_spec(m) is not None for m in {}])"
    modules = ["keras", "pip", "kaggle_prz", "keras_cv", "filelock", "platformdirs", "tenacity"]
    done = subprocess.run(
        [python, "-c", code.format(modules)],
        capture_output=True, text=True, check=True, env={}, cwd=tmp_path,
    )  # fmt: skip
    assert json.loads(done.stdout.lower()) == [True, True, *[False] * 5]
    code = "import urllib.request as r; r.urlopen('http://127.0.0.1:9/')"
    done = subprocess.run(
        [python, "-c", code], capture_output=True, text=True, check=False, env={}, cwd=tmp_path
    )
    assert "no network in this kernel" in done.stderr


@pytest.mark.parametrize(
    ("today", "count"),
    [(True, 1), (False, 40)],
    ids=["public", "rerun"],
)
def test_the_predicting_kernel_answers_the_test_set_that_it_finds(
    predicting, run, folder, tmp_path, *, today, count
):
    hidden = hidden_test(folder, tmp_path / "hidden", count)
    machine = kaggle_image.machine_for(
        predicting.bundle, tmp_path / "kaggle", tmp_path / "hidden", today=today
    )
    (script,) = predicting.kernel.glob("*.py")
    done = machine.run(script, **({} if today else {"KAGGLE_IS_COMPETITION_RERUN": "1"}))
    assert done.returncode == 0, done.stderr
    assert [file.name for file in machine.working.iterdir()] == ["submission.csv"]
    assert f"Predicted {count} images with 2 networks" in done.stdout
    assert ("predict on the hidden test set" in done.stdout) is not today
    here = prz.predict(run, competition=str(tmp_path / "hidden"), output=tmp_path / "here.csv")
    written = machine.working / "submission.csv"
    ours, theirs = (pd.read_csv(each, index_col=0) for each in (here, written))
    pd.testing.assert_frame_equal(ours, theirs, atol=1e-5)
    if count > 1:
        assert 0 < grader.grade(written, hidden.answers()).public < 2


@pytest.mark.parametrize("today", [True, False], ids=["today", "older"])
def test_a_training_that_is_cut_off_goes_on_in_the_next_version(folder, tmp_path, today):
    built = kernel.build(
        "drawn-shapes", output=tmp_path / "built", owner="me", machine="cpu",
        session=1, options=QUICK,
    )  # fmt: skip
    script, identity = built.kernel / "train.py", "me/prz-train-drawn-shapes"
    output, states = None, []
    for version in (1, 2):
        machine = kaggle_image.machine_for(
            built.bundle, tmp_path / f"version{version}", folder, today=today
        )
        if output is not None:
            kaggle_image.attach(machine, "notebooks", identity, output, today=today)
        done = machine.run(script)
        assert done.returncode == 0, done.stderr
        output = machine.working
        states.append(filesystem.read_json(output / "session.json")["complete"])
        assert ("1 of 2 folds are finished" in done.stdout) is (version == 1)
        assert ("Continuing the runs in" in done.stdout) is (version == 2)
        assert (output / "submission.csv").is_file() is (version == 2)
    assert states == [False, True]
    (made,) = output.glob("runs/drawn-shapes/*")
    assert leak_audit.audit(made).clean
    assert 0 < grader.grade(output / "submission.csv", SHOWN.answers()).public < 5
    first = tmp_path / "version1/working" / made.relative_to(output) / "stage1-16/fold0/DONE"
    assert (made / "stage1-16/fold0/DONE").read_bytes() == first.read_bytes()


def test_a_bundle_that_lost_a_file_says_so(predicting, folder, tmp_path):
    machine = kaggle_image.machine_for(predicting.bundle, tmp_path / "kaggle", folder, today=True)
    (weights,) = machine.root.glob("input/datasets/*/*/*fold1--model.weights.h5")
    weights.write_bytes(weights.read_bytes()[:-1])
    done = machine.run(predicting.kernel / "predict.py")
    assert done.returncode == 1
    assert "is damaged" in done.stderr
    assert not list(machine.working.iterdir())


def test_a_kernel_without_its_sources_says_so(predicting, folder, tmp_path):
    machine = kaggle_image.machine_for(predicting.bundle, tmp_path / "kaggle", folder, today=True)
    (competition,) = machine.root.glob("input/competitions/*")
    competition.rename(machine.root / "input" / "other")
    done = machine.run(predicting.kernel / "predict.py")
    assert "'drawn-shapes' is not attached to the kernel" in done.stderr
    shutil.rmtree(machine.root / "input" / "datasets")
    done = machine.run(predicting.kernel / "predict.py")
    assert done.stderr.startswith("Attach one dataset that kaggle-prz kernel build made; found 0")
