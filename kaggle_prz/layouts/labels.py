"""Which file, or which folders, say the labels of the training images."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from kaggle_prz.errors import DataError, UsageError
from kaggle_prz.layouts import (
    annotations,
    bag_rows,
    files,
    folders,
    melted,
    pixels,
    targets,
    texts,
)
from kaggle_prz.layouts.hints import Hints
from kaggle_prz.layouts.tables import LabelTable, Sample, is_sample, without_repeats
from kaggle_prz.task import Text

_LABELS = re.compile(r"train|label", re.IGNORECASE)  # a table called so must be readable
_HIT_SHARE = 0.5  # of a column's values; rows without an image are told later
_PEEK = 200  # rows that tell whether a table names images at all
_PEEK_SHARE = 0.05
_NEARLY_UNIQUE = 0.9
_NEARLY = 0.95  # of the images that the best column names


@dataclass
class _Search:
    """What is looked for, what was looked at, and the table found with the highest rank."""

    sample: Sample
    index: files.Index
    hints: Hints
    looked_at: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    best: tuple[tuple[int, float], LabelTable] | None = None

    def offer(self, rank: tuple[int, float], table: LabelTable) -> None:
        if self.best is None or rank > self.best[0]:
            self.best = rank, table
        elif rank == self.best[0] and rank[0] > 0:
            self.best = rank, _doubted(self.best[1], table)


def find(
    root: Path,
    sample: Sample,
    index: files.Index,
    hints: Hints,
    own: LabelTable | None = None,
) -> LabelTable:
    """Find the labels: a CSV or JSON that names training images, else folders, else file names.

    Of several tables, one with a column that suits the sample submission is taken, and of these
    the one that names most images. What pictures say of themselves (`own`) counts as a table.

    Raises:
        DataError: nothing says the labels; tells what was looked at.
        UsageError: no table has the column given with `--id-column`.
    """
    search = _Search(sample, index, hints)
    for path in index.tables:
        if not is_sample(root / path):
            _look(root, path, search)
    if own is not None and hints.id_column in (None, own.id_column):
        search.looked_at.append(own.path.name)
        search.offer(_rank(own, float(len(own.ids)), search), own)
    if search.best is not None and search.best[0][0] > 0:
        return without_repeats(search.best[1])
    if hints.id_column is not None and search.best is None:
        raise UsageError(
            f"No table has a column {hints.id_column!r} (--id-column) that names training images; "
            f"looked at {', '.join(search.looked_at) or 'none'}."
        )
    if not index.by_row:
        for reader in (folders.by_folder, folders.by_prefix):
            if (told := reader(root, sample, index.train)) is not None:
                return told
    if search.best is not None:
        return without_repeats(search.best[1])
    raise DataError(
        f"No CSV or JSON in {root} names the training images in {index.train.folders()}: looked at "
        f"{', '.join(search.looked_at) or 'none'}. One column must hold their file names, with or "
        "without suffix. Neither are there folders of classes, nor names such as cat.0.jpg."
        + files.several_files(sample.ids, index.test)
        + "".join(f" {fault}" for fault in search.faults)
    )


def of_sheet(root: Path, sheet: pixels.Sheet, hints: Hints) -> LabelTable:
    """The labels in a table of pixels.

    Raises:
        UsageError: it has no column as given with `--id-column`.
    """
    column, frame = pixels.numbered(sheet)
    if hints.id_column is not None:
        if hints.id_column not in frame.columns:
            raise UsageError(f"{sheet.path} has no column {hints.id_column!r} (--id-column).")
        column = hints.id_column
    ids = frame[column].str.strip().to_numpy(dtype=str)
    return LabelTable(root / sheet.path, column, ids, frame, "it has a pixel a column")


def _look(root: Path, path: str, search: _Search) -> None:
    search.looked_at.append(path)
    try:
        for frame in _frames(root / path, search.index.train, search.sample):
            wide = melted.frame_of(frame, search.sample)
            rows = bag_rows.of_labels(wide, search.sample, search.index.bags)
            for table, named in _candidates(root / path, rows, search):
                search.offer(_rank(table, named, search), table)
    except DataError as error:
        if path.endswith((".csv", ".tsv")) and _LABELS.search(path):
            raise
        search.faults.append(str(error))


def _frames(path: Path, train: files.Role, sample: Sample) -> Iterator[pd.DataFrame]:
    if path.suffix.lower() in {".json", ".jsonl"}:
        yield from annotations.tables(path)
    elif _names_files(head := texts.read_csv(path, rows=_PEEK), train, melted_by=sample.melted):
        yield texts.read_csv(path) if len(head) == _PEEK else head


def _names_files(head: pd.DataFrame, role: files.Role, *, melted_by: int = 0) -> bool:
    """Whether some column's first values are files; a stack's rows are always worth a look."""
    if role.named:
        return True
    columns = [head[name].str.strip() for name in head.columns]
    if melted_by:
        columns += [melted.parted(values, melted_by)[0] for values in columns]
    return any(files.best_share(v.to_numpy(dtype=str), role) >= _PEEK_SHARE for v in columns)


def _candidates(
    path: Path, frame: pd.DataFrame, search: _Search
) -> Iterator[tuple[LabelTable, float]]:
    sample, index, hints = search.sample, search.index, search.hints
    found: list[tuple[float, LabelTable]] = []
    for column in frame.columns if frame.shape[1] > 1 else ():
        values = frame[column].str.strip()
        if hints.id_column not in (None, column) or not len(frame):
            continue
        if values.nunique() < _NEARLY_UNIQUE * len(values):
            continue
        if index.shared and values.isin(sample.ids.tolist()).mean() > _HIT_SHARE:
            continue  # in one folder for both roles these are the rows to predict
        if not _names_files(frame[[column]].head(_PEEK), index.train):
            continue
        ids = values.to_numpy(dtype=str)
        paths, said = files.match(ids, index.train)
        share = int(np.count_nonzero(paths != "")) / len(ids)
        if share >= (1.0 if pixels.ROW in said else _HIT_SHARE):
            what = "an image" if index.bags is None else "images"
            rule = f"{share:.0%} of {column} name {what}"
            found.append((share, LabelTable(path, column, ids, frame, rule)))
    if found:
        share, table = max(found, key=lambda one: one[0])
        others = [other for rate, other in found if other is not table and rate >= _NEARLY * share]
        yield _less_sure(table, others, index.train), share * len(frame)
    elif index.by_row and len(frame) == len(index.train.paths) and not hints.id_column:
        yield _in_order(path, frame), float(len(frame))


def _less_sure(table: LabelTable, others: list[LabelTable], role: files.Role) -> LabelTable:
    """The table, and whether another column of it names other images."""
    if not others:
        return table
    paths, _ = files.match(table.ids, role)
    differing = [o.id_column for o in others if (files.match(o.ids, role)[0] != paths).any()]
    if not differing:
        return table
    doubt = (
        f"{table.path.name} has several columns that name images ({table.id_column}, "
        f"{', '.join(differing)}); {table.id_column} is taken. Another one is named with "
        "--id-column."
    )
    return replace(table, doubt=doubt)


def _doubted(table: LabelTable, other: LabelTable) -> LabelTable:
    if other.path == table.path or other.frame.equals(table.frame):
        return table
    doubt = (
        f"{table.path.name} and {other.path.name} both have labels of the training images; "
        f"{table.path.name} is taken. Where the other is meant, move {table.path.name} away, or "
        "name a column that it lacks with --target or --id-column."
    )
    return replace(table, doubt=f"{table.doubt} {doubt}".strip())


def _in_order(path: Path, frame: pd.DataFrame) -> LabelTable:
    ids: Text = np.arange(len(frame)).astype(str)
    frame = frame.assign(**{pixels.ROW: ids})
    return LabelTable(path, pixels.ROW, ids, frame, "it has as many rows as the stack", True)


def _rank(table: LabelTable, named: float, search: _Search) -> tuple[int, float]:
    """2 where a column suits the sample submission, 1 where just one is left, else 0."""
    try:
        rule = targets.choose(search.sample, table, search.hints.target).rule
    except (DataError, UsageError):
        return 0, named
    return 1 if rule == targets.ONLY_ONE else 2, named
