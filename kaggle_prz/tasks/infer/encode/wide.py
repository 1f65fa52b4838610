"""Several columns of labels -> what a submission holds, and labels as numbers."""

import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kaggle_prz.core.errors import DataError, UsageError
from kaggle_prz.core.task import Text
from kaggle_prz.tasks.infer.encode import gaps, lists, other_tasks
from kaggle_prz.tasks.infer.encode.encoded import Column, Encoded, codes, matrix_of, need_two
from kaggle_prz.tasks.infer.tables import LabelTable, Sample, words

_SUM_TOLERANCE = 1e-3
_FEWEST_NUMBERED = 3
_KNOWN = 0.5


def encode_names(sample: Sample, values: Text, separator: str | None = None) -> Encoded:
    """Return labels that are names of the sample's columns, one a row or several between signs."""
    values = words.whole(values)
    between = lists.between(values, sample, separator)
    parted = lists.without_joining(values, between)
    values = parted.values
    found = words.in_order(set(pd.unique(pd.Series(values, dtype=object))) - {""})
    if between is not None and words.onto(found, sample.targets) is None:
        columns = _columns(sample, words.in_order(words.tokens(found, between)))
        renamed = [
            between.join(columns[part.strip()] for part in cell.split(between) if part.strip())
            for cell in values.tolist()
        ]
        if not any(between in column for column in sample.targets):
            present = matrix_of(np.array(renamed, dtype=object), list(sample.targets), between)
            rule = f"labels are lists of the sample's columns{parted.rule}"
            return Encoded("tags", "independent", sample.targets, present, rule)
    need_two(found)
    columns = _columns(sample, found)
    named = pd.Series(values, dtype=object).map(columns)
    labels = codes(named.to_numpy(dtype=object), list(sample.targets))
    return Encoded("classes", "probabilities", sample.targets, labels, "one column per class")


def refuse_points(sample: Sample, matrix: pd.DataFrame) -> None:
    """Refuse columns of numbers that are coordinates by their names, but not 0 and 1 alone.

    Networks see mirrored and moved images, which leave classes and quantities what they are.
    """
    numbers = matrix.apply(pd.to_numeric, errors="coerce")
    if numbers.isna().to_numpy().any() or numbers.isin((0, 1)).to_numpy().all():
        return
    if (points := other_tasks.of_points(sample.targets)) is not None:
        raise other_tasks.refusal(points, sample.path.name)


def encode_columns(sample: Sample, matrix: pd.DataFrame) -> Encoded:
    """Return labels that are in columns of the sample's names."""
    numbers = matrix.apply(pd.to_numeric, errors="coerce")
    if gaps.are_in(matrix):
        return _with_gaps(sample, numbers)
    if numbers.isna().to_numpy().any():
        bad = [name for name in matrix.columns if numbers[name].isna().any()]
        cell = matrix[bad[0]][numbers[bad[0]].isna()].iloc[0]
        raise DataError(
            f"Several columns of labels must be numbers; {bad[0]!r} has {cell!r}. Several labels "
            "per row that are names are not supported. Choose one column with --target."
        )
    labels = numbers.to_numpy(np.float32)
    within = bool(((labels >= 0) & (labels <= 1)).all())
    binary = bool(np.isin(labels, (0, 1)).all())
    sums = bool(np.abs(numbers.sum(axis=1) - 1).le(_SUM_TOLERANCE).all())
    if not within:
        rule = "several columns of numbers outside 0 and 1"
        return Encoded("numbers", "number", sample.targets, labels, rule)
    if sums and binary:
        rule = "columns of 0 and 1, with one 1 per row"
        ids = labels.argmax(axis=1).astype(np.int64)
        if len(np.unique(ids)) < 2:
            raise DataError("Training needs at least two classes; all rows have the same label.")
        return Encoded("classes", "probabilities", sample.targets, ids, rule)
    if sums:
        rule = "columns of fractions, which sum to 1 in each row"
        return Encoded("classes", "probabilities", sample.targets, labels, rule, soft=True)
    rule = "columns of 0 and 1" if binary else "columns of fractions that do not sum to 1"
    return Encoded("tags", "independent", sample.targets, labels, rule, soft=not binary)


def _with_gaps(sample: Sample, numbers: pd.DataFrame) -> Encoded:
    labels = numbers.to_numpy(np.float32)
    never = [name for name in numbers.columns if numbers[name].isna().all()]
    if never:
        raise DataError(
            f"Every column of tags must have a 0 or 1; {never[0]!r} has none in the rows with "
            "images. Complete the column, or remove it from the sample submission and the labels."
        )
    unknown = int(np.isnan(labels).sum())
    rule = f"columns of 0 and 1; {unknown} of {labels.size} cells are unknown"
    return Encoded("tags", "independent", sample.targets, labels, rule)


