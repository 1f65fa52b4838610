"""One column of labels -> what a submission's cells hold, and labels as numbers."""

import re
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from kaggle_prz.core.errors import DataError, UsageError
from kaggle_prz.core.task import Text
from kaggle_prz.metrics import Metric
from kaggle_prz.tasks.infer.encode.encoded import Column, Encoded, codes, matrix_of
from kaggle_prz.tasks.infer.tables import Sample, words

_ORDINAL_NAMES = ("diagnos", "level", "grade", "sever", "stage", "isup", "rating")
_SIGNS = {"|": "bars", ";": "semicolons", ",": "commas", " ": "blanks"}
_MOST_GRADES = 20
_WIDEST_ORDER = 200


def encode(
    sample: Sample,
    values: Text,
    metric: Metric | None = None,
    *,
    column: str = "",
    positive: str | None = None,
) -> Encoded:
    """Return classes in output order, labels, and what the cells hold, of one column of labels."""
    values = _truth_as_numbers(sample, words.whole(values))
    found = words.in_order(set(pd.unique(pd.Series(values, dtype=object))) - {""})
    between = words.separator(values) or ""
    this = Column(sample, values, found, between, metric, column or sample.targets[0])
    for reader in (_ranked, _list, _number, probability_of_two, _grades):
        if (read := reader(this)) is not None:
            return choose_positive(read, sample, positive)
    return choose_positive(_label(this), sample, positive)


def _truth_as_numbers(sample: Sample, values: Text) -> Text:
    low = np.char.lower(values)
    if set(np.unique(low).tolist()) != {"false", "true"} or sample.numbers().isna().all():
        return values
    return np.where(low == "true", "1", "0")


def need_two(found: list[str]) -> None:
    """Refuse labels that are all the same."""
    if len(found) < 2:
        raise DataError(f"Training needs at least two classes; the labels have {found}.")


def _ranked(this: Column) -> Encoded | None:
    cells = [cell.split() for cell in set(this.sample.column(this.sample.targets[0]).tolist())]
    most = max((len(cell) for cell in cells), default=0)
    shown = {token for cell in cells for token in cell}
    if any(" " in name for name in this.found) or this.between:
        return None
    known = len(shown & set(this.found)) >= 0.5 * len(shown)
    if most > 1 and known:
        rule = f"{most} classes in a cell of the sample, one per label"
    elif this.metric is not None and this.metric.wants == "ranks":
        most = int((re.findall(r"\d+", this.metric.name) or ["5"])[0])
        rule = f"{this.metric.title} takes {most} classes per cell"
    else:
        return None
    need_two(this.found)
    return Encoded(
        "classes",
        "ranked",
        tuple(this.found),
        codes(this.values, this.found),
        rule,
        most_ranked=most,
    )


def _list(this: Column) -> Encoded | None:
    if not this.between or (this.metric is not None and "tags" not in this.metric.kinds):
        return None
    classes = words.in_order(words.tokens(this.found, this.between))
    between = written_between(this, classes)
    labels = matrix_of(this.values, classes, this.between)
    rule = f"labels are lists, separated by {_SIGNS[this.between]}"
    if between.strip() != this.between.strip():
        rule += f", in the sample by {_SIGNS[between.strip() or ' ']}"
    return Encoded("tags", "labels", tuple(classes), labels, rule, between=between)


def written_between(this: Column, classes: list[str]) -> str:
    """Return what stands between two classes: as in the sample, else as in the labels."""
    shown = pd.unique(pd.Series(this.sample.column(this.sample.targets[0]), dtype=object))
    if any(re.fullmatch(r"\[.*\]", cell) for cell in shown):
        raise DataError(
            f"The cells of {this.sample.path.name} are lists in brackets ({shown[0]}); writing "
            "such cells is not supported."
        )
    between = _sign_in(shown, classes) or _sign_in(this.found, classes) or this.between
    parted = [name for name in classes if (between.strip() or " ") in name]
    if parted:
        raise DataError(
            f"Classes in the lists of {this.sample.path.name} are separated by "
            f"{_SIGNS[between.strip() or ' ']}, so no class can contain it; {parted[0]!r} does. "
            "Rename this class in both files."
        )
    return between


def _sign_in(cells: Iterable[str], classes: list[str]) -> str:
    """Return the sign between classes in the first cells that hold several, or an empty one."""
    known = set(classes)
    for sign in _SIGNS:
        lists = [cell for cell in cells if len(words.tokens([cell], sign) & known) > 1]
        if lists:
            wide = sign != " " and all(f"{sign} " in cell for cell in lists)
            return f"{sign} " if wide else sign
    return ""


def _number(this: Column) -> Encoded | None:
    numbers = pd.to_numeric(pd.Series(this.values, dtype=object), errors="coerce")
    if numbers.isna().any() or not np.isfinite(numbers.to_numpy(np.float64)).all():
        return None
    shown = this.sample.numbers()
    fractions = bool((numbers % 1 != 0).any())
    takes_numbers = this.metric is None or "numbers" in this.metric.kinds
    if fractions and not takes_numbers and numbers.between(0, 1).all():
        rule = "labels are fractions from 0 to 1, and the metric compares probabilities"
        shares = numbers.to_numpy(np.float32)[:, None]
        return Encoded("tags", "independent", this.sample.targets, shares, rule, soft=True)
    if fractions:
        rule = "labels are fractions"
    elif not takes_numbers:
        return None
    elif this.sample.fractional() and ((shown > 1) | (shown < 0)).any():
        rule = "the sample's cells are fractions outside 0 to 1"
    elif (
        this.metric is not None and this.metric.wants == "values" and set(this.found) != {"0", "1"}
    ):
        rule = f"labels are numbers, and {this.metric.title} compares numbers"
    else:
        return None
    return Encoded(
        "numbers", "number", (this.sample.targets[0],), numbers.to_numpy(np.float32)[:, None], rule
    )


