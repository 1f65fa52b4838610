"""Which column, if any, holds rows together: images of one patient, place, plate or block."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kaggle_prz.core.errors import UsageError
from kaggle_prz.metrics import Array
from kaggle_prz.readers import csv_tables, formats
from kaggle_prz.tasks.infer.tables import LabelTable, is_sample, words

InTest = Mapping[str, frozenset[str]]
_Objection = tuple[str, bool]  # why a column named like a group is none; whether narrowly
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
_HARDLY_ANY = 1.05
_ANY = 1.001  # rows a value, where labels are of values and not of rows
_ROWS_BESIDE = 0.95  # of the labelled images that another table must hold
_MOST_CLASSES_IN_ONE_GROUP = 0.8
_NEARLY_ALL_CLASSES = 0.95
_MOST_EMPTY = 0.02
_MANY_EMPTY = 0.2
_MOST_IN_TEST = 0.5


@dataclass(frozen=True)
class Group:
    """What holds rows together."""

    column: str | None  # of the table of labels, or None
    rule: str  # why this one, or why none
    doubt: str = ""  # a sentence on columns that might as well, else empty
    in_test: tuple[str, ...] = ()  # its values that rows to predict have too, sorted


def choose(
    labels: LabelTable,
    kept: NDArray[np.int64],
    codes: Array | None,
    target: str | frozenset[str],
    group: str | None,
    *,
    in_test: InTest | None = None,
) -> Group:
    """Return the column of groups and the rule, or None and why there is none.

    `codes` are `(kept,)` class indexes or `(kept, tags)` from 0 to 1; None of numbers. `in_test`
    has the values of rows to predict: the host did not part the roles by a column of both.
    """
    taken = {labels.id_column} | ({target} if isinstance(target, str) else set(target))
    columns = [name for name in labels.frame.columns if name not in taken]
    if group == "none":
        return Group(None, "given with --group none")
    if group is not None:
        if group not in columns:
            raise UsageError(
                f"--group {group!r} is not a column of {labels.path.name}; its columns are "
                f"{', '.join(columns) or 'only the id and the label'}."
            )
        both = _in_both(labels, group, kept, in_test or {})
        return Group(group, "given with --group", in_test=both)
    found = _by_name(labels, kept, codes, columns, in_test or {})
    return _by_key(labels, kept, codes, found, in_test or {}) if labels.key else found


def _by_key(
    labels: LabelTable,
    kept: NDArray[np.int64],
    codes: Array | None,
    found: Group,
    in_test: InTest,
) -> Group:
    """Return the key of labels that rows share, unless a group holds its values together."""
    if found.column is not None and not _parts(labels, labels.key, found.column, kept):
        return found
    objection = _objection(labels, labels.key, kept, codes, least=_ANY)
    if objection is not None:
        return found
    both = _in_both(labels, labels.key, kept, in_test)
    return Group(labels.key, f"{labels.source} has one label for each of its values", in_test=both)


def _by_name(
    labels: LabelTable,
    kept: NDArray[np.int64],
    codes: Array | None,
    columns: list[str],
    in_test: InTest,
) -> Group:
    named = [column for column in columns if is_named_like_a_group(column)]
    objections = {
        column: _objection(labels, column, kept, codes) or _of_test(labels, column, in_test)
        for column in named
    }
    suited = [column for column in named if objections[column] is None]
    if not named:
        return Group(None, "no column has a name such as patient, place, plate or block")
    if not suited:
        return _none_of(objections)
    coarsest = min(suited, key=lambda column: len(set(labels.column(column))))
    count = len(set(labels.column(coarsest)[kept]))
    rule = f"its name is that of a group; {count} groups, {len(kept) / count:.1f} rows each"
    others = [name for name in suited if _parts(labels, name, coarsest, kept)]
    doubt = ""
    if others:
        doubt = (
            f"{coarsest} and {', '.join(others)} may be groups; {coarsest} is used, because it "
            "has fewer values. To use another, choose it with --group."
        )
    return Group(coarsest, rule, doubt, _in_both(labels, coarsest, kept, in_test))


def _none_of(objections: Mapping[str, _Objection | None]) -> Group:
    """Return no group, for what speaks against the columns; one that fails narrowly is told."""
    against = [(column, found) for column, found in objections.items() if found is not None]
    column, (why, narrow) = next((one for one in against if one[1][1]), against[0])
    rule = f"{column} is named like a group, but {why}"
    doubt = f"{rule}. To use it as group anyway, add --group {column}."
    return Group(None, rule, doubt if narrow else "")


def with_columns_beside(
    root: Path, tables: Sequence[str], labels: LabelTable, group: str | None
) -> LabelTable:
    """Return the table of labels, with columns of groups from other tables of the same rows."""
    frame, ids = labels.frame, pd.Series(labels.ids)
    for path in tables:
        file = root / path
        if file == labels.path or not formats.is_table(path) or is_sample(file):
            continue
        names = csv_tables.header(file)
        wanted = [name for name in names if name == group or is_named_like_a_group(name)]
        if labels.id_column not in names or not set(wanted) - {labels.id_column, *frame.columns}:
            continue
        other = csv_tables.read_csv(file, columns=[labels.id_column, *wanted])
        other = csv_tables.stripped(other).set_index(labels.id_column)
        if not other.index.is_unique or ids.isin(other.index).mean() < _ROWS_BESIDE:
            continue
        for name in other.columns.difference(frame.columns, sort=False):
            frame = frame.assign(**{name: ids.map(other[name]).fillna("").to_numpy()})
    return replace(labels, frame=frame)


def is_named_like_a_group(column: str) -> bool:
    """Return whether a column is called after patients, places, plates and the like."""
    return any(part.startswith(_NAMES) for part in words.parts(column))


def _objection(
    labels: LabelTable,
    column: str,
    kept: NDArray[np.int64],
    codes: Array | None,
    *,
    least: float = _ROWS_A_GROUP,
) -> _Objection | None:
    """Why a column does not hold rows together, or None where it does."""
    if not csv_tables.fits(labels.frame[column]):
        return f"one of its cells has more than {csv_tables.LONGEST:,} characters", False
    values = pd.Series(labels.column(column)[kept])
    groups = values.nunique()
    if groups <= 2:
        return f"it has {groups} value{'' if groups == 1 else 's'}", False
    rows = len(values) / groups
    if rows < least:
        why = f"it has {rows:.2f} rows per value, fewer than {least}"
        return why, rows >= _HARDLY_ANY
    empty = (values == "").mean()
    if empty > _MOST_EMPTY:
        return f"{empty:.0%} of its cells are empty", empty <= _MANY_EMPTY
    alone = 0.0 if codes is None else _classes_in_one_group(values, codes)
    if alone > _MOST_CLASSES_IN_ONE_GROUP:
        why = f"{alone:.0%} of the classes occur with only one of its values"
        return why, alone <= _NEARLY_ALL_CLASSES
    return None


def _classes_in_one_group(values: pd.Series, codes: Array) -> float:
    if codes.ndim == 2:
        rows, classes = np.nonzero(codes >= 0.5)
    else:
        rows, classes = np.arange(len(codes)), codes
    if not len(rows):
        return 0.0
    groups_a_class = values.iloc[rows].groupby(classes).nunique()
    return float((groups_a_class == 1).mean())


def _of_test(labels: LabelTable, column: str, in_test: InTest) -> _Objection | None:
    there = in_test.get(column, frozenset()) - {""}
    both = len(there & set(labels.column(column)))
    if not there or both <= _MOST_IN_TEST * len(there):
        return None
    why = f"{both} of its {len(there)} values in the test set are also in the training set"
    return why, True


def _in_both(
    labels: LabelTable, column: str, kept: NDArray[np.int64], in_test: InTest
) -> tuple[str, ...]:
    there = in_test.get(column, frozenset()) - {""}
    return tuple(sorted(there & set(labels.column(column)[kept].tolist())))


def _parts(labels: LabelTable, column: str, coarsest: str, kept: NDArray[np.int64]) -> bool:
    """Return whether rows with one value of a column are in several groups of the coarsest one."""
    inner, outer = (pd.Series(labels.column(name)[kept]) for name in (column, coarsest))
    return bool((outer.groupby(inner).nunique() > 1).any())
