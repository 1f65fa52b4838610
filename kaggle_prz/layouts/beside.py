"""Labels in NumPy's files beside those of the pictures."""

from pathlib import Path

import numpy as np
import pandas as pd

from kaggle_prz.errors import DataError
from kaggle_prz.layouts import annotations, pixels
from kaggle_prz.layouts.files import Index
from kaggle_prz.layouts.scan import Scan
from kaggle_prz.layouts.tables import LabelTable
from kaggle_prz.records import npz
from kaggle_prz.records.stack import text_of

_MOST_FILES = 20


def labels(root: Path, seen: Scan, index: Index) -> LabelTable | None:
    """The arrays with a value for every training picture, as a table in their order, if any.

    Args:
        root: the competition's directory.
        seen: its files.
        index: whose training pictures are rows.
    """
    rows = len(index.train.paths)
    columns: dict[str, list[object]] = {}
    first = ""
    paths = [*seen.of("arrays", "train"), *seen.of("records", "train"), *seen.of("arrays", "")]
    for path in paths[:_MOST_FILES]:
        found = _columns(root / path, rows)
        columns |= found
        first = first or (path if found else "")
    if not columns:
        return None
    ids = np.arange(rows).astype(str)
    frame = annotations.as_text(pd.DataFrame(columns)).assign(**{pixels.ROW: ids})
    return LabelTable(
        root / first, pixels.ROW, ids, frame, "it has as many values as there are pictures", True
    )


def _columns(path: Path, rows: int) -> dict[str, list[object]]:
    """Columns by the name of their file, or of their array in it; none of a damaged one."""
    stem = path.stem
    try:
        if path.suffix.lower() == ".npz":
            return {
                stem if name.startswith("arr_") else name: values
                for name, values in npz.columns(path, rows).items()
            }
        if path.suffix.lower() != ".npy":
            return {}
        values = np.load(path, mmap_mode="r", allow_pickle=False)
        if values.shape not in ((rows,), (rows, 1)):
            return {}
        return {stem: text_of(np.asarray(values))}
    except (DataError, ValueError, OSError, EOFError):
        return {}
