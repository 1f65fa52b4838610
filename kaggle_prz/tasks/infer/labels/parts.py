"""Labels in several tables: parts of one, one for every folder of images, or joined by a key."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from kaggle_prz.core.task import Text
from kaggle_prz.readers import csv_tables, formats
from kaggle_prz.tasks.infer.labels.candidates import Found
from kaggle_prz.tasks.infer.labels.choice import foreign
from kaggle_prz.tasks.infer.pictures import files
from kaggle_prz.tasks.infer.pictures.roles import Role
from kaggle_prz.tasks.infer.pictures.scan import role_of
from kaggle_prz.tasks.infer.tables import LabelTable, frames, words

_NAMED = 3  # tables by name
_SOME_FOUND = 0.5  # of the rows of images, where a column may be meant as a key
_KEYS_FOUND = 0.9  # of the rows of images, where a key joins them with labels
Part = tuple[str, Found]  # the path of a file, and what it holds


def joined(root: Path, found: Sequence[Part], train: Role) -> list[Part]:
    """Return tables, parts of one as one: no image is in two, and columns are the same.

    Parts whose names differ by numbers alone, or not at all, as those in several folders, may have
    other columns besides. A table that names its images as they lie beside it, in a folder of its
    own, counts as naming these.
    """
    of_one_name = _grouped(root, found, train, lambda path, _: _pattern(path))
    return _grouped(root, of_one_name, train, lambda _, one: frozenset(one.table.frame.columns))


def _grouped(
    root: Path, found: Sequence[Part], train: Role, key: Callable[[str, Found], object]
) -> list[Part]:
    groups: dict[object, list[Part]] = {}
    for path, one in found:
        alone = foreign(path) or role_of(PurePosixPath(path).name) == "test"
        own = path if alone else (one.table.id_column, key(path, one))
        groups.setdefault(own, []).append((path, one))
    return [each for group in groups.values() for each in _as_one(root, group, train)]


def _pattern(path: str) -> str:
    """Return a file's name with its numbers as signs."""
    return re.sub(r"\d+", "#", PurePosixPath(path).name.lower())


def _as_one(root: Path, group: list[Part], train: Role) -> list[Part]:
    common = set.intersection(*(set(one.table.frame.columns) for _, one in group))
    alike = 2 * len(common) > max(len(one.table.frame.columns) for _, one in group)
    several = len({path for path, _ in group}) == len(group) > 1
    if not several or len(common) < 2 or not alike:
        return group
    if not _apart(group):
        beside = [(path, _beside(path, one, train)) for path, one in group]
        if not _apart(beside):
            return group
        group = beside
    tables = [one.table for _, one in group]
    name = _name([path for path, _ in group])
    count = sum(one.share * len(one.table.ids) for _, one in group)
    total = sum(len(table.ids) for table in tables)
    rule = f"{count / total:.0%} of {tables[0].id_column} name an image; {len(group)} tables joined"
    table = LabelTable(
        path=root / name,
        id_column=tables[0].id_column,
        ids=np.concatenate([table.ids for table in tables]),
        frame=pd.concat([table.frame for table in tables], ignore_index=True, join="inner"),
        rule=rule,
        doubt=tables[0].doubt,
    )
    images = frozenset().union(*(one.named for _, one in group))
    order = tuple(path for _, one in group for path in one.in_order)
    return [(name, Found(table, images, count / total, group[0][1].way, order))]


def _apart(group: Sequence[tuple[str, Found]]) -> bool:
    """Return whether no image is in two of the tables."""
    named = [one.named for _, one in group]
    ids = [set(one.table.ids.tolist()) for _, one in group]
    return all(len(frozenset().union(*sets)) == sum(map(len, sets)) for sets in (named, ids))


def _beside(path: str, one: Found, train: Role) -> Found:
    """Return a table whose names are those of images in its own folder; else the table itself."""
    folder = path.rpartition("/")[0]
    if not folder or train.named:
        return one
    ids: Text = np.array([f"{folder}/{name}" for name in one.table.ids.tolist()], dtype=str)
    paths, _ = files.match(ids, train)
    share = int(np.count_nonzero(paths != "")) / len(ids)
    if share < files.ENOUGH:
        return one
    table = replace(one.table, ids=ids, frame=one.table.frame.assign(**{one.table.id_column: ids}))
    return replace(
        one, table=table, named=frozenset(paths.tolist()) - {""}, in_order=tuple(paths.tolist())
    )


