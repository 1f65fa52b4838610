"""Which file, or which folders, say the labels of the training images."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from kaggle_prz.errors import DataError, UsageError
from kaggle_prz.layouts import annotations, files, folders, melted, pixels, repeats, targets, texts
from kaggle_prz.layouts.hints import Hints
from kaggle_prz.layouts.tables import LabelTable, Sample, is_sample, without_repeats
from kaggle_prz.task import Text

_LABELS = re.compile(r"train|label", re.IGNORECASE)  # a table called so must be readable
_HIT_SHARE = 0.5  # of a column's values; rows without an image are told later
_PEEK = 200  # rows that tell whether a table names images at all
_PEEK_SHARE = 0.05
_COUNTED = 0.5  # what an image counts that is named by a number only
_FEWEST_COUNTED = 0.2  # of the images, for a few numbers are found anywhere


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


def find(root: Path, sample: Sample, index: files.Index, hints: Hints) -> LabelTable:
    """Find the labels: a CSV or JSON that names training images, else folders, else file names.

    Of several tables, one with a column that suits the sample submission is taken, and of these
    the one that names most images.

    Raises:
        DataError: nothing says the labels; tells what was looked at.
        UsageError: no table has the column given with `--id-column`.
    """
    search = _Search(sample, index, hints)
    for path in index.tables:
        if not is_sample(root / path):
            _look(root, path, search)
    if search.best is not None and search.best[0][0] > 0:
        return without_repeats(search.best[1])
    if hints.id_column is not None and search.best is None:
        raise UsageError(
            f"No table has a column {hints.id_column!r} (--id-column) that names training images; "
            f"looked at {', '.join(search.looked_at) or 'none'}."
        )
    if index.kind != "stacks":
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
            for table, named in _candidates(root / path, wide, search):
                search.offer(_rank(table, named, search), table)
    except DataError as error:
        if path.endswith((".csv", ".tsv")) and _LABELS.search(path):
            raise
        search.faults.append(str(error))


def _frames(path: Path, train: files.Role, sample: Sample) -> Iterator[pd.DataFrame]:
    if path.suffix.lower() in {".json", ".jsonl"}:
        yield from annotations.tables(path)
    elif _names_files(head := texts.read_csv(path, rows=_PEEK), train, melted_by=sample.melted):
        frame = texts.read_csv(path) if len(head) == _PEEK else head
        yield repeats.with_header(frame, train)


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
    index, hints = search.index, search.hints
    best: tuple[float, LabelTable] | None = None
    for exact in (True, False):
        for column in frame.columns if frame.shape[1] > 1 and best is None else ():
            if hints.id_column not in (None, column) or not len(frame):
                continue
            share, table = _named_by(path, column, frame, search, exact=exact)
            enough = share >= (1.0 if index.train.named else _HIT_SHARE)
            if enough and table is not None and (best is None or share > best[0]):
                best = share, table
        if best is not None:
            yield best[1], best[0] * len(best[1].ids) * (1.0 if exact else _COUNTED)
            return
    if index.kind == "stacks" and len(frame) == len(index.train.paths) and not hints.id_column:
        yield _in_order(path, frame), float(len(frame))


def _named_by(
    path: Path, column: str, frame: pd.DataFrame, search: _Search, *, exact: bool
) -> tuple[float, LabelTable | None]:
    """The share of a column's values that name images, and the table by them; else none."""
    sample, train = search.sample, search.index.train
    values = frame[column].str.strip()
    if search.index.shared and values.isin(sample.ids.tolist()).mean() > _HIT_SHARE:
        return 0.0, None  # in one folder for both roles these are the rows to predict
    if not _names_files(frame[[column]].head(_PEEK), train):
        return 0.0, None
    rows = repeats.an_image_a_row(frame, column, sample)
    if rows is None:
        return 0.0, None
    ids = rows[column].str.strip().to_numpy(dtype=str)
    share = files.best_share(ids, train, exact=exact)
    if not exact and len(ids) < _FEWEST_COUNTED * len(train.paths):
        return 0.0, None
    rule = f"{share:.0%} of {column} name an image"
    if len(rows) < len(frame):
        rule += f"; {len(frame) - len(rows)} of {len(frame)} rows repeat another's"
    return share, LabelTable(path, column, ids, rows, rule)


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
