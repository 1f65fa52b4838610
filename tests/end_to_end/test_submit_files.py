"""From a name at Kaggle to a score, as one command in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.kaggle_shapes import SHOWN, write_answers

from kaggle_prz import runs

pytestmark = [pytest.mark.keras, pytest.mark.full]
RECIPE = ["--backbone", "tiny", "--sizes", "16,24", "--folds", "2", "--epochs", "2"]


@pytest.fixture
def shapes(world, tmp_path):
    """The world's competition with the files of shapes."""
    SHOWN.materialise(tmp_path / "shapes")
    world.files = tmp_path / "shapes"
    answers = write_answers(SHOWN, tmp_path / "answers.csv")
    teams = [{"teamName": "Ann", "score": 0.01}, {"teamName": "Bob", "score": 9.0}]
    world.change(
        answers=str(answers),
        metric="log_loss",
        maximize=False,
        evaluationMetric="Multiclass Loss",
        teams=teams,
    )
    return world


def prz(*words: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The command, in the environment of this test."""
    return subprocess.run(
        [sys.executable, "-m", "kaggle_prz.commands.cli", *map(str, words)],
        cwd=cwd,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_one_command_downloads_fits_submits_and_tells_the_score(shapes, tmp_path):
    fit = ["fit", "-c", shapes.slug, *RECIPE, "--run", "first", "--submit"]
    done = prz(*fit, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    (sent,) = shapes.submissions()
    run = runs.load_run(tmp_path / "runs" / shapes.slug / "first")
    assert run.task.metric == "log_loss"  # as the host says
    assert run.receipt.status == "complete"
    assert run.receipt.public_score == pytest.approx(sent["public"], abs=1e-5)
    assert 0 < run.receipt.public_score < 3
    assert (run.receipt.rank, run.receipt.teams) == (2, 3)
    assert f"public log loss {run.receipt.public_score:.4f}" in done.stdout
    assert "rank 2 of 3" in done.stdout

    # As a process leaves it that is killed while it waits for the score.
    known = ("host", "ref", "date", "description", "file_name", "sha256")
    left = {name: getattr(run.receipt, name) for name in known} | {"status": "pending"}
    left |= {"public_score": None, "private_score": None, "error": ""}
    (run.path / "receipt.json").write_text(json.dumps(left))
    again = prz(*fit, cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert run.receipt.status == "complete"
    assert run.receipt.rank == 2
    assert len(shapes.submissions()) == 1
    assert len(shapes.requests("DownloadDataFiles")) == 1


def test_unattended_attempts_stay_within_the_day_and_go_on_the_next(shapes, tmp_path):
    shapes.change(maxDailySubmissions=1)
    auto = ["auto", "-c", shapes.slug, *RECIPE, "--attempts", "2"]
    done = prz(*auto, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(shapes.submissions()) == 1
    postponed = "to be submitted another day" in done.stdout
    assert postponed or "kept back: a better one was submitted" in done.stdout

    shapes.change(maxDailySubmissions=5)
    done = prz(*auto, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(shapes.submissions()) == (2 if postponed else 1)
