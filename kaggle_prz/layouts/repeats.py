"""Tables of labels in which images come several times, or whose first row is no header."""

import numpy as np
import pandas as pd

from kaggle_prz.layouts import files, widths, words
from kaggle_prz.layouts.tables import Sample

_NEARLY_UNIQUE = 0.9
_PEEK = 200


def an_image_a_row(frame: pd.DataFrame, column: str, sample: Sample) -> pd.DataFrame | None:
    """The rows of a table with every image about once; None where rows are of something else.

    Rows that are repeated word for word count once. A table of two columns may have a row for
    every tag of an image, where the sample submission asks for several.

    Args:
        frame: all cells text.
        column: the one that may name images.
        sample: the form of a submission.
    """
    if _nearly_unique(frame[column]):
        return frame
    distinct = frame.drop_duplicates().reset_index(drop=True)
    if _nearly_unique(distinct[column]):
        return distinct
    if frame.shape[1] != 2:
        return None
    (other,) = (name for name in frame.columns if name != column)
    tags = set(pd.unique(distinct[other].str.strip())) - {""}
    if not _asks_for_several(sample, tags):
        return None
    between = "|" if any(" " in tag for tag in tags) else " "
    lists = distinct.groupby(column, sort=False)[other].agg(between.join).reset_index()
    cells = widths.text_of(lists[other])
    return lists if words.separator(cells) == between else None


def with_header(frame: pd.DataFrame, train: files.Role) -> pd.DataFrame:
    """A table whose header names an image, with that header as its first row; others as they are.

    The header does if one of its names is an image, and what is below it are images as well.
    Columns are then called by their numbers, from 1.
    """
    header = [str(name) for name in frame.columns]
    images = [name for name in header if files.best_share(np.array([name]), train, exact=True)]
    if train.named or len(header) < 2 or len(images) != 1:
        return frame
    below = frame[images[0]]
    some = widths.text_of(below.head(_PEEK))
    if not _nearly_unique(below) or files.best_share(some, train, exact=True) < files.ENOUGH:
        return frame
    names = [f"column {number}" for number in range(1, len(header) + 1)]
    first = pd.DataFrame([header], columns=names)
    return pd.concat([first, frame.set_axis(names, axis=1)], ignore_index=True)


def _nearly_unique(values: pd.Series) -> bool:
    return bool(values.str.strip().nunique() >= _NEARLY_UNIQUE * len(values))


def _asks_for_several(sample: Sample, tags: set[str]) -> bool:
    if len(sample.targets) > 1:
        return len(tags & set(sample.targets)) >= 0.5 * len(tags)
    cells = sample.column(sample.targets[0]).tolist()
    return any(len(words.tokens([cell], sign) & tags) > 1 for cell in cells for sign in words.SIGNS)