def _grades(this: Column) -> Encoded | None:
    whole = all(
        name.isascii() and name.isdecimal() and str(int(name)) == name for name in this.found
    )
    if not whole or len(this.found) < 2:
        return None
    grades = [int(name) for name in this.found]
    if this.metric is None:
        named = any(part.startswith(_ORDINAL_NAMES) for part in words.parts(this.name))
        if (
            not named
            or this.sample.fractional()
            or grades[0] > 1
            or not 3 <= grades[-1] - grades[0] + 1 <= _MOST_GRADES
        ):
            return None
    elif this.metric.rule != "order" or grades[-1] - grades[0] > _WIDEST_ORDER:
        return None
    low, high = min(grades), max(grades)
    classes = [str(grade) for grade in range(low, high + 1)]
    rule = f"labels are grades from {low} to {high}"
    return Encoded(
        "classes", "label", tuple(classes), codes(this.values, classes), rule, ordinal=True
    )


def _label(this: Column) -> Encoded:
    need_two(this.found)
    if this.sample.fractional() and (this.metric is None or this.metric.wants != "labels"):
        raise DataError(
            f"{this.sample.path.name} has one number per row ({this.sample.targets[0]}), but the "
            f"labels {', '.join(this.found[:5])} are neither two classes nor fractions. If they "
            "are quantities, choose a metric for numbers with --metric, such as rmse; otherwise "
            "choose another column of labels with --target."
        )
    rule = "one column, filled with the class"
    labels = codes(this.values, this.found)
    return Encoded("classes", "label", tuple(this.found), labels, rule, warnings=unlike(this))


def unlike(this: Column) -> tuple[str, ...]:
    """Return what is strange about labels beside the sample's cells, in sentences."""
    shown = set(this.sample.column(this.sample.targets[0]).tolist()) - {""}
    digits = [all(re.fullmatch(r"-?\d+", name) for name in names) for names in (shown, this.found)]
    if shown and not shown & set(this.found) and digits != [True, True]:
        some, classes = ", ".join(sorted(shown)[:3]), ", ".join(this.found[:3])
        if not digits[0] and len(shown) > 1:
            raise DataError(
                f"The cells of {this.sample.path.name} ({some} …) are not among the labels "
                f"({classes} …). Choose the column with such labels with --target."
            )
        return (
            f"The sample's cells ({some}) are not among the labels ({classes} …). The submission "
            "will have the labels. To use another column, choose it with --target.",
        )
    if digits[1] and len(this.found) > max(_MOST_GRADES, 0.3 * len(this.values)):
        return (
            f"{len(this.found)} different integers in {len(this.values)} labels are read as "
            "classes. If they are quantities, choose a metric for numbers with --metric, such "
            "as rmse.",
        )
    return ()


def probability_of_two(this: Column) -> Encoded | None:
    """Return two classes where cells are probabilities of one of them; else None."""
    if len(this.found) != 2:
        return None
    wants = this.metric.wants if this.metric is not None else ""
    if wants == "labels" and not this.sample.fractional():
        return None
    if this.found == ["0", "1"]:
        shown = "labels are 0 and 1"
    elif _asks_for_one_of_two(this, wants):
        shown = "two classes, and the sample's cells are numbers"
    else:
        return None
    rule = f"{shown}: probability of {this.found[1]}"
    return Encoded(
        "classes", "probability", tuple(this.found), codes(this.values, this.found), rule
    )


def _asks_for_one_of_two(this: Column, wants: str) -> bool:
    """Return whether cells beside two classes that are not 0 and 1 are probabilities."""
    cells = set(this.sample.column(this.sample.targets[0]).tolist()) - {""}
    numbers = this.sample.numbers()
    if not cells:
        return wants == "probabilities"
    if this.sample.fractional():
        return bool(numbers.dropna().between(0, 1).all())
    ids = all(name.isdecimal() for name in this.found)
    return cells <= {"0", "1"} and (
        not ids or (wants == "probabilities" and not cells & {*this.found})
    )


def choose_positive(read: Encoded, sample: Sample, positive: str | None) -> Encoded:
    """Return the two classes of a probability in order, the positive one second.

    It is the one that is given, else `1`, else the one that the sample's column is called after,
    else the second in order, with a warning.
    """
    names = list(read.classes)
    if positive is not None and positive not in names:
        raise UsageError(
            f"--positive must be one of the classes {', '.join(names[:8])}; received {positive!r}."
        )
    if read.cell != "probability":
        if positive is not None:
            raise UsageError(
                "--positive applies only to a task with two classes and one column of "
                "probabilities."
            )
        return read
    warnings: tuple[str, ...] = ()
    said = [name for name in names if words.plain(name) in words.parts(sample.targets[0])]
    if positive is not None:
        rule = "given with --positive"
    elif names == ["0", "1"]:
        positive, rule = "1", "labels are 0 and 1"
    elif len(said) == 1:
        positive, rule = said[0], f"the column {sample.targets[0]} has its name"
    else:
        positive, rule = names[1], "the second of two classes in sorted order"
        warnings = (
            f"The positive class is {positive!r}, {rule}. If it should be {names[0]!r}, use "
            f"--positive {names[0]!r}.",
        )
    labels = read.labels if positive == names[1] else 1 - read.labels
    other = names[1 - names.index(positive)]
    return replace(
        read,
        classes=(other, positive),
        labels=labels,
        rule=read.rule.replace(f"of {names[1]}", f"of {positive}"),
        positive_rule=rule,
        warnings=(*read.warnings, *warnings),
    )
