import csv
import io

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from support.toys import make_task

from kaggle_prz import submission
from kaggle_prz.competitions.competition import Answers
from kaggle_prz.competitions.embedded import grader
from kaggle_prz.core.errors import SubmissionError

CELLS = ("probabilities", "probability", "label")
# What CSV, people and other alphabets put into names; blanks at the ends are not kept.
texts = st.text("ab,\"';äß中 .0-", min_size=1, max_size=8).filter(lambda text: text == text.strip())
files = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _csv(rows) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _rows(path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def _task(path, classes, ids, cell="probabilities", id_column="id", *, metric="log_loss"):
    """A task whose sample submission lies at `path`."""
    targets = classes if cell == "probabilities" else ["target"]
    value = classes[0] if cell == "label" else "0.5"
    path.write_text(
        _csv([[id_column, *targets], *([name, *[value] * len(targets)] for name in ids)]), "utf-8"
    )
    return make_task(
        [0, 1],
        classes=classes,
        sample=path,
        cell=cell,
        id_column=id_column,
        target_columns=tuple(targets),
        test_ids=ids,
        metric=metric,
    )


@st.composite
def tasks(draw, tmp_path, cell=None):
    """A task, ids in another order than the sample's, and a prediction for each."""
    cell = cell or draw(st.sampled_from(CELLS))
    most = 2 if cell == "probability" else 5
    names = draw(st.lists(texts, min_size=2, max_size=most, unique=True))
    ids = draw(st.lists(texts, min_size=1, max_size=6, unique=True))
    names = [name for name in names if not name.startswith("Unnamed:")]
    task = _task(
        tmp_path / "sample_submission.csv",
        names,
        ids,
        cell,
        draw(texts.filter(lambda text: text not in [*names, "target"])),
        metric=draw(st.sampled_from(["log_loss", "roc_auc"])),
    )
    shape = (len(ids), len(names))
    rows = draw(arrays.arrays(np.float32, shape, elements=st.floats(0, 1, width=32)))
    rows[:, 0] += 0.001
    order = draw(st.permutations(range(len(ids))))
    return task, np.array([ids[k] for k in order], dtype=str), rows[list(order)]


@files
@given(st.data())
def test_what_is_written_is_valid_and_holds_each_ids_prediction(tmp_path, data):
    task, ids, rows = data.draw(tasks(tmp_path))
    path = tmp_path / "submission.csv"
    submission.write(path, task, ids, rows)
    submission.validate(path, task)
    header, *lines = _rows(path)
    assert header == [task.id_column, *task.target_columns]
    assert [line[0] for line in lines] == task.test_ids.tolist()
    shares = rows.astype(np.float64) / rows.sum(axis=1, keepdims=True, dtype=np.float64)
    by_id = dict(zip(ids.tolist(), shares, strict=True))
    near = 1.1e-6 if task.metric == "log_loss" else 1e-8  # which keeps a little for every class
    for name, *cells in lines:
        if task.cell == "label":
            assert cells == [task.classes[by_id[name].argmax()]]
        elif task.cell == "probability":
            assert [float(cell) for cell in cells] == pytest.approx([by_id[name][1]], abs=near)
        else:
            assert [float(cell) for cell in cells] == pytest.approx(by_id[name], abs=near)


@files
@given(st.data())
def test_the_order_of_predictions_changes_no_byte(tmp_path, data):
    task, ids, rows = data.draw(tasks(tmp_path))
    one, two = tmp_path / "one.csv", tmp_path / "two.csv"
    submission.write(one, task, ids, rows)
    submission.write(two, task, ids[::-1], rows[::-1])
    assert one.read_bytes() == two.read_bytes()


@files
@given(st.data())
def test_the_independent_grader_accepts_what_is_written(tmp_path, data):
    names = data.draw(
        st.lists(texts.filter(lambda t: t != "id"), min_size=2, max_size=6, unique=True)
    )
    ids = data.draw(st.lists(texts, min_size=2, max_size=6, unique=True))
    task = _task(tmp_path / "sample_submission.csv", names, ids)
    rows = np.random.default_rng(len(ids)).dirichlet(np.ones(len(names)), len(ids))
    submission.write(tmp_path / "submission.csv", task, np.array(ids, dtype=str), rows)
    labels = np.arange(len(ids)) % len(names)
    usage = np.array(["public", "private"] * len(ids))[: len(ids)]
    answers = Answers(np.array(ids, dtype=str), labels, usage, tuple(names))
    scores = grader.grade(tmp_path / "submission.csv", answers)
    losses = -np.log(np.clip(rows[np.arange(len(ids)), labels], 1e-9, 1))
    assert scores.public == pytest.approx(losses[::2].mean(), rel=1e-3, abs=1e-6)


@pytest.fixture
def task(tmp_path):
    return _task(tmp_path / "sample_submission.csv", ["cat", "dog"], ["01", "2", "a,b"])


@pytest.fixture
def written(tmp_path, task):
    path = tmp_path / "submission.csv"
    submission.write(path, task, task.test_ids, np.array([[0.7, 0.3], [0.2, 0.8], [0.5, 0.5]]))
    return path


def test_the_file_to_the_letter(written):
    assert written.read_bytes() == (
        b"id,cat,dog\n"
        b"01,0.700000000,0.300000000\n"
        b"2,0.200000000,0.800000000\n"
        b'"a,b",0.500000000,0.500000000\n'
    )


MUTATIONS = {
    "a column less": (lambda rows: [row[:-1] for row in rows], "must have the sample submission's"),
    "columns swapped": (lambda rows: [[r[0], r[2], r[1]] for r in rows], "columns, in order"),
    "a column renamed": (lambda rows: [["id", "Cat", "dog"], *rows[1:]], "it has id, Cat, dog"),
    "no header": (lambda rows: rows[1:], "columns, in order"),
    "a row less": (lambda rows: rows[:-1], r"1 are missing \(a,b\)"),
    "a row twice": (lambda rows: [*rows, rows[1]], "it has 4: some ids occur more than once"),
    "a stranger": (lambda rows: [*rows, ["9", "1", "0"]], r"1 are not in the sample \(9\)"),
    "rows swapped": (lambda rows: [rows[0], rows[2], rows[1], rows[3]], "in another order"),
    "a leading zero lost": (lambda rows: [rows[0], ["1", *rows[1][1:]], *rows[2:]], "missing"),
    "a cell less": (lambda rows: [*rows[:3], rows[3][:-1]], "'a,b': 1 cells for 2 columns"),
    "a cell more": (lambda rows: [*rows[:3], [*rows[3], "0"]], "3 cells for 2 columns"),
    "a blank line": (lambda rows: [*rows, []], "not in the sample"),
    "not normalised": (lambda rows: [*rows[:3], ["a,b", "0.5", "0.6"]], "they sum to 1.1000000"),
    **{
        f"cell {cell!r}": (
            lambda rows, cell=cell: [*rows[:3], ["a,b", cell, "1"]],
            "must be probabilities from 0 to 1",
        )
        for cell in ("", "nan", "-0.1", "1.1", "inf", "0_0", " 0", "٠", "x", "0x0")
    },
}


@pytest.mark.parametrize(("mutate", "told"), MUTATIONS.values(), ids=MUTATIONS.keys())
def test_a_file_that_graders_refuse_is_refused_first(written, task, mutate, told):
    written.write_text(_csv(mutate(_rows(written))), "utf-8")
    with pytest.raises(SubmissionError, match=told):
        submission.validate(written, task)


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", "id,cat,dög\n".encode("latin-1"), b'id,cat,dog\n"01,1,0\n', b"\xef\xbb\xbfid,cat"],
    ids=["empty", "blank", "latin-1", "open quote", "byte-order mark"],
)
def test_what_is_no_csv_in_utf8_is_refused(written, task, content):
    written.write_bytes(content)
    with pytest.raises(SubmissionError, match=r"submission\.csv"):
        submission.validate(written, task)


