"""CSV and JSON files of any encoding and separator, and their columns as NumPy text."""

import csv
import json
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from kaggle_prz.core.errors import DataError
from kaggle_prz.core.task import Text

_SEPARATORS = (",", ";", "\t")
_MOST_REMEMBERED = 256
_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_NEARLY_UNIQUE = 0.9
UNNAMED = "column without a name"  # of an index that pandas wrote
LONGEST = 4096  # characters, as many as a path may have on most systems


def read_csv(
    path: Path,
    rows: int | None = None,
    columns: list[str] | None = None,
    *,
    unnamed: bool = False,
) -> pd.DataFrame:
    """Read a CSV with every cell as text; a byte-order mark and blanks in headers go.

    UTF-8, UTF-16 and else Windows' Western encoding; commas, semicolons or tabs. Columns without
    a name are left out, but for the first where it is asked for (`unnamed`): it is `UNNAMED`.
    """
    try:
        encoding, separator = dialect(path)
        frame = pd.read_csv(
            path,
            dtype=str,
            keep_default_na=False,
            na_filter=False,
            encoding=encoding,
            sep=separator,
            nrows=rows,
            usecols=None if columns is None else lambda name: _name(name) in columns,
        )
    except pd.errors.EmptyDataError:
        raise DataError(f"{path} is empty; a CSV file needs a header. Download it again.") from None
    except (UnicodeError, pd.errors.ParserError, csv.Error, OSError) as error:
        reason = str(error).strip().rstrip(".")
        raise DataError(
            f"{path} cannot be read as a CSV file: {reason}. Save it as UTF-8 with commas, or "
            "download it again."
        ) from error
    if not isinstance(frame.index, pd.RangeIndex):
        raise DataError(
            f"{path} has rows with more cells than its header has columns "
            f"({', '.join(map(str, frame.columns[:5]))}). Give every column a name, or remove "
            "the commas at the ends of its lines."
        )
    frame.columns = [_name(column) for column in frame.columns]
    if frame.isna().to_numpy().any():
        frame = frame.fillna("")  # rows that end early
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
    return frame


def header(path: Path) -> list[str]:
    """Return names of all columns without blanks around them; `[]` if unreadable."""
    try:
        lines = _first_lines(path, encoding_of(path))
        names = next(csv.reader(lines[:1], delimiter=_separator(lines)), [])
        return [_name(name) for name in names]
    except (UnicodeError, csv.Error, OSError):
        return []


def _name(written: object) -> str:
    """Return a column's name without blanks and byte-order marks."""
    return str(written).strip().strip("\ufeff").strip()


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
    """Return the encoding and the separator of a table."""
    encoding = encoding_of(path)
    return encoding, _separator(_first_lines(path, encoding))


def encoding_of(path: Path) -> str:
    """UTF-8 unless a byte-order mark, zero bytes or bytes that are none say otherwise."""
    status = path.stat()
    return _encoding(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=_MOST_REMEMBERED)
def _encoding(path: Path, _size: int, _changed: int) -> str:
    """Return the encoding of a file; cached, because a table is read many times."""
    with path.open("rb") as file:
        start = file.read(4096)
        for mark, encoding in _MARKS:
            if start.startswith(mark):
                return encoding
        if b"\0" in start:
            return "utf-16-le" if start[1:2] == b"\0" else "utf-16-be"
        file.seek(0)
        content = file.read()
    for encoding in ("utf-8", "cp1252"):
        try:
            content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    return "latin-1"


def _first_lines(path: Path, encoding: str) -> list[str]:
    with path.open(encoding=encoding, newline="") as file:
        return [file.readline(10_000_000), file.readline(10_000_000)]


def _separator(lines: list[str]) -> str:
    """Return what the header has most of; rather what the line below it has as often."""
    header, first = ("".join(line.split('"')[::2]) for line in lines)

    def fits(sign: str) -> tuple[bool, int]:
        return 0 < header.count(sign) == first.count(sign), header.count(sign)

    return max(_SEPARATORS, key=fits)


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
