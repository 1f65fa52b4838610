"""Networks of the user's own named on the command line: `net.py:function`, modules, `net.keras`."""

from pathlib import Path

import pandas as pd
import pytest
from support import kaggle_image
from support.kaggle_shapes import SHOWN

import kaggle_prz as prz
from kaggle_prz.commands import cli, kernel
from kaggle_prz.commands.kernel.job import Job
from kaggle_prz.core import filesystem
from kaggle_prz.core.errors import RunError, UsageError

pytestmark = [pytest.mark.keras, pytest.mark.full]

QUICK = {"sizes": (16, 24), "folds": 2, "epochs": 1, "batch_size": 8}
ONCE = ["--sizes", "16,24", "--folds", "2", "--epochs", "1", "--batch-size", "8"]
NET = """
import keras


class Scaled(keras.layers.Layer):
    def call(self, x):
        return x / 255.0


def small_net(size):
    import beside_the_net

    layers = [
        keras.Input((size, size, 3)),
        Scaled(),
        keras.layers.Conv2D(
            beside_the_net.WIDTH, 3, strides=2, activation="relu", name="conv",
            kernel_initializer=keras.initializers.HeNormal(seed=1), bias_initializer="ones",
        ),
    ]
    return keras.Sequential(layers, name="small")
"""
ALONE = NET.replace("    import beside_the_net\n\n", "").replace("beside_the_net.WIDTH", "4")


@pytest.fixture
def place(tmp_path, monkeypatch) -> Path:
    SHOWN.materialise(tmp_path / "drawn-shapes")
    (tmp_path / "project").mkdir()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path


def run(*words: str) -> int:
    try:
        cli.main(list(words))
    except SystemExit as ending:
        return int(ending.code or 0)
    return 0


def same(one: Path, other: Path) -> None:
    ours, theirs = (pd.read_csv(each, index_col=0) for each in (one, other))
    pd.testing.assert_frame_equal(ours, theirs, atol=1e-5)


def test_a_function_of_a_file(place, monkeypatch, capsys):
    Path("net.py").write_text(NET)
    Path("beside_the_net.py").write_text("WIDTH = 4")
    fit = ["fit", "-c", str(place / "drawn-shapes"), *ONCE, "--output-dir", str(place / "runs")]
    assert run(*fit, "--backbone", "net.py:small_net") == 0
    (made,) = (place / "runs/drawn-shapes").glob("*/recipe.json")
    done = (made.parent / "stage2-24/fold1/DONE").read_bytes()
    assert made.parent.name.startswith("small_net-16-24-")
    record = filesystem.read_json(made)
    assert record["recipe"]["backbone"] == "net.py:small_net"
    assert record["backbone_directory"] == str(place / "project")

    monkeypatch.chdir(place / "elsewhere")
    assert run("plan", "-c", str(place / "drawn-shapes"), "--backbone", "net.py:gone") == 2
    assert "there is no file" in capsys.readouterr().err
    assert run("predict", str(made.parent), "--output", "here.csv") == 0
    same(Path("here.csv"), made.parent / "submission.csv")
    for text in ("../project/net.py:small_net", str(place / "project/net.py:small_net")):
        assert run(*fit, "--backbone", text) == 0
    monkeypatch.chdir(place / "project")
    assert run(*fit, "--backbone", "net:small_net") == 0
    assert len(list((place / "runs/drawn-shapes").iterdir())) == 1
    assert (made.parent / "stage2-24/fold1/DONE").read_bytes() == done

    capsys.readouterr()
    Path("net.py").write_text(NET.replace("255.0", "127.5"))
    assert run("predict", str(made.parent)) == 2
    told = capsys.readouterr().err
    assert "its layers, their settings or their functions differ" in told
    Path("net.py").unlink()
    assert run("predict", str(made.parent)) == 2
    told = capsys.readouterr().err
    assert f"there is no file {place / 'project/net.py'}" in told
    assert "or give its new place with --backbone" in told
    assert len(told.splitlines()) == 1
    Path("moved.py").write_text(NET)
    assert run("predict", str(made.parent), "--backbone", "moved.py:small_net") == 2
    Path("later").mkdir()
    Path("later/net.py").write_text(NET)
    Path("beside_the_net.py").rename("later/beside_the_net.py")
    assert run("predict", str(made.parent), "--backbone", "later/net.py:small_net") == 0
    same(Path("submission.csv"), made.parent / "submission.csv")


