"""The class of images without any, such as `No Finding`, where the labels lack its column."""

import numpy as np
import pandas as pd

from kaggle_prz.core.task import Text
from kaggle_prz.tasks.infer.tables import Sample, words

_NAMES = frozenset((
    "nofinding", "nofindings", "normal", "healthy", "none", "negative", "nothing", "noneoftheabove",
    "nodisease", "noabnormality", "noabnormalities", "noanomaly", "nodefect", "nodefects",
    "nolabel", "clear", "clean", "background", "empty",
))  # fmt: skip


def column_of(sample: Sample) -> str | None:
    """Return the sample's column for rows without any of the others, by its name; None of none."""
    found = [name for name in sample.targets if words.plain(name) in _NAMES]
    return found[0] if len(found) == 1 and len(sample.targets) > 2 else None


def computed(matrix: pd.DataFrame, sample: Sample) -> tuple[pd.DataFrame, str] | None:
    """Return columns of labels with the one of none, and a sentence on it; None if that is unsure.

    The other columns must have 0 and 1 alone, and in some rows no 1.
    """
    name = column_of(sample)
    lacking = set(sample.targets) - set(matrix.columns)
    if name is None or lacking != {name}:
        return None
    numbers = matrix.apply(pd.to_numeric, errors="coerce")
    if not (numbers.isin((0, 1)) | numbers.isna()).to_numpy().all():
        return None
    unknown = numbers.isna().any(axis=1) & ~(numbers == 1).any(axis=1)
    without = (~(numbers == 1).any(axis=1)).astype(int).astype(str).mask(unknown, "")
    if (without != "1").all():
        return None
    whole = matrix.assign(**{name: without})[list(sample.targets)]
    return whole, (
        f"{name} is computed, because the labels have no such column: it is 1 where the other "
        f"{len(matrix.columns)} are 0, as in {int((without == '1').sum())} rows."
    )


def cleared(values: Text, between: str, sample: Sample) -> tuple[Text, str] | None:
    """Return lists without a name of none that the sample has no column for; else None.

    It must stand alone in its cells, as `No Finding` beside `Mass|Nodule`.
    """
    lists = {cell: words.tokens([cell], between) for cell in set(values.tolist()) - {""}}
    lacking = set().union(*lists.values()) - set(sample.targets)
    if len(lacking) != 1 or words.plain(name := lacking.pop()) not in _NAMES:
        return None
    if any(name in tokens and len(tokens) > 1 for tokens in lists.values()):
        return None
    there = values == name
    note = f"{int(there.sum())} rows with {name!r} have none of the sample's columns."
    return np.where(there, "", values), note


def named(values: Text, between: str, sample: Sample) -> tuple[Text, str] | None:
    """Return lists of the sample's columns with blank ones as the column of none; else None."""
    name = column_of(sample)
    if name is None or between in name or not (values == "").any():
        return None
    known = words.onto(sorted(words.tokens(set(values.tolist()), between)), sample.targets)
    if known is None or name in known.values():
        return None
    note = f"{int((values == '').sum())} rows with an empty list are taken for {name!r}."
    return np.where(values == "", name, values), note
