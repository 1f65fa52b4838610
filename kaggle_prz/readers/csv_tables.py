"""CSV and JSON files of any encoding and separator, and their columns as NumPy text."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from kaggle_prz.core.errors import DataError
from kaggle_prz.core.task import Text
from kaggle_prz.readers import csv_dialect, csv_lines, decimals, spreadsheets
from kaggle_prz.readers.csv_dialect import BLANKS, encoding_of, header, name_of

__all__ = [
    "BLANKS",
    "LONGEST",
    "REPEATED",
    "Whole",
    "dialect",
    "encoding_of",
    "fits",
    "header",
    "lines_before",
    "nearly_unique",
    "read_csv",
    "read_json",
    "read_whole",
    "stripped",
    "text_of",
]

_NEARLY_UNIQUE = 0.9
UNNAMED = "column without a name"  # of an index that pandas wrote
REPEATED = "columns of one name"  # an attribute of tables: pairs of a name and that of its copy
LONGEST = 4096  # characters, as many as a path may have on most systems


def read_csv(
    path: Path,
    rows: int | None = None,
    columns: list[str] | None = None,
    *,
    unnamed: bool = False,
) -> pd.DataFrame:
    """Read a CSV with every cell as text; a byte-order mark and blanks in headers go.

    UTF-8, UTF-16 and else Windows' Western encoding; commas, semicolons, tabs, bars, or blanks
    where nothing else parts the cells. Columns without a name are left out, but for the first
    where it is asked for (`unnamed`): it is `UNNAMED`. Decimal commas become points.
    """
    frame = _parsed(path, rows, columns)
    frame.columns = [name_of(column) for column in frame.columns]
    named = [bool(name) and not name.startswith("Unnamed:") for name in frame.columns]
    if unnamed and named and not named[0]:
        frame.columns = [UNNAMED, *frame.columns[1:]]
        named[0] = True
    frame = frame.loc[:, named]
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise DataError(
            f"{path} has several columns with the name {twice!r} (spaces ignored). "
            "Rename all but one."
        )
    how = csv_dialect.of(path)
    frame.attrs[REPEATED] = _repeated(header(path), frame)
    return decimals.with_points(frame, how.separator) if how.commas else frame


def _repeated(names: list[str], frame: pd.DataFrame) -> tuple[tuple[str, str], ...]:
    """Return names that a header has twice, each with the name that pandas gives the second."""
    twice = {name for name in names if name and names.count(name) > 1}
    return tuple((name, f"{name}.1") for name in sorted(twice) if f"{name}.1" in frame)


@dataclass(frozen=True, eq=False)
class Whole:
    """A table as it is written, with the columns that have no name."""

    names: tuple[str, ...]  # of its columns; empty where one has none
    cells: pd.DataFrame  # as text, with decimal commas; columns are numbered from 0
    separator: str


def read_whole(path: Path) -> Whole:
    """Read a CSV as `read_csv` does, with all its columns and cells as they are written."""
    frame = _parsed(path)
    names = header(path)
    if len(names) != frame.shape[1]:
        names = [name_of(column) for column in frame.columns]
    frame.columns = pd.RangeIndex(frame.shape[1])
    separator = csv_dialect.of(path).separator
    return Whole(tuple(names), frame, " " if separator == BLANKS else separator)


def _parsed(path: Path, rows: int | None = None, columns: list[str] | None = None) -> pd.DataFrame:
    """Return all cells as text; what is no CSV is read line by line."""
    if spreadsheets.is_sheet(path):
        return _framed(spreadsheets.rows(path), rows, columns)
    try:
        how = csv_dialect.of(path)
        if how.fault:
            raise DataError(f"{path} {how.fault}. Download it again.")
        frame = _plain(path, how, rows, columns) if how.plain else None
        if frame is None:
            frame = _by_lines(path, how, rows, columns)
    except pd.errors.EmptyDataError:
        raise DataError(f"{path} is empty; a CSV file needs a header. Download it again.") from None
    except UnicodeError as error:
        raise DataError(
            f"{path} holds something other than text ({str(error).rstrip('.')}). Download it again."
        ) from error
    except (csv.Error, OSError) as error:
        reason = str(error).strip().rstrip(".")
        raise DataError(f"{path} cannot be read as a CSV file: {reason}.") from error
    if frame.isna().to_numpy().any():
        frame = frame.fillna("")  # rows that end early
    return frame


def _plain(
    path: Path, how: csv_dialect.Dialect, rows: int | None, columns: list[str] | None
) -> pd.DataFrame | None:
    """Return the cells of a table by pandas' parser; None where rows are longer than the header."""
    try:
        frame = pd.read_csv(
            path,
            dtype=str,
            keep_default_na=False,
            na_filter=False,
            encoding=how.encoding,
            sep=how.separator,
            skiprows=how.before,
            nrows=rows,
            usecols=None if columns is None else lambda name: name_of(name) in columns,
        )
    except pd.errors.EmptyDataError:
        raise
    except pd.errors.ParserError:
        return None
    return frame if isinstance(frame.index, pd.RangeIndex) else None


