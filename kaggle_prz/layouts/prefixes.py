"""Heads whose classes have a column each in the sample: `hue_red`, `hue_blue`, `shape_disc`."""

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from kaggle_prz.layouts import words
from kaggle_prz.layouts.encoded import Encoded
from kaggle_prz.layouts.tables import Sample
from kaggle_prz.metrics import Metric
from kaggle_prz.task import Head

_SPLITS = (r"(.+?)[\W_]+(.+)", r"(.+)[\W_]+(.+?)")  # at the first sign, at the last


def in_names(sample: Sample, frame: pd.DataFrame, columns: list[str]) -> dict[str, list[str]]:
    """Columns of a table -> the sample's columns that begin with their names and end in a value.

    Returns:
        Two heads or more that share out all columns of the sample; else nothing.

    Example:
        `color` -> `color_red`, `color_blue` where the table has `red` and `blue`.
    """
    found = {}
    for column in columns:
        start = words.plain(column)
        own = [name for name in sample.targets if words.plain(name).startswith(start)]
        values = set(pd.unique(frame[column].str.strip())) - {""}
        ends = {words.plain(name) for name in own}
        if start and values and len(own) > 1 and {start + words.plain(v) for v in values} <= ends:
            found[column] = own
    taken = sorted(name for own in found.values() for name in own)
    return found if len(found) > 1 and taken == sorted(sample.targets) else {}


def of_names(sample: Sample, matrix: pd.DataFrame) -> Encoded:
    """Heads of columns that `in_names` finds, `(rows, heads)` text."""
    parts = in_names(sample, matrix, list(matrix.columns))
    labels, heads = [], []
    for name, own in parts.items():
        start = words.plain(name)
        place = {words.plain(column): number for number, column in enumerate(own)}
        labels.append(matrix[name].map(lambda v, s=start, p=place: p[s + words.plain(v)]))
        ends = [re.sub(r"^[\W_]+", "", column[len(name) :]) or column for column in own]
        heads.append(Head(name, tuple(ends)))
    rule = "one column a class of every head"
    return _probabilities(heads, list(parts.values()), np.stack(labels, axis=1), rule)


def of_indicators(sample: Sample, matrix: pd.DataFrame, metric: Metric | None) -> Encoded | None:
    """Heads of columns of 0 and 1, where each row has one 1 a prefix of their names; else None."""
    numbers = matrix[list(sample.targets)].apply(pd.to_numeric, errors="coerce")
    if sample.melted or not numbers.isin((0, 1)).to_numpy().all():
        return None
    if metric is not None and "classes" not in metric.kinds:
        return None
    for groups in _by_prefix(sample.targets):
        own = [numbers[columns].to_numpy() for columns in groups.values()]
        if all((part.sum(axis=1) == 1).all() for part in own):
            labels = np.stack([part.argmax(axis=1) for part in own], axis=1)
            split = [
                Head(name, tuple(column[len(name) :].lstrip("_-.: ") for column in columns))
                for name, columns in groups.items()
            ]
            rule = "columns of 0 and 1, and one of each prefix is 1 in each row"
            return _probabilities(split, list(groups.values()), labels, rule)
    return None


def _by_prefix(columns: tuple[str, ...]) -> Iterator[dict[str, list[str]]]:
    for split in _SPLITS:
        parts = [re.fullmatch(split, column) for column in columns]
        groups: dict[str, list[str]] = {}
        for column, part in zip(columns, parts, strict=True):
            groups.setdefault(part[1] if part else "", []).append(column)
        if "" not in groups and len(groups) > 1 and min(map(len, groups.values())) > 1:
            yield groups


def _probabilities(
    heads: list[Head], columns: list[list[str]], labels: np.ndarray, rule: str
) -> Encoded:
    names = tuple(name for own in columns for name in own)
    return Encoded(
        "heads", "probabilities", names, labels.astype(np.int64), rule, heads=tuple(heads)
    )
