"""Which column of a table names the training images, and the table of labels by that column."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from kaggle_prz.core.task import Text
from kaggle_prz.readers import csv_tables
from kaggle_prz.tasks.infer.labels import long_format
from kaggle_prz.tasks.infer.pictures import files, pixel_rows
from kaggle_prz.tasks.infer.tables import LabelTable, Sample, words

PEEK = 200  # rows that tell whether a table names images at all
_PEEK_SHARE = 0.05
_HIT_SHARE = 0.5  # of a column's values; rows without an image are told later
_NEARLY = 0.95  # of the images that the best column names
_COUNTED = 0.5  # what an image counts that is named by a number only
_FEWEST_COUNTED = 0.2  # of the images, for a few numbers are found anywhere


def names_files(head: pd.DataFrame, role: files.Role, *, melted_by: int = 0) -> bool:
    """Return whether a column's first values are files; a stack's rows always count."""
    if role.named:
        return True
    columns = [head[name] for name in head.columns]
    if melted_by:
        columns += [long_format.parted(values.str.strip(), melted_by)[0] for values in columns]
    return any(files.best_share(csv_tables.text_of(v), role) >= _PEEK_SHARE for v in columns)


def find(
    path: Path, frame: pd.DataFrame, sample: Sample, index: files.Index, id_column: str | None
) -> tuple[LabelTable, float] | None:
    """Return the table of labels by the column that names most images, and how many; or None.

    Names of files are preferred to numbers that they are found by. Where pictures are rows, a
    table with as many rows may have no column of ids.
    """
    columns = frame.columns if frame.shape[1] > 1 and len(frame) else []
    asked = [column for column in columns if id_column in (None, column)]
    for exact in (True, False):
        named = (_named_by(path, column, frame, sample, index, exact=exact) for column in asked)
        found = [one for one in named if one is not None]
        if found:
            share, table = max(found, key=lambda one: one[0])
            table = replace(table, ids=csv_tables.text_of(table.frame[table.id_column], path))
            others = [other for rate, other in found if rate >= _NEARLY * share]
            counted = share * len(table.ids) * (1.0 if exact else _COUNTED)
            return _less_sure(table, others, index.train), counted
    if index.by_row and len(frame) == len(index.train.paths) and not id_column:
        return _in_order(path, frame), float(len(frame))
    return None


def _named_by(
    path: Path, column: str, frame: pd.DataFrame, sample: Sample, index: files.Index, *, exact: bool
) -> tuple[float, LabelTable] | None:
    """Return the share of a column's values that name images, and the table by them, or None."""
    values = frame[column].str.strip()
    if index.shared and values.isin(sample.ids.tolist()).mean() > _HIT_SHARE:
        return None  # in one folder for both roles these are the rows to predict
    if not names_files(frame[[column]].head(PEEK), index.train):
        return None
    rows = an_image_a_row(frame, column, sample)
    if rows is None or (not exact and len(rows) < _FEWEST_COUNTED * len(index.train.paths)):
        return None
    ids = csv_tables.text_of(rows[column])
    paths, said = files.match(ids, index.train)
    share = int(np.count_nonzero(paths != "")) / len(ids)
    by_number = exact and files.NUMBER in said
    if by_number or share < (1.0 if pixel_rows.ROW in said else _HIT_SHARE):
        return None
    rule = f"{share:.0%} of {column} name {'an image' if index.bags is None else 'images'}"
    if len(rows) < len(frame):
        rule += f"; {len(frame) - len(rows)} of {len(frame)} rows repeat another row"
    return share, LabelTable(path, column, ids, rows, rule)


def _less_sure(table: LabelTable, others: list[LabelTable], role: files.Role) -> LabelTable:
    """Return the table, and whether another column of it names other images."""
    paths, _ = files.match(table.ids, role)
    differing = [
        other.id_column
        for other in others
        if not np.array_equal(files.match(other.ids, role)[0], paths)
    ]
    if not differing:
        return table
    doubt = (
        f"{table.path.name} has several columns that name images ({table.id_column}, "
        f"{', '.join(differing)}); {table.id_column} is used. To use another, choose it with "
        "--id-column."
    )
    return replace(table, doubt=doubt)


def _in_order(path: Path, frame: pd.DataFrame) -> LabelTable:
    ids: Text = np.arange(len(frame)).astype(str)
    frame = frame.assign(**{pixel_rows.ROW: ids})
    return LabelTable(path, pixel_rows.ROW, ids, frame, "it has as many rows as the array", True)


def an_image_a_row(frame: pd.DataFrame, column: str, sample: Sample) -> pd.DataFrame | None:
    """Return rows of a table with every image about once, or None.

    Rows that are repeated word for word count once. A table of two columns may have a row for
    every tag of an image, where the sample submission asks for several.
    """
    if csv_tables.nearly_unique(frame[column]):
        return frame
    distinct = frame.drop_duplicates().reset_index(drop=True)
    if csv_tables.nearly_unique(distinct[column]):
        return distinct
    if frame.shape[1] != 2:
        return None
    (other,) = (name for name in frame.columns if name != column)
    tags = set(pd.unique(distinct[other].str.strip())) - {""}
    if not _asks_for_several(sample, tags):
        return None
    between = "|" if any(" " in tag for tag in tags) else " "
    lists = distinct.groupby(column, sort=False)[other].agg(between.join).reset_index()
    cells = csv_tables.text_of(lists[other])
    return lists if words.separator(cells) == between else None


def with_header(frame: pd.DataFrame, train: files.Role) -> pd.DataFrame:
    """Return a table whose header names images with it as the first row, and numbered columns."""
    header = [str(name) for name in frame.columns]
    images = [name for name in header if files.best_share(np.array([name]), train, exact=True)]
    if train.named or len(header) < 2 or len(images) != 1:
        return frame
    below = frame[images[0]]
    some = csv_tables.text_of(below.head(PEEK))
    if (
        not csv_tables.nearly_unique(below)
        or files.best_share(some, train, exact=True) < files.ENOUGH
    ):
        return frame
    names = [f"column {number}" for number in range(1, len(header) + 1)]
    first = pd.DataFrame([header], columns=names)
    return pd.concat([first, frame.set_axis(names, axis=1)], ignore_index=True)


def _asks_for_several(sample: Sample, tags: set[str]) -> bool:
    if len(sample.targets) > 1:
        return len(tags & set(sample.targets)) >= 0.5 * len(tags)
    cells = sample.column(sample.targets[0]).tolist()
    return any(len(words.tokens([cell], sign) & tags) > 1 for cell in cells for sign in words.SIGNS)