def _by_lines(
    path: Path, how: csv_dialect.Dialect, rows: int | None, columns: list[str] | None
) -> pd.DataFrame:
    found = csv_lines.rows(path, how)
    if not found:
        raise pd.errors.EmptyDataError
    return _framed(found, rows, columns)


def _framed(found: list[list[str]], rows: int | None, columns: list[str] | None) -> pd.DataFrame:
    """Return a header and rows as a table."""
    names = [name_of(name) or f"Unnamed: {place}" for place, name in enumerate(found[0])]
    frame = pd.DataFrame(found[1:], columns=names, dtype=str).iloc[:rows]
    return frame if columns is None else frame.loc[:, [name in columns for name in names]]


def read_json(path: Path) -> object:
    """Return what a JSON file, or one with an object a line, holds."""
    try:
        text = path.read_bytes().decode(encoding_of(path))
    except (UnicodeError, OSError) as error:
        raise DataError(f"{path} cannot be read: {error}. Download it again.") from error
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:  # also numbers of too many digits
        with_lines = [line for line in text.splitlines() if line.strip()]
        try:
            if len(with_lines) > 1:
                return [json.loads(line) for line in with_lines]
        except (ValueError, RecursionError):
            pass
        raise DataError(
            f"{path} is not valid JSON: {error}. It may be incomplete; download it again."
        ) from error


def dialect(path: Path) -> tuple[str, str]:
    """Return the encoding and the separator of a table, which may be `BLANKS`."""
    found = csv_dialect.of(path)
    return found.encoding, found.separator


def lines_before(path: Path) -> int:
    """Return how many lines stand before the header of a table."""
    return csv_dialect.of(path).before


def text_of(values: pd.Series, path: Path | None = None) -> Text:
    """Return `(rows,)` cells without blanks around them, for a column of ids or labels."""
    stripped = values.str.strip()
    long = _too_long(stripped)
    if not long.any():
        return np.asarray(stripped, dtype=str)
    if path is None:
        return np.asarray(stripped.mask(long, ""), dtype=str)
    row = int(long.to_numpy().argmax())
    raise DataError(
        f"{path.name} has a cell of {len(stripped.iloc[row]):,} characters in column "
        f"{str(values.name)!r}, row {row + 1} below the header; an id or label can have "
        f"{LONGEST:,} at most. Shorten it, or download the file again."
    )


def stripped(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table of text without blanks around its cells."""
    return frame.apply(lambda column: column.str.strip())


def nearly_unique(values: pd.Series) -> bool:
    """Return whether nine of ten cells differ, blanks around them apart."""
    return bool(values.str.strip().nunique() >= _NEARLY_UNIQUE * len(values))


def fits(values: pd.Series) -> bool:
    """Return whether no cell is too long for an id or a label, blanks around it apart."""
    return not _too_long(values.str.strip()).any()


def _too_long(stripped: pd.Series) -> "pd.Series[bool]":
    return stripped.str.len() > LONGEST
