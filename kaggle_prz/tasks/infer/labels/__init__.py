"""Which file, or which folders, say the labels of the training images."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from kaggle_prz.core.errors import DataError, MissingExtraError, UsageError
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
    targets,
)
from kaggle_prz.tasks.infer.pictures import bag_tables, files, pixel_rows
from kaggle_prz.tasks.infer.pictures.scan import role_of
from kaggle_prz.tasks.infer.tables import LabelTable, Sample, is_sample, words
from kaggle_prz.tasks.infer.tables import frames as frames_of

_LABELS = re.compile(r"train|label", re.IGNORECASE)  # a table called so must be readable
_MOST_DESCRIBED = 50_000  # JSON files, which take seconds
_OTHER_SHEETS = (".xls", ".xlsm", ".xlsb", ".ods", ".numbers")
_MISFITS = (bag_tables.misfit, candidates.torn)


@dataclass
class _Search:
    """What is looked for, what was looked at, and what was found."""

    root: Path
    sample: Sample
    index: files.Index
    hints: Hints
    looked_at: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    # tables whose rows cannot be used, and whether nothing else may be
    refused: list[tuple[bool, DataError]] = field(default_factory=list)
    misfits: list[str] = field(default_factory=list)
    unread: list[MissingExtraError] = field(default_factory=list)  # of tables of Excel
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
    if hints.labels == folders.CHOSEN:
        return _of_folders(search)
    table = _found(search, own, metric)
    return replace(table, notes=(*table.notes, *map(str, search.unread)))


def _found(search: _Search, own: LabelTable | None, metric: Metric | None) -> LabelTable:
    root, sample, index, hints = search.root, search.sample, search.index, search.hints
    offered = _offered(search, own)
    best = _best(offered, search, metric)
    keyless: list[str] = []
    if best is None or best.suits < 2 or not targets.fits(sample, best.labels):
        keyed, keyless = _through_key(offered, search)
        best = _best(keyed, search, metric) if keyed else best
        search.faults += keyless
    if best is not None and (best.suits or hints.labels):
        table = _usable(best, search)
        compared = not (hints.labels or index.by_row)
        found = (root, sample, index.train, table, best.labels)
        note = folders.disagreement(*found) if compared else ""
        return replace(table, notes=(*table.notes, note)) if note else table
    if hints.labels:
        raise next(iter(search.unread), _names_none(search))
    for error in (error for needed, error in search.refused if needed):
        raise error
    if hints.id_column is not None and best is None:
        raise UsageError(
            f"No table has a column {hints.id_column!r} (--id-column) with the names of the "
            f"training images; checked {', '.join(search.looked_at) or 'none'}."
        )
    by_path = (folders.by_folder, folders.by_prefix) if not index.by_row else ()
    for find_by in by_path:
        if (said := find_by(root, sample, index.train)) is not None:
            return said
    for missing in search.unread:
        raise missing
    if keyless:
        raise DataError(
            f"{keyless[0]} Write the label of every image into one table, or choose the table, "
            "or a column, of labels with --labels or --target."
        )
    return _usable(best, search)


def _offered(search: _Search, own: LabelTable | None) -> list[parts.Part]:
    """Return the tables that name training images, parts of one as one."""
    root, index, hints = search.root, search.index, search.hints
    for path in _given(search) or index.tables:
        if root / path != search.sample.path and (hints.labels or not is_sample(root / path)):
            _look(path, search)
    if index.described and not search.found and not hints.labels:
        _look_at_each(search)
    offered = parts.joined(root, search.found, index.train)
    if own is not None and hints.id_column in (None, own.id_column) and not hints.labels:
        search.looked_at.append(own.path.name)
        every = index.train.paths
        offered.append(
            (own.path.name, candidates.Found(own, frozenset(every), 1.0, in_order=every))
        )
    return offered


def _best(
    offered: Sequence[parts.Part], search: _Search, metric: Metric | None
) -> choice.Candidate | None:
    sample, index, hints = search.sample, search.index, search.hints
    tables = [
        choice.candidate(path, one, sample, index, hints=hints, metric=metric)
        for path, one in offered
    ]
    return choice.best(tables, index, sample) if tables else None


def _through_key(
    offered: Sequence[parts.Part], search: _Search
) -> tuple[list[parts.Part], list[str]]:
    """Return tables of images with labels of another table; see `parts.through_key`."""
    index, hints = search.index, search.hints
    if index.by_row or index.bags is not None:
        return [], []
    named, others = offered, [p for p in index.tables if p not in {p for p, _ in search.found}]
    if hints.labels and not offered:
        others = search.looked_at
        unsaid = hints.model_copy(update={"labels": None})
        whole = _Search(search.root, search.sample, index, unsaid)
        for path in index.tables:
            if path not in others:
                _look(path, whole)
        named = parts.joined(search.root, whole.found, index.train)
    wanted = search.sample.targets if hints.target is None else (hints.target,)
    return parts.through_key(search.root, named, others, wanted)


def _of_folders(search: _Search) -> LabelTable:
    """Return the labels that folders say, as `--labels folders` asks.

    Raises:
        UsageError: they say none.
    """
    train = search.index.train
    found = folders.by_folder(search.root, search.sample, train)
    if found is None or search.index.by_row:
        raise UsageError(
            f"--labels {folders.CHOSEN}: the training images, in {train.folders()}, are not in "
            "folders of their classes. Put the images of every class into a folder of its own, or "
            "choose a table with --labels."
        )
    return replace(found, rule=f"{found.rule}; given with --labels")


def _usable(best: choice.Candidate | None, search: _Search) -> LabelTable:
    """Return the best table.

    Raises:
        DataError: its rows cannot be used, or there is no table.
    """
    faults = [best.fault] if best is not None else [error for _, error in search.refused]
    for fault in filter(None, faults):
        raise fault
    if best is not None:
        given = "; given with --labels" if search.hints.labels else ""
        return replace(best.table, rule=best.table.rule + given)
    if search.misfits:
        raise DataError(search.misfits[0])
    sample, index = search.sample, search.index
    raise DataError(
        f"No table (CSV, Excel, JSON) in {search.root} names the training images in "
        f"{index.train.folders()}; checked {', '.join(search.looked_at) or 'none'}. One column "
        "must have their file names, with or without suffix. There are also no class folders and "
        "no file names such as cat.0.jpg."
        + files.several_files(sample.ids, index.test)
        + "".join(f" {fault}" for fault in search.faults)
        + "".join(f" {name} is not read; save it as CSV." for name in _unread(search.root))
    )


def _unread(root: Path) -> list[str]:
    """Return names of tables of spreadsheets in formats that are not read."""
    return sorted(path.name for path in root.iterdir() if path.suffix.lower() in _OTHER_SHEETS)


def _given(search: _Search) -> list[str]:
    """Return the table that is given with `--labels`, if one is: by path or by its name alone."""
    wanted = search.hints.labels
    if wanted is None:
        return []
    known = search.index.tables
    path = re.sub(r"\.(zip|gz)$", "", Path(wanted).as_posix())
    if path in known or (".." not in path and (search.root / path).is_file()):
        return [path]
    whole = f"/{Path(wanted).resolve().as_posix()}" if Path(wanted).is_file() else f"/{path}"
    ends = [own for own in known if whole.endswith(f"/{own}") and Path(wanted).is_file()]
    named = sorted(ends, key=len)[-1:] or [own for own in known if own.rpartition("/")[2] == path]
    if len(named) == 1:
        return named
    listed = words.some(list(known), 8) or "none"
    raise UsageError(
        f"--labels {wanted!r} must name one table of the competition; its tables are {listed}."
    )


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
    if hints.labels is not None and Path(hints.labels).name != Path(sheet.path).name:
        raise UsageError(
            f"--labels {hints.labels!r} cannot be used: the images are rows of {sheet.path}, which "
            "has their labels."
        )
    column, frame = pixel_rows.numbered(sheet)
    if hints.id_column is not None:
        if hints.id_column not in frame.columns:
            raise UsageError(f"{sheet.path} has no column {hints.id_column!r} (--id-column).")
        column = hints.id_column
    ids = csv_tables.text_of(frame[column], root / sheet.path)
    notes = [
        f"Images in {words.some(sheet.beside)} are not used, those in {sheet.path} are. To train "
        "on another table of pixels, choose it with --labels."
    ]
    rule = "it has one column per pixel"
    return LabelTable(
        root / sheet.path, column, ids, frame, rule, notes=tuple(notes if sheet.beside else ())
    )


def _look(path: str, search: _Search) -> None:
    search.looked_at.append(path)
    before = len(search.found)
    must_be_read = path.endswith((".csv", ".tsv", ".xlsx")) and bool(_LABELS.search(path))
    try:
        frames = list(_frames(search.root / path, search.index.train, search.sample))
    except MissingExtraError as error:
        search.unread.append(error)
        return
    except DataError as error:
        if must_be_read and not search.hints.labels:
            raise
        search.faults.append(str(error))
        return
    for frame in frames:
        named = frame.drop(columns=csv_tables.UNNAMED, errors="ignore")
        try:
            if not _offer(path, named, search) and len(named.columns) < len(frame.columns):
                _offer(path, frame, search)
        except DataError as error:
            search.refused.append((must_be_read, error))
    if len(search.found) == before and not search.refused:
        heads = frames or frames_of(search.root / path, candidates.PEEK)
        name = path.rpartition("/")[2]
        search.faults += (fault := candidates.without_rows(heads, name))
        own = {search.sample.id_column, *search.sample.targets}
        if _LABELS.search(path) or any(own & set(head.columns) for head in heads):
            search.misfits += fault
        for head in (head[: candidates.PEEK] for head in heads):
            reasons = (why(head, name, search.index.train) for why in _MISFITS)
            search.misfits += filter(None, reasons)


def _look_at_each(search: _Search) -> None:
    """Offer JSON files that describe a training image each as one table."""
    folders_ = [(path, path.split("/")[:-1]) for path in search.index.described]
    paths = [path for path, above in folders_ if "test" not in map(role_of, above)]
    if not paths:
        return
    name = f"{paths[0].rpartition('/')[0]}/*.json".lstrip("/")
    search.looked_at.append(name)
    if len(paths) > _MOST_DESCRIBED:
        search.misfits.append(
            f"There are {len(paths):,} JSON files such as {paths[0]}, more than "
            f"{_MOST_DESCRIBED:,}. Write the labels of all images into one table."
        )
        return
    try:
        frame = json_tables.of_many(search.root, paths)
    except DataError as error:
        search.misfits.append(str(error))
        return
    if not _offer(name, frame.drop(columns=json_tables.FILE), search):
        _offer(name, frame, search)


def _offer(path: str, frame: pd.DataFrame, search: _Search) -> bool:
    """Add a table to those found, with a row an image or a row of images, if it names them."""
    sample, index, hints = search.sample, search.index, search.hints
    file = search.root / path
    rows, left_out = split.without_test_rows(frame, sample, index)
    wide = long_format.frame_of(rows, sample, index.train, target=hints.target, name=file.name)
    rows = bag_tables.of_labels(wide.frame, sample, index.bags)
    found = candidates.find(file, rows, sample, index, hints.id_column)
    if found is not None:
        rule = "; ".join(filter(None, [found.table.rule, wide.rule, left_out]))
        notes = tuple(filter(None, [wide.note]))
        table = replace(found.table, rule=rule, notes=notes)
        fault = candidates.of_objects(frame, path, sample, hints)
        search.found.append((path, replace(found, table=table, fault=fault)))
    return found is not None


def _frames(path: Path, train: files.Role, sample: Sample) -> Iterator[pd.DataFrame]:
    if path.suffix.lower() in {".json", ".jsonl"}:
        yield from json_tables.tables(path)
        return
    head = csv_tables.read_csv(path, rows=candidates.PEEK, unnamed=True)
    if candidates.names_files(head, train, sample):
        long = len(head) == candidates.PEEK
        frame = csv_tables.read_csv(path, unnamed=True) if long else head
        whole = candidates.with_header(frame, train)
        blanks = whole is not frame and csv_tables.dialect(path)[1] == csv_tables.BLANKS
        yield candidates.with_whole_names(whole, sample) if blanks else whole
