"""Names and cells as words: how columns, classes and lists of classes are written."""

import ast
import re
from collections.abc import Collection, Iterable, Sequence
from urllib.parse import unquote

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kaggle_prz.core.task import Text

SIGNS = ("|", ";", ",", " ")  # names of classes hold blanks rather than signs
SAID = {"bar": "|", "semicolon": ";", "comma": ",", "space": " ", "none": None}
_ADDRESS = re.compile(r"[a-z][a-z0-9+]*://", re.IGNORECASE)
_ALONE = 0.6
_FAR_MORE = 2.0  # different cells for each class
_JOINING = {"and", "or", "of", "with", "the", "in", "on", "&", "+", "-", "/"}  # words of a name
_PAIRS = [{"false", "true"}, {"no", "yes"}, {"n", "y"}, {"f", "t"}, {"negative", "positive"}]
TRUTH = {word: str(truth) for pair in _PAIRS for truth, word in enumerate(sorted(pair))}
UNKNOWN = ("", "nan", "na", "n/a", "null", "none")
MARKS = ("nan", "na", "n/a", "n.a.", "#n/a", "<na>", "null", "?", "-", "--")  # perhaps no class
ENDLESS = ("inf", "+inf", "-inf", "infinity", "+infinity", "-infinity")
NO_NUMBER = frozenset((*UNKNOWN, *MARKS, *ENDLESS))  # among numbers


def plain(name: str) -> str:
    """Letters and digits of a name, lower case."""
    return re.sub(r"[\W_]", "", name.lower())


def parts(name: str) -> list[str]:
    """Return the words of a column's name, lower case."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return [part.lower() for part in re.split(r"[\W_]+", spaced) if part]


def is_address(name: str) -> bool:
    """Return whether a name is an address in the internet."""
    return bool(_ADDRESS.match(name))


def address(name: str) -> str:
    """Return the path of an address, without what it asks; other names as they are."""
    return unquote(re.split(r"[?#]", name)[0]) if is_address(name) else name


def separator(values: Text, said: str | None = None, shown: Collection[str] = ()) -> str | None:
    """Return what stands between the classes of a cell, or None where cells hold one class each.

    Cells are lists where most of the classes that come with others come alone as well, or where
    there are more different cells than classes, unless every word has its place, as in `fresh
    apple` and `rotten banana`.

    Args:
        values: cells of labels.
        said: what a person says, a key of `SAID`.
        shown: cells of the sample submission. Classes that only it joins make lists. Where all
            its cells that may be lists are labels, there must be far more cells than classes.
    """
    if said is not None:
        return SAID[said]
    strings = set(pd.unique(pd.Series(values, dtype=object))) - {""}
    return next((sign for sign in SIGNS if _stands_between(sign, strings, shown)), None)


def _stands_between(sign: str, strings: set[str], shown: Collection[str]) -> bool:
    joined = {string for string in strings if sign in string}
    together, found = tokens(joined, sign), tokens(strings, sign)
    if not together or (sign == " " and _JOINING & {word.lower() for word in together}):
        return False
    lists = {cell for cell in shown if sign in cell and tokens([cell], sign) <= found}
    placed = have_places(joined | lists, sign)
    new = tokens(lists - strings, sign)
    if len(together & strings) >= _ALONE * len(together) or (new and (not placed or new & strings)):
        return True
    if placed or len(strings) <= len(found):
        return False
    return not lists or len(strings) > _FAR_MORE * len(found)


def have_places(cells: Iterable[str], sign: str) -> bool:
    """Return whether every word has the same place in all cells, from the start or from the end."""
    first: dict[str, set[int]] = {}
    last: dict[str, set[int]] = {}
    for cell in cells:
        parts_ = [part.strip() for part in cell.split(sign)]
        for place, part in enumerate(parts_):
            first.setdefault(part, set()).add(place)
            last.setdefault(part, set()).add(len(parts_) - place)
    return all(len(first[word]) == 1 or len(last[word]) == 1 for word in first)


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
    """`(rows,)` whether a cell is empty; among numbers, also where it says `nan`, `NA` or `inf`."""
    empty: NDArray[np.bool_] = values == ""
    low = np.char.lower(values)
    unknown = np.isin(low, (*UNKNOWN, *ENDLESS))
    if not (unknown & ~empty).any():
        return empty
    given = values[~unknown & ~np.isin(low, MARKS)]
    rest = pd.to_numeric(pd.Series(given, dtype=object), errors="coerce")
    return unknown if len(rest) and not rest.isna().any() else empty


def is_number(text: str) -> bool:
    """Return whether a text is a number without an exponent."""
    return bool(re.fullmatch(r"-?(\d+\.?\d*|\.\d+)", text, re.ASCII))


def truth_as_numbers(values: Text, *, both: bool = True) -> Text:
    """Return True and False, yes and no and the like as 1 and 0; other values as they are.

    With `both`, each must be there.
    """
    low = np.char.lower(values)
    given = {*np.unique(low).tolist()} - {""}
    if not any(given == pair or (given and given < pair and not both) for pair in _PAIRS):
        return values
    return np.array([TRUTH.get(value, "") for value in low.tolist()], dtype=str)


def whole(values: Text) -> Text:
    """Return numbers such as `3.0` as `3`, where all values are whole numbers; else as they are."""
    if not any("." in value for value in values[:1000].tolist()):
        return values
    series = pd.Series(values, dtype=object)
    if not series.str.fullmatch(r"-?\d+(\.0*)?").all():
        return values
    return np.asarray(series.str.replace(r"\.0*$", "", regex=True), dtype=str)
