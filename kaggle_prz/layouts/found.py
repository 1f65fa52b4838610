"""What the readers found in a competition's files, each with its rule."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kaggle_prz.layouts.encoded import Encoded
from kaggle_prz.layouts.files import Index
from kaggle_prz.layouts.groups import Group
from kaggle_prz.layouts.scoring import Scored
from kaggle_prz.layouts.tables import LabelTable, Sample
from kaggle_prz.layouts.targets import Target
from kaggle_prz.task import Text


@dataclass(frozen=True, eq=False)
class Found:
    """Everything that a task is made of.

    Attributes:
        sample: the sample submission, a row an image.
        index: the pictures of both roles.
        table: the labels' table, and `chosen` their column in it.
        kept: `(train,)` rows of the table to train on, and `train_files` their pictures.
        left_out: sentences on the others.
        labels: of the kept rows.
        scored: the metric.
        group: what holds rows together.
        test_files: `(test,)` pictures of the sample's rows.
        mapped: a table says which these are.
    """

    sample: Sample
    sample_rule: str
    index: Index
    table: LabelTable
    chosen: Target
    kept: NDArray[np.int64]
    train_files: Text
    left_out: tuple[str, ...]
    labels: Encoded
    scored: Scored
    group: Group
    test_files: Text
    test_rule: str
    mapped: bool
