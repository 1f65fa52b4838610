"""Tables of pixels: a row is an image, a column a pixel, or one column a string of numbers."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kaggle_prz.core.errors import DataError
from kaggle_prz.core.image_store import Array
from kaggle_prz.readers import csv_tables
from kaggle_prz.readers.containers import form
from kaggle_prz.readers.containers.wide import named_alike
from kaggle_prz.readers.formats import File, Wanted
from kaggle_prz.readers.kept import KeptFiles
from kaggle_prz.readers.pictures import modes
from kaggle_prz.readers.pictures.arrays import checked
from kaggle_prz.readers.pictures.limits import refuse_larger

_LEAST_PIXELS = 16


@dataclass(frozen=True, eq=False)
class PixelTable:
    """A table as an array."""

    values: Array  # (rows, height, width, 1 or 3), bytes where the numbers are
    span: modes.Span  # of the whole table


def read(file: File, wanted: Wanted) -> modes.Numbers:
    """Read one image of a table of pixels, `(height, width, c)`; the table is parsed once.

    Rows count from 0, without the header; encoding and separator may be any that tables of labels
    have.
    """
    table = _tables(file)
    row = checked(wanted.row or 0, len(table.values))
    one = table.values[row]
    refuse_larger(one.shape[1], one.shape[0], wanted.largest_pixels)
    if one.dtype.kind == "f" and not np.isfinite(one).all():
        raise DataError(f"row {row} lacks {np.count_nonzero(~np.isfinite(one))} pixels")
    return modes.Numbers(one, lambda: table.span)


def parse(file: Path) -> PixelTable:
    """Read a whole table.

    Pixels are the columns that are named alike but for their numbers (`pixel0`, `pixel1`, … or
    `1x1`, `1x2`, …), in the order of these numbers, or the first column whose cells hold many
    numbers between blanks or commas. They fill a square row by row, of grey or of colours.
    """
    encoding, separator = csv_tables.dialect(file)
    read_table = partial(
        pd.read_csv,
        file,
        encoding=encoding,
        sep=separator,
        skiprows=csv_tables.lines_before(file),
        index_col=False,  # else a comma at the ends of lines makes the first column an index
    )
    head = read_table(nrows=1)
    column = next((name for name in head if _holds_numbers(head[name])), None)
    if column is not None:
        values = _from_text(read_table(usecols=[column], dtype=str)[column])
    else:
        values = _from_columns(read_table, pixel_columns(list(head)))
    height, width, *colours = form.shape_of(values.shape[1], longest=1)
    shaped = values.reshape(len(values), height, width, *(colours or [1]))
    return PixelTable(shaped, modes.span_of(shaped))


_tables = KeptFiles(parse)
forget = _tables.forget


def pixel_columns(names: list[str]) -> list[str]:
    """Return the names that are alike but for their numbers, in the order of the numbers."""
    most = named_alike(names)
    if len(most) < _LEAST_PIXELS:
        raise DataError(
            "a table of pixels must have one column per pixel (pixel0, pixel1, …) or one column "
            "of strings of numbers; this one has "
            f"{', '.join(names[:8])}{(', …' if len(names) > 8 else '')}"
        )
    return most


def _from_columns(read_table: Callable[..., pd.DataFrame], columns: list[str]) -> Array:
    try:
        table = read_table(usecols=columns, dtype=np.uint8)
    except (ValueError, OverflowError):  # fractions, more than 255, or cells without a number
        table = read_table(usecols=columns, dtype=np.float32)
    values: Array = table[columns].to_numpy()
    return np.ascontiguousarray(values)


def _holds_numbers(cells: pd.Series) -> bool:
    return any(
        isinstance(cell, str) and len(_numbers(cell)) >= _LEAST_PIXELS for cell in cells.tolist()
    )


def _from_text(cells: pd.Series) -> Array:
    rows = ["" if isinstance(cell, float) else cell for cell in cells.tolist()]
    count = len(_numbers(rows[0]))
    values: Array = np.zeros((len(rows), count), np.uint8)
    for row, numbers in enumerate(_parsed(rows, count)):
        if values.dtype == np.uint8 and not (
            numbers.min() >= 0 and numbers.max() <= 255 and (numbers == np.rint(numbers)).all()
        ):
            values = values.astype(np.float32)
        values[row] = numbers
    return values


def _parsed(rows: list[str], count: int) -> Iterator[NDArray[np.float64]]:
    """Yield the numbers of every cell; of a cell of another number of them, NaN."""
    lacking = np.full(count, np.nan)
    for text in rows:
        numbers = _numbers(text)
        yield numbers if len(numbers) == count else lacking


def _numbers(text: str) -> NDArray[np.float64]:
    """Return the numbers of a string; none where something else is between them."""
    try:
        return np.array(text.strip("[] \n").replace(",", " ").split(), np.float64)
    except ValueError:
        return np.zeros(0)
