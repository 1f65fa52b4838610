"""Labels in several tables: parts of one, or one for every folder of images."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from kaggle_prz.core.task import Text
from kaggle_prz.tasks.infer.labels.candidates import Found
from kaggle_prz.tasks.infer.labels.choice import foreign
from kaggle_prz.tasks.infer.pictures import files
from kaggle_prz.tasks.infer.pictures.roles import Role
from kaggle_prz.tasks.infer.pictures.scan import role_of
from kaggle_prz.tasks.infer.tables import LabelTable

_NAMED = 3  # tables by name
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
