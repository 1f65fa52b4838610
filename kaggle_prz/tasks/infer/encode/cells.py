"""One column of labels -> what a submission's cells hold, and labels as numbers."""

from dataclasses import replace

import numpy as np
import pandas as pd

from kaggle_prz.core.errors import DataError, UsageError
from kaggle_prz.core.task import Text
from kaggle_prz.metrics import Metric
from kaggle_prz.tasks.infer.encode import lists, other_tasks, spellings, unlike
from kaggle_prz.tasks.infer.encode.encoded import Column, Encoded, codes, need_two
from kaggle_prz.tasks.infer.tables import Sample, words

_ORDINAL_NAMES = ("diagnos", "level", "grade", "sever", "stage", "isup", "rating")
_QUANTITIES = frozenset(
    ("age", "ages", "angle", "area", "bmi", "cost", "count", "counts", "days", "depth", "distance",
     "height", "hours", "income", "length", "minutes", "months", "percent", "percentage", "price",
     "score", "scores", "speed", "temperature", "volume", "weight", "width", "year", "years"),
)  # fmt: skip
_NO_QUANTITIES = frozenset(("bin", "bucket", "category", "class", "group", "id", "level", "range"))
_MOST_GRADES = 20
_ODD, _VARIED = 0.1, 0.3  # of the cells: that are no numbers, that are different numbers
_MOST_NAMED = 10  # different integers of a quantity that may be classes
_WIDEST_ORDER = 200


def encode(
    sample: Sample,
    values: Text,
    metric: Metric | None = None,
    *,
    column: str = "",
    positive: str | None = None,
    separator: str | None = None,
    sure: bool = False,
) -> Encoded:
    """Return classes in output order, labels, and what the cells hold, of one column of labels."""
    given = words.whole(values)
    values = given if sample.numbers().isna().all() else words.truth_as_numbers(given)
    truth = values is not given
    if truth and positive is not None:
        positive = words.TRUTH.get(positive.lower(), positive)
    between = lists.between(values, sample, separator) or ""
    parted = lists.without_joining(values, between)
    alike = spellings.joined(parted.values, sample, sample.targets[0], between)
    values = alike.values
    found = words.in_order(set(pd.unique(pd.Series(values, dtype=object))) - {""})
    name = column or sample.targets[0]
    keep = f"--target {name!r}"
    this = Column(sample, values, found, between, metric, name, separator, sure, keep, parted.sign)
    if separator is None and (other := other_tasks.of_cells(lists.shown_in(sample), found)):
        raise other_tasks.refusal(other, sample.path.name)
    for reader in (
        lists.with_confidence, lists.ranked, lists.tags, _number, probability_of_two, _grades
    ):  # fmt: skip
        if (read := reader(this)) is not None:
            break
    else:
        read = _label(this)
    rule = read.rule + parted.rule
    if truth:
        rule += f"; {_true_one(given)} is read as 1"
    read = replace(read, rule=rule, warnings=(*alike.notes, *read.warnings))
    return choose_positive(read, sample, positive)


def _true_one(values: Text) -> str:
    return next(str(value) for value in values if words.TRUTH.get(str(value).lower()) == "1")


def _number(this: Column) -> Encoded | None:
    numbers = pd.to_numeric(pd.Series(this.values, dtype=object), errors="coerce")
    if numbers.isna().any() or not np.isfinite(numbers.to_numpy(np.float64)).all():
        return None
    shown = this.sample.numbers()
    fractions = bool((numbers % 1 != 0).any())
    takes_numbers = this.metric is None or "numbers" in this.metric.kinds
    doubt: tuple[str, ...] = ()
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
    elif this.metric is None and _is_quantity(this):
        rule = f"{len(this.found)} different integers in a column with the name of a quantity"
        doubt = (
            f"The integers of {this.name} are read as quantities. If they are classes, use "
            "--metric accuracy.",
        )
    else:
        return None
    values = numbers.to_numpy(np.float32)[:, None]
    return Encoded("numbers", "number", (this.sample.targets[0],), values, rule, warnings=doubt)


def _is_quantity(this: Column) -> bool:
    parts = {*words.parts(this.name), *words.parts(this.sample.targets[0])}
    named = bool(parts & _QUANTITIES) and not parts & _NO_QUANTITIES
    return named and len(this.found) > _MOST_NAMED


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


def _refuse_odd_cells(this: Column) -> None:
    """Refuse numbers among which a few cells are none."""
    given = pd.Series(this.values[this.values != ""], dtype=object)
    numbers = pd.to_numeric(given, errors="coerce").replace([np.inf, -np.inf], np.nan)
    odd = given[numbers.isna()]
    different = numbers.nunique()
    varied = different > max(_MOST_NAMED, _VARIED * len(given)) and bool((numbers % 1 > 0).any())
    if this.sure or not len(odd) or len(odd) > _ODD * len(given) or not varied:
        return
    raise DataError(
        f"{len(given) - len(odd)} of {len(given)} labels in the column {this.name!r} are numbers, "
        f"but {len(odd)} are not, such as {odd.iloc[0]!r}. Correct these cells, or empty them to "
        f"leave their rows out. To make a class of every label, add --target {this.name!r}."
    )


def _label(this: Column) -> Encoded:
    need_two(this.found)
    _refuse_odd_cells(this)
    if this.sample.fractional() and (this.metric is None or this.metric.wants != "labels"):
        raise DataError(
            f"{this.sample.path.name} has one number per row ({this.sample.targets[0]}), but the "
            f"labels {', '.join(this.found[:5])} are neither two classes nor fractions. If they "
            "are quantities, choose a metric for numbers with --metric, such as rmse; otherwise "
            "choose another column of labels with --target."
        )
    rule = "one column, filled with the class"
    labels = codes(this.values, this.found)
    doubts = (*lists.doubt_of_names(this), *unlike.check(this))
    return Encoded("classes", "label", tuple(this.found), labels, rule, warnings=doubts)


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


def _as_words(name: str) -> tuple[str, str]:
    """Return what a name is sorted by, whatever its case."""
    return name.lower(), name


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
    elif {name[-2:] for name in names} == {"_0", "_1"}:
        positive, rule = next(name for name in names if name.endswith("1")), "its name ends in 1"
    elif len(said) == 1:
        positive, rule = said[0], f"the column {sample.targets[0]} has its name"
    else:
        positive, rule = max(names, key=_as_words), "the second of two classes in sorted order"
        other = names[1 - names.index(positive)]
        warnings = (
            f"The positive class is {positive!r}, {rule}. If it should be {other!r}, use "
            f"--positive {other!r}.",
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
