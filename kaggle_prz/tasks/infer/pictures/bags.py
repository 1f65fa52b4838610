"""Rows that are bags: several pictures an id, by a table, a folder, or how file names begin.

A bag's first picture stands for it in the roles, so that every other reader sees one picture a
row. Rows are bags only where ids have no picture of their own.
"""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from kaggle_prz.tasks.infer.pictures import bag_tables, files
from kaggle_prz.tasks.infer.pictures.bag_tables import Frames, Groups
from kaggle_prz.tasks.infer.pictures.roles import Bags, Role
from kaggle_prz.tasks.infer.tables import Sample

_SEVERAL = 1.3  # pictures a row, in one of the roles
_MOST_OF_THEIR_OWN = 0.05
_NAMED = 0.8  # of the rows to predict; others have no picture
_DEEPEST = 3  # folders between a picture and the one that is called as its row
_BETWEEN = ("_", "-", ".", " ")
_MOST_LARGER = 2.0  # bags to train on than bags to predict, where no table names them
_CHANNEL = re.compile(r"red|green|blue|yellow|rgb|nir|alpha|[rgby]|w\d+|(?:ch|channel|band)\d+")
_NO_VIEW = re.compile(r"mask|seg|annot|label|depth|thumb|heat")


@dataclass(frozen=True)
class _Rule:
    """Which part of a path says whose the picture is, and which part tells pictures apart."""

    phrase: str
    key: Callable[[str], str]
    ending: Callable[[str], str]


@dataclass(frozen=True)
class _Found:
    """Bags of one or both roles, by their ids; how the sample's ids name them, and why."""

    test: Groups
    train: Groups
    phrase: str
    rule: str
    columns: bag_tables.Columns


def may_be(sample: Sample, index: files.Index) -> bool:
    """Return whether the sample's ids are names, but of no picture."""
    if index.test.named:
        return False
    own = [index.test.has_own(name) for name in sample.ids.tolist()]
    return float(np.mean(own)) <= _MOST_OF_THEIR_OWN


def gathered(root: Path, sample: Sample, index: files.Index) -> files.Index:
    """Return the index with one picture for every bag, where rows are bags; else `index` itself."""
    frames = list(bag_tables.read(root, index))
    found = _by_table(frames, sample, index) or _by_path(frames, sample, index)
    if found is None or max(_mean(found.test), _mean(found.train)) < _SEVERAL:
        return index
    groups = (*found.train.values(), *found.test.values())
    bags = Bags(
        column=found.columns.name,
        made_of=found.columns.made_of,
        between=found.columns.between,
        pictures=index.train,
        of_picture={path: name for name, group in found.train.items() for path in group},
        members={group[0]: group for group in groups},
        rule=found.rule,
    )
    taken = {path for group in found.test.values() for path in group} if index.shared else set()
    train = index.train.without(taken)
    if found.train:
        train = _role("train", found.phrase, found.train)
    return replace(index, train=train, test=_role("test", found.phrase, found.test), bags=bags)


def _by_table(frames: Frames, sample: Sample, index: files.Index) -> _Found | None:
    table = bag_tables.of_test(frames, sample, index.test)
    if table is None:
        return None
    wanted = set(sample.ids.tolist())
    test, columns = table.groups(wanted, index.test), table.columns(wanted)
    train = bag_tables.trained(frames, table, columns, index, wanted)
    return _Found(
        test,
        train or _trained_by_path(_rules(wanted), frames, index, wanted, _mean(test)),
        f"{table.column} of several {table.name}",
        f"{table.path} has several {table.name} of one {table.column}",
        columns,
    )


def _by_path(frames: Frames, sample: Sample, index: files.Index) -> _Found | None:
    wanted = set(files.as_paths(sample.ids.tolist()))
    suited = [rule for rule in _rules(wanted) if _suits(rule, index.test, wanted)]
    if not suited:
        return None
    groups = bag_tables.grouped(index.test.paths, suited[0].key)
    test = {name: group for name, group in groups.items() if name in wanted}
    return _Found(
        test,
        _trained_by_path(suited, frames, index, wanted, _mean(test)),
        suited[0].phrase,
        f"the id is the {suited[0].phrase}",
        bag_tables.Columns(sample.id_column),
    )


def _rules(wanted: Collection[str]) -> list[_Rule]:
    parts = max(name.count("/") for name in wanted) + 1
    of_folders = [
        _Rule(
            "folder of several files" if level == 1 else "folder above several files",
            lambda path, level=level: "/".join(path.split("/")[:-level][-parts:]),  # type: ignore[misc]
            lambda path: re.split(r"[_\-. ]", _stem(path))[-1],
        )
        for level in range(1, _DEEPEST + 1)
    ]
    of_names = [
        _Rule(
            "start of several file names",
            lambda path, sign=sign: _stem(path).rpartition(sign)[0],  # type: ignore[misc]
            lambda path, sign=sign: _stem(path).rpartition(sign)[2],  # type: ignore[misc]
        )
        for sign in _BETWEEN
    ]
    return [*of_folders, *of_names]


def _stem(path: str) -> str:
    return path.rpartition("/")[2].rpartition(".")[0]


def _suits(rule: _Rule, role: Role, wanted: set[str]) -> bool:
    """Return whether the rule finds pictures of the sample's ids, no channels and no masks."""
    told = [(rule.key(path), rule.ending(path).lower()) for path in role.paths]
    there = [(name, ending) for name, ending in told if name in wanted]
    if len({name for name, _ in there}) < _NAMED * len(wanted):
        return False
    last = {ending for _, ending in there}
    return not all(map(_CHANNEL.fullmatch, last)) and not any(map(_NO_VIEW.match, last))


def _trained_by_path(
    rules: Sequence[_Rule], frames: Frames, index: files.Index, wanted: set[str], usual: float
) -> Groups:
    """Return training pictures by the first rule that a table, or the test set, agrees with."""
    for rule in rules:
        groups = bag_tables.grouped(index.train.paths, rule.key)
        if index.shared:
            groups = {name: group for name, group in groups.items() if name not in wanted}
        if _mean(groups) < _SEVERAL:
            continue
        if any(bag_tables.naming_bags(frame, groups) is not None for _, frame in frames):
            return groups
        together = all(
            len({path.rpartition("/")[0] for path in group}) == 1 for group in groups.values()
        )
        if together and _mean(groups) <= _MOST_LARGER * usual:
            return groups
    return {}


def _role(name: str, phrase: str, groups: Groups) -> Role:
    first = {row: group[0] for row, group in groups.items()}
    by_path = {path: path for path in first.values()}  # folders may say the labels
    return Role(name, tuple(sorted(by_path)), {phrase: first, "path": by_path})


def _mean(groups: Groups) -> float:
    return float(np.mean([len(group) for group in groups.values()])) if groups else 0.0
