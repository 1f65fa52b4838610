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


def test_only_numbers_get_a_comma():
    assert [decimals.comma(cell) for cell in ("0.25", "1e-05", "a.b", "1.2.3")] == [
        "0,25", "1e-05", "a.b", "1.2.3",
    ]  # fmt: skip