def _columns(sample: Sample, found: list[str]) -> dict[str, str]:
    columns = words.onto(found, sample.targets)
    if columns is None and _are_places(sample, found):
        raise DataError(
            f"{sample.path.name} asks for the {len(sample.targets)} most probable classes in as "
            f"many columns ({', '.join(sample.targets[:3])} …), which is not supported. Write a "
            "sample with one column, whose cells hold these classes between blanks, choose it "
            "with --sample, and part the cells of the submission."
        )
    if columns is None:
        unknown = [name for name in found if words.onto([name], sample.targets) is None]
        raise DataError(
            f"The label(s) {', '.join(map(repr, unknown[:5]))} have no column in "
            f"{sample.path.name}; its columns are {', '.join(sample.targets[:8])}. Add the "
            "columns, or choose another column of labels with --target."
        )
    return columns


def _are_places(sample: Sample, found: list[str]) -> bool:
    """Return whether columns are numbered, as `prediction1`, and their cells are labels."""
    stems = {re.sub(r"\d+$", "", name) for name in sample.targets}
    cells = {cell for name in sample.targets for cell in sample.column(name).tolist()} - {""}
    return len(stems) == 1 and not {*sample.targets} & stems and cells <= {*found}


def no_positive() -> UsageError:
    """Return the error for `--positive` where every class has a column."""
    return UsageError(
        "--positive applies only to a task with two classes and one column of probabilities; "
        "this sample submission has several columns."
    )


def hot_columns(
    sample: Sample, labels: LabelTable, columns: list[str], separator: str | None = None
) -> tuple[list[str], str]:
    """Return columns of 0 and 1 whose names or places the sample's cells hold, and the rule."""
    hot = [name for name in columns if _is_hot(labels.tried(name))]
    if len(hot) < 2:
        return [], ""
    shown = _shown(sample, hot, separator)
    if shown and len(shown & set(hot)) >= _KNOWN * len(shown):
        return hot, "the sample's cells are names of its columns"
    alone = len(hot) >= _FEWEST_NUMBERED and len(hot) == len(columns)
    if alone and _numbers_of(shown, hot) and (_matrix(labels.frame[hot]).sum(axis=1) == 1).all():
        return hot, "one of its columns is 1 in each row, and the sample's cells are column numbers"
    return [], ""


def _is_hot(values: Text) -> bool:
    return {*words.truth_as_numbers(words.whole(values), both=False).tolist()} <= {"0", "1"}


def encode_hot(sample: Sample, matrix: pd.DataFrame, separator: str | None = None) -> Encoded:
    """Return classes or tags that are columns of 0 and 1, beside a sample with one column."""
    hot = [str(name) for name in matrix.columns]
    labels = _matrix(matrix)
    if (labels.sum(axis=1) == 1).all():
        numbered = not _shown(sample, hot, separator) & set(hot)
        classes = [str(number) for number in range(len(hot))] if numbered else hot
        doubt = (
            f"The submission will have the numbers of the columns {', '.join(hot[:8])}, "
            "counted from 0 in this order."
        )
        return Encoded(
            "classes",
            "label",
            tuple(classes),
            labels.argmax(axis=1).astype(np.int64),
            "one column, filled with the class",
            warnings=(doubt,) if numbered else (),
        )
    between = words.SAID.get(separator or "") or ("|" if any(" " in name for name in hot) else " ")
    this = Column(sample, np.array([], dtype=str), [], between, None, sample.targets[0])
    written = lists.written_between(this, hot)
    rule = "columns of 0 and 1, and the sample's cells are lists of their names"
    return Encoded("tags", "labels", tuple(hot), labels, rule, between=written)


def _matrix(frame: pd.DataFrame) -> NDArray[np.float32]:
    return np.asarray(frame.apply(pd.to_numeric), np.float32)


def _shown(sample: Sample, hot: list[str], separator: str | None) -> set[str]:
    """Return names in the sample's cells, whatever stands between them."""
    shown = lists.shown_in(sample)
    if separator is not None or shown & {*hot}:
        return words.tokens(shown, words.SAID.get(separator or ""))
    sign = next((sign for sign in words.SIGNS if all(sign in cell for cell in shown)), None)
    return words.tokens(shown, words.separator(np.array(sorted(shown))) or sign)


def _numbers_of(shown: set[str], hot: list[str]) -> bool:
    numbers = {str(number) for number in range(len(hot))}
    return bool(shown) and shown <= numbers and not set(hot) & numbers
