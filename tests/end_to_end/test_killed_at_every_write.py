"""The road from a finished training to a score, killed at its writes and gone on with.

A few of them here; every write of every road, for half an hour, with

    EVERY_WRITE=1 pytest tests/end_to_end/test_killed_at_every_write.py
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from support.kaggle_shapes import write_answers
from support.synthetic import make_run

from kaggle_prz.competitions.embedded.shapes import Shapes
from kaggle_prz.core import filesystem

EVERY = bool(os.environ.get("EVERY_WRITE"))
SHAPES = Shapes(seed=3, train=16, test=6)
RECIPE = ["--backbone", "tiny", "--sizes", "16", "--folds", "2", "--epochs", "1"]
TESTS = Path(__file__).parents[1]


@pytest.fixture
def shapes(world, tmp_path, monkeypatch):
    """A competition that takes one submission in all, and a home beside the runs."""
    SHAPES.materialise(tmp_path / "shapes")
    world.files = tmp_path / "shapes"
    world.change(
        answers=str(write_answers(SHAPES, tmp_path / "answers.csv")),
        metric="log_loss",
        maximize=False,
        evaluationMetric="Multiclass Loss",
        maxTotalSubmissions=1,
    )
    (tmp_path / "killed" / "place").mkdir(parents=True)
    monkeypatch.setenv("KAGGLE_PRZ_HOME", str(tmp_path / "killed" / "place" / "home"))
    return world


def untrained(slug: str, path: Path) -> Path:
    """A finished run of the competition, made without training; returns the competition's files."""
    run = make_run(path, stages=1, folds=2, rows_a_class=4, test_rows=6, receipt=False)
    recipe = filesystem.read_json(path / "recipe.json")
    filesystem.write_json(path / "recipe.json", recipe | {"competition": slug})
    return run.task.root


def killed(world, tmp_path: Path, *roads: list[str], prepare: list[str]) -> Iterator[Any]:
    """What the process says that carries out the order, line by line."""
    place = tmp_path / "killed"
    order = {
        "place": str(place / "place"),
        "kept": str(place / "kept"),
        "control": [world.server.url, world.server.key],
        "prepare": prepare,
        "roads": roads,
        "reader": ["report", f"runs/{world.slug}/first"],
        "every": EVERY,
    }
    with subprocess.Popen(
        [sys.executable, "-m", "support.killed_writes"],
        cwd=TESTS,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        process.stdin.write(json.dumps(order))
        process.stdin.close()
        yield from map(json.loads, process.stdout)
    assert process.returncode == 0


def check(lines: Iterator[Any]) -> dict[str, int]:
    """Hold every case against the rule; how many writes and cases there were of each road."""
    counted = {"writes": 0, "cases": 0}
    writes: list[str] = []
    for line in lines:
        if isinstance(line, list):
            writes = line
            counted["writes"] += len(writes)
            continue
        counted["cases"] += 1
        about = f"{'after' if line['after'] else 'before'} {writes[line['at'] - 1]}: {line['said']}"
        assert line["ends"][0] == -9, about
        assert not any(line["ends"][1:]), about
        assert line["submissions"] == 1, about
        (score,) = line["scores"]
        assert 0 < score < 9, about
    return counted


@pytest.mark.full
@pytest.mark.timeout(3600 if EVERY else 300)
def test_a_submission_is_made_once_wherever_it_is_killed(shapes, tmp_path, capsys):
    fit = ["fit", "-c", shapes.slug, *RECIPE, "--run", "first"]
    submit = ["submit", f"runs/{shapes.slug}/first"]
    if EVERY:
        roads, prepare = [submit, [*fit, "--submit"]], fit
    else:
        roads, prepare = [submit], []
        files = untrained(shapes.slug, tmp_path / "killed" / "place" / submit[1])
        truth = pd.read_csv(files / "sample_submission.csv")
        truth.iloc[:, 1:] = np.eye(3)[np.arange(len(truth)) % 3]
        truth.to_csv(tmp_path / "truth.csv", index=False)
        shapes.change(answers=str(tmp_path / "truth.csv"))
    counted = check(killed(shapes, tmp_path, *roads, prepare=prepare))
    with capsys.disabled():
        print(f"\n{counted} of {len(roads)} roads")
    assert counted["cases"] >= 10


# What a predicting kernel comes to, without the minutes that one takes.
PYTHON = """#!/bin/sh
root=${KAGGLE_ROOT:-/kaggle}
cp "$(find -L "$root/input" -name sample_submission.csv | head -1)" "$root/working/submission.csv"
"""


@pytest.mark.skipif(not EVERY, reason="takes a quarter of an hour")
@pytest.mark.timeout(3600)
def test_a_kernel_is_submitted_once_wherever_it_is_killed(shapes, tmp_path, capsys):
    python = tmp_path / "python"
    python.write_text(PYTHON)
    python.chmod(0o755)
    shapes.server.settings(python=str(python), queue_seconds=0.0)
    shapes.change(isKernelsSubmissionsOnly=True, hidden=str(shapes.files))
    fit = ["fit", "-c", shapes.slug, *RECIPE, "--run", "first"]
    counted = check(killed(shapes, tmp_path, [*fit, "--submit"], prepare=fit))
    with capsys.disabled():
        print(f"\n{counted} of a kernel's road")
    assert counted["cases"] == 2 * counted["writes"]
