import pandas as pd
import pytest

from kaggle_prz.readers import csv_tables, decimals


@pytest.mark.parametrize(
    ("cells", "separator", "expected"),
    [
        (["0,25", "1,5", "", "3"], ";", True),
        (["0,5", "0,5"], ";", True),
        (["1,5", "2,5", "3", "1", "2", "5"], "\t", True),
        (["1,2", "3", "1", "2"], ";", False),
        (["1,2,3", "3,4"], ";", False),
        (["1, 2", "3,4"], ";", False),
        (["1", "2"], ";", False),
        (["x", "0,5"], ";", False),
        (["3,7", "-1,2"], ",", True),
        (["3,05", "12,4"], ",", True),
        (["0,25", "0,5"], ",", True),
        (["3,7", "12,4"], ",", False),
        (["01,05", "02,04"], ",", False),
        (["1,5E-05", "2"], ";", True),
    ],
)
def test_numbers_with_decimal_commas_are_no_lists(cells, separator, expected):
    assert decimals.has_commas(pd.Series(cells, dtype=object), separator) is expected


def test_a_table_tells_which_columns_had_commas(tmp_path):
    (tmp_path / "a.csv").write_text("id;p;tags\na;0,25;1,2,3\nb;3;4\n")
    frame = csv_tables.read_csv(tmp_path / "a.csv")
    assert frame.to_numpy().tolist() == [["a", "0.25", "1,2,3"], ["b", "3", "4"]]
    assert frame.attrs[decimals.ATTRIBUTE] == ("p",)
    whole = csv_tables.read_whole(tmp_path / "a.csv")
    assert whole.cells.to_numpy().tolist()[0] == ["a", "0,25", "1,2,3"]


def test_dots_between_thousands_go(tmp_path):
    (tmp_path / "a.csv").write_text("id;p;version\na;900,0;1.2\nb;1.037,5;1.3\nc;1.126.006,5;2.0\n")
    frame = csv_tables.read_csv(tmp_path / "a.csv")
    assert frame["p"].tolist() == ["900.0", "1037.5", "1126006.5"]
    assert frame["version"].tolist() == ["1.2", "1.3", "2.0"]
    assert (frame.attrs[decimals.ATTRIBUTE], decimals.THOUSANDS in frame.attrs) == (("p",), False)


def test_only_numbers_get_a_comma():
    assert [decimals.comma(cell) for cell in ("0.25", "1e-05", "a.b", "1.2.3")] == [
        "0,25", "1e-05", "a.b", "1.2.3",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "separator", "expected"),
    [
        (["1,000", "1,371", "999", "11,759"], ",", True),
        (["1,126,006", "23,411"], ",", True),
        (["1,371.25", "2"], ",", True),
        (["-1,371", ""], ",", True),
        (["101,205", "101", "205", "333"], ",", False),
        (["101,205", "333,412"], ",", False),  # may be lists of classes
        (["0,123", "0,25"], ",", False),
        (["1,371", "23,41"], ",", False),
        (["1,000", "11,759"], ";", False),  # decimal commas there
        (["1,000", "12345"], ",", False),
        (["cat,dog"], ",", False),
    ],
)
def test_commas_between_thousands_are_no_decimal_commas(cells, separator, expected):
    assert decimals.has_thousands(pd.Series(cells, dtype=object), separator) is expected


def test_thousands_are_read_without_their_commas(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('id,price\na,"1,371"\nb,"11,000"\nc,7\n')
    frame = csv_tables.read_csv(path)
    assert frame.price.tolist() == ["1371", "11000", "7"]
    assert frame.attrs[decimals.THOUSANDS] == ("price",)


def test_one_zero_byte_makes_no_utf_16(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"id,label\na\0,cat\nb,dog\n" * 9)
    assert csv_tables.encoding_of(path) == "utf-8"