def test_a_saved_model(place, monkeypatch):
    import keras
    from support.toy_nets import plain_net

    model = plain_net(20)
    model.save("mine.keras")
    given = QUICK | {"output_dir": place / "runs"}
    made = prz.fit(place / "drawn-shapes", backbone=Path("mine.keras"), **given)
    assert (made.recipe.backbone, made.name[:11]) == ("mine.keras", "mine-16-24-")
    monkeypatch.chdir(place / "elsewhere")
    same(prz.predict(made, output="here.csv"), made.submission)
    same(prz.predict(made, output="as-an-object.csv", backbone=model), made.submission)
    other = keras.models.clone_model(model)
    other.save(place / "project/mine.keras")
    with pytest.raises(UsageError, match="its initial weights differ"):
        prz.predict(made, output="here.csv")
    monkeypatch.chdir(place / "project")
    with pytest.raises(RunError, match="another network that is also called mine"):
        prz.fit(place / "drawn-shapes", backbone="mine.keras", run=made.name, **given)


@pytest.mark.parametrize("text", ["net.py:small_net", "mine.keras"])
def test_kernels_carry_the_file(place, text):
    from support.toy_nets import plain_net

    Path("net.py").write_text(ALONE)
    plain_net(20).save("mine.keras")
    folder = place / "drawn-shapes"
    made = prz.fit(folder, backbone=text, output_dir=place / "runs", **QUICK)
    predicting = kernel.build(made.path, output=place / "predicting", owner="me")
    for file in predicting.bundle.iterdir():
        assert str(place).encode() not in file.read_bytes()
    machine = kaggle_image.machine_for(predicting.bundle, place / "one", folder)
    done = machine.run(predicting.kernel / "predict.py")
    assert done.returncode == 0, done.stderr
    same(machine.working / "submission.csv", made.submission)

    training = kernel.build(
        "drawn-shapes", output=place / "training", owner="me", machine="cpu",
        options=QUICK | {"backbone": text},
    )  # fmt: skip
    assert Job.read(training.bundle / "kernel.json").options["backbone"] == f"backbone/{text}"
    machine = kaggle_image.machine_for(training.bundle, place / "two", folder)
    done = machine.run(training.kernel / "train.py")
    assert done.returncode == 0, done.stderr
    assert (machine.working / "submission.csv").is_file()
    (trained,) = machine.working.glob("runs/drawn-shapes/*")
    same(prz.predict(trained, competition=folder, backbone=text), trained / "submission.csv")


def test_a_kernel_is_not_built_of_another_network(place):
    Path("net.py").write_text(ALONE)
    options = QUICK | {"output_dir": place / "runs"}
    made = prz.fit(place / "drawn-shapes", backbone="net.py:small_net", **options)
    Path("net.py").write_text(ALONE.replace("255.0", "127.5"))
    with pytest.raises(UsageError, match="its layers, their settings or their functions differ"):
        kernel.build(made.path, output=place / "predicting", owner="me")
    Path("net.py").write_text(NET)
    Path("beside_the_net.py").write_text("WIDTH = 4")
    with pytest.raises(UsageError, match=r"net.py imports beside_the_net, which is code of yours"):
        kernel.build(
            "drawn-shapes", output=place / "training", owner="me",
            options=QUICK | {"backbone": "net.py:small_net"},
        )  # fmt: skip
