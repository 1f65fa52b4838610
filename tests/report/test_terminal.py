import json
import os
from dataclasses import replace

import numpy as np
import pytest
from support.runs_of_kinds import make_run_of
from support.synthetic import make_run
from support.toys import Recorder, make_heads, make_task

from kaggle_prz import runs
from kaggle_prz.competitions.competition import Standing
from kaggle_prz.core.task import Evidence
from kaggle_prz.report import terminal
from kaggle_prz.schedule.recipe import Recipe


@pytest.fixture
def console() -> Recorder:
    return Recorder()


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("runs") / "toys" / "first")


def test_a_task_is_shown_with_its_rules_and_what_was_passed_over(console):
    task = make_task(
        [0, 1, 2],
        evidence=(Evidence("cell", "probabilities", "one column per class"),),
        warnings=("1 row is passed over.",),
    )
    terminal.show_task(task, console)
    assert console.tables == [
        ("toys", ["", "read as", "because"], [("cell", "probabilities", "one column per class")])
    ]
    assert console.lines == ["Note: 1 row is passed over."]


def test_scores_are_those_of_the_blend(console, finished):
    terminal.show_scores(finished, console)
    ((title, columns, rows),) = console.tables
    assert title == "log loss (lower is better)"
    assert columns == ["stage", "fold 1", "fold 2", "fold 3", "out-of-fold", "accuracy"]
    assert [row[0] for row in rows] == ["stage1-32", "stage2-48"]
    assert rows[1][4] == f"{finished.score:.4f}"
    assert console.lines[0].startswith(
        "The submission has the best out-of-fold score: stage2-48 has"
    )


def test_a_stage_with_some_of_its_folds_leaves_the_others_open(console, tmp_path):
    terminal.show_scores(make_run(tmp_path / "r" / "toys" / "x", last_stage_folds=1), console)
    first, second = console.tables[0][2]
    assert all(first)
    assert second[1]
    assert second[2:] == ("", "", "", "")


def test_classes_are_shown_largest_first(console):
    terminal.show_classes(make_task([0, 1, 1, 2, 1, 2], classes=["a", "b", "c"]), console)
    assert console.tables[0][2] == [("b", "3", "50.0%"), ("c", "2", "33.3%"), ("a", "1", "16.7%")]
    assert console.lines == []


def test_of_many_classes_the_rest_is_counted(console):
    terminal.show_classes(make_task(range(23), classes=23), console)
    assert len(console.tables[0][2]) == 20
    assert console.lines == ["… and 3 more classes"]


def test_tags_are_counted_each_for_itself(console):
    labels = np.array([[1, 0], [1, 1], [0.4, 0.5], [1, 1]], np.float32)
    task = replace(make_task(range(4), classes=["a", "b"], kind="tags"), labels=labels)
    terminal.show_classes(task, console)
    ((title, columns, rows),) = console.tables
    assert (title, columns) == ("tags", ["tag", "images", "share"])
    assert rows == [("a", "3", "75.0%"), ("b", "3", "75.0%")]


def test_shares_count_for_the_largest(console):
    labels = np.array([[0.6, 0.4], [0.3, 0.7], [0.2, 0.8]], np.float32)
    terminal.show_classes(replace(make_task(range(3), classes=["a", "b"]), labels=labels), console)
    assert console.tables[0][2] == [("b", "2", "66.7%"), ("a", "1", "33.3%")]


def test_of_numbers_the_range_is_shown(console):
    labels = np.float32([[1, -1], [3, 0.5]])
    task = replace(make_task(range(2), classes=["u", "v"], kind="numbers"), labels=labels)
    terminal.show_classes(task, console)
    ((title, columns, rows),) = console.tables
    assert (title, columns[:4]) == ("numbers", ["number", "least", "mean", "most"])
    assert rows == [("u", "1", "2", "3", "1"), ("v", "-1", "-0.25", "0.5", "0.75")]


