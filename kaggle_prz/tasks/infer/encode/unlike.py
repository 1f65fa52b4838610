"""Labels beside cells of the sample submission that are none of them."""

import re
from collections.abc import Iterable

from kaggle_prz.core.errors import DataError
from kaggle_prz.tasks.infer.encode.encoded import Column
from kaggle_prz.tasks.infer.tables import words

# Cells that fill a column, and are no class. 0 is one where numbers are classes.
_PLACEHOLDERS = frozenset(
    ("-1", "0.0", "0.5", "?", "class", "label", "n/a", "na", "nan", "none", "null", "placeholder",
     "string", "target", "tbd", "todo", "unknown", "xxx"),
)  # fmt: skip
_MOST_UNDOUBTED = 20  # integers that are classes without a doubt
_SHARE_UNDOUBTED = 0.3  # of the rows


def check(this: Column) -> tuple[str, ...]:
    """Return what is strange about labels beside the sample's cells, in sentences.

    Raises:
        DataError: cells are other classes, such as numbers beside labels that are names.
    """
    shown = set(this.sample.column(this.sample.targets[0]).tolist()) - {""}
    numbered = _are_integers(this.found)
    if shown and not shown & {*this.found} and not (numbered and _are_integers(shown)):
        return _others(this, sorted(shown))
    if numbered and len(this.found) > max(_MOST_UNDOUBTED, _SHARE_UNDOUBTED * len(this.values)):
        return (
            f"{len(this.found)} different integers in {len(this.values)} labels are read as "
            "classes. If they are quantities, choose a metric for numbers with --metric, such "
            "as rmse.",
        )
    return ()


def _others(this: Column, shown: list[str]) -> tuple[str, ...]:
    some, classes = words.some(shown, 3), ", ".join(this.found[:3])
    sample, filling = this.sample.path.name, len(shown) == 1 and shown[0].lower() in _PLACEHOLDERS
    numbers = all(map(words.is_number, shown)), all(map(words.is_number, this.found))
    if numbers[0] != numbers[1] and not filling and not this.sure:
        what, other = ("numbers", "names") if numbers[0] else ("names", "numbers")
        raise DataError(
            f"{sample} has {what} in its cells ({some}), but the labels in the column "
            f"{this.name!r} are {other} ({words.some(this.found, 3)}). To submit {what}, choose "
            f"the column that has them with --target, or add a table (CSV) with the name and the "
            f"number of each class. To submit {other}, add {this.keep}."
        )
    if more := [cell for cell in shown if {*cell.split()} & {*this.found}]:
        raise DataError(
            f"The cells of {sample} must be one of the labels ({classes} …); received "
            f"{more[0]!r}, which holds one and more. If labels are lists, say what stands between "
            "their classes with --separator; other forms of cells are not supported."
        )
    if len(shown) > 1 and not this.sure:
        raise DataError(
            f"The cells of {sample} ({some} …) are not among the labels ({classes} …). Choose "
            "the column with such labels with --target."
        )
    return (
        f"The sample's cells ({some}) are not among the labels ({classes} …). The submission "
        "will have the labels. To use another column, choose it with --target.",
    )


def _are_integers(names: Iterable[str]) -> bool:
    return all(re.fullmatch(r"-?\d+", name) for name in names)
