import pandas as pd
import pytest

from kaggle_prz.core.errors import DataError
from kaggle_prz.tasks.infer.labels import repeats


def _once(rows, columns, labels=("label",), keys=("id",), **given):
    frame = pd.DataFrame([[str(cell) for cell in row] for row in rows], columns=list(columns))
    given = {"name": "train.csv", "numbers": False} | given
    return repeats.once(frame, list(keys), list(labels), **given)


def _rows(found):
    return found.frame.to_numpy().tolist()


def test_rows_that_are_the_same_count_once():
    found = _once([("a", "x"), ("b", "y"), ("a", " x ")], ("id", "label"))
    assert _rows(found) == [["a", "x"], ["b", "y"]]
    assert (found.rule, found.note) == ("1 repeated row(s) left out", "")


def test_labels_that_agree_count_once_without_a_note():
    rows = [("a", "x", "r1", "p"), ("a", "x", "r2", "p"), ("b", "y", "r1", "q")]
    found = _once([*rows, ("b", "", "r2", "q")], ("id", "label", "reader", "patient"))
    assert list(found.frame.columns) == ["id", "label", "patient"]
    assert _rows(found) == [["a", "x", "p"], ["b", "y", "q"]]
    assert found.note == ""
    assert "2 of 4 rows repeat" in found.rule


@pytest.mark.parametrize("column", ["annotator", "Reader", "expertID", "worker_id"])
def test_annotators_vote(column):
    rows = [
        ("a", "x", 1),
        ("a", "y", 2),
        ("a", "y", 3),
        ("b", "x", 1),
        ("b", "x", 2),
        ("b", "x", 3),
    ]
    found = _once(rows, ("id", "label", column))
    assert _rows(found) == [["a", "y"], ["b", "x"]]
    assert f"1 of 2 images in train.csv have different labels by {column}; the maj" in found.note
    assert "tie" not in found.note


def test_a_tie_is_the_first_in_sorted_order():
    rows = [("a", "9", 1), ("a", "10", 2), ("b", "x", 1)]
    found = _once(rows, ("id", "label", "rater"))
    assert _rows(found) == [["a", "9"], ["b", "x"]]
    assert "1 tie(s)" in found.note


def test_numbers_have_a_mean():
    rows = [("a", "1.5", 1), ("a", "2", 2), ("b", "7", 1)]
    found = _once(rows, ("id", "label", "rater"), numbers=True)
    assert _rows(found) == [["a", "1.75"], ["b", "7"]]
    assert "the mean is used" in found.note


def test_columns_with_one_1_keep_one():
    rows = [("a", 1, 0, 0, "r1"), ("a", 0, 1, 0, "r2"), ("a", 0, 0, 1, "r3"), ("b", 0, 0, 1, "r1")]
    found = _once(rows, ("id", "x", "y", "z", "reader"), labels=("x", "y", "z"))
    assert _rows(found) == [["a", "1", "0", "0"], ["b", "0", "0", "1"]]
    rows[0] = ("a", 1, 1, 0, "r1")
    found = _once(rows, ("id", "x", "y", "z", "reader"), labels=("x", "y", "z"))
    assert _rows(found) == [["a", "0", "1", "0"], ["b", "0", "0", "1"]]


def test_different_labels_without_annotators_are_refused():
    rows = [("a", "x", "monday"), ("a", "y", "friday"), ("b", "x", "friday")]
    with pytest.raises(DataError, match=r"train\.csv .* the id 'a' .* label is 'x' and 'y'\. Keep"):
        _once(rows, ("id", "label", "date"))


def test_keys_of_several_columns():
    rows = [("a", "h", 1, "r1"), ("a", "h", 0, "r2"), ("a", "h", 0, "r3"), ("a", "k", 1, "r1")]
    found = _once(rows, ("id", "head", "label", "reader"), keys=("id", "head"))
    assert _rows(found) == [["a", "h", "0"], ["a", "k", "1"]]
