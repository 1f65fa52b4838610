"""Marks such as `NA` and `?` among labels: rows without a label, or a class of that name."""

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kaggle_prz.core.task import Text
from kaggle_prz.tasks.infer.tables import Sample, words

_RARE = 0.5  # of the rows of a class in the middle
_MOST_GRADES = 20  # different integers that may be classes
_FEWEST_SIGNS = 10  # classes of one letter or digit, as pictures of text have


class Marked(NamedTuple):
    """Rows whose label is unknown, and sentences on what marks were taken for."""

    rows: NDArray[np.bool_]
    notes: tuple[str, ...]


def rows(
    columns: Mapping[str, Text],
    sample: Sample,
    trained: NDArray[np.bool_],
    between: str | None = None,
) -> Marked:
    """Return rows whose label, in any of the columns, is a mark that stands for no class.

    A mark is a class if the sample has it, among its cells or as a column. Otherwise it is unknown
    where no class can be called so: among quantities, beside two classes if the sample's cells are
    probabilities, and where every class has a column. Elsewhere it is unknown if it has
    at most half the rows of a class in the middle, and does not look like the other classes.

    Args:
        columns: `(rows,)` labels by their column.
        sample: of the submission.
        trained: `(rows,)` rows with an image and some label. Only these count.
        between: what stands between the classes of a cell.
    """
    unknown: NDArray[np.bool_] = np.zeros(len(trained), bool)
    notes: list[str] = []
    for name, values in columns.items():
        given = values[trained]
        marks = {mark for mark in {*np.unique(given).tolist()} if mark.lower() in words.MARKS}
        if not marks:
            continue
        counts = _counts(given, between)
        if between is not None:
            marks = {mark for mark in marks if counts[mark] == np.count_nonzero(given == mark)}
        cells, shown = _shown(sample, name, marks, between)
        pair = {"-"} & marks if "+" in counts.index else set()
        possible = marks - shown - pair
        possible -= _needed(possible, counts)
        others = counts.drop(list(possible))
        sure = _are_none(others, sample, name)
        found = possible if sure else _rare(possible, others, counts)
        unknown |= np.isin(values, sorted(found))
        classes = marks - found - pair - (shown if len(cells) > 1 else set())
        notes += _notes(found, classes, given, counts, sample, sure=sure)
    return Marked(unknown, tuple(dict.fromkeys(notes)))


def _counts(given: Text, between: str | None) -> pd.Series:
    """Return how many rows have each class."""
    cells = pd.Series(given, dtype=object)
    cells = cells[cells != ""]
    if between is not None:
        cells = cells.str.split(between, regex=False).explode().str.strip()
        cells = cells[cells != ""]
    return cells.value_counts()


def _needed(marks: set[str], counts: pd.Series) -> set[str]:
    """Return the most frequent marks, as many as there must be to have two classes."""
    by_rows = sorted(marks, key=lambda mark: (-counts[mark], mark))
    return set(by_rows[: max(0, 2 - (len(counts) - len(marks)))])


def _shown(
    sample: Sample, name: str, marks: Collection[str], between: str | None
) -> tuple[set[str], set[str]]:
    """Return the sample's cells or columns, and the marks among them or within their lists."""
    if name not in sample.targets and len(sample.targets) > 1:
        found = {mark for mark in marks if words.onto([mark], sample.targets) is not None}
        return {*sample.targets}, found
    column = name if name in sample.targets else sample.targets[0]
    cells = set(sample.column(column).tolist())
    return cells, {*marks} & (cells | words.tokens(cells, between) | words.tokens(cells, " "))


def _are_none(others: pd.Series, sample: Sample, name: str) -> bool:
    """Return whether no class beside the others can be called like a mark."""
    names = [str(other) for other in others.index]
    if name not in sample.targets and len(sample.targets) > 1:
        return len(names) > 1  # classes are columns
    numbers = pd.to_numeric(pd.Series(names, dtype=object), errors="coerce")
    if len(names) > 1 and not numbers.isna().any():
        several = len(names) > _MOST_GRADES or len(sample.targets) > 1
        return several or sample.fractional() or bool((numbers % 1 != 0).any())
    return len(names) == 2 and len(sample.targets) == 1 and bool(sample.numbers().notna().any())


def _rare(marks: set[str], others: pd.Series, counts: pd.Series) -> set[str]:
    """Return marks with far fewer rows than other classes, which have other names."""
    names = [str(other) for other in others.index]
    most = _RARE * float(others.median())
    return {mark for mark in marks if counts[mark] <= most and not _alike(mark, names)}


def _alike(mark: str, names: Collection[str]) -> bool:
    """Return whether a mark may be one of several codes, as `NA` beside `EU` and `AS`."""
    if len(mark) == 1:
        return len(names) >= _FEWEST_SIGNS and all(len(name) == 1 for name in names)
    return len(mark) == 2 and mark.isalpha() and all(
        len(name) == 2 and name.isalpha() and name.isupper() == mark.isupper() for name in names
    )  # fmt: skip


def _notes(
    unknown: set[str],
    classes: set[str],
    given: Text,
    counts: pd.Series,
    sample: Sample,
    *,
    sure: bool,
) -> Iterator[str]:
    if unknown:
        rows_ = int(np.isin(given, sorted(unknown)).sum())
        otherwise = f" If it is a class, write it into a cell of {sample.path.name}."
        yield f"{_listed(unknown)} in {rows_} row(s) is read as no label.{otherwise * (not sure)}"
    if classes:
        rows_ = int(counts[sorted(classes)].sum())
        yield (
            f"{_listed(classes)} in {rows_} row(s) is read as a class. If it means that a row has "
            "no label, empty its cell."
        )


def _listed(marks: Collection[str]) -> str:
    return " or ".join(map(repr, sorted(marks)))


def endless(values: Text, lost: NDArray[np.bool_]) -> list[str]:
    """Return a sentence on rows whose label is infinite, and so counts as none."""
    given = values[lost & np.isin(np.char.lower(values), words.ENDLESS)]
    if not len(given):
        return []
    what = _listed({*given.tolist()})
    return [f"{what} in {len(given)} row(s) is read as no label, because it is not finite."]
