"""Labels as a model needs them, and how they get there from text."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kaggle_prz.core.errors import DataError
from kaggle_prz.core.task import Cell, Head, Kind, Text
from kaggle_prz.metrics import Array, Metric
from kaggle_prz.tasks.infer.tables import Sample
from kaggle_prz.tasks.outputs import Target, target


@dataclass(frozen=True)
class Encoded:
    """Labels as a model needs them; see the attributes of `Task`."""

    kind: Kind
    cell: Cell
    classes: tuple[str, ...]
    labels: Array
    rule: str
    most_ranked: int = 5
    ordinal: bool = False
    soft: bool = False
    heads: tuple[Head, ...] = ()
    positive_rule: str = ""
    between: str = " "
    confident: bool = False  # cells hold the confidence as well
    warnings: tuple[str, ...] = ()

    @property
    def target(self) -> Target:
        """What the labels ask of a network."""
        return target(self.kind, self.classes, self.labels, self.heads)

    @property
    def indicators(self) -> Array | None:
        """`(rows,)` class indexes or `(rows, classes)` how true each class is; None of numbers."""
        if self.heads:
            return self.target.present(self.labels)
        return self.labels if self.target.has_classes else None


@dataclass(frozen=True)
class Column:
    """A column of labels beside the sample submission that it is for."""

    sample: Sample
    values: Text
    found: list[str]
    between: str
    metric: Metric | None
    name: str
    said: str | None = None  # what stands between classes, as a person says
    sure: bool = False  # a person chose the column, so its labels are written whatever cells show
    keep: str = ""  # the option by which a person chooses the labels as they are
    sign: str = ""  # all that stands between classes, as in `cat & dog`, if more than `between`


def need_two(found: list[str]) -> None:
    """Refuse labels that are all the same."""
    if len(found) < 2:
        raise DataError(f"Training needs at least two classes; the labels have {found}.")


def codes(values: Text, classes: list[str]) -> NDArray[np.int64]:
    """`(rows,)` indexes into `classes`."""
    order = pd.Index(classes, dtype=object)
    return np.asarray(order.get_indexer(pd.Index(values, dtype=object)), np.int64)


def matrix_of(values: Text, classes: list[str], between: str) -> NDArray[np.float32]:
    """`(rows, classes)` of 0 and 1: the classes in each cell."""
    place = {name: number for number, name in enumerate(classes)}
    labels = np.zeros((len(values), len(classes)), np.float32)
    for row, cell in enumerate(values.tolist()):
        for token in cell.split(between):
            if token.strip():
                labels[row, place[token.strip()]] = 1
    return labels
