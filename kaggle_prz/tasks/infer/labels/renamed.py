"""Labels that a submission calls otherwise, and the table that says how: ids of classes, names."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from kaggle_prz.readers import csv_tables
from kaggle_prz.tasks.infer.labels.targets import Target
from kaggle_prz.tasks.infer.tables import Sample, frames, words

_MOST_ROWS = 20_000  # of a table of classes
_ROWS_A_CLASS, _MORE_ROWS = 2, 10  # in longer ones, numbers meet by chance


def as_in_sample(root: Path, tables: Sequence[str], sample: Sample, chosen: Target) -> Target:
    """Return the labels as the sample's cells have them.

    Labels such as `07` are the numbers that cells have; of others a table has both for every class.
    """
    if len(sample.targets) != 1 or chosen.matrix is not None:
        return chosen
    shown = set(sample.column(sample.targets[0]).tolist()) - {""}
    found = set(pd.unique(pd.Series(chosen.values, dtype=object))) - {""}
    marks = {name for name in found if name.lower() in words.MARKS}  # perhaps of no class
    if not shown or shown & found or len(found) > _MOST_ROWS:
        return chosen
    numbers = {name: str(int(name)) for name in found if name.isascii() and name.isdecimal()}
    if len({*numbers.values()}) == len(found) and shown <= {*numbers.values()}:
        values = np.array([numbers.get(v, "") for v in chosen.values.tolist()], dtype=str)
        return replace(chosen, values=values, rule=f"{chosen.rule}; numbers without leading zeros")
    beside = ((path, frame) for path in tables for frame in frames(root / path, _MOST_ROWS))
    for path, frame in beside:
        short = csv_tables.stripped(frame) if len(frame) < _MOST_ROWS else frame[:0]
        for own, other in _pairs(short):
            names = dict(zip(short[own], short[other], strict=True))
            few = len(names) <= _ROWS_A_CLASS * len(found) + _MORE_ROWS
            if few and found - marks <= names.keys() and shown <= set(names.values()):
                values = np.array([names.get(v, "") for v in chosen.values.tolist()], dtype=str)
                rule = f"{chosen.rule}; according to {path}, {own} is {other}"
                return replace(chosen, values=values, rule=rule)
    return chosen


def _pairs(frame: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Return pairs of columns whose values stand for each other one to one."""
    unique = [
        name for name in frame.columns if frame[name].is_unique and csv_tables.fits(frame[name])
    ]
    yield from ((own, other) for own in unique for other in unique if own != other)
