"""Which column, if any, holds rows together: images of one patient, place, plate or block."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kaggle_prz.errors import UsageError
from kaggle_prz.layouts import texts, words
from kaggle_prz.layouts.tables import LabelTable, is_sample

_NAMES = (
    "patient",
    "subject",
    "location",
    "site",
    "seq",
    "study",
    "driver",
    "experiment",
    "plate",
    "slide",
    "user",
    "lesion",
    "group",
    "block",
)
_ROWS_A_GROUP = 1.3
_ROWS_BESIDE = 0.95  # of the labelled images that another table must hold
_MOST_CLASSES_IN_ONE_GROUP = 0.8
_MOST_EMPTY = 0.02
_MOST_IN_TEST = 0.5


def choose(
    labels: LabelTable,
    kept: NDArray[np.int64],
    codes: NDArray[Any] | None,
    target: str | frozenset[str],
    group: str | None,
    *,
    in_test: Mapping[str, frozenset[str]] | None = None,
) -> tuple[str | None, str]:
    """The column of groups and the rule, or None and why there is none.

    Args:
        labels: the table of training images.
        kept: rows that have an image and a label.
        codes: `(kept,)` class indexes or `(kept, tags)` from 0 to 1; None of numbers.
        target: the column or columns of labels.
        group: what a person says.
        in_test: columns of the table of test images and their values. A column whose values are
            in both is none that the host parted by.

    Raises:
        UsageError: `group` is not a column.
    """
    taken = {labels.id_column} | ({target} if isinstance(target, str) else set(target))
    columns = [name for name in labels.frame.columns if name not in taken]
    if group == "none":
        return None, "given with --group none"
    if group is not None:
        if group not in columns:
            raise UsageError(
                f"--group {group!r} is not a column of {labels.path.name}; its "
                f"columns are {', '.join(columns) or 'none besides id and label'}."
            )
        return group, "given with --group"
    named = [column for column in columns if _is_named_like_a_group(column)]
    suited = [
        column
        for column in named
        if _holds_rows_together(labels, column, kept, codes)
        and not _is_in_test(labels, column, in_test or {})
    ]
    if not suited:
        return None, "no column is named like a patient, place, plate or block"
    coarsest = min(suited, key=lambda column: len(set(labels.column(column))))
    count = len(set(labels.column(coarsest)[kept]))
    return coarsest, f"named like a group; {count} groups, {len(kept) / count:.1f} rows each"


def with_columns_beside(
    root: Path, tables: Sequence[str], labels: LabelTable, group: str | None
) -> LabelTable:
    """The table of labels, with columns of groups that other tables have for the same rows.

    Args:
        root: the competition's directory.
        tables: relative paths of its tables.
        labels: the table of training images.
        group: what a person says.
    """
    frame, ids = labels.frame, pd.Series(labels.ids)
    for path in tables:
        file = root / path
        if file == labels.path or file.suffix.lower() not in {".csv", ".tsv"} or is_sample(file):
            continue
        names = texts.header(file)
        wanted = [name for name in names if name == group or _is_named_like_a_group(name)]
        if labels.id_column not in names or not set(wanted) - {labels.id_column, *frame.columns}:
            continue
        other = texts.read_csv(file, columns=[labels.id_column, *wanted])
        other = other.apply(lambda column: column.str.strip()).set_index(labels.id_column)
        if not other.index.is_unique or ids.isin(other.index).mean() < _ROWS_BESIDE:
            continue
        for name in other.columns.difference(frame.columns, sort=False):
            frame = frame.assign(**{name: ids.map(other[name]).fillna("").to_numpy()})
    return replace(labels, frame=frame)


def _is_named_like_a_group(column: str) -> bool:
    return any(part.startswith(_NAMES) for part in words.parts(column))


def _holds_rows_together(
    labels: LabelTable, column: str, kept: NDArray[np.int64], codes: NDArray[Any] | None
) -> bool:
    values = pd.Series(labels.column(column)[kept])
    groups = values.nunique()
    if groups <= 2 or len(values) < _ROWS_A_GROUP * groups:
        return False
    if (values == "").mean() > _MOST_EMPTY:
        return False
    return codes is None or _parts_no_class(values, codes)


def _parts_no_class(values: pd.Series, codes: NDArray[Any]) -> bool:
    if codes.ndim == 2:
        rows, classes = np.nonzero(codes >= 0.5)
    else:
        rows, classes = np.arange(len(codes)), codes
    if not len(rows):
        return True
    groups_a_class = values.iloc[rows].groupby(classes).nunique()
    return bool((groups_a_class == 1).mean() <= _MOST_CLASSES_IN_ONE_GROUP)


def _is_in_test(labels: LabelTable, column: str, in_test: Mapping[str, frozenset[str]]) -> bool:
    there = in_test.get(column, frozenset()) - {""}
    return bool(there) and len(there & set(labels.column(column))) > _MOST_IN_TEST * len(there)
