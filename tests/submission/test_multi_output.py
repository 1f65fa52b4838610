"""Submissions of several heads: a class a column, a class a row, probabilities of every class."""

import csv
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from support.competitions import MELTED_HEADS
from support.toys import make_heads

from kaggle_prz import metrics, submission
from kaggle_prz.core.errors import SubmissionError
from kaggle_prz.metrics import decisions
from kaggle_prz.metrics.decisions import Decision
from kaggle_prz.tasks import infer

files = settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _written(path):
    with path.open(newline="") as file:
        return list(csv.reader(file))


def _task(folder, sizes, columns=None, **changes):
    """A task whose sample submission has these columns, and five rows."""
    heads = [f"h{k}" for k in range(len(sizes))]
    names = columns or heads
    sample = folder / "sample_submission.csv"
    lines = [
        ",".join(["id", *names]),
        *(",".join([f"t{k}", *["0"] * len(names)]) for k in range(5)),
    ]
    sample.write_text("\n".join(lines) + "\n")
    labels = [[row % size for size in sizes] for row in range(6)]
    return make_heads(
        labels, sizes=sizes, sample=sample, target_columns=tuple(names),
        **({"cell": "probabilities" if columns else "label"} | changes),
    )  # fmt: skip


def _rows(data, sizes):
    rows = data.draw(arrays.arrays(np.float32, (5, sum(sizes)), elements=st.floats(0, 1, width=32)))
    return rows + np.float32(0.01)


sizes_ = st.lists(st.integers(2, 4), min_size=2, max_size=4)


@files
@given(sizes_, st.data())
def test_every_column_holds_its_heads_most_probable_class(tmp_path, sizes, data):
    task, rows = _task(tmp_path, sizes), _rows(data, sizes)
    order = data.draw(st.permutations(range(5)))
    submission.write(tmp_path / "mine.csv", task, task.test_ids[order], rows[order])
    submission.validate(tmp_path / "mine.csv", task)
    header, *lines = _written(tmp_path / "mine.csv")
    assert header == ["id", *task.target_columns]
    assert [line[0] for line in lines] == task.test_ids.tolist()
    starts = np.cumsum([0, *sizes])
    for k, (start, end) in enumerate(pairwise(starts)):
        part = rows[:, start:end].astype(np.float64)
        part /= part.sum(axis=1, keepdims=True)
        assert [line[1 + k] for line in lines] == part.argmax(axis=1).astype(str).tolist()


@files
@given(sizes_, st.sampled_from(["log_loss", "accuracy"]), st.data())
def test_probabilities_of_every_head_sum_to_one_in_columns_of_any_order(
    tmp_path, sizes, metric, data
):
    names = [f"h{k}_{each}" for k, size in enumerate(sizes) for each in range(size)]
    columns = data.draw(st.permutations(names))
    task, rows = _task(tmp_path, sizes, columns, metric=metric), _rows(data, sizes)
    submission.write(tmp_path / "mine.csv", task, task.test_ids, rows)
    _, *lines = _written(tmp_path / "mine.csv")
    for line, row in zip(lines, rows.astype(np.float64), strict=True):
        cells = dict(zip(columns, map(float, line[1:]), strict=True))
        for k in range(len(sizes)):
            own = [name for name in names if name.startswith(f"h{k}_")]
            total = sum(row[names.index(name)] for name in own)
            assert sum(cells[name] for name in own) == pytest.approx(1, abs=1e-9)
            for name in own:
                assert cells[name] == pytest.approx(row[names.index(name)] / total, abs=3e-6)


def test_each_head_is_answered_by_its_own_decision(tmp_path):
    task = _task(tmp_path, (2, 3))
    rows = np.tile([0.6, 0.4, 0.5, 0.3, 0.2], (5, 1))
    each = (Decision("classes", "a", weights=(1.0, 2.0)), Decision("classes", "b"))
    decision = Decision("heads", "given", sizes=(2, 3), heads=each)
    submission.write(tmp_path / "mine.csv", task, task.test_ids, rows, decision)
    assert _written(tmp_path / "mine.csv")[1] == ["t0", "1", "0"]


