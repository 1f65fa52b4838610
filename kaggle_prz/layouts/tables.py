"""The sample submission and the table of labels. Every cell is read as text."""

import csv
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from kaggle_prz.errors import DataError
from kaggle_prz.layouts import files
from kaggle_prz.task import Text

_SAMPLE_NAME = re.compile(r"sample.*sub|sub.*sample|_benchmark", re.IGNORECASE)
_HIT_SHARE = 0.5


@dataclass(frozen=True)
class Sample:
    """The sample submission: its columns and rows are those of every submission."""

    path: Path
    id_column: str
    targets: tuple[str, ...]
    ids: Text
    cells: pd.DataFrame


@dataclass(frozen=True)
class LabelTable:
    """The table whose rows are training images."""

    path: Path
    id_column: str
    ids: Text
    frame: pd.DataFrame
    rule: str

    def column(self, name: str) -> Text:
        """A column as text, blanks stripped."""
        return np.asarray(self.frame[name].str.strip(), dtype=str)


def read_csv(path: Path) -> pd.DataFrame:
    """Read a CSV with every cell as text; a byte-order mark and blanks in headers go.

    Raises:
        DataError: missing, or not a CSV in UTF-8 with a header and rows no wider than it.
    """
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except pd.errors.EmptyDataError:
        raise DataError(f"{path} is empty; a CSV needs a header. Fetch it again.") from None
    except (
        UnicodeDecodeError,
        pd.errors.ParserError,
        csv.Error,
        OSError,
    ) as error:
        reason = str(error).strip().rstrip(".")
        raise DataError(
            f"{path} cannot be read as a CSV in UTF-8: {reason}. Save it as UTF-8, or fetch it "
            "again."
        ) from error
    if not isinstance(frame.index, pd.RangeIndex):
        raise DataError(
            f"{path} has rows with more cells than its header has columns "
            f"({', '.join(map(str, frame.columns[:5]))}). Name every column, or remove the commas "
            "at the ends of its lines."
        )
    frame.columns = [str(column).strip() for column in frame.columns]
    return frame.loc[:, [name for name in frame.columns if not name.startswith("Unnamed:")]]


def find_sample(root: Path) -> tuple[Sample, str]:
    """Find and read the sample submission; of several, the one with the highest number.

    Raises:
        DataError: there is none, or it has duplicate ids or no target column.
    """
    found = sorted((p for p in root.glob("*.csv") if _SAMPLE_NAME.search(p.stem)), key=_numbers)
    if not found:
        raise DataError(
            f"{root} has no sample submission: a CSV whose name has 'sample' and 'submission', as "
            "in sample_submission.csv. Its columns and rows are those to predict."
        )
    path = found[-1]
    frame = read_csv(path)
    if frame.shape[1] < 2 or frame.empty:
        raise DataError(
            f"{path.name} needs an id column, a target column and rows; it has "
            f"{frame.shape[1]} column(s) and {len(frame)} row(s)."
        )
    ids = frame.iloc[:, 0].str.strip()
    if ids.duplicated().any():
        twice = ids[ids.duplicated()].iloc[0]
        raise DataError(f"{path.name} has the id {twice!r} more than once.")
    sample = Sample(
        path, frame.columns[0], tuple(frame.columns[1:]), ids.to_numpy(dtype=str), frame.iloc[:, 1:]
    )
    return sample, "its name has sample and submission"


def _numbers(path: Path) -> tuple[list[int], str]:
    return [int(number) for number in re.findall(r"\d+", path.stem)], path.name


def find_labels(root: Path, sample: Sample, train: files.Role) -> LabelTable:
    """Find the CSV with a column that names training images; of several, the one with most.

    Raises:
        DataError: no CSV has such a column; says what was looked at.
    """
    best: tuple[float, LabelTable] | None = None
    looked_at = []
    for path in sorted(root.glob("*.csv")):
        if path == sample.path or _SAMPLE_NAME.search(path.stem):
            continue
        frame = read_csv(path)
        lone = ";" in "".join(frame.columns) and frame.shape[1] == 1
        looked_at.append(f"{path.name} (semicolons? commas are expected)" if lone else path.name)
        for column in frame.columns:
            values = frame[column].str.strip()
            if len(frame) == 0 or values.nunique() < 0.9 * len(values):
                continue
            ids = values.to_numpy(dtype=str)
            share = files.best_share(ids, train)
            named = share * len(ids)
            if share >= _HIT_SHARE and frame.shape[1] > 1 and (best is None or named > best[0]):
                rule = f"{share:.0%} of {column} name an image"
                best = named, LabelTable(path, column, ids, frame, rule)
    if best is None:
        raise DataError(
            f"No CSV in {root} names the training images in {train.folders()}: looked at "
            f"{', '.join(looked_at) or 'none'}. One column must hold their file names, with or "
            "without suffix."
        )
    return _without_repeats(best[1])


def _without_repeats(labels: LabelTable) -> LabelTable:
    repeated = pd.Series(labels.ids).duplicated().to_numpy()
    if not repeated.any():
        return labels
    distinct = labels.frame.drop_duplicates()
    if distinct[labels.id_column].str.strip().duplicated().any():
        twice = str(labels.ids[repeated][0])
        raise DataError(
            f"{labels.path.name} has the id {twice!r} more than once, with different "
            "cells; keep one row for every image."
        )
    ids = distinct[labels.id_column].str.strip().to_numpy(dtype=str)
    rule = f"{labels.rule}; {int(repeated.sum())} repeated row(s) left out"
    return LabelTable(labels.path, labels.id_column, ids, distinct.reset_index(drop=True), rule)
