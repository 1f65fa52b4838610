"""Which column of a table names the training images, and the table of labels by that column."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from kaggle_prz.core.errors import DataError
from kaggle_prz.core.task import Text
from kaggle_prz.readers import csv_tables, json_tables
from kaggle_prz.tasks.infer.hints import Hints
from kaggle_prz.tasks.infer.labels import long_format, repeats
from kaggle_prz.tasks.infer.pictures import files, pixel_rows
from kaggle_prz.tasks.infer.tables import LabelTable, Sample, words

PEEK = 200  # rows that tell whether a table names images at all
_PEEK_SHARE = 0.05
_HIT_SHARE = 0.5  # of a column's values; rows without an image are told later
_COVERED = 0.9  # of the images, from which on most rows may have none, as in a part of the files
_NEARLY = 0.95  # of the images that the best column names
_FEWEST_COUNTED = 0.2  # of the images, for a few numbers are found anywhere
_FEWEST_OTHERS = 0.2  # of the images that a table names: those that are not to be predicted


@dataclass(frozen=True)
class _Way:
    """How a column may name images: by names of files alone, and several times."""

    exact: bool
    repeated: bool


_WAYS = (_Way(True, False), _Way(False, False), _Way(True, True))


@dataclass(frozen=True, eq=False)
class Found:
    """A table of labels by a column that names images."""

    table: LabelTable
    named: frozenset[str]  # paths of these images
    share: float  # of the column's values that name one
    way: _Way = _WAYS[0]
    in_order: tuple[str, ...] = ()  # paths of the rows
    fault: DataError | None = None  # why its rows cannot be labels


def names_files(head: pd.DataFrame, role: files.Role, sample: Sample | None = None) -> bool:
    """Return whether a column's first values are files; a stack's rows always count.

    Those of a row for each image and output count by the image, if there is a sample like this.
    """
    if role.named:
        return True
    columns = [head[name] for name in head.columns]
    if sample is not None and sample.melted:
        columns += [long_format.parted(values.str.strip(), sample)[0] for values in columns]
    return any(files.best_share(csv_tables.text_of(v), role) >= _PEEK_SHARE for v in columns)


def find(
    path: Path, frame: pd.DataFrame, sample: Sample, index: files.Index, id_column: str | None
) -> Found | None:
    """Return the table of labels by the column that names most images, or None.

    Columns that name every image about once are preferred to those that repeat names, and names
    of files to numbers that they are found by. Where pictures are rows, a table with as many rows
    may have no column of ids.
    """
    found = _by_column(path, frame, sample, index, id_column)
    if found is None and index.by_row and len(frame) == len(index.train.paths) and not id_column:
        return Found(_in_order(path, frame), frozenset(index.train.paths), 1.0)
    return found


def _by_column(
    path: Path, frame: pd.DataFrame, sample: Sample, index: files.Index, id_column: str | None
) -> Found | None:
    columns = frame.columns if frame.shape[1] > 1 and len(frame) else []
    asked = [column for column in columns if id_column in (None, column)]
    for way in _WAYS:
        every = (_named_by(path, column, frame, sample, index, way=way) for column in asked)
        found = [one for one in every if one is not None]
        if found:
            best = max(found, key=lambda one: one.share)
            others = [other for other in found if other.share >= _NEARLY * best.share]
            table = _less_sure(best, others)
            ids = csv_tables.text_of(table.frame[table.id_column], path)
            return replace(best, table=replace(table, ids=ids))
    return None


def _named_by(
    path: Path, column: str, frame: pd.DataFrame, sample: Sample, index: files.Index, *, way: _Way
) -> Found | None:
    """Return the table by a column whose values name images, or None."""
    if not names_files(frame[[column]].head(PEEK), index.train):
        return None
    rows = frame.drop_duplicates() if way.repeated else an_image_a_row(frame, column, sample)
    if rows is None or (not way.exact and len(rows) < _FEWEST_COUNTED * len(index.train.paths)):
        return None
    ids = csv_tables.text_of(rows[column])
    names = np.unique(ids) if way.repeated else ids
    paths, said = files.match(names, index.train)
    share = int(np.count_nonzero(paths != "")) / len(names)
    by_number = way.exact and files.NUMBER in said
    named = frozenset(paths.tolist()) - {""}
    every = way.exact and len(named) >= _COVERED * len(index.train.paths)
    least = 1.0 if pixel_rows.ROW in said else _PEEK_SHARE if every else _HIT_SHARE
    if by_number or share < least:
        return None
    if way.repeated and len(named) < _FEWEST_COUNTED * len(index.train.paths):
        return None
    if index.shared and len(named - _to_predict(sample, index)) < _FEWEST_OTHERS * len(named):
        return None  # in one folder for both roles these are the rows to predict
    rule = f"{share:.0%} of {column} name {'an image' if index.bags is None else 'images'}"
    if len(rows) < len(frame):
        rule += f"; {len(frame) - len(rows)} of {len(frame)} rows repeat another row"
    table = LabelTable(path, column, ids, rows.reset_index(drop=True), rule)
    return Found(table, named, share, way, tuple(paths.tolist()))


def _to_predict(sample: Sample, index: files.Index) -> set[str]:
    return set(files.match(sample.ids, index.test)[0].tolist())


def _less_sure(best: Found, others: list[Found]) -> LabelTable:
    """Return the table, and whether another column of it names other images."""
    table = best.table
    differing = [other.table.id_column for other in others if other.in_order != best.in_order]
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

    Rows that are repeated word for word count once. A table may have a row for every tag of an
    image, where the sample submission asks for several.
    """
    if csv_tables.nearly_unique(frame[column]):
        return frame
    distinct = frame.drop_duplicates().reset_index(drop=True)
    if csv_tables.nearly_unique(distinct[column]):
        return distinct
    if any(repeats.is_of_people(str(name)) for name in frame.columns):
        return None
    for other in frame.columns.drop(column):
        tags = set(pd.unique(distinct[other].str.strip())) - {""}
        if not tags or not asks_for_several(sample, tags):
            continue
        between = "|" if any(" " in tag for tag in tags) else " "
        pairs = distinct[[column, other]].drop_duplicates()
        lists = pairs.groupby(column, sort=False)[other].agg(between.join).reset_index()
        if words.separator(csv_tables.text_of(lists[other])) == between:
            return lists
    return None