@pytest.mark.parametrize(
    "decision",
    [
        Decision("classes", "given"),
        decisions.default(metrics.of(make_heads([[0, 0]], sizes=(3, 2))), "heads", 5),
    ],
    ids=["of classes", "apply to other outputs"],
)
def test_a_decision_on_something_else_is_refused(tmp_path, decision):
    task = _task(tmp_path, (2, 3))
    with pytest.raises(SubmissionError, match=r"does not apply to 2 outputs with 2 \+ 3 classes"):
        submission.write(tmp_path / "mine.csv", task, task.test_ids, np.ones((5, 5)), decision)


def test_a_head_without_a_likely_class_is_refused(tmp_path):
    task = _task(tmp_path, (2, 3))
    rows = np.ones((5, 5))
    rows[3, 2:] = 0
    with pytest.raises(SubmissionError, match=r"some class likely; that of 't3' is 0.0, 0.0, 0.0"):
        submission.write(tmp_path / "mine.csv", task, task.test_ids, rows)


@pytest.mark.parametrize(
    ("cells", "told"),
    [(["2", "0"], "row 't0': h0: '2' is not one of the classes 0, 1"), (["0", ""], "h1: ''")],
)
def test_a_class_of_another_head_is_refused(tmp_path, cells, told):
    task = _task(tmp_path, (2, 3))
    lines = [["id", "h0", "h1"], *([name, *cells] for name in task.test_ids.tolist())]
    (tmp_path / "mine.csv").write_text("\n".join(map(",".join, lines)) + "\n")
    with pytest.raises(SubmissionError, match=told):
        submission.validate(tmp_path / "mine.csv", task)


def test_probabilities_that_sum_to_one_over_all_heads_are_refused(tmp_path):
    columns = ["h0_0", "h1_0", "h0_1", "h1_1"]
    task = _task(tmp_path, (2, 2), columns)
    lines = [["id", *columns], *([name, *["0.25"] * 4] for name in task.test_ids.tolist())]
    (tmp_path / "mine.csv").write_text("\n".join(map(",".join, lines)) + "\n")
    with pytest.raises(SubmissionError, match=r"h0: probabilities must sum to 1; they sum to 0\.5"):
        submission.validate(tmp_path / "mine.csv", task)


@pytest.fixture(scope="module")
def letters(tmp_path_factory):
    return MELTED_HEADS(tmp_path_factory.mktemp("letters") / "files", 0)


def test_a_row_for_every_image_and_head_is_read_and_written(letters, tmp_path):
    task = infer.read(letters.root, slug="letters", metric=letters.metric)
    assert (task.kind, task.cell, task.metric, task.melted) == (
        "heads", "label", "balanced_accuracy", True,
    )  # fmt: skip
    expected = letters.expected["heads"]
    assert {head.name: head.classes for head in task.heads} == expected
    assert task.target_columns == tuple(expected)
    assert (len(task.train_ids), len(task.test_ids)) == (84, 12)
    truth = dict(line.split(",") for line in letters.answers.splitlines()[1:])
    perfect = [
        [float(truth[f"{image}_{head}"] == each) for head in expected for each in expected[head]]
        for image in task.test_ids.tolist()
    ]
    path = tmp_path / "mine.csv"
    order = np.random.default_rng(0).permutation(12)
    submission.write(path, task, task.test_ids[order], np.array(perfect)[order])
    assert path.read_text() == letters.answers
    assert letters.grade(path) == 1.0
    assert letters.grade(letters.root / letters.sample) == pytest.approx(letters.chance)
    wrong = path.read_text().replace("consonant_diacritic,1", "consonant_diacritic,3")
    path.write_text(wrong)
    with pytest.raises(SubmissionError, match="consonant_diacritic: '3' is not one of the classes"):
        submission.validate(path, task)
