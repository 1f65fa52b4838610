"""Labels in columns of 0 and 1 where a submission has one column: names, lists or numbers."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kaggle_prz.layouts import cells, words
from kaggle_prz.layouts.encoded import Column, Encoded
from kaggle_prz.layouts.tables import LabelTable, Sample
from kaggle_prz.task import Text

_FEWEST_NUMBERED = 3
_KNOWN = 0.5


def columns_of(sample: Sample, labels: LabelTable, columns: list[str]) -> tuple[list[str], str]:
    """The columns of 0 and 1 that the sample's one column sums up, and the rule; else none.

    Its cells hold names of these columns, or the place of the one that is 1.

    Args:
        sample: has one target column.
        labels: the table of training images.
        columns: those that may hold labels.
    """
    hot = [name for name in columns if _is_hot(labels.tried(name))]
    if len(hot) < 2:
        return [], ""
    shown = _shown(sample)
    if shown and len(shown & set(hot)) >= _KNOWN * len(shown):
        return hot, "its columns are in the sample's cells"
    alone = len(hot) >= _FEWEST_NUMBERED and len(hot) == len(columns)
    if alone and _numbers_of(shown, hot) and (_matrix(labels.frame[hot]).sum(axis=1) == 1).all():
        return hot, "one of its columns is 1 in each row, and the sample's cells are their numbers"
    return [], ""


def encode(sample: Sample, matrix: pd.DataFrame) -> Encoded:
    """Classes or tags that are columns of 0 and 1, beside a sample with one column.

    Args:
        sample: has one target column.
        matrix: `(rows, classes)` text.

    Raises:
        DataError: lists that cannot be written.
    """
    hot = [str(name) for name in matrix.columns]
    labels = _matrix(matrix)
    if (labels.sum(axis=1) == 1).all():
        numbered = not _shown(sample) & set(hot)
        classes = [str(number) for number in range(len(hot))] if numbered else hot
        doubt = f"Written are numbers of {', '.join(hot[:8])}, counted from 0 in this order."
        return Encoded(
            "classes",
            "label",
            tuple(classes),
            labels.argmax(axis=1).astype(np.int64),
            "one column, filled with the class",
            warnings=(doubt,) if numbered else (),
        )
    between = "|" if any(" " in name for name in hot) else " "
    this = Column(sample, np.array([], dtype=str), [], between, None, sample.targets[0])
    written = cells.written_between(this, hot)
    rule = "columns of 0 and 1, and the sample's cells are lists of them"
    return Encoded("tags", "labels", tuple(hot), labels, rule, between=written)


def _is_hot(values: Text) -> bool:
    return set(np.unique(words.whole(values)).tolist()) <= {"0", "1"}


def _matrix(frame: pd.DataFrame) -> NDArray[np.float32]:
    return np.asarray(frame.apply(pd.to_numeric), np.float32)


def _shown(sample: Sample) -> set[str]:
    """Names in the sample's cells, whatever stands between them."""
    cells_ = set(sample.column(sample.targets[0]).tolist()) - {""}
    return words.tokens(cells_, words.separator(np.array(sorted(cells_))) or _sign(cells_))


def _sign(cells_: set[str]) -> str | None:
    return next((sign for sign in words.SIGNS if all(sign in cell for cell in cells_)), None)


def _numbers_of(shown: set[str], hot: list[str]) -> bool:
    numbers = {str(number) for number in range(len(hot))}
    return bool(shown) and shown <= numbers and not set(hot) & numbers
