"""What a competition asks for, as read from its files: frozen values, no reading."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Text = NDArray[np.str_]
Kind = Literal["classes", "heads", "tags", "numbers"]
# What a submission's cells hold: "probabilities" (one column a class, rows sum to 1; of several
# heads, those of each head), "independent" (one column a tag, each from 0 to 1), "probability" (of
# the second class), "label" (the class itself; of several heads, a column each), "ranked" (classes
# between blanks, the most probable first), "labels" (tags with `between` between them) or "number"
# (one column a target, in the labels' units).
Cell = Literal["probabilities", "probability", "independent", "label", "labels", "ranked", "number"]


@dataclass(frozen=True)
class Evidence:
    """One property of a task, the value it was given, and the rule that gave it."""

    name: str
    value: str
    rule: str


@dataclass(frozen=True)
class Head:
    """One of several labels that every row has, with classes of its own."""

    name: str  # as a table has it
    classes: tuple[str, ...]  # as a submission writes them, or the ends of its columns' names
    weight: float = 1.0  # in the mean of scores over heads


def spans(sizes: Sequence[int]) -> tuple[slice, ...]:
    """Return which columns of predictions belong to each head, one head after the other."""
    return tuple(slice(*ends) for ends in pairwise(accumulate(sizes, initial=0)))


@dataclass(frozen=True, eq=False)
class Images:
    """The images of a task's rows: one each, or bags of several."""

    train_files: Text  # `(train images,)` paths as in `Task.train_files`
    train_rows: NDArray[np.int64]  # `(train images,)` the training row of each
    test_files: Text  # `(test images,)` paths; empty where a row has no file
    test_rows: NDArray[np.int64]  # `(test images,)` the test row of each

    def __post_init__(self) -> None:
        for array in (self.train_files, self.train_rows, self.test_files, self.test_rows):
            array.flags.writeable = False


@dataclass(frozen=True, eq=False)
class Task:
    """One image competition, as its files were read."""

    slug: str  # the competition's name
    root: Path  # directory with the competition's files
    sample: Path  # the sample submission
    id_column: str  # the sample's first column
    target_columns: tuple[str, ...]  # the sample's other columns, in order
    cell: Cell
    # Names of the classes, tags or numbers, in the order of the model's outputs, as a submission
    # writes them; of heads, `color_red`: those of the first head, then those of the next.
    classes: tuple[str, ...]
    metric: str  # name of a metric in `kaggle_prz.metrics`
    train_ids: Text  # `(train,)`
    # `(train,)` references relative to `root`: a path, `table.csv#7` for row 7 of a file of many
    # pictures, from 0, and others, see `readers.pictures.sources`. Of a bag, its first image.
    train_files: Text
    # Of classes `(train,)` int64 indexes into `classes`, or `(train, classes)` float32 shares; of
    # heads `(train, heads)` int64 indexes into the classes of each; of tags `(train, tags)`
    # float32 from 0 to 1, NaN where unknown; of numbers `(train, targets)` float32.
    labels: NDArray[Any]
    groups: Text | None  # `(train,)`, rows of one group never part between folds; or None
    test_ids: Text  # `(test,)`, in the sample's order
    test_files: Text  # `(test,)` paths relative to `root`; empty where the row has no file
    kind: Kind = "classes"  # of labels and predictions, see `kaggle_prz.metrics.arrays`
    most_ranked: int = 5  # of ranked cells, how many classes one holds
    between: str = " "  # what stands between two tags of a list
    confident: bool = False  # a label's probability stands behind it in the cell: `cat 0.25`
    channels: int = 3  # of every image
    # Numbers that become black and white, in images of more than 8 bits; None: those of each file.
    pixel_range: tuple[float, float] | None = None
    largest_pixels: int | None = None  # that an image may have; None: see `readers.pictures.limits`
    heads: tuple[Head, ...] = ()  # what each label of a row is, where the kind is `"heads"`
    melted: bool = False  # the sample has a row for every target column, such as `ID_7_epidural`
    bags: Images | None = None  # the images of all rows, where rows have several
    flips: tuple[str, ...] = ("horizontal",)  # or `"vertical"`: those that keep a label
    groups_in_test: tuple[str, ...] = ()  # that rows to predict are of, where a table says so
    evidence: tuple[Evidence, ...] = ()  # why each property has its value
    warnings: tuple[str, ...] = ()  # sentences on files and rows that were left out

    def __repr__(self) -> str:
        """Return what is asked, in a line; rows and evidence have attributes of their own."""
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

    @property
    def images(self) -> Images:
        """The images of the rows, whether they are bags or not."""
        return self.bags or Images(
            self.train_files,
            np.arange(len(self.train_files)),
            self.test_files,
            np.arange(len(self.test_files)),
        )

    @property
    def head_sizes(self) -> tuple[int, ...]:
        """How many classes each head has."""
        return tuple(len(head.classes) for head in self.heads)

    def of_head(self, place: int) -> "Task":
        """Return the task of one head: one of classes, with that head's labels and columns."""
        head, names = self.heads[place], self.classes[spans(self.head_sizes)[place]]
        wide = self.cell == "probabilities"
        return replace(
            self,
            kind="classes",
            classes=names if wide else head.classes,
            target_columns=tuple(column for column in self.target_columns if column in names)
            if wide
            else (head.name,),
            labels=self.labels[:, place],
            heads=(),
        )
