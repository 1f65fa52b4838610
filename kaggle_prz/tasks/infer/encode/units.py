"""Labels that are numbers, written with a unit (`12.4 kg`, `7%`) or with a decimal comma."""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

import numpy as np
import pandas as pd

from kaggle_prz.core.errors import DataError
from kaggle_prz.core.task import Text
from kaggle_prz.readers import decimals
from kaggle_prz.tasks.infer.tables import Sample, words

_NUMBER = r"[-+]?(?:\d+(?:[.,]\d+)*|[.,]\d+)(?:[eE][-+]?\d+(?![^\W_]))?"
_UNIT = r"[^\W\d_]{1,12}|[^\W\d_]{1,4}[/^]?[^\W\d_]{0,4}[2-3²³]?|[%‰°º$€£¥\"'′″]|°\s?[CFK]"
_CELL = re.compile(rf"(?P<before>[$€£¥]?)\s*(?P<number>{_NUMBER})\s*(?P<after>{_UNIT})?\.?")
_KNOWN = frozenset(
    ("%", "‰", "°", "º", "$", "€", "£", "¥", '"', "'", "′", "″", "percent", "pct", "px", "pixels",
     "kg", "g", "mg", "µg", "μg", "ug", "t", "lb", "lbs", "oz", "km", "m", "dm", "cm", "mm", "µm",
     "μm", "um", "nm", "mi", "ft", "in", "inch", "inches", "yd", "l", "dl", "cl", "ml", "m2", "m²",
     "m3", "m³", "cm2", "cm²", "cm3", "cm³", "mm2", "mm²", "km2", "km²", "ha", "s", "sec", "ms",
     "min", "mins", "h", "hr", "hrs", "hour", "hours", "d", "day", "days", "week", "weeks",
     "month", "months", "y", "yr", "yrs", "year", "years", "c", "f", "k", "°c", "°f", "km/h",
     "m/s", "mph", "hz", "khz", "mhz", "w", "kw", "v", "mv", "mmhg", "pa", "hpa", "kpa", "bar",
     "gram", "grams", "kilograms", "kilos", "pounds", "meters", "metres", "feet", "liters",
     "litres", "usd", "eur", "gbp", "dollars", "euros", "mg/dl", "g/l", "kcal", "cal", "j", "kj",
     "ppm"),
)  # fmt: skip
_ALIKE = 0.5  # of the numbers before or after commas, in lists
_MOST_CLASSES = 20  # such as `0.5T`, `1.5T` and `3T`
_MOST_NAMES = 2  # classes of a probability, such as `1.5T` and `3T`


class Bare(NamedTuple):
    """Labels as numbers where they are some, a phrase on how, and sentences on what is unsure."""

    values: Text
    rule: str = ""
    notes: tuple[str, ...] = ()


def bare(
    values: Text, sample: Sample, target: str, column: str, separator: str | None = None
) -> Bare:
    """Return labels without their unit and with decimal points, where the sample has numbers.

    Args:
        values: of one column, without blanks around them.
        sample: of the submission.
        target: the sample's column for them. If it is none of the sample's, labels stay.
        column: of the labels.
        separator: what a person says of lists of classes.

    Raises:
        DataError: labels have several units, or the sample's cells have one.
    """
    if target not in sample.targets or separator not in {None, "none"}:
        return Bare(values)
    found = pd.unique(pd.Series(values, dtype=object)).tolist()
    given = [cell for cell in found if cell.lower() not in words.NO_NUMBER]
    matches = {}
    for cell in given:
        match = _CELL.fullmatch(cell)
        if match is None:
            return Bare(values)
        matches[cell] = match
    shown = set(sample.column(target).tolist()) - {""}
    units = {cell: _unit_of(match) for cell, match in matches.items()}
    _refuse_units(sample, shown, units)
    numeric = bool(shown) and all(map(words.is_number, shown))
    if not any(units.values()):
        return _with_points(values, given, sample, shown, column)
    known, fractions = {*units.values()} <= _KNOWN | {""}, _are_fractions(given)
    quantities = known or fractions
    if not numeric:
        quantities = known and fractions and not shown and len(given) > _MOST_CLASSES
    if len(given) <= _MOST_NAMES or not quantities:
        return Bare(values)
    return _without_unit(values, matches, units, shown, column)


def _unit_of(match: re.Match[str]) -> str:
    return (match["before"] or match["after"] or "").strip().lower()


def _are_fractions(cells: Iterable[str]) -> bool:
    return any(re.search(r"[.,]\d", cell) for cell in cells)


