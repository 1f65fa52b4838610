"""The sample submission and the table of labels. Every cell is read as text."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from kaggle_prz.core.errors import DataError, MissingExtraError
from kaggle_prz.core.task import Text
from kaggle_prz.readers import formats, json_tables
from kaggle_prz.readers.csv_tables import read_csv, text_of
from kaggle_prz.tasks.infer.tables import words
from kaggle_prz.tasks.infer.tables.sample import Sample
from kaggle_prz.tasks.infer.tables.which_sample import find as find_sample
from kaggle_prz.tasks.infer.tables.which_sample import is_sample

__all__ = [
    "LabelTable",
    "Sample",
    "find_sample",
    "frames",
    "is_sample",
    "read_csv",
]


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
    key: str = ""  # the column by which the labels of another file were joined
    source: str = ""  # that file

    def column(self, name: str) -> Text:
        """Return a column as text, blanks stripped; lists without their brackets, between bars."""
        return words.without_brackets(text_of(self.frame[name], self.path))

    def tried(self, name: str) -> Text:
        """Return a column as text; cells that are too long for a label become empty."""
        return words.without_brackets(text_of(self.frame[name]))


def frames(path: Path, rows: int | None = None) -> list[pd.DataFrame]:
    """Return every table of a file; none of a sample submission, or of one that cannot be read."""
    if is_sample(path):
        return []
    try:
        is_json = formats.of(path.name) is formats.JSON
        return json_tables.tables(path) if is_json else [read_csv(path, rows=rows)]
    except (DataError, MissingExtraError):
        return []
