"""Tables with a row a picture as tables with a row a bag of pictures."""

import pandas as pd

from kaggle_prz.errors import DataError
from kaggle_prz.layouts import files, widths
from kaggle_prz.layouts.bag_tables import (
    HIT_SHARE,
    Columns,
    column_of,
    naming,
    naming_bags,
    stripped,
)
from kaggle_prz.layouts.roles import Bags
from kaggle_prz.layouts.tables import Sample

_MOST_VARYING = 0.05  # of rows, in a column that is of rows and not of pictures


def of_labels(frame: pd.DataFrame, sample: Sample, bags: Bags | None) -> pd.DataFrame:
    """A table of labels with a row a bag, where it has a row a picture; else itself.

    Columns that differ within bags are left out; where few bags differ, their cells are emptied.

    Raises:
        DataError: pictures of one bag have different labels.
    """
    if bags is None or not bags.of_picture or frame.shape[1] < 2 or not len(frame):
        return frame
    ids = _ids_of(frame, bags)
    if ids is None:
        return frame
    rows, varying = _a_row_each(frame.assign(**{str(ids.name): ids}), str(ids.name))
    lost = [name for name in sample.targets if name in varying]
    if lost:
        raise DataError(
            f"{sample.path.name} has a row for every {bags.column}, of several images each, and "
            f"images of one have different values of {lost[0]!r}. A bag of images has one label: "
            "give all of them the same, or name another column with --target."
        )
    return rows


def of_rows(frame: pd.DataFrame, sample: Sample, bags: Bags) -> pd.DataFrame:
    """A table of pictures to predict with a row for every id of the sample; else itself."""
    ids = Columns(bags.column, bags.made_of, bags.between).ids(frame)
    frame = frame if ids is None else frame.assign(**{bags.column: ids})
    column = column_of(frame, set(sample.ids.tolist()))
    return frame if column is None else _a_row_each(frame, column)[0]


def _ids_of(frame: pd.DataFrame, bags: Bags) -> pd.Series | None:
    """The bag of every row of a table of labels, called as the column that is to hold it."""
    known = dict.fromkeys(bags.of_picture.values())
    ids = Columns(bags.column, bags.made_of, bags.between).ids(frame)
    if ids is not None and ids.isin(known).mean() >= HIT_SHARE:
        return ids.rename(bags.column)
    column = naming_bags(frame, known)
    if column is not None:
        return frame[column].str.strip()
    clean = stripped(frame)
    name = naming(clean, bags.pictures, HIT_SHARE)
    if name is None:
        return None
    cells = clean[name].tolist()
    paths, _ = files.match(widths.text_of(clean[name]), bags.pictures)
    of_row = [bags.of_picture.get(p, cell) for p, cell in zip(paths.tolist(), cells, strict=True)]
    return pd.Series(of_row, index=frame.index, name=bags.column, dtype=object)


def _a_row_each(frame: pd.DataFrame, column: str) -> tuple[pd.DataFrame, set[str]]:
    """A row for every value of a column, and the names of the columns that this leaves out."""
    if not frame[column].duplicated().any():
        return frame, set()
    by_row = frame.groupby(column, sort=False)
    several = by_row.nunique() > 1
    kept = [name for name in several.columns if several[name].mean() <= _MOST_VARYING]
    rows = by_row[kept].first().mask(several[kept], "").reset_index()
    return rows, set(several.columns) - set(kept)
