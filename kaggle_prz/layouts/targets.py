"""Which column holds the labels, what a submission's cells hold, and labels -> class indexes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kaggle_prz.errors import DataError, UsageError
from kaggle_prz.layouts.tables import LabelTable, Sample
from kaggle_prz.task import Cell, Text

_LABEL_NAMES = (
    "label",
    "target",
    "class",
    "category",
    "species",
    "breed",
    "tag",
    "level",
    "grade",
    "diagnos",
)


@dataclass(frozen=True)
class Target:
    """The column of labels: its name, `(rows,)` values as text, and the rule that chose it."""

    column: str
    values: Text
    rule: str


def choose(sample: Sample, labels: LabelTable, target: str | None) -> Target:
    """Choose the column of labels.

    Raises:
        UsageError: `target` is not a column.
        DataError: no column suits the sample submission.
    """
    columns = [name for name in labels.frame.columns if name != labels.id_column]
    if target is not None:
        if target not in columns:
            raise UsageError(
                f"--target {target!r} is not a column of {labels.path.name}; its "
                f"columns are {', '.join(columns)}."
            )
        return Target(target, labels.column(target), "given with --target")
    column, rule = _by_rule(sample, labels, columns)
    return Target(column, labels.column(column), rule)


def _by_rule(sample: Sample, labels: LabelTable, columns: list[str]) -> tuple[str, str]:
    for rule, suits in _rules(sample, labels):
        for column in columns:
            if suits(column):
                return column, rule
    if len(columns) == 1:
        return columns[0], "the only column left"
    raise DataError(
        f"None of the columns of {labels.path.name} ({', '.join(columns)}) suits the sample "
        f"submission's {', '.join(sample.targets[:5])}. Name the column of labels with --target."
    )


def _rules(sample: Sample, labels: LabelTable) -> Iterator[tuple[str, Callable[[str], bool]]]:
    """Rules in the order in which they are tried, each as a sentence and a test of a column."""

    def mostly(part: set[str], whole: set[str]) -> bool:
        return bool(part) and len(part & whole) >= 0.5 * len(part)

    def values(column: str) -> set[str]:
        return set(labels.column(column).tolist()) - {""}

    if len(sample.targets) > 1:
        names = set(sample.targets)
        yield "its values are the sample's columns", lambda c: mostly(values(c), names)
        return
    wanted = sample.targets[0]
    tokens = set(sample.cells[wanted].str.strip()) - {""}
    yield "same name as in the sample submission", lambda c: c == wanted
    yield (
        "same name as in the sample submission, case apart",
        lambda c: c.lower() == wanted.lower(),
    )
    yield "its values are in the sample's cells", lambda c: mostly(tokens, values(c))
    yield "its name is that of a label", lambda c: c.lower().startswith(_LABEL_NAMES)


def encode(
    sample: Sample, values: Text, *, labels_wanted: bool = False
) -> tuple[tuple[str, ...], NDArray[np.int64], Cell, str]:
    """Classes in output order, `(rows,)` class indexes, the kind of cell and its rule.

    Args:
        sample: the form of a submission.
        values: `(rows,)` labels.
        labels_wanted: the metric compares labels, so 0 and 1 are not asked for as a probability
            unless the sample's cells are fractions.

    Raises:
        DataError: a label that no column of the sample stands for, or fewer than two classes.
    """
    found = sorted(set(values.tolist()), key=_numeric_first)
    if len(found) < 2:
        raise DataError(f"Training needs at least two classes; the labels hold {found}.")
    if len(sample.targets) > 1:
        unknown = sorted(set(found) - set(sample.targets))
        if unknown:
            raise DataError(
                f"The label(s) {', '.join(map(repr, unknown[:5]))} have no column in "
                f"{sample.path.name}; its columns are {', '.join(sample.targets[:8])}."
            )
        classes, rule = sample.targets, "one column a class"
        cell: Cell = "probabilities"
    elif set(found) == {"0", "1"} and (not labels_wanted or _fractional(sample)):
        classes, cell, rule = ("0", "1"), "probability", "labels are 0 and 1: probability of 1"
    elif _fractional(sample):
        raise DataError(
            f"{sample.path.name} asks for one number a row ({sample.targets[0]}), and the labels "
            f"{', '.join(found[:5])} are not 0 and 1: this kind of task is not supported yet."
        )
    else:
        classes, cell, rule = tuple(found), "label", "one column, filled with the class"
    index = {name: number for number, name in enumerate(classes)}
    return classes, np.array([index[value] for value in values.tolist()], np.int64), cell, rule


def _numeric_first(value: str) -> tuple[bool, float, str]:
    return (False, float(value), value) if value.isdecimal() else (True, 0.0, value)


def _fractional(sample: Sample) -> bool:
    numbers = pd.to_numeric(sample.cells[sample.targets[0]], errors="coerce")
    return bool((numbers % 1 > 0).any())
