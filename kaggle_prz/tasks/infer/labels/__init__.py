"""Which file, or which folders, say the labels of the training images."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from kaggle_prz.core.errors import DataError, UsageError
from kaggle_prz.metrics import Metric
from kaggle_prz.readers import csv_tables, json_tables
from kaggle_prz.tasks.infer.hints import Hints
from kaggle_prz.tasks.infer.labels import (
    candidates,
    choice,
    folders,
    long_format,
    parts,
    split,
)
from kaggle_prz.tasks.infer.pictures import bag_tables, files, pixel_rows
from kaggle_prz.tasks.infer.tables import LabelTable, Sample, is_sample, words

_LABELS = re.compile(r"train|label", re.IGNORECASE)  # a table called so must be readable


@dataclass
class _Search:
    """What is looked for, what was looked at, and what was found."""

    root: Path
    sample: Sample
    index: files.Index
    hints: Hints
    looked_at: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    found: list[tuple[str, candidates.Found]] = field(default_factory=list)


def find(
    root: Path,
    sample: Sample,
    index: files.Index,
    hints: Hints,
    own: LabelTable | None = None,
    *,
    metric: Metric | None = None,
) -> LabelTable:
    """Find the labels: a CSV or JSON that names training images, else folders, else file names.

    What pictures say of themselves (`own`) counts as a table. See `choice` for which of several
    tables is taken, and `parts` for those that are joined.
    """
    search = _Search(root, sample, index, hints)
    for path in _given(search) or index.tables:
        if root / path != sample.path and (hints.labels or not is_sample(root / path)):
            _look(path, search)
    offered = parts.joined(root, search.found, index.train)
    if own is not None and hints.id_column in (None, own.id_column) and not hints.labels:
        search.looked_at.append(own.path.name)
        every = index.train.paths
        offered.append(
            (own.path.name, candidates.Found(own, frozenset(every), 1.0, in_order=every))
        )
    tables = [
        choice.candidate(path, one, sample, index, hints=hints, metric=metric)
        for path, one in offered
    ]
    best = choice.best(tables, index, sample) if tables else None
    if best is not None and (best.suits or hints.labels):
        return _usable(best, hints)
    if hints.labels:
        raise _names_none(search)
    if hints.id_column is not None and best is None:
        raise UsageError(
            f"No table has a column {hints.id_column!r} (--id-column) with the names of the "
            f"training images; checked {', '.join(search.looked_at) or 'none'}."
        )
    if not index.by_row:
        for reader in (folders.by_folder, folders.by_prefix):
            if (told := reader(root, sample, index.train)) is not None:
                return told
    if best is not None:
        return _usable(best, hints)
    raise DataError(
        f"No CSV or JSON file in {root} names the training images in {index.train.folders()}; "
        f"checked {', '.join(search.looked_at) or 'none'}. One column must have their file "
        "names, with or without suffix. There are also no class folders and no file names such "
        "as cat.0.jpg."
        + files.several_files(sample.ids, index.test)
        + "".join(f" {fault}" for fault in search.faults)
    )


def _given(search: _Search) -> list[str]:
    """Return the table that is given with `--labels`, if one is."""
    wanted = search.hints.labels
    if wanted is None:
        return []
    named = [path for path in search.index.tables if path.rpartition("/")[2] == wanted]
    if (search.root / wanted).is_file() or len(named) != 1:
        named = [Path(wanted).as_posix()]
    if not (search.root / named[0]).is_file():
        listed = words.some(list(search.index.tables), 8) or "none"
        raise UsageError(
            f"--labels {wanted!r} is no file of the competition; its tables are {listed}."
        )
    return named


def _usable(best: choice.Candidate, hints: Hints) -> LabelTable:
    if best.fault is not None:
        raise best.fault
    given = "; given with --labels" if hints.labels else ""
    return replace(best.table, rule=best.table.rule + given)


def _names_none(search: _Search) -> UsageError:
    """Return the error for a table that was given and names no training images."""
    train = search.index.train
    reason = " ".join(search.faults) or (
        f"no column has names of the images in {train.folders()}, such as "
        f"{train.paths[0].rpartition('/')[2]}"
    )
    column = search.hints.id_column
    asked = f" in the column {column!r} (--id-column)" if column else ""
    return UsageError(
        f"--labels {search.hints.labels!r} names no training images{asked}: {reason.rstrip('.')}."
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


def _look(path: str, search: _Search) -> None:
    search.looked_at.append(path)
    sample, index, hints = search.sample, search.index, search.hints
    file = search.root / path
    try:
        for frame in _frames(file, index.train, sample):
            rows, left_out = split.without_test_rows(frame, sample)
            wide = long_format.frame_of(
                rows, sample, index.train, target=hints.target, name=file.name
            )
            rows = bag_tables.of_labels(wide.frame, sample, index.bags)
            found = candidates.find(file, rows, sample, index, hints.id_column)
            if found is not None:
                rule = "; ".join(filter(None, [found.table.rule, wide.rule, left_out]))
                notes = tuple(filter(None, [wide.note]))
                table = replace(found.table, rule=rule, notes=notes)
                search.found.append((path, replace(found, table=table)))
    except DataError as error:
        if path.endswith((".csv", ".tsv")) and _LABELS.search(path) and not hints.labels:
            raise
        search.faults.append(str(error))


def _frames(path: Path, train: files.Role, sample: Sample) -> Iterator[pd.DataFrame]:
    if path.suffix.lower() in {".json", ".jsonl"}:
        yield from json_tables.tables(path)
        return
    head = csv_tables.read_csv(path, rows=candidates.PEEK, unnamed=True)
    if candidates.names_files(head, train, sample):
        long = len(head) == candidates.PEEK
        frame = csv_tables.read_csv(path, unnamed=True) if long else head
        yield candidates.with_header(frame, train)
