"""Which file, or which folders, say the labels of the training images."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from kaggle_prz.core.errors import DataError, UsageError
from kaggle_prz.readers import csv_tables, json_tables
from kaggle_prz.tasks.infer.hints import Hints
from kaggle_prz.tasks.infer.labels import candidates, folders, long_format, targets
from kaggle_prz.tasks.infer.pictures import bag_tables, files, pixel_rows
from kaggle_prz.tasks.infer.tables import LabelTable, Sample, is_sample, without_repeats

_LABELS = re.compile(r"train|label", re.IGNORECASE)  # a table called so must be readable


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
            f"No table has a column {hints.id_column!r} (--id-column) with the names of the "
            f"training images; checked {', '.join(search.looked_at) or 'none'}."
        )
    if not index.by_row:
        for reader in (folders.by_folder, folders.by_prefix):
            if (told := reader(root, sample, index.train)) is not None:
                return told
    if search.best is not None:
        return without_repeats(search.best[1])
    raise DataError(
        f"No CSV or JSON file in {root} names the training images in {index.train.folders()}; "
        f"checked {', '.join(search.looked_at) or 'none'}. One column must have their file "
        "names, with or without suffix. There are also no class folders and no file names such "
        "as cat.0.jpg."
        + files.several_files(sample.ids, index.test)
        + "".join(f" {fault}" for fault in search.faults)
    )


def of_sheet(root: Path, sheet: pixel_rows.Sheet, hints: Hints) -> LabelTable:
    """Return the labels in a table of pixels."""
    column, frame = pixel_rows.numbered(sheet)
    if hints.id_column is not None:
        if hints.id_column not in frame.columns:
            raise UsageError(f"{sheet.path} has no column {hints.id_column!r} (--id-column).")
        column = hints.id_column
    ids = csv_tables.text_of(frame[column], root / sheet.path)
    return LabelTable(root / sheet.path, column, ids, frame, "it has one column per pixel")


def _look(root: Path, path: str, search: _Search) -> None:
    search.looked_at.append(path)
    try:
        for frame in _frames(root / path, search.index.train, search.sample):
            wide = long_format.frame_of(frame, search.sample)
            rows = bag_tables.of_labels(wide, search.sample, search.index.bags)
            found = candidates.find(
                root / path, rows, search.sample, search.index, search.hints.id_column
            )
            if found is not None:
                search.offer(_rank(*found, search), found[0])
    except DataError as error:
        if path.endswith((".csv", ".tsv")) and _LABELS.search(path):
            raise
        search.faults.append(str(error))


def _frames(path: Path, train: files.Role, sample: Sample) -> Iterator[pd.DataFrame]:
    if path.suffix.lower() in {".json", ".jsonl"}:
        yield from json_tables.tables(path)
        return
    head = csv_tables.read_csv(path, rows=candidates.PEEK)
    if candidates.names_files(head, train, melted_by=sample.melted):
        frame = csv_tables.read_csv(path) if len(head) == candidates.PEEK else head
        yield candidates.with_header(frame, train)


def _doubted(table: LabelTable, other: LabelTable) -> LabelTable:
    if other.path == table.path or other.frame.equals(table.frame):
        return table
    doubt = (
        f"Both {table.path.name} and {other.path.name} have labels of the training images; "
        f"{table.path.name} is used. To use the other, move {table.path.name} away, or choose a "
        "column that only the other has with --target or --id-column."
    )
    return replace(table, doubt=f"{table.doubt} {doubt}".strip())


def _rank(table: LabelTable, named: float, search: _Search) -> tuple[int, float]:
    """2 where a column suits the sample submission, 1 where just one is left, else 0."""
    try:
        said = search.hints
        chosen = targets.choose(search.sample, table, said.target, separator=said.separator)
    except (DataError, UsageError):
        return 0, named
    return 1 if chosen.rule == targets.ONLY_ONE else 2, named
