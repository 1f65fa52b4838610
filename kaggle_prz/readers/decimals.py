"""Numbers with decimal commas, or with commas between thousands, as spreadsheets write them."""

import re

import pandas as pd

ATTRIBUTE, THOUSANDS = "decimal_commas", "thousands"
_PEEK = 200
_CELL = r"[-+]?\d+(?:,\d+)?(?:[eE][-+]?\d+)?"
_DOTTED = r"[-+]?(?:\d{1,3}|[1-9]\d{0,2}(?:\.\d{3})+),\d+"  # `1.126.006,5`
_GROUPS = r"[-+]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?"  # `1,126,006.5`
_KNOWN_ALONE = 0.6  # of the numbers in pairs that come alone as well, in lists
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?", re.ASCII)


def with_points(frame: pd.DataFrame, separator: str) -> pd.DataFrame:
    """Return a table of text whose numbers have decimal points; `attrs` names their columns."""
    grouped = [name for name in frame.columns if has_thousands(frame[name], separator)]
    if grouped:
        bare = {name: frame[name].str.replace(",", "", regex=False) for name in grouped}
        frame = frame.assign(**bare)
        frame.attrs[THOUSANDS] = tuple(grouped)
    dotted = [name for name in frame.columns if _has_dots(frame[name], separator)]
    if dotted:
        frame = frame.assign(**{n: frame[n].str.replace(".", "", regex=False) for n in dotted})
    found = [name for name in frame.columns if has_commas(frame[name], separator)]
    if not found:
        return frame
    frame = frame.assign(**{name: points(frame[name]) for name in found})
    frame.attrs[ATTRIBUTE] = tuple(found)
    return frame


def points(values: pd.Series) -> pd.Series:
    """Return text with points instead of commas."""
    return values.str.replace(",", ".", regex=False)


def comma(cell: str) -> str:
    """Return a number with a decimal comma; other text as it is."""
    return cell.replace(".", ",") if _NUMBER.fullmatch(cell) else cell


def has_thousands(values: pd.Series, separator: str) -> bool:
    """Return whether a column between commas holds numbers such as `"1,371"`, and no lists."""
    start = values.iloc[:_PEEK].str.strip()
    if separator != "," or not start.str.contains(",", regex=False).any():
        return False
    cells = values.str.strip()
    pairs = cells[cells.str.contains(",", regex=False)]
    others = cells[~cells.index.isin(pairs.index) & (cells != "")]
    small = others.str.fullmatch(r"[-+]?\d{1,3}(?:\.\d+)?")
    if not pairs.str.fullmatch(_GROUPS).all() or not small.all():
        return False
    if not pairs.str.contains(r"^[-+]?\d{1,2},|,0", regex=True).any():
        return False  # all parts may be classes from 100 to 999
    together = {group for cell in pairs for group in re.split(r"[,.]", cell)}
    return len(together & set(others)) < _KNOWN_ALONE * len(together)


def _has_dots(values: pd.Series, separator: str) -> bool:
    """Return whether a column holds numbers with decimal commas, and dots between thousands."""
    start = values.iloc[:_PEEK].str.strip()
    if separator == "," or not start.str.contains(r"\.\d{3}(?:\.\d{3})*,", regex=True).any():
        return False
    cells = values.str.strip()
    return bool(cells[cells != ""].str.fullmatch(_DOTTED).all())


def has_commas(values: pd.Series, separator: str) -> bool:
    """Return whether a column holds numbers with decimal commas, and no lists of numbers.

    A sign, or a part such as `05`, is not one of a list's. Else, between cells that commas part,
    only numbers below 1 are such: `"0,25"`. Elsewhere commas part the numbers of a list where a
    cell has two of them, or where most numbers that come in pairs come alone as well.
    """
    start = values.iloc[:_PEEK].str.strip()
    start = start[start != ""]
    if not len(start) or not start.str.fullmatch(_CELL).all():
        return False
    if separator == "," and not start.str.contains(",", regex=False).any():
        return False
    cells = values.str.strip()
    cells = cells[cells != ""]
    pairs = cells[cells.str.contains(",", regex=False)]
    return bool(len(pairs) and cells.str.fullmatch(_CELL).all()) and _are_numbers(
        pairs, cells, separator
    )


def may_have_commas(values: pd.Series) -> bool:
    """Return whether text without blanks is numbers, some with one comma, that may be decimal."""
    there = values.str.contains(",", regex=False)
    return bool(there.any() and values.str.fullmatch(rf"{_CELL}|[-+]?\d*\.\d+").all())


def _are_numbers(pairs: pd.Series, cells: pd.Series, separator: str) -> bool:
    whole, part = pairs.str.partition(",")[0], pairs.str.partition(",")[2]
    signed = whole.str.startswith(("-", "+")).any()
    padded = part.str.match(r"0\d").any() and not whole.str.match(r"0\d").any()
    if signed or padded:
        return True
    if separator == ",":
        return bool((whole == "0").all() and part.nunique() > 1)
    if set(part) <= {"0", "5", "00", "50"} and whole.nunique() > 1:
        return True
    together = {*whole, *part}
    return len(together & set(cells)) < _KNOWN_ALONE * len(together)
