import numpy as np
import pandas as pd
import pytest

from kaggle_prz.tasks.infer.encode import gaps


def _filled(*columns):
    return gaps.filled(pd.DataFrame({str(k): list(cells) for k, cells in enumerate(columns)}))


def _columns(tags):
    return ["".join(cell or "?" for cell in tags.cells[name]) for name in tags.cells]


@pytest.mark.parametrize(
    ("columns", "cells", "note"),
    [
        ([["0", "1", ""], ["1.0", "0.0", "1"]], ["01?", "101"], "^1 blank cells .* are unknown"),
        ([["0", "1", "-1"], "101"], ["01?", "101"], "1 with -1 cells .* are unknown"),
        ([["0", "1", "-1.0"], ["nan", "NA", ""]], ["01?", "???"], "3 blank and 1 with -1"),
        ([["0", "1", "?"], ["1", "0", "-"]], ["01?", "10?"], "^2 '-' or '.' cells .* unknown"),
        ([["0", "1", "?"], ["1", "", "1"]], ["01?", "1?1"], "^2 blank or '.' cells .* unknown"),
        ([["1", "", ""], ["", "1", "1"]], ["100", "011"], "3 blank cells, which are read as no"),
        ([["1", "-1", "1"], ["-1", "-1", "1"]], ["101", "001"], "1 and -1, which is read as no"),
        ([["1", "-1", ""], ["-1", "-1", "1"]], ["10?", "001"], "1 blank cells are unknown"),
    ],
)
def test_gaps_by_what_the_columns_hold(columns, cells, note):
    tags = _filled(*columns)
    assert _columns(tags) == cells
    assert pd.Series([tags.note]).str.contains(note).all(), tags.note
    assert gaps.are_in(tags.cells) == ("?" in "".join(cells))


@pytest.mark.parametrize(
    "columns",
    [
        ["01", "10"],
        [["0", "1", ""]],
        [["0", "", "2"], "010"],
        [["0.5", "", "1"], "010"],
        [["a", "", "1"], "010"],
        [["", ""], ["", ""]],
        [["0", ""], ["0", "0"]],
    ],
)
def test_whole_columns_and_others_are_none(columns):
    assert _filled(*columns) is None


def test_names_and_rows_stay():
    cells = pd.DataFrame({"a": ["1", ""], "b": ["0", "1"]}, index=[3, 5])
    tags = gaps.filled(cells)
    assert tags.cells.index.tolist() == [3, 5]
    assert np.array_equal(tags.cells.columns, ["a", "b"])
