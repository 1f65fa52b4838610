"""Submissions with one row per image and output, read and written."""

import csv
import shutil

import numpy as np
import pandas as pd
import pytest
from support.competitions import MELTED

from kaggle_prz import submission
from kaggle_prz.core.errors import DataError, SubmissionError
from kaggle_prz.tasks import infer


@pytest.fixture(scope="module")
def bleedings(tmp_path_factory):
    return MELTED(tmp_path_factory.mktemp("melted") / "files", 0)


@pytest.fixture
def copy(bleedings, tmp_path):
    """The files, to be changed."""
    shutil.copytree(bleedings.root, tmp_path / "copy")
    return tmp_path / "copy"


def test_rows_of_heads_are_read_as_rows_of_images(bleedings):
    task = infer.read(bleedings.root, slug="bleedings", metric=bleedings.metric)
    assert (task.cell, task.kind, task.melted) == ("independent", "tags", True)
    assert set(task.classes) == {"any", "epidural", "subdural"}
    assert task.classes == task.target_columns
    assert (len(task.train_ids), len(task.test_ids)) == (90, 36)
    labels = pd.read_csv(bleedings.root / "stage_2_train.csv").drop_duplicates()
    truth = dict(zip(labels.ID, labels.Label, strict=True))
    for image, row in zip(task.train_ids.tolist(), task.labels.tolist(), strict=True):
        assert row == [truth[f"{image}_{name}"] for name in task.classes]
    evidence = {each.name: each.rule for each in task.evidence}
    assert evidence["cell"].endswith("one row per image and output")


def test_true_predictions_are_perfect_and_joined_by_id(bleedings, tmp_path):
    task = infer.read(bleedings.root, slug="bleedings", metric=bleedings.metric)
    header, *rows = csv.reader(bleedings.answers.splitlines())
    truth = {name: float(cell) for name, cell in rows}
    true = np.array([[truth[f"{each}_{n}"] for n in task.classes] for each in task.test_ids])
    order = np.random.default_rng(0).permutation(len(true))
    submission.write(tmp_path / "mine.csv", task, task.test_ids[order], true[order])
    assert bleedings.grade(tmp_path / "mine.csv") < 1e-5
    written = list(csv.reader((tmp_path / "mine.csv").read_text().splitlines()))
    assert [row[0] for row in written] == [header[0], *truth]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda lines: [lines[0], *lines[:0:-1]], "its rows are in another order"),
        (lambda lines: lines[:-1], "1 are missing"),
        (lambda lines: [*lines[:-1], lines[-1].replace(",0.5", ",1.5")], "from 0 to 1"),
        (lambda lines: [*lines[:-1], lines[-1] + ",0.5"], "2 cells for"),
    ],
    ids=["order", "missing", "range", "cells"],
)
def test_wrong_files_are_refused(bleedings, tmp_path, wrong, told):
    task = infer.read(bleedings.root, slug="bleedings")
    lines = (bleedings.root / bleedings.sample).read_text().splitlines()
    (tmp_path / "good.csv").write_text("\n".join(lines) + "\n")
    submission.validate(tmp_path / "good.csv", task)
    (tmp_path / "bad.csv").write_text("\n".join(wrong(lines)) + "\n")
    with pytest.raises(SubmissionError, match=told):
        submission.validate(tmp_path / "bad.csv", task)


def test_an_image_that_lacks_a_head(copy):
    table = copy / "stage_2_train.csv"
    lines = table.read_text().splitlines()
    lost = lines[1]
    table.write_text("\n".join([lines[0], *(line for line in lines[1:] if line != lost)]) + "\n")
    with pytest.raises(
        DataError, match=r"each of 3 outputs once per image; '\w+' has 2 different rows"
    ):
        infer.read(copy, slug="copy")


def test_heads_of_classes_are_not_taken_for_quantities(copy):
    for name, old, new in (("train", ",1\n", ",7\n"), ("sample_submission", ",0.5\n", ",0\n")):
        table = copy / f"stage_2_{name}.csv"
        table.write_text(table.read_text().replace(old, new))
    task = infer.read(copy, slug="copy")
    assert (task.kind, task.cell) == ("heads", "label")
    assert {head.classes for head in task.heads} == {("0", "7")}
    assert infer.read(copy, slug="copy", metric="rmse").kind == "numbers"