def with_header(frame: pd.DataFrame, train: files.Role) -> pd.DataFrame:
    """Return a table whose header names images with it as the first row, and numbered columns."""
    header = [str(name) for name in frame.columns]
    counted = any(pixel_rows.ROW in rule for rule in train.named)
    images = [name for name in header if files.best_share(np.array([name]), train, exact=True)]
    if counted or len(header) < 2 or len(images) != 1:
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


def with_whole_names(frame: pd.DataFrame, sample: Sample) -> pd.DataFrame:
    """Return a table between blanks with names of classes as the sample has them: `fresh apple`."""
    if frame.shape[1] < 3:
        return frame
    first, second, *_ = frame.columns
    names = frame.drop(columns=first).agg(" ".join, axis=1)
    shown = set(sample.targets)
    if len(sample.targets) == 1:
        shown = set(sample.column(sample.targets[0]).tolist())
    return pd.DataFrame({first: frame[first], second: names}) if shown & set(names) else frame


def torn(head: pd.DataFrame, name: str, role: files.Role) -> str:
    """Return why a table of one column names no image, if its lines begin with names; else empty.

    Args:
        head: the first rows of a table.
        name: of its file, for people.
        role: the images to train on.
    """
    if head.shape[1] != 1 or not len(head) or role.named:
        return ""
    parted = head.iloc[:, 0].str.strip().str.partition(" ")
    some = parted[parted[2] != ""]
    if not len(some) or files.best_share(csv_tables.text_of(some[0]), role) < _HIT_SHARE:
        return ""
    line = " ".join(some.iloc[0])
    return (
        f"The lines of {name} begin with names of images ({' '.join(line.split())[:60]}), but "
        "nothing parts their cells: blanks do so only if all lines, the header too, have as many "
        "words. Put commas or tabs between the cells."
    )


def asks_for_several(sample: Sample, tags: set[str]) -> bool:
    """Return whether the sample submission has several of the tags in a cell, or as columns."""
    if len(sample.targets) > 1:
        return len(tags & set(sample.targets)) >= 0.5 * len(tags)
    cells = sample.column(sample.targets[0]).tolist()
    return any(len(words.tokens([cell], sign) & tags) > 1 for cell in cells for sign in words.SIGNS)


def of_objects(frame: pd.DataFrame, path: str, sample: Sample, hints: Hints) -> DataError | None:
    """Return the error for annotations of several categories an image, but no lists of them."""
    several = frame.attrs.get(json_tables.SEVERAL, 0)
    if not several or len(sample.targets) > 1 or hints.separator not in {None, "none"}:
        return None
    for cells in (set(frame[name].tolist()) for name in frame.columns):
        if any(asks_for_several(sample, words.tokens(cells, sign)) for sign in "| "):
            return None
    return DataError(
        f"{several} images have annotations of several categories in {path}, but a row of "
        f"{sample.path.name} has one class. This is object detection, which is not supported. If "
        "the cells are lists of classes, say what stands between them with --separator."
    )


def without_rows(heads: Sequence[pd.DataFrame], name: str) -> list[str]:
    """Return a sentence on a table that has a header alone."""
    names = words.some([str(column) for head in heads for column in head.columns])
    if not heads or any(len(head) for head in heads):
        return []
    below = f" below its header ({names})" if names else ""
    return [f"{name} has no rows{below}. Add them, or download it again."]