def test_a_file_that_is_gone_is_refused(written, task):
    written.unlink()
    with pytest.raises(SubmissionError, match="No such file"):
        submission.validate(written, task)


def test_an_x_in_place_of_any_character_is_found(written, task):
    text = written.read_text()
    for place in range(len(text)):
        written.write_text(text[:place] + "x" + text[place + 1 :])
        with pytest.raises(SubmissionError):
            submission.validate(written, task)


def test_a_label_that_is_no_class_is_refused(tmp_path):
    task = _task(tmp_path / "sample_submission.csv", ["cat", "dog"], ["1"], "label")
    (tmp_path / "s.csv").write_text("id,target\n1,Cat\n")
    with pytest.raises(SubmissionError, match="'Cat' is not one of the classes cat, dog"):
        submission.validate(tmp_path / "s.csv", task)


def test_rows_are_normalised_before_they_are_rounded(tmp_path):
    names = [f"c{k}" for k in range(120)]
    task = _task(tmp_path / "sample_submission.csv", names, ["1"])
    rows = np.random.default_rng(0).random((1, 120)).astype(np.float16)
    submission.write(tmp_path / "s.csv", task, task.test_ids, rows)
    assert sum(map(float, _rows(tmp_path / "s.csv")[1][1:])) == pytest.approx(1, abs=1e-7)


@pytest.mark.parametrize(
    ("row", "told"),
    [([np.nan, 1.0], "nan, 1.0"), ([np.inf, 1.0], "inf, 1.0"), ([0.0, 0.0], "0.0, 0.0")],
)
def test_a_prediction_that_says_nothing_is_refused_and_the_old_file_kept(written, task, row, told):
    before = written.read_bytes()
    rows = np.array([[0.7, 0.3], row, [0.5, 0.5]])
    with pytest.raises(SubmissionError, match=f"that of '2' is {told}"):
        submission.write(written, task, task.test_ids, rows)
    assert written.read_bytes() == before


def test_a_row_without_a_prediction_is_named(written, task):
    before = written.read_bytes()
    with pytest.raises(SubmissionError, match=r"1 rows of the sample submission .*: 2"):
        submission.write(written, task, np.array(["a,b", "01"]), np.full((2, 2), 0.5))
    assert written.read_bytes() == before


def test_predictions_for_more_rows_than_asked_are_not_written(written, task):
    ids = np.array(["zz", *task.test_ids])
    rows = np.array([[0.9, 0.1], [0.7, 0.3], [0.2, 0.8], [0.5, 0.5]])
    before = written.read_bytes()
    submission.write(written, task, ids, rows)
    assert written.read_bytes() == before
