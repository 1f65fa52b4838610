"""Several columns of labels that are classes, each with classes of its own -> heads."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import chain

import numpy as np
import pandas as pd

from kaggle_prz.core.errors import DataError, UsageError
from kaggle_prz.core.task import Head, Text
from kaggle_prz.metrics import Metric
from kaggle_prz.tasks.infer.encode import spellings, unlike
from kaggle_prz.tasks.infer.encode.encoded import Column, Encoded, codes
from kaggle_prz.tasks.infer.tables import Sample, words

_MOST_UNNAMED = 20  # numbers of classes that may pass for quantities, where nothing tells
_FEWEST_NAMES = 0.1  # of cells that are no numbers, in a column of classes
_MOST_SHARE = 0.3  # different numbers of a row for every image and head
_WORD = r"[^\W_]+"


def encode(
    sample: Sample, matrix: pd.DataFrame, metric: Metric | None = None, *, sure: bool = False
) -> Encoded | None:
    """Heads of classes, where several columns of labels are some; else None.

    | labels | cells |
    |---|---|
    | names, or numbers of classes, in columns of the sample's names | a class a head |
    | 0 and 1 in the sample's columns, one 1 in those of each prefix | probabilities |
    | names that the sample's columns end in: `red` of `color` for `color_red` | probabilities |
    """
    if set(matrix.columns) != set(sample.targets):
        found = of_names(sample, matrix)
    elif (indicators := of_indicators(sample, matrix, metric)) is not None:
        found = indicators
    elif (doubt := _doubts_of_classes(sample, matrix, metric)) is not None:
        found = _in_columns(sample, matrix, metric, doubt, sure=sure)
    else:
        return None
    counts = [len(np.unique(own)) for own in found.labels.T]
    if min(counts) < 2:
        name = found.heads[counts.index(min(counts))].name
        raise DataError(
            "Training needs at least two classes for every output; all rows have the "
            f"same {name!r}."
        )
    return found


def _doubts_of_classes(
    sample: Sample, matrix: pd.DataFrame, metric: Metric | None
) -> tuple[str, ...] | None:
    """Return doubts that columns hold classes, as sentences; None if they do not."""
    numbers = matrix.apply(pd.to_numeric, errors="coerce")
    no_number, fractions = numbers.isna(), numbers % 1 > 0
    named = [name for name in matrix.columns if no_number[name].any()]
    broken = [name for name in matrix.columns if fractions[name].any()]
    if named and no_number[named].mean().min() < _FEWEST_NAMES:
        return None  # numbers, and a cell or two that is none
    if named and broken:
        raise DataError(
            f"Labels must be either classes or numbers, but {named[0]!r} has classes such as "
            f"{matrix[named[0]][no_number[named[0]]].iloc[0]!r}, and {broken[0]!r} has fractions "
            f"such as {matrix[broken[0]][fractions[broken[0]]].iloc[0]!r}. Keep only one kind in "
            "the sample submission and the labels."
        )
    if named:
        return ()
    binary = bool(numbers.isin((0, 1)).to_numpy().all())
    if broken or (numbers < 0).to_numpy().any():
        return None
    if metric is not None:
        suits = "classes" in metric.kinds and metric.wants == "labels"
        kind = "tags" if binary else "numbers"
        return () if suits and kind not in metric.kinds else None
    if binary or not _counted(sample, numbers):
        return None
    return (
        f"The integers of {', '.join(map(str, matrix.columns[:5]))} are read as classes. If they "
        "are quantities, choose a metric for numbers with --metric, such as rmse.",
    )


def _counted(sample: Sample, numbers: pd.DataFrame) -> bool:
    """Return whether integers look like numbers of classes: few, without gaps from 0 or 1 on."""
    shown = sample.cells.apply(pd.to_numeric, errors="coerce")
    if (shown % 1 > 0).to_numpy().any():
        return False
    distinct = [np.unique(numbers[name]) for name in numbers.columns]
    most = max(map(len, distinct))
    if sample.melted:
        return most <= max(_MOST_UNNAMED, _MOST_SHARE * len(numbers))
    whole = all(own[0] in (0, 1) and len(own) == np.ptp(own) + 1 for own in distinct)
    return whole and most <= _MOST_UNNAMED


def _in_columns(
    sample: Sample,
    matrix: pd.DataFrame,
    metric: Metric | None,
    doubt: tuple[str, ...],
    *,
    sure: bool,
) -> Encoded:
    heads, labels, warnings = [], [], list(doubt)
    for name in sample.targets:
        given: Text = words.whole(np.asarray(matrix[name], dtype=str))
        values, notes = spellings.joined(given, sample, name)
        warnings += notes
        found = words.in_order(set(values.tolist()))
        alone = replace(sample, targets=(name,), cells=sample.cells[[name]])
        this = Column(alone, values, found, "", metric, name, sure=sure, keep="--labels FILE")
        warnings += unlike.check(this)
        heads.append(Head(name, tuple(found)))
        labels.append(codes(values, found))
    return Encoded(
        "heads",
        "label",
        tuple(f"{head.name}_{each}" for head in heads for each in head.classes),
        np.stack(labels, axis=1),
        "one column per output, filled with its class",
        heads=tuple(heads),
        warnings=tuple(warnings),
    )


def weighted(read: Encoded, weights: Mapping[str, float]) -> Encoded:
    """Return labels whose heads have weights in the mean of scores, 1 where none is given."""
    names = [head.name for head in read.heads]
    unknown = [name for name in weights if name not in names]
    if unknown:
        listed = (
            f"the outputs are {', '.join(names[:8])}" if names else "the labels have no outputs"
        )
        raise UsageError(
            f"head_weights has the name {unknown[0]!r}, but {listed}. Correct the name in "
            "competition.toml, or remove it."
        )
    heads = (replace(head, weight=float(weights.get(head.name, 1))) for head in read.heads)
    return replace(read, heads=tuple(heads))


def in_names(sample: Sample, frame: pd.DataFrame, columns: list[str]) -> dict[str, list[str]]:
    """Return columns that share out the sample's, each with those named by it and its values.

    The sample's are called after both, as `color_red`, or after the values alone, as `red`.
    """
    starts = {column: words.plain(column) for column in columns}
    for after_both in (True, False):
        found = {}
        for column, start in starts.items():
            values = {words.plain(value) for value in _given(frame[column])} - {""}
            if after_both:
                own = _called_after(start, sample.targets, starts.values())
                values = {start + value for value in values}
            else:
                own = [name for name in sample.targets if words.plain(name) in values]
            if start and len(own) > 1 and values <= {words.plain(name) for name in own}:
                found[column] = own
        if len(found) > 1 and sorted(chain.from_iterable(found.values())) == sorted(sample.targets):
            return found
    return {}


def _given(values: pd.Series) -> pd.Series:
    """Return different cells that are no marks of the unknown."""
    cells = pd.Series(pd.unique(values.str.strip()))
    return cells[~cells.str.lower().isin(words.MARKS)]


def _called_after(start: str, names: Iterable[str], starts: Iterable[str]) -> list[str]:
    """Return names that begin with a word, and with none of the longer words that do."""
    longer = tuple(other for other in starts if other != start and other.startswith(start))
    plain = ((name, words.plain(name)) for name in names)
    return [n for n, p in plain if p.startswith(start) and not (longer and p.startswith(longer))]


def of_names(sample: Sample, matrix: pd.DataFrame) -> Encoded:
    """Heads of columns that `in_names` finds, `(rows, heads)` text."""
    parts = in_names(sample, matrix, list(matrix.columns))
    labels, heads = [], []
    for name, own in parts.items():
        start = words.plain(name)
        start = start if all(words.plain(column).startswith(start) for column in own) else ""
        place = {words.plain(column): number for number, column in enumerate(own)}
        labels.append(matrix[name].map(lambda v, s=start, p=place: p[s + words.plain(v)]))
        after = len(name) if start else 0
        ends = [re.sub(r"^[\W_]+", "", column[after:]) or column for column in own]
        heads.append(Head(name, tuple(ends)))
    rule = "one column per class of every output"
    return _probabilities(heads, list(parts.values()), np.stack(labels, axis=1), rule)


def of_indicators(sample: Sample, matrix: pd.DataFrame, metric: Metric | None) -> Encoded | None:
    """Heads of columns of 0 and 1, where each row has one 1 a prefix of their names; else None."""
    numbers = matrix[list(sample.targets)].apply(pd.to_numeric, errors="coerce")
    if sample.melted or not numbers.isin((0, 1)).to_numpy().all():
        return None
    if metric is not None and "classes" not in metric.kinds:
        return None
    groups = _by_prefix(numbers, list(sample.targets), 0)
    if groups is None or len(groups) < 2:
        return None
    heads = []
    for columns in groups:
        name = _start(columns, _shared(columns))
        ends = (column[len(name) :].lstrip("_-.: ") for column in columns)
        heads.append(Head(name, tuple(ends)))
    labels = np.stack([numbers[own].to_numpy().argmax(axis=1) for own in groups], axis=1)
    return _probabilities(
        heads, groups, labels, "columns of 0 and 1, with one 1 per row for each prefix"
    )


def _by_prefix(numbers: pd.DataFrame, columns: list[str], shared: int) -> list[list[str]] | None:
    """Return groups of columns that begin with the same words and have one 1 a row; else None.

    They share as few words as suffice, so that words of classes, as in `hair_dark_brown`, do not
    divide them.
    """
    if shared and len(columns) > 1 and (numbers[columns].sum(axis=1) == 1).all():
        return [columns]
    parts: dict[str, list[str]] = {}
    for column in columns:
        parts.setdefault(_start([column], shared + 1), []).append(column)
    if len(columns) < 2 or any(_words(column) <= shared + 1 for column in columns):
        return None
    found = [_by_prefix(numbers, own, shared + 1) for own in parts.values()]
    return None if None in found else [own for groups in found for own in groups or ()]


def _words(column: str) -> int:
    return len(re.findall(_WORD, column))


def _start(columns: list[str], count: int) -> str:
    """Return the first words of a column."""
    return columns[0][: [found.end() for found in re.finditer(_WORD, columns[0])][count - 1]]


def _shared(columns: list[str]) -> int:
    """Return how many words all columns begin with, without the last of any."""
    split = [re.findall(_WORD, column)[:-1] for column in columns]
    same = [len(set(words_)) == 1 for words_ in zip(*split, strict=False)]
    return same.index(False) if False in same else len(same)


def _probabilities(
    heads: list[Head], columns: list[list[str]], labels: np.ndarray, rule: str
) -> Encoded:
    names = tuple(name for own in columns for name in own)
    return Encoded(
        "heads", "probabilities", names, labels.astype(np.int64), rule, heads=tuple(heads)
    )
