"""Tables of both roles: a column that parts rows to train on from rows to predict."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kaggle_prz.readers import csv_tables
from kaggle_prz.tasks.infer.pictures import files
from kaggle_prz.tasks.infer.tables import Sample, words

_NAMES = ("split", "set", "subset", "partition", "usage", "phase", "dataset")
_TRAIN = re.compile(r"(?:train|trn|val|dev|learn)\w*", re.IGNORECASE)
_TEST = re.compile(r"\w*(?:test|private|public|predict|submission|holdout)\w*", re.IGNORECASE)
_ROLES = re.compile(r"(?:train(?:ing)?|trn|val(?:id|idation)?|dev|test(?:ing)?|holdout)")
_FLAGS = {"istest": True, "test": True, "istrain": False, "train": False, "istraining": False}
_TRUE, _FALSE = {"1", "true", "yes", "1.0"}, {"0", "false", "no", "0.0"}
_PEEK = 200
_MANY = 10  # rows that do not have one label by chance
_ENOUGH = 0.5  # of the rows to predict that the sample submission must have


@dataclass(frozen=True)
class Split:
    """A column that says the role of rows."""

    column: str
    test: NDArray[np.bool_]  # `(rows,)` whether a row is to be predicted


def of(frame: pd.DataFrame) -> Split | None:
    """Return the column that says which rows are to be predicted, if the table has one.

    A column is known by its name, or by values that are names of roles alone.
    """
    for name in frame.columns:
        plain, last = words.plain(str(name)), (words.parts(str(name)) or [""])[-1]
        named = plain in _FLAGS or plain in _NAMES or last in _NAMES
        if not named and not _are_roles(frame[name].head(_PEEK)):
            continue
        values = frame[name].str.strip().str.lower()
        found = set(pd.unique(values)) - {""}
        if not named and not all(map(_ROLES.fullmatch, found)):
            continue
        if plain in _FLAGS and found <= _TRUE | _FALSE:
            return Split(str(name), (values.isin(_TRUE) == _FLAGS[plain]).to_numpy(bool))
        trained = {value for value in found if _TRAIN.fullmatch(value)}
        tested = {value for value in found - trained if _TEST.fullmatch(value)}
        if found and trained and trained | tested == found:
            return Split(str(name), values.isin(tested).to_numpy(bool))
    return None


def _are_roles(start: pd.Series) -> bool:
    return all(map(_ROLES.fullmatch, set(start.str.strip().str.lower()) - {""}))


def without_test_rows(
    frame: pd.DataFrame, sample: Sample, index: files.Index
) -> tuple[pd.DataFrame, str]:
    """Return rows to train on and a phrase on the others, where both a column and the sample say.

    Otherwise the table itself. Rows for validation train. Rows with images of the training set
    train as well, unless all images are in one folder.
    """
    found = of(frame)
    if found is None or not found.test.any() or found.test.all():
        return frame, ""
    wanted = {*map(_stem, sample.ids.tolist())}
    rows, others = frame[found.test], frame[~found.test]
    for name in rows.columns:
        values = rows[name].str.strip()
        if values.map(_stem).isin(wanted).mean() < _ENOUGH:
            continue
        again = values.isin(others[name].str.strip()).mean() >= _ENOUGH
        trained = files.best_share(csv_tables.text_of(values), index.train)
        if index.shared or again or trained < _ENOUGH:
            phrase = f"{int(found.test.sum())} rows to predict, by {found.column}, left out"
            return others.reset_index(drop=True), phrase
    return frame, ""


def placeholders(values: pd.Series, asked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which rows have one label for all that are asked for, as where the label is unknown.

    Args:
        values: `(rows,)` text of labels.
        asked: `(rows,)` whether the sample submission, or a column, asks for a row.
    """
    given: NDArray[np.bool_] = asked & (values != "").to_numpy(bool)
    found, others = set(values[given]), set(values[~asked])
    if len(found) != 1 or len(others) < 2 or (found <= others and given.sum() < _MANY):
        return np.zeros(len(values), bool)
    return given


def _stem(name: str) -> str:
    last = PurePosixPath(name.replace("\\", "/")).name
    return re.sub(r"\.[A-Za-z]{2,5}$", "", last)
