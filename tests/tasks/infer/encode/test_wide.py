import numpy as np
import pandas as pd
import pytest
from support.trees import make_csv, make_tree

from kaggle_prz.core.errors import DataError
from kaggle_prz.tasks.infer import tables
from kaggle_prz.tasks.infer.encode import wide


@pytest.fixture
def sample(tmp_path):
    """A sample submission with these target columns."""

    def write(*columns):
        content = make_csv(["id", *columns], ["t", *[0.5] * len(columns)])
        return tables.find_sample(
            make_tree(tmp_path / "f", {"sample_submission.csv": content}, [])
        )[0]

    return write


def _columns(sample, *rows):
    names = sample.targets
    return wide.encode_columns(sample, pd.DataFrame([list(row) for row in rows], columns=names))


def test_names_of_columns(sample):
    read = wide.encode_names(sample("c", "b", "a"), np.array(list("aab")))
    assert (read.cell, read.classes, read.labels.tolist()) == (
        "probabilities", ("c", "b", "a"), [2, 2, 1],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("columns", "values", "codes"),
    [
        (("Class_1", "Class_2", "Class_10"), ["10", "1", "2"], [2, 0, 1]),
        (("c0", "c1"), ["1.0", "0.0"], [1, 0]),
        (("Fat Hen", "Sugar beet"), ["sugar_beet", "fat-hen"], [1, 0]),
        (("hip-hop", "HipHop"), ["HipHop", "hip-hop"], [1, 0]),
    ],
)
def test_names_that_are_written_otherwise(sample, columns, values, codes):
    assert wide.encode_names(sample(*columns), np.array(values)).labels.tolist() == codes


def test_lists_of_columns(sample):
    read = wide.encode_names(sample("a", "b", "c"), np.array(["a|b", "c", "b|c", "b", "a|c"]))
    assert (read.kind, read.cell) == ("tags", "independent")
    assert read.labels.tolist() == [[1, 1, 0], [0, 0, 1], [0, 1, 1], [0, 1, 0], [1, 0, 1]]


def test_labels_without_a_column_are_named_in_short(sample):
    with pytest.raises(DataError, match="'c', 'd', 'e', 'f', 'g' have no column"):
        wide.encode_names(sample("a", "b"), np.array(list("abcdefgh")))


def test_one_class_is_nothing_to_learn(sample):
    with pytest.raises(DataError, match="at least two classes"):
        wide.encode_names(sample("a", "b"), np.array(["a", "a"]))
    with pytest.raises(DataError, match="at least two classes"):
        _columns(sample("a", "b"), "10", "10")


def test_one_of_each_row_is_a_class(sample):
    read = _columns(sample("a", "b", "c"), "100", "001", "010")
    assert (read.kind, read.cell, read.labels.tolist()) == ("classes", "probabilities", [0, 2, 1])
    assert read.labels.dtype == np.int64


def test_any_of_each_row_are_tags(sample):
    read = _columns(sample("a", "b", "c"), "110", "001", "000")
    assert (read.kind, read.cell, read.soft) == ("tags", "independent", False)
    assert read.labels.tolist() == [[1, 1, 0], [0, 0, 1], [0, 0, 0]]


def test_shares_that_sum_to_1_are_classes(sample):
    read = _columns(sample("a", "b"), ("0.25", "0.75"), ("1", "0"))
    assert (read.kind, read.cell, read.soft) == ("classes", "probabilities", True)
    assert read.labels.tolist() == [[0.25, 0.75], [1, 0]]


def test_shares_that_do_not_are_tags(sample):
    read = _columns(sample("a", "b"), ("0.25", "0.25"), ("1", "0"))
    assert (read.kind, read.cell, read.soft) == ("tags", "independent", True)


def test_numbers(sample):
    read = _columns(sample("u", "v"), ("-2", "7.5"), ("100", "0"))
    assert (read.kind, read.cell, read.classes) == ("numbers", "number", ("u", "v"))
    assert read.labels.dtype == np.float32
    assert read.labels.tolist() == [[-2, 7.5], [100, 0]]


def test_several_names_a_row_are_not_supported(sample):
    with pytest.raises(DataError, match=r"'y' has 'red'\. Several labels per row that are names"):
        _columns(sample("x", "y"), ("1", "2"), ("1", "red"))


def test_coordinates_are_refused(sample):
    points = sample("eye_x", "eye_y")
    for rows in ([["3", "7"], ["0", "1"]], [["0.25", "0.5"], ["1", "0"]]):
        with pytest.raises(DataError, match=r"keypoint detection.*coordinates \(eye_x, eye_y\)"):
            wide.refuse_points(points, pd.DataFrame(rows, columns=points.targets))
    wide.refuse_points(points, pd.DataFrame([["0", "1"]], columns=points.targets))
    wide.refuse_points(points, pd.DataFrame([["red", "1"]], columns=points.targets))
    wide.refuse_points(sample("eye", "nose"), pd.DataFrame([["3", "7"]], columns=["eye", "nose"]))


def test_columns_with_gaps_are_tags(sample):
    read = _columns(sample("a", "b"), ("1", ""), ("0", "1"))
    assert (read.kind, read.cell) == ("tags", "independent")
    assert np.array_equal(read.labels, [[1, np.nan], [0, 1]], equal_nan=True)
    assert "1 of 4 cells are unknown" in read.rule
    with pytest.raises(DataError, match="'b' has none in the rows with images"):
        _columns(sample("a", "b"), ("1", ""), ("0", ""))


def test_names_of_columns_are_no_lists(sample):
    names = ["fresh fig", "fresh plum", "ripe fig", "ripe plum", "fig", "plum", "ripe", "fresh"]
    read = wide.encode_names(sample(*(name.replace(" ", "_") for name in names)), np.array(names))
    assert (read.kind, len(read.classes)) == ("classes", 8)
