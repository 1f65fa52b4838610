"""Which column, if any, holds rows together: images of one patient, place, plate or block."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kaggle_prz.errors import UsageError
from kaggle_prz.layouts.tables import LabelTable

_NAMES = (
    "patient",
    "subject",
    "location",
    "site",
    "seq_id",
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
_MOST_CLASSES_IN_ONE_GROUP = 0.8


def choose(
    labels: LabelTable,
    kept: NDArray[np.int64],
    codes: NDArray[np.int64],
    target: str,
    group: str | None,
) -> tuple[str | None, str]:
    """The column of groups and the rule, or None and why there is none.

    Raises:
        UsageError: `group` is not a column.
    """
    columns = [name for name in labels.frame.columns if name not in {labels.id_column, target}]
    if group == "none":
        return None, "given with --group none"
    if group is not None:
        if group not in columns:
            raise UsageError(
                f"--group {group!r} is not a column of {labels.path.name}; its "
                f"columns are {', '.join(columns) or 'none besides id and label'}."
            )
        return group, "given with --group"
    named = [column for column in columns if any(part in column.lower() for part in _NAMES)]
    suited = [column for column in named if _holds_rows_together(labels, column, kept, codes)]
    if not suited:
        return None, "no column is named like a patient, place, plate or block"
    coarsest = min(suited, key=lambda column: len(set(labels.column(column))))
    count = len(set(labels.column(coarsest)[kept]))
    return coarsest, f"named like a group; {count} groups, {len(kept) / count:.1f} rows each"


def _holds_rows_together(
    labels: LabelTable, column: str, kept: NDArray[np.int64], codes: NDArray[np.int64]
) -> bool:
    values = pd.Series(labels.column(column)[kept])
    groups = values.nunique()
    if groups <= 2 or len(values) < _ROWS_A_GROUP * groups:
        return False
    groups_a_class = values.groupby(codes).nunique()
    return bool((groups_a_class == 1).mean() <= _MOST_CLASSES_IN_ONE_GROUP)
