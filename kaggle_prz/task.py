"""What a competition asks for, as read from its files: frozen values, no reading."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Text = NDArray[np.str_]
Kind = Literal["classes", "tags", "numbers"]
Cell = Literal["probabilities", "probability", "independent", "label", "labels", "ranked", "number"]


@dataclass(frozen=True)
class Evidence:
    """One property of a task, the value it was given, and the rule that gave it."""

    name: str
    value: str
    rule: str


@dataclass(frozen=True, eq=False)
class Task:
    """One image competition.

    Attributes:
        slug: the competition's name.
        root: directory with the competition's files.
        sample: path of the sample submission.
        id_column: first column of the sample submission.
        target_columns: the sample's other columns, in order.
        cell: what a submission's cells hold: `"probabilities"` (one column a class, rows sum to
            1), `"independent"` (one column a tag, each from 0 to 1), `"probability"` (of the
            second class), `"label"` (the class itself), `"ranked"` (classes between blanks, the
            most probable first), `"labels"` (tags with `between` between them) or `"number"` (one
            column a target, in the labels' units).
        kind: of labels and predictions, see `kaggle_prz.metrics.arrays`.
        classes: names of the classes, tags or numbers, in the order of the model's outputs, as
            a submission writes them.
        metric: name of a metric in `kaggle_prz.metrics`.
        train_ids: `(train,)` strings.
        train_files: `(train,)` paths relative to `root`; `table.csv#7` is row 7 of a table of
            pixels, `stack.npy#7` array 7 of a stack, both from 0.
        labels: of classes `(train,)` int64 indexes into `classes`, or `(train, classes)` float32
            shares; of tags `(train, tags)` float32 from 0 to 1; of numbers `(train, targets)`
            float32.
        groups: `(train,)` strings, rows of one group never part between folds; or None.
        test_ids: `(test,)` strings, in the sample's order.
        test_files: `(test,)` paths relative to `root`; empty where the row has no file.
        most_ranked: of ranked cells, how many classes one holds.
        between: what stands between two tags of a list.
        channels: of every image.
        melted: whether the sample has a row for every test row and target column, with ids such
            as `ID_7_epidural`.
        flips: flips that leave a label what it is: of `"horizontal"`, `"vertical"`.
        evidence: why each property has its value.
        warnings: sentences on files and rows that were left out.
    """

    slug: str
    root: Path
    sample: Path
    id_column: str
    target_columns: tuple[str, ...]
    cell: Cell
    classes: tuple[str, ...]
    metric: str
    train_ids: Text
    train_files: Text
    labels: NDArray[Any]
    groups: Text | None
    test_ids: Text
    test_files: Text
    kind: Kind = "classes"
    most_ranked: int = 5
    between: str = " "
    channels: int = 3
    melted: bool = False
    flips: tuple[str, ...] = ("horizontal",)
    evidence: tuple[Evidence, ...] = field(default=())
    warnings: tuple[str, ...] = field(default=())

    def __repr__(self) -> str:
        """What is asked, in a line; rows and evidence have attributes of their own."""
        return (
            f"Task({self.slug!r}, {self.kind} in {self.cell} cells, {len(self.classes)} outputs, "
            f"{self.metric}, {len(self.train_ids)} training and {len(self.test_ids)} test rows)"
        )

    def __post_init__(self) -> None:
        for array in (
            self.train_ids,
            self.train_files,
            self.labels,
            self.groups,
            self.test_ids,
            self.test_files,
        ):
            if array is not None:
                array.flags.writeable = False