def _refuse_units(sample: Sample, shown: set[str], units: dict[str, str]) -> None:
    """Refuse a sample whose cells are numbers with a unit, and are not classes of labels."""
    matches = [match for match in map(_CELL.fullmatch, sorted(shown)) if match is not None]
    of_cells = {_unit_of(match) for match in matches}
    if not shown or len(matches) < len(shown) or len(of_cells) > 1 or not of_cells <= _KNOWN:
        return
    if len(units) <= _MOST_CLASSES and (shown & units.keys() or not _are_fractions(units)):
        return
    some = min(shown)
    raise DataError(
        f"The cells of {sample.path.name} are numbers with the unit {of_cells.pop()!r} ({some}), "
        "and a submission has numbers alone. If such numbers are accepted, write the sample's "
        "cells without the unit."
    )


def _without_unit(
    values: Text,
    matches: dict[str, re.Match[str]],
    units: dict[str, str],
    shown: set[str],
    column: str,
) -> Bare:
    different = set(units.values())
    if len(different) > 1:
        some = {unit or "none": cell for cell, unit in units.items()}
        named = [f"{unit} ({cell!r})" for unit, cell in sorted(some.items())]
        raise DataError(
            f"The labels in {column!r} must have one unit; they have {words.some(named)}. Write "
            "all of them in one unit, or choose another column with --target."
        )
    (unit,) = different
    text = pd.Series({cell: match["number"] for cell, match in matches.items()})
    how = ""
    if decimals.has_thousands(text, ","):
        text, how = text.str.replace(",", "", regex=False), ", and commas between thousands"
    elif text.str.contains(",", regex=False).any():
        text, how = decimals.points(text), ", and decimal commas"
    if pd.to_numeric(text, errors="coerce").isna().any():
        return Bare(values)
    read, notes = text.to_dict(), []
    first = next(iter(read))
    numbers = [float(cell) for cell in shown if words.is_number(cell)]
    share = bool(numbers) and all(0 <= number <= 1 for number in numbers)
    if share and unit in {"%", "percent", "pct"}:
        whole = all(number % 1 == 0 for number in numbers)
        if not whole and any(float(number) > 1 for number in read.values()):
            read = {cell: str(Decimal(number) / 100) for cell, number in read.items()}
        notes.append(
            f"{first} in {column!r} is read as {read[first]}, by the sample's cells "
            f"({words.some(sorted(shown), 3)}). If the submission must have "
            f"{_otherwise(first, text, read)}, write the labels so."
        )
    elif not shown or unit not in _KNOWN:
        notes.append(
            f"Labels such as {first!r} in {column!r} are read as numbers, and the submission will "
            f"have numbers without {unit!r}."
        )
    bare_ = np.array([read.get(cell, cell) for cell in values.tolist()], dtype=str)
    written = matches[first]["before"] or matches[first]["after"]
    return Bare(bare_, f"; its numbers have the unit {written}{how}", tuple(notes))


def _otherwise(first: str, text: pd.Series, read: dict[str, str]) -> str:
    return str(text[first]) if read[first] != text[first] else str(Decimal(text[first]) / 100)


def _with_points(
    values: Text, given: list[str], sample: Sample, shown: set[str], column: str
) -> Bare:
    """Return numbers with decimal points where they have commas, and are no lists of classes."""
    cells = pd.Series(given, dtype=object)
    if not decimals.may_have_commas(cells):
        return Bare(values)
    pairs = [cell.split(",") for cell in given if "," in cell]
    if not all(map(words.is_number, shown)) or not shown:
        if decimals.may_have_commas(pd.Series(sorted(shown), dtype=object)):
            _refuse_commas(cells, pairs, sample, shown, column)
        return Bare(values)
    sure = any(float(cell) % 1 > 0 for cell in shown)
    if not sure and not _are_decimals(cells, pairs):
        return Bare(values)
    note = (
        f"Labels such as {','.join(pairs[0])!r} in {column!r} are read as numbers with a decimal "
        "comma. If they are lists of classes, use --separator comma."
    )
    points = np.char.replace(values, ",", ".")
    return Bare(points, "; its numbers have decimal commas", () if sure else (note,))


def _are_decimals(cells: pd.Series, pairs: list[list[str]]) -> bool:
    """Return whether commas are rather decimal ones than between classes, in order of number."""
    upward = all(float(first) < float(second) for first, second in pairs)
    both = {first for first, _ in pairs} & {second for _, second in pairs}
    return not (upward and both) and decimals.has_commas(cells, ";")


def _refuse_commas(
    cells: pd.Series, pairs: list[list[str]], sample: Sample, shown: set[str], column: str
) -> None:
    """Refuse numbers with commas in both tables that are rather decimal numbers than lists."""
    firsts, seconds = ({pair[place] for pair in pairs} for place in (0, 1))
    twice = any(first == second for first, second in pairs)  # as no list has a class
    alike = len(firsts & seconds) >= _ALIKE * len(firsts | seconds)
    if _are_decimals(cells, pairs) and (twice or not alike):
        raise DataError(
            f"Labels such as {','.join(pairs[0])!r} in {column!r}, and cells such as "
            f"{min(shown)!r} of {sample.path.name}, may be numbers with a decimal comma. Write "
            "decimal points in both tables, or use --separator comma if they are lists of classes."
        )
