"""Reading a submission as strictly as Kaggle does: every finding is a refusal with its reason."""

import csv
import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from .drawn import Refused

# float() takes more: "nan", "inf", "1_000", blanks, digits of other scripts.
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_INTEGER = re.compile(r"-?\d+", re.ASCII)
SUM_TOLERANCE = 1e-5


def read(path: Path, header: Sequence[str], ids: Collection[str]) -> dict[str, list[str]]:
    """Cells of every row by id, joined by id whatever the order of rows.

    Raises:
        Refused: not the sample's columns in its order, or not its ids, each once.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            lines = list(csv.reader(file, strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise Refused(f"The file is no CSV in UTF-8: {error}.") from error
    if not lines or lines[0] != list(header):
        found = lines[0] if lines else "an empty file"
        raise Refused(f"The header must be {list(header)}, in this order; found {found}.")
    rows = lines[1:]
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise Refused(f"Line {number} has {len(row)} cells; {len(header)} are needed.")
    _check_ids([row[0] for row in rows], ids)
    return {row[0]: row[1:] for row in rows}


def _check_ids(found: Sequence[str], ids: Collection[str]) -> None:
    twice = [each for each, count in Counter(found).items() if count > 1]
    if twice:
        raise Refused(f"{len(twice)} id(s) come more than once, such as {twice[0]!r}.")
    if missing := set(ids) - set(found):
        raise Refused(f"{len(missing)} id(s) are missing, such as {min(missing)!r}.")
    if unknown := set(found) - set(ids):
        raise Refused(f"{len(unknown)} id(s) are unknown, such as {min(unknown)!r}.")


def number(cell: str, low: float, high: float) -> float:
    """A finite number in [low, high]."""
    if not _NUMBER.fullmatch(cell) or not math.isfinite(float(cell)):
        raise Refused(f"A cell must be a number, found {cell!r}.")
    if not low <= float(cell) <= high:
        raise Refused(f"A cell must lie in [{low:g}, {high:g}], found {cell}.")
    return float(cell)


def distribution(cells: Iterable[str]) -> list[float]:
    """Numbers in [0, 1] that sum to 1 within 1e-5, brought to sum to 1."""
    values = [number(cell, 0, 1) for cell in cells]
    total = math.fsum(values)
    if abs(total - 1) > SUM_TOLERANCE:
        raise Refused(f"A row must sum to 1 within {SUM_TOLERANCE:g}; one sums to {total:.7f}.")
    return [value / total for value in values]


def integer(cell: str, known: Collection[str]) -> int:
    """One of the known class ids, written without a point."""
    if not _INTEGER.fullmatch(cell):
        raise Refused(f"A class id must be an integer, found {cell!r}.")
    if str(int(cell)) not in known:
        raise Refused(f"The class id {cell} is unknown.")
    return int(cell)


def name(cell: str, known: Collection[str]) -> str:
    """One of the known classes, letter by letter."""
    if cell not in known:
        raise Refused(f"The class {cell!r} is unknown.")
    return cell


def names(cell: str, known: Collection[str], most: int | None = None) -> list[str]:
    """Different known classes with one blank between two; none at all is allowed.

    Raises:
        Refused: an unknown or repeated class, or more than `most`.
    """
    found = [name(token, known) for token in cell.split(" ")] if cell else []
    if len(set(found)) != len(found):
        raise Refused(f"A cell names a class twice: {cell!r}.")
    if most is not None and len(found) > most:
        raise Refused(f"A cell holds at most {most} classes, found {len(found)}: {cell!r}.")
    return found


def refuse_bare_integers(path: Path) -> None:
    """Refuse lists that are all one integer without quotes: they are taken for numbers."""
    lines = path.read_text(encoding="utf-8").splitlines()[1:]
    if all(re.fullmatch(r"[^,]*,\d+", line, re.ASCII) for line in lines):
        raise Refused("Lists of classes must be text, but every cell is one integer; quote them.")
