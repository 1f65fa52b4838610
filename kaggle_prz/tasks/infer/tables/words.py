"""Names and cells as words: how columns, classes and lists of classes are written."""

import ast
import re
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kaggle_prz.core.task import Text

SIGNS = ("|", ";", ",", " ")  # names of classes hold blanks rather than signs
_ALONE = 0.6
_UNKNOWN = ("", "nan", "na", "n/a", "null", "none")


def plain(name: str) -> str:
    """Letters and digits of a name, lower case."""
    return re.sub(r"[\W_]", "", name.lower())


def parts(name: str) -> list[str]:
    """Return the words of a column's name, lower case."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return [part.lower() for part in re.split(r"[\W_]+", spaced) if part]


def separator(values: Text) -> str | None:
    """Return what stands between the classes of a cell, or None where cells hold one class each.

    Cells are lists where there are more different cells than classes in them, or most of the
    classes that come with others come alone as well; else blanks belong to names, as in
    `Sugar beet`.
    """
    strings = set(pd.unique(pd.Series(values, dtype=object))) - {""}
    for candidate in SIGNS:
        together = tokens((string for string in strings if candidate in string), candidate)
        if not together:
            continue
        found = tokens(strings, candidate)
        if len(strings) > len(found) or len(together & strings) >= _ALONE * len(together):
            return candidate
    return None


def tokens(cells: Iterable[str], between: str | None) -> set[str]:
    """Return the different classes in cells; without a separator, the cells."""
    if between is None:
        return set(cells)
    split = (token.strip() for cell in cells for token in cell.split(between))
    return {token for token in split if token}


def without_brackets(values: Text) -> Text:
    """Return Python and JSON lists between blanks, or bars if names have any; others unchanged."""
    written = pd.Series(values, dtype=object)
    given = written[written != ""]
    if not len(given) or not given.str.fullmatch(r"\[.*\]", flags=re.DOTALL).all():
        return values
    read = {cell: _listed(cell) for cell in pd.unique(given)}
    within = "".join(name for names in read.values() for name in names)
    if "|" in within:
        return values
    between = "|" if " " in within else " "
    bare = {cell: between.join(names) for cell, names in read.items()}
    return np.asarray(written.map(bare).fillna(""), dtype=str)


def _listed(cell: str) -> list[str]:
    """Return the names or numbers of a list as Python or JSON writes it; a bar where it is none."""
    try:
        items = ast.literal_eval(cell)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return ["|"]
    if not isinstance(items, list) or not all(isinstance(item, str | int) for item in items):
        return ["|"]
    return [str(item).strip() for item in items]


def onto(values: Sequence[str], columns: Sequence[str]) -> dict[str, str] | None:
    """Return the column that each value stands for: the same name, or alike; None if one has none.

    Alike are names that differ in case, blanks and signs, and `7` and `class_7`.
    """
    names = [plain(column) for column in columns]
    start = re.sub(r"\d+$", "", names[0]) if names else ""
    numbered = all(re.fullmatch(rf"{re.escape(start)}\d+", name) for name in names)
    known = dict(zip(names, columns, strict=True))
    exact = {column: column for column in columns}
    if len(known) < len(columns):
        known = {}  # two columns that are alike
    found = {}
    for value in values:
        alike = plain(value)
        column = exact.get(value) or known.get(alike)
        if column is None and numbered and value.isdecimal():
            column = known.get(start + value)
        if column is None:
            return None
        found[value] = column
    return found


def some(names: Sequence[str], most: int = 5) -> str:
    """Return the first names for a sentence, and a sign that there are more."""
    return ", ".join(names[:most]) + (" …" if len(names) > most else "")


def in_order(names: Iterable[str]) -> list[str]:
    """Return numbers by value, then other names by letters."""
    return sorted(names, key=_numeric_first)


def _numeric_first(value: str) -> tuple[bool, float, str]:
    return (False, float(value), value) if value.isdecimal() else (True, 0.0, value)


def missing(values: Text) -> NDArray[np.bool_]:
    """`(rows,)` whether a cell is empty; among numbers, also where it says `nan` or `NA`."""
    empty: NDArray[np.bool_] = values == ""
    unknown = np.isin(np.char.lower(values), _UNKNOWN)
    if not (unknown & ~empty).any():
        return empty
    rest = pd.to_numeric(pd.Series(values[~unknown], dtype=object), errors="coerce")
    return unknown if len(rest) and not rest.isna().any() else empty


def whole(values: Text) -> Text:
    """Return numbers such as `3.0` as `3`, where all values are whole numbers; else as they are."""
    if not any("." in value for value in values[:1000].tolist()):
        return values
    series = pd.Series(values, dtype=object)
    if not series.str.fullmatch(r"-?\d+(\.0*)?").all():
        return values
    return np.asarray(series.str.replace(r"\.0*$", "", regex=True), dtype=str)
