"""The sample submission and the table of labels. Every cell is read as text."""

import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from kaggle_prz.core.errors import DataError
from kaggle_prz.core.task import Text
from kaggle_prz.readers import csv_tables, formats, json_tables
from kaggle_prz.readers.csv_tables import read_csv, text_of
from kaggle_prz.tasks.infer.tables import words

__all__ = [
    "LabelTable",
    "Sample",
    "find_sample",
    "frames",
    "is_sample",
    "read_csv",
]

_NAMES = (
    re.compile(r"sample.*sub|sub.*sample", re.IGNORECASE),
    re.compile(r"_benchmark", re.IGNORECASE),
    re.compile(r"^submission|^submit|submission[-_ ]?format", re.IGNORECASE),
    re.compile(r"^sample$", re.IGNORECASE),
)


@dataclass(frozen=True)
class Sample:
    """The sample submission: its columns and rows are those of every submission."""

    path: Path  # the file
    id_column: str  # its first column
    targets: tuple[str, ...]  # the others
    ids: Text  # `(rows,)` cells of the first
    cells: pd.DataFrame  # those of the others, as text
    melted: str = ""  # the column of the cells, where the file has a row for each image and head

    def column(self, name: str) -> Text:
        """Return cells of a target column as text, blanks stripped."""
        return text_of(self.cells[name], self.path)

    def numbers(self) -> pd.Series:
        """Return cells of the first target column as numbers; not a number where they are none."""
        return pd.to_numeric(self.cells[self.targets[0]], errors="coerce")

    def fractional(self) -> bool:
        """Return whether the first target column holds a number that is no integer."""
        return bool((self.numbers() % 1 > 0).any())


@dataclass(frozen=True)
class LabelTable:
    """The table whose rows are training images."""

    path: Path  # the file, or the folder where folders say the labels
    id_column: str  # the column that names images
    ids: Text  # `(rows,)` its values
    frame: pd.DataFrame  # all columns as text
    rule: str  # why these rows are taken for the training images
    by_order: bool = False  # rows have no ids, and belong to pictures by their place
    doubt: str = ""  # a sentence where another table or column of ids would have suited as well
    notes: tuple[str, ...] = ()  # sentences on what was made of its rows
    others: tuple[tuple[str, str], ...] = ()  # other tables, and why each is not used

    def column(self, name: str) -> Text:
        """Return a column as text, blanks stripped; lists without their brackets, between bars."""
        return words.without_brackets(text_of(self.frame[name], self.path))

    def tried(self, name: str) -> Text:
        """Return a column as text; cells that are too long for a label become empty."""
        return words.without_brackets(text_of(self.frame[name]))


def is_sample(path: Path) -> bool:
    """Return whether a name is one of a sample submission."""
    return any(pattern.search(path.stem) for pattern in _NAMES)


def find_sample(root: Path) -> tuple[Sample, str]:
    """Find and read the sample submission; of several, the one with the highest number."""
    found: list[Path] = []
    for within, pattern in ((w, p) for w in ("", "*/") for p in _NAMES):
        tables = [path for end in ("csv", "tsv") for path in root.glob(f"{within}*.{end}")]
        found = sorted((path for path in tables if pattern.search(path.stem)), key=_numbers)
        if found:
            break
    if not found:
        raise DataError(
            f"{root} has no sample submission: a CSV file with 'sample' and 'submission' in its "
            "name, such as sample_submission.csv. It must have the columns and rows to predict."
        )
    several = f"; the last of {len(found)} such files" if len(found) > 1 else ""
    return _read_sample(found[-1]), f"its name has sample and submission{several}"


def _numbers(path: Path) -> tuple[list[int], str]:
    return [int(number) for number in re.findall(r"\d+", path.stem)], path.name


def _read_sample(path: Path) -> Sample:
    names = [name for name in csv_tables.header(path) if name]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(
            f"{path.name} has several columns with the name {twice[0]!r}. Give every column a "
            "name of its own, or download the file again."
        )
    frame = csv_tables.read_csv(path)
    if frame.shape[1] < 2 or frame.empty:
        raise DataError(
            f"{path.name} must have an id column, a target column and rows; it has "
            f"{frame.shape[1]} column(s) with a name and {len(frame)} row(s)."
        )
    text = text_of(frame.iloc[:, 0], path)
    ids = pd.Series(text, dtype=object)
    if ids.duplicated().any():
        raise DataError(
            f"{path.name} has the id {ids[ids.duplicated()].iloc[0]!r} more than once in its "
            f"first column, {frame.columns[0]!r}. Every row must have an id of its own."
        )
    if (ids == "").any():
        raise DataError(
            f"{path.name} has {int((ids == '').sum())} row(s) without an id. Fill in the "
            "ids, or remove these rows."
        )
    return Sample(path, frame.columns[0], tuple(frame.columns[1:]), text, frame.iloc[:, 1:])


def frames(path: Path, rows: int | None = None) -> list[pd.DataFrame]:
    """Return every table of a CSV or JSON file; none of a sample submission or a damaged file."""
    if is_sample(path):
        return []
    try:
        is_json = formats.of(path.name) is formats.JSON
        return json_tables.tables(path) if is_json else [read_csv(path, rows=rows)]
    except DataError:
        return []
