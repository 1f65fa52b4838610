"""Columns of tags with gaps: blank cells, and −1 where nobody was certain."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from kaggle_prz.tasks.infer.tables import words

_TICKS = {"x", "✓", "✔"}


@dataclass(frozen=True)
class Tags:
    """Columns of tags, and what was made of their gaps."""

    cells: pd.DataFrame  # text: `1`, `0`, or empty where a tag is unknown
    note: str  # a sentence


def filled(cells: pd.DataFrame) -> Tags | None:
    """Return several columns of 1, 0, −1 and blanks as tags; None if they are whole, or others.

    A tick, such as `x`, is a 1 where there are but ticks and blanks.

    | all cells together | blank | −1 |
    |---|---|---|
    | 0 and 1, blanks or −1 | unknown | unknown |
    | 1 and −1, perhaps blanks | unknown | no |
    | 1 and blanks | no | |
    """
    unknown = (*words.UNKNOWN, *words.MARKS)
    blank = cells.apply(lambda column: column.str.lower().isin(unknown)).to_numpy()
    if {str(cell).lower() for cell in np.unique(cells.to_numpy(str)[~blank])} <= _TICKS:
        cells = cells.mask(~blank, "1")
    values = cells.apply(pd.to_numeric, errors="coerce").to_numpy(np.float64)
    held = set(np.unique(values[~blank]).tolist())
    whole = held <= {0, 1} and not blank.any()
    if cells.shape[1] < 2 or whole or not held <= {-1, 0, 1} or 1 not in held:
        return None
    without_no = 0 not in held
    no = values == 0
    if without_no:
        no = blank if -1 not in held else values == -1
    text = np.where(values == 1, "1", np.where(no, "0", ""))
    frame = pd.DataFrame(text, columns=cells.columns, index=cells.index, dtype=object)
    given = {str(cell) for cell in cells.to_numpy()[blank].tolist()}
    marks = {cell for cell in given if cell.lower() not in words.UNKNOWN}
    what = " or ".join(["blank"] * (given > marks) + list(map(repr, sorted(marks))))
    counted = int(blank.sum()), int((values == -1).sum())
    return Tags(frame, _note(what, *counted, without_no=without_no))


def are_in(cells: pd.DataFrame) -> bool:
    """Return whether some tags are unknown in columns that `filled` made."""
    return bool((cells == "").to_numpy().any())


def _note(blank: str, blanks: int, negative: int, *, without_no: bool) -> str:
    if without_no and negative:
        unknown = f"; {blanks} {blank} cells are unknown" if blanks else ""
        return f"The columns of tags hold 1 and -1, which is read as no{unknown}."
    if without_no:
        return (
            f"The columns of tags hold 1 and {blanks} {blank} cells, which are read as no. If they "
            "are unknown, write 0 where a tag is absent."
        )
    what = [f"{blanks} {blank}"] * (blanks > 0) + [f"{negative} with -1"] * (negative > 0)
    return (
        f"{' and '.join(what)} cells of the columns of tags are unknown, and are left out of loss "
        "and metrics. If they mean that a tag is absent, write 0."
    )
