import csv
import io
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import log_loss

from kaggle_prz.competitions.competition import Answers
from kaggle_prz.competitions.embedded import grader
from kaggle_prz.core.errors import SubmissionError

CLASSES = ("w", "x", "y", "z")
IDS = ("a1", "b2", "c3", "d4")
HEADER = "id,w,x,y,z\n"
LINES = [f"{name},0.25,0.25,0.25,0.25\n" for name in IDS]


def _answers(ids=IDS, labels=(0, 1, 2, 3), usage=("public", "private") * 2) -> Answers:
    return Answers(
        ids=np.array(ids), labels=np.array(labels), usage=np.array(usage), classes=CLASSES
    )


def _content(rows, header=("id", *CLASSES)) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue().encode()


@st.composite
def valid_files(draw):
    """Answers, and rows of a submission that is in order: ids shuffled, rows that sum to 1."""
    count = draw(st.integers(2, 12))
    labels = draw(st.lists(st.integers(0, 3), min_size=count, max_size=count))
    usage = draw(st.lists(st.sampled_from(["public", "private"]), min_size=count, max_size=count))
    usage[:2] = ["public", "private"]
    weights = draw(
        st.lists(
            st.lists(st.floats(1e-6, 1), min_size=4, max_size=4), min_size=count, max_size=count
        )
    )
    probabilities = np.array(weights) / np.sum(weights, axis=1, keepdims=True)
    ids = [f"row{index}" for index in range(count)]
    rows = [[name, *map(repr, p.tolist())] for name, p in zip(ids, probabilities, strict=True)]
    order = draw(st.permutations(range(count)))
    return _answers(ids, labels, usage), probabilities, [rows[index] for index in order]


@given(valid_files())
def test_a_valid_file_scores_as_scikit_learn_does(file):
    answers, probabilities, rows = file
    scores = grader.grade_bytes(_content(rows), answers)
    for usage, received in (("public", scores.public), ("private", scores.private)):
        chosen = answers.usage == usage
        expected = log_loss(answers.labels[chosen], probabilities[chosen], labels=range(4))
        assert received == pytest.approx(expected, rel=1e-9)


MUTATIONS = {
    "dropped row": lambda rows, i, j: rows.pop(i),
    "repeated row": lambda rows, i, j: rows.append(list(rows[i])),
    "repeated id": lambda rows, i, j: rows[i].__setitem__(0, rows[i - 1][0]),
    "foreign id": lambda rows, i, j: rows[i].__setitem__(0, "elsewhere"),
    "NaN": lambda rows, i, j: rows[i].__setitem__(j, "nan"),
    "empty": lambda rows, i, j: rows[i].__setitem__(j, ""),
    "word": lambda rows, i, j: rows[i].__setitem__(j, "high"),
    "infinite": lambda rows, i, j: rows[i].__setitem__(j, "inf"),
    "above one": lambda rows, i, j: rows[i].__setitem__(j, "1.0000001"),
    "negative": lambda rows, i, j: rows[i].__setitem__(j, "-0.0000001"),
    "sum off": lambda rows, i, j: rows[i].__setitem__(
        j, repr(float(rows[i][j]) + (2e-5 if float(rows[i][j]) < 0.5 else -2e-5))
    ),
    "short row": lambda rows, i, j: rows[i].pop(j),
    "long row": lambda rows, i, j: rows[i].append("0"),
}


@pytest.mark.parametrize("name", MUTATIONS)
@settings(max_examples=20)
@given(file=valid_files(), data=st.data())
def test_one_mutation_is_refused(name, file, data):
    answers, _, rows = file
    row = data.draw(st.integers(0, len(rows) - 1))
    MUTATIONS[name](rows, row, data.draw(st.integers(1, 4)))
    with pytest.raises(SubmissionError):
        grader.grade_bytes(_content(rows), answers)


