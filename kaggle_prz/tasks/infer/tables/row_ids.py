"""The sample's columns beside a competition's files: which one names its images."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from kaggle_prz.core.errors import DataError, MissingExtraError
from kaggle_prz.readers import csv_tables, formats
from kaggle_prz.tasks.infer.tables import sample as samples
from kaggle_prz.tasks.infer.tables import words
from kaggle_prz.tasks.infer.tables.sample import Sample
from kaggle_prz.tasks.infer.tables.which_sample import is_sample
from kaggle_prz.tasks.overrides import Overrides

_PEEK = 1000  # rows
_MOST = 0.5
_FEWEST = 0.05
_MOST_COLUMNS = 100  # of a table that says what is known of images


def settled(
    root: Path, sample: Sample, files: Iterable[str], tables: Sequence[str], said: Overrides
) -> Sample:
    """Return the sample with the column of ids that names files, or that a test table has.

    Columns that a test table has with the same cells are what is known of an image: they are
    copied.

    Raises:
        DataError: its ids are addresses of images that are not here, or it has no header.
    """
    known = _Known(root, files, tables)
    if sample.id_others or sample.id_rule == samples.SOLE:
        sample = _by_files(sample, known, said)
    if any(sign in sample.id_column for sign in "./0123456789") and known.share([sample.id_column]):
        raise DataError(
            f"{sample.path.name} has no header: its first line names an image, "
            f"{sample.id_column!r}. Add a line with the names of its columns."
        )
    _refuse_addresses(sample, known)
    return _without_features(sample, known) if len(sample.targets) > 1 else sample


class _Known:
    """Names that ids may have: of files and their folders, and in tables of the test set."""

    def __init__(self, root: Path, files: Iterable[str], tables: Sequence[str]) -> None:
        self._root, self._files, self._tables = root, files, tables

    @cached_property
    def _names(self) -> set[str]:
        names: set[str] = set()
        for path in self._files:
            folder, _, name = path.lower().rpartition("/")
            names.update((name, name.rpartition(".")[0], folder.rpartition("/")[2]))
        return names - {""}

    def share(self, ids: Iterable[str]) -> float:
        """Return the share of ids whose last part names a file."""
        return float(np.mean([_last_part(each).lower() in self._names for each in ids]))

    @cached_property
    def of_test(self) -> list[pd.DataFrame]:
        """Tables called after the test set, blanks around cells stripped."""
        return [csv_tables.stripped(frame) for frame in self._read()]

    def _read(self) -> Iterator[pd.DataFrame]:
        for path in self._tables:
            name = path.rpartition("/")[2]
            is_table = formats.is_table(name) and not is_sample(Path(name))
            if not is_table or "test" not in name.lower():
                continue
            if len(csv_tables.header(self._root / path)) > _MOST_COLUMNS:
                continue
            try:
                yield csv_tables.read_csv(self._root / path)
            except (DataError, MissingExtraError):
                continue


def _last_part(name: str) -> str:
    return words.address(name).replace("\\", "/").rpartition("/")[2]


def _by_files(sample: Sample, known: _Known, said: Overrides) -> Sample:
    whole = csv_tables.read_whole(sample.path)
    columns = {
        name: whole.cells[whole.names.index(name)].str.strip()
        for name in (sample.id_column, *sample.id_others)
    }
    shares = {name: known.share(values.iloc[:_PEEK]) for name, values in columns.items()}
    rule = "its cells name images"
    if max(shares.values()) < _MOST:
        shares = {name: _share_in(known.of_test, values) for name, values in columns.items()}
        rule = "its cells are in a table of the test set"
    best = max(shares, key=lambda name: shares[name])  # of equal ones the first
    if shares[best] < _MOST:
        _refuse_repeats(sample, whole)
        return sample
    if shares[sample.id_column] >= _FEWEST or best == sample.id_column:
        return _doubted(sample, shares)
    return samples.read(sample.path, best, said.target, rule)


def _share_in(frames: Sequence[pd.DataFrame], values: pd.Series) -> float:
    shares = [values.isin(frame[name]).mean() for frame in frames for name in frame.columns]
    return float(max(shares, default=0.0))


def _doubted(sample: Sample, shares: Mapping[str, float]) -> Sample:
    others = [name for name in sample.id_others if shares[name] >= _MOST]
    if not others:
        return sample
    doubt = (
        f"Several columns of {sample.path.name} may be the ids ({sample.id_column!r}, "
        f"{words.some(list(map(repr, others)))}); {sample.id_column!r} is used. To use another, "
        "choose it with --sample-id."
    )
    return replace(sample, notes=(*sample.notes, doubt))


def _refuse_repeats(sample: Sample, whole: csv_tables.Whole) -> None:
    """Refuse the first column's ids where the only column with unique cells names no image."""
    place = whole.names.index(sample.id_column)
    cells = samples.with_content(whole.cells)
    if sample.id_rule == samples.SOLE and not samples.counts(cells[place]):
        first = csv_tables.text_of(cells[0], sample.path)
        samples.check_ids(sample.path, first, whole.names, cells, 0)


def _refuse_addresses(sample: Sample, known: _Known) -> None:
    some = sample.ids[:_PEEK].tolist()
    if np.mean([words.is_address(name) for name in some]) < _MOST or known.share(some) >= _MOST:
        return
    raise DataError(
        f"The ids of {sample.path.name} are addresses of images, such as {some[0]}, and these "
        f"images are not here. Download them first, into a folder with 'test' in its name, each "
        f"under the last part of its address ({_last_part(some[0])})."
    )


def _without_features(sample: Sample, known: _Known) -> Sample:
    """Return the sample without columns whose cells a test table has for the same ids."""
    ids = pd.Series(sample.ids)
    copied: list[str] = []
    for frame in known.of_test:
        shared = [name for name in sample.targets if name in frame.columns]
        by = next((n for n in frame.columns if shared and ids.isin(frame[n]).all()), None)
        if by is None or frame[by].duplicated().any():
            continue
        rows = frame.set_index(by).loc[sample.ids]
        for name in set(shared) - {by}:
            cells = sample.cells[name].str.strip()
            if cells.nunique() > 1 and (cells.to_numpy() == rows[name].to_numpy()).all():
                copied.append(name)
    targets = tuple(name for name in sample.targets if name not in copied)
    if not copied or not targets:
        return sample
    note = samples.copied(sample.path, [name for name in sample.targets if name in copied])
    return replace(
        sample, targets=targets, cells=sample.cells[list(targets)], notes=(*sample.notes, note)
    )
