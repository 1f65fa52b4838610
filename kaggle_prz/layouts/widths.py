"""Columns as NumPy text, in which every cell takes as much memory as the longest one."""

from pathlib import Path

import numpy as np
import pandas as pd

from kaggle_prz.errors import DataError
from kaggle_prz.task import Text

LONGEST = 4096  # characters, as many as a path may have on most systems


def text_of(values: pd.Series, path: Path | None = None) -> Text:
    """`(rows,)` cells without blanks around them, for a column of ids or labels.

    Args:
        values: text.
        path: of the file that has the column. Without one the column is only tried: cells that
            are too long for a name are empty then.

    Raises:
        DataError: a cell of the file has more than 4,096 characters.

    Example:
        >>> text_of(pd.Series([" fox", "x" * 5000])).tolist()
        ['fox', '']
    """
    stripped = values.str.strip()
    long = _too_long(stripped)
    if not long.any():
        return np.asarray(stripped, dtype=str)
    if path is None:
        return np.asarray(stripped.mask(long, ""), dtype=str)
    row = int(long.to_numpy().argmax())
    raise DataError(
        f"{path.name} has a cell of {len(stripped.iloc[row]):,} characters in column "
        f"{str(values.name)!r}, row {row + 1} below the header, and an id or a label has "
        f"{LONGEST:,} at most; shorten it, or fetch the file again."
    )


def fits(values: pd.Series) -> bool:
    """Whether no cell is too long for an id or a label, blanks around it apart."""
    return not _too_long(values.str.strip()).any()


def _too_long(stripped: pd.Series) -> "pd.Series[bool]":
    return stripped.str.len() > LONGEST
