"""Classes that differ only by case or blanks, such as `Cat` and `cat`: one class, or several."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from kaggle_prz.core.task import Text
from kaggle_prz.tasks.infer.tables import Sample, words

_MORE = 3  # times as many rows as another spelling


class Joined(NamedTuple):
    """Labels, and sentences on classes that were joined or might be one."""

    values: Text
    notes: tuple[str, ...]


def joined(values: Text, sample: Sample, column: str, between: str = "") -> Joined:
    """Return labels with one spelling of each class, where it is clear which.

    | it is | if |
    |---|---|
    | that in the sample's cells | they show one of the spellings |
    | by far the most frequent one | they show none |
    | the most frequent one | cells are numbers, beside two classes |
    | that with the same case as one in the sample's cells | these show one of another class |

    Single letters stay what they are: `A` and `a` are classes where text is recognized.

    Args:
        values: of one column, without blanks around them.
        sample: of the submission.
        column: the sample's.
        between: what stands between the classes of a cell; empty: each has one.
    """
    rows = _classes(values, between)
    alike = rows.index.to_series().map(lambda name: "".join(name.lower().split()))
    several = alike[alike.duplicated(keep=False)]
    groups = [
        list(own.index)
        for key, own in several.groupby(several, sort=False)
        if len(key) > 1 and not key.isdecimal()
    ]
    if not groups:
        return Joined(values, ())
    cells = set(sample.column(column).tolist())
    shown = cells.union(*(words.tokens(cells, sign) for sign in words.SIGNS))
    known = [[name for name in group if name in shown] for group in groups]
    cases = {_case(names[0]) for names in known if len(names) == 1} - {""}
    two = alike.nunique() == 2 and bool(pd.to_numeric(sample.cells[column], "coerce").notna().any())
    into: dict[str, str] = {}
    apart = []
    for group, own in zip(groups, known, strict=True):
        best = own[0] if len(own) == 1 else "" if own else _best(group, rows, cases, two=two)
        if best:
            into |= {name: best for name in group if name != best}
        elif len(own) < len(group):
            apart.append(" and ".join(f"{name!r} ({rows[name]})" for name in group))
    return Joined(
        _renamed(values, into, between) if into else values,
        tuple(_notes(into, apart, rows, sample)),
    )


def _notes(
    into: Mapping[str, str], apart: Sequence[str], rows: pd.Series, sample: Sample
) -> Iterator[str]:
    if into:
        how = [f"{name!r} ({rows[name]}) as {best!r} ({rows[best]})" for name, best in into.items()]
        yield (
            "Labels that differ only by case or blanks are read as one class: "
            f"{words.some(how)}. If they are several, show each in a cell of {sample.path.name}."
        )
    if apart:
        yield (
            "Labels that differ only by case or blanks are read as several classes: "
            f"{words.some(apart)}. If they are one, write it in one way."
        )


def _case(name: str) -> str:
    """Return how a name has capital letters; an empty text where it has some within."""
    cases = {"small": name.islower(), "capital": name.isupper(), "title": name.istitle()}
    return next((case for case, is_so in cases.items() if is_so), "")


def _classes(values: Text, between: str) -> pd.Series:
    """Return how many rows have each class."""
    cells = pd.Series(values, dtype=object)
    if between:
        cells = cells.str.split(between, regex=False).explode().str.strip()
    return cells[cells != ""].value_counts()


def _best(group: list[str], rows: pd.Series, cases: Collection[str], *, two: bool) -> str:
    """Return the spelling for all where the sample shows none; an empty one where it is unclear."""
    first, *others = sorted(group, key=lambda name: (-rows[name], name))
    if two or all(rows[first] >= _MORE * rows[name] for name in others):
        return first
    same = [name for name in group if _case(name) in cases]
    return same[0] if len(same) == 1 and len(cases) == 1 else ""


def _renamed(values: Text, into: dict[str, str], between: str) -> Text:
    def written(cell: str) -> str:
        if not between:
            return into.get(cell, cell)
        tokens = [token.strip() for token in cell.split(between)]
        return between.join(dict.fromkeys(into.get(token, token) for token in tokens))

    found = {cell: written(cell) for cell in pd.unique(pd.Series(values, dtype=object))}
    return np.array([found[cell] for cell in values.tolist()], dtype=str)