@pytest.mark.parametrize("kind", ["classes", "tags", "numbers"])
def test_scores_of_every_kind(console, tmp_path, kind):
    run = make_run_of(kind, tmp_path / "first")
    terminal.show_scores(run, console)
    ((_, columns, rows),) = console.tables
    folds = ["fold 1", "fold 2", "fold 3"]
    assert columns == ["stage", *folds, "out-of-fold", *["accuracy"] * (kind == "classes")]
    assert {len(row) for row in rows} == {len(columns)}
    decided = f"How predictions become labels: {run.blend.decision.reason}."
    assert console.lines[1:] == ([] if kind == "numbers" else [decided])


def test_the_leaderboard(console):
    standing = Standing(1, "you", 0.123456, 2, "2026-01-02T03:04:05+00:00")
    terminal.show_standings("toys", [standing], console)
    (table,) = console.tables
    assert table[0] == "leaderboard of toys"
    assert table[2] == [("1", "you", "0.12346", "2", "2026-01-02 03:04:05")]


def test_a_task_as_json(finished):
    facts = json.loads(json.dumps(terminal.task_facts(finished.task)))
    assert facts["classes"] == ["ball", "cube", "drum"]
    assert (facts["kind"], facts["most_ranked"]) == ("classes", None)
    assert (facts["train_images"], facts["test_rows"]) == (36, 5)
    assert facts["rows_per_class"] == {"ball": 12, "cube": 12, "drum": 12}
    assert {"name", "value", "rule"} == set(facts["evidence"][0])


def test_runs_as_json_say_how_far_they_are(tmp_path):
    def place(name: str):
        return tmp_path / "toys" / name

    small = {"rows_a_class": 3, "test_rows": 2}
    done = make_run(place("done"), **small)
    half = make_run(place("half"), last_stage_folds=1, receipt=False, **small)
    runs.begin(place("begun"), "toys", Recipe(), done.task, "")
    damaged = make_run(place("damaged"), stages=1, **small)
    (damaged.path / "task.npz").write_bytes(b"")
    for age, name in enumerate(["damaged", "begun", "half", "done"]):
        moment = 2_000_000_000 - age
        os.utime(place(name) / "recipe.json", (moment, moment))
    facts = json.loads(json.dumps(terminal.run_facts(tmp_path)))
    assert [fact["run"] for fact in facts] == [
        str(place(name)) for name in ("done", "half", "begun", "damaged")
    ]
    assert [fact["sealed"] for fact in facts] == ["6 of 6", "4 of 6", "started", "damaged"]
    assert [fact["score"] for fact in facts] == [done.score, half.score, None, None]
    assert [fact["public_score"] for fact in facts] == [0.4321, None, None, None]


def test_runs_as_a_table(console):
    facts = [
        {"run": "a", "metric": "log_loss", "score": 0.5, "sealed": "1 of 2", "public_score": None}
    ]
    terminal.show_runs(facts, console)
    assert console.tables[0][2] == [("a", "log_loss", "0.5000", "1 of 2", "")]


def test_classes_of_heads_are_counted_head_by_head(console):
    task = make_heads([[0, 2], [1, 2], [0, 0], [0, 1]])
    terminal.show_classes(task, console)
    assert console.tables == [
        ("classes of h0", ["class", "images", "share"], [("0", "3", "75.0%"), ("1", "1", "25.0%")]),
        (
            "classes of h1",
            ["class", "images", "share"],
            [("2", "2", "50.0%"), ("0", "1", "25.0%"), ("1", "1", "25.0%")],
        ),
    ]
    facts = json.loads(json.dumps(terminal.task_facts(task)))
    assert facts["heads"][1] == {"name": "h1", "classes": ["0", "1", "2"], "weight": 1.0}


def test_scores_of_heads_have_an_accuracy(console, tmp_path):
    run = make_run_of("heads", tmp_path / "heads")
    terminal.show_scores(run, console)
    (title, columns, rows), *_ = console.tables
    assert title == "balanced accuracy over 2 outputs (higher is better)"
    assert columns[-1] == "accuracy"
    assert all(float(row[-1]) > 0 for row in rows)