def _name(paths: Sequence[str]) -> str:
    """Return what joined tables are called, for people."""
    names = {PurePosixPath(path).name for path in paths}
    if len(names) == 1:
        return f"{names.pop()} in {len(paths)} folders"
    if len(paths) <= _NAMED:
        return " + ".join(sorted(paths))
    return f"{sorted(paths)[0]} + {len(paths) - 1} more"


def through_key(
    root: Path, found: Sequence[Part], others: Sequence[str], wanted: Sequence[str]
) -> tuple[list[Part], list[str]]:
    """Return tables of images with labels that another table has for the values of a column.

    Args:
        root: directory of the competition.
        found: tables that name images, without the columns `wanted`.
        others: paths of tables that name none.
        wanted: names of columns of labels; several may be classes in one column.

    Returns:
        Tables, and sentences on why others cannot be joined, each to be followed by advice.
    """
    by_table: dict[str, list[Part]] = {}
    faults: list[str] = []
    for path in others if found else ():
        for frame, labels in _with_labels(root / path, wanted):
            for own, one in found:
                keys, fault = _keys(one.table, frame, path, labels)
                if len(keys) == 1:
                    by_table.setdefault(path, []).append((own, _by_key(one, frame, path, keys[0])))
                elif fault:
                    faults.append(fault)
    plain = {path: parts for path, parts in by_table.items() if not foreign(path)} or by_table
    if len(plain) > 1:
        names = " and ".join(list(plain)[:2])
        return [], [f"{names} both have {wanted[0]} for the images, by a column that they share."]
    return [part for parts in plain.values() for part in parts], faults


def _with_labels(file: Path, wanted: Sequence[str]) -> Iterator[tuple[pd.DataFrame, list[str]]]:
    """Yield tables of a file that have labels, and these columns, whatever their case."""
    names = {words.plain(name) for name in wanted}
    alone = formats.is_table(file.name) and len(wanted) == 1
    if alone and not names <= set(map(words.plain, csv_tables.header(file))):
        return
    for frame in frames(file):
        clean = csv_tables.stripped(frame)
        own = [name for name in frame.columns if words.plain(name) in names]
        values = {} if len(wanted) == 1 or own else {n: set(clean[n]) - {""} for n in clean.columns}
        of_classes = [n for n, held in values.items() if held and held <= set(wanted)]
        if len(own) == len(names) or len(of_classes) == 1:
            yield clean, own or of_classes


def _keys(
    table: LabelTable, frame: pd.DataFrame, path: str, labels: list[str]
) -> tuple[list[str], str]:
    """Return columns of both tables that give a row one label, and why a shared one does not."""
    shared = [n for n in frame.columns if n in table.frame.columns and n not in labels]
    keys, fault = [], ""
    for key in shared:
        rows = frame[[key, *labels]].drop_duplicates()
        share = float(pd.Series(table.column(key)).isin(set(rows[key]) - {""}).mean())
        if share < _SOME_FOUND:
            continue
        if share < _KEYS_FOUND:
            fault = f"only {share:.0%} of {key} in {table.path.name} are in {path}"
        elif rows[key].duplicated().any():
            twice = rows[key][rows[key].duplicated()].iloc[0]
            fault = f"{path} has several rows with the {key} {twice!r} that differ in {labels[0]}"
        else:
            keys.append(key)
    if len(keys) > 1:
        fault = f"{path} may be joined by {' or '.join(keys)}"
    return keys, f"{labels[0]} is not in {table.path.name}, and {fault}." if fault else ""


def _by_key(one: Found, frame: pd.DataFrame, path: str, key: str) -> Found:
    """Return a table of images with the columns that another one has for the values of a column."""
    other = frame.drop_duplicates(key).set_index(key)
    values = pd.Series(one.table.column(key))
    added = {
        name: values.map(other[name]).fillna("").to_numpy()
        for name in other.columns.difference(one.table.frame.columns, sort=False)
    }
    table = replace(one.table, frame=one.table.frame.assign(**added), key=key, source=path)
    return replace(one, table=table)