@given(file=valid_files(), order=st.permutations(("id", *CLASSES)))
def test_reordered_columns_are_refused(file, order):
    answers, _, rows = file
    content = _content(rows, order)
    if order == ["id", *CLASSES]:
        assert math.isfinite(grader.grade_bytes(content, answers).public)
    else:
        with pytest.raises(SubmissionError, match="must have the columns id"):
            grader.grade_bytes(content, answers)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "Submission is empty"),
        ("\n \n", "Submission is empty"),
        (HEADER, "missing: 'a1', 'b2', 'c3' and 1 more"),
        (HEADER + "".join(LINES[1:]), "the ids of the sample, once each .missing: 'a1'"),
        (HEADER + "".join([*LINES, LINES[0]]), "repeated: 'a1'"),
        (HEADER + "".join([*LINES[:3], LINES[0]]), "missing: 'd4'; repeated: 'a1'"),
        (
            HEADER + "".join([*LINES[:3], "e5,1,0,0,0\n"]),
            "missing: 'd4'; unknown: 'e5'",
        ),
        ("".join(LINES), "must have the columns of the sample"),
        (HEADER.replace(",z", "") + "".join(LINES), "missing: 'z'"),
        (HEADER.replace("z", "z,v") + "".join(LINES), "unknown: 'v'"),
        (HEADER.replace("z", "y") + "".join(LINES), "missing: 'z'; repeated: 'y'"),
        (HEADER.replace("w,x", "x,w") + "".join(LINES), "received id, x, w, y, z"),
        (HEADER.replace("id", "ID") + "".join(LINES), "missing: 'id'; unknown: 'ID'"),
        ("\ufeff" + HEADER + "".join(LINES), r"unknown: '\\ufeffid'"),
        (HEADER + "".join(LINES).replace("b2,0.25", "b2,"), "id b2, column w: '' is not a number"),
        (HEADER + "".join(LINES).replace("b2,0.25", "b2,NaN"), "'NaN' is not a number"),
        (HEADER + "".join(LINES).replace("b2,0.25", "b2,0_1"), "'0_1' is not a number"),
        (HEADER + "".join(LINES).replace("b2,0.25", "b2, 0.25"), "' 0.25' is not a number"),
        (HEADER + "".join(LINES).replace("b2,0.25", "b2,1e400"), "1e400 is not between 0 and 1"),
        (HEADER + "".join(LINES).replace("b2,0.25", "b2,-0.1"), "-0.1 is not between 0 and 1"),
        (HEADER + "".join(LINES).replace("b2,0.25", "b2,0.3"), "id b2: .* sum to 1.05, expected 1"),
        (HEADER + "\n" + "".join(LINES[1:]), "Row 1 has 0 cells, expected 5"),
        (HEADER + "".join(LINES[:3]) + 'd4,"0.25,0.25', "Submission is not a CSV file"),
        ('{"id": [1, 2]}', "must have the columns of the sample"),
    ],
)
def test_a_refusal_says_why(content, reason):
    with pytest.raises(SubmissionError, match=reason):
        grader.grade_bytes(content.encode(), _answers())


def test_a_picture_is_no_submission():
    with pytest.raises(SubmissionError, match="must be in UTF-8; its byte 0 is not"):
        grader.grade_bytes(b"\x89PNG\r\n\x1a\n\x00\x00", _answers())


def test_only_a_few_of_many_ids_are_named():
    ids = [f"id{index:02d}" for index in range(10)]
    answers = _answers(ids, [0] * 10, ["public", "private"] * 5)
    rows = [[f"other{index}", 1, 0, 0, 0] for index in range(10)]
    with pytest.raises(SubmissionError, match="missing: 'id00', 'id01', 'id02' and 7 more"):
        grader.grade_bytes(_content(rows), answers)


def test_a_certain_and_wrong_row_costs_the_clipped_loss():
    rows = [["a1", 0, 1, 0, 0], ["b2", 0, 1, 0, 0], ["c3", 0, 0, 1, 0], ["d4", 0, 0, 0, 1]]
    scores = grader.grade_bytes(_content(rows), _answers())
    assert scores.public == pytest.approx(-math.log(1e-15) / 2)
    assert scores.private == pytest.approx(0, abs=1e-12)


def test_the_sum_may_be_off_by_its_tolerance():
    lines = "".join(LINES).replace("b2,0.25", "b2,0.250009")
    assert math.isfinite(grader.grade_bytes((HEADER + lines).encode(), _answers()).private)


def test_windows_line_ends_and_quotes_are_csv():
    content = (HEADER + "".join(LINES)).replace("\n", "\r\n").replace("b2", '"b2"')
    scores = grader.grade_bytes(content.encode(), _answers())
    assert scores.public == scores.private == pytest.approx(math.log(4))


def test_a_missing_file_is_a_sentence(tmp_path: Path):
    with pytest.raises(SubmissionError, match=r"none\.csv cannot be read \(No such file"):
        grader.grade(tmp_path / "none.csv", _answers())
    with pytest.raises(SubmissionError, match="cannot be read"):
        grader.grade(tmp_path, _answers())
