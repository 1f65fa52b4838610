"""Code competitions, unattended: trained here or there, submitted as kernels, scored hidden."""

from pathlib import Path

import pytest
from support.kaggle_shapes import QUICK, SLUG, code_competition
from support.kaggle_worlds import login

from kaggle_prz import runs
from kaggle_prz.commands import cli

pytestmark = [pytest.mark.keras, pytest.mark.full]
RECIPE = ["--backbone", "tiny", "--sizes", "16", "--folds", "2", "--epochs", "2"]


@pytest.fixture
def kaggle(loopback, tmp_path, monkeypatch):
    """A code competition of shapes, kernels on an image without us, and a login."""
    code_competition(loopback, tmp_path, monkeypatch)
    monkeypatch.chdir(tmp_path)
    with login(loopback):
        yield loopback


def test_fit_submits_a_kernel_that_is_scored_on_images_nobody_saw(kaggle, capsys):
    for _ in range(2):
        cli.main(["fit", "-c", SLUG, *RECIPE, "--run", "first", "--submit"])
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    assert said.out.count("it is not sent again") == 1
    (sent,) = kaggle.control("state", room="submissions").values()
    receipt = runs.load_run(Path("runs") / SLUG / "first").receipt
    assert 0 < receipt.public_score < 3
    assert receipt.public_score == pytest.approx(sent["public"], abs=1e-5)
    assert kernels(kaggle) == {"predict"}


def test_unattended_training_there_comes_home_and_is_scored(kaggle, capsys):
    for _ in range(2):
        cli.main(["auto", "-c", SLUG, *RECIPE, "--attempts", "1", "--in-kernels"])
    assert "Traceback" not in capsys.readouterr().err
    (sent,) = kaggle.control("state", room="submissions").values()
    (run,) = map(runs.load_run, runs.all_runs(Path("runs")))
    assert run.receipt.public_score == pytest.approx(sent["public"], abs=1e-5)
    assert run.recipe.sizes == QUICK["sizes"]
    assert run.overrides.metric == "accuracy"  # not the cells' default
    assert kernels(kaggle) == {"predict", "train"}


def kernels(kaggle) -> set[str]:
    """Which kinds of kernels were pushed."""
    slugs = [each["body"]["slug"] for each in kaggle.requests("SaveKernel")]
    return {slug.rpartition("/")[2].split("-")[1] for slug in slugs}
