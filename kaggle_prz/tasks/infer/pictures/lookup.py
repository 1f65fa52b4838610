"""The rows to predict -> their pictures, by name or by a table that says so."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from kaggle_prz.core.errors import DataError
from kaggle_prz.core.task import Text
from kaggle_prz.readers import csv_tables, formats
from kaggle_prz.tasks.infer.pictures import bag_tables, files
from kaggle_prz.tasks.infer.pictures.scan import role_of
from kaggle_prz.tasks.infer.tables import Sample, frames

IN_ORDER = "rows are in the sample's order"
_FEWEST_FOUND = 0.5
_PEEK = 200
_FEW_ROWS, _MANY = 10, 2  # of a sample that shows the form; how many times more there are


@dataclass(frozen=True)
class Told:
    """What tables say of the rows to predict."""

    # of tables called after the test set -> their values
    columns: Mapping[str, frozenset[str]] = field(default_factory=dict)
    # id -> path of its file, where a table joins them; else empty
    mapped: Mapping[str, str] = field(default_factory=dict)
    rule: str = ""  # the table and columns of `mapped`


def tables_of_test(
    root: Path, sample: Sample, index: files.Index, labels: Path | None = None
) -> Told:
    """Read the tables that hold the sample's ids, but for the sample and the table of labels."""
    columns: dict[str, frozenset[str]] = dict(index.test_columns)
    mapped: dict[str, str] = {}
    rule = ""
    for path in index.tables:
        for frame in _frames(root / path, sample, index):
            by = _column_of(frame, sample.ids)
            if by is None:
                continue
            if (root / path) != labels and role_of(path.rpartition("/")[2]) == "test":
                _refuse_first_rows(frame, by, sample, path)
                columns |= {n: frozenset(pd.unique(frame[n].str.strip())) for n in frame.columns}
            if not mapped and not index.test.named:
                mapped, column = _map(frame, by, sample.ids, index.test)
                rule = f"according to {path}, {by} is {column}" if mapped else ""
    return Told(columns, mapped, rule)


def _refuse_first_rows(frame: pd.DataFrame, by: str, sample: Sample, path: str) -> None:
    """Refuse a sample that shows its form with the first few rows of the test set."""
    rows, asked = frame[by].str.strip().tolist(), sample.ids.tolist()
    if len(asked) <= _FEW_ROWS and len(rows) > _MANY * len(asked) and rows[: len(asked)] == asked:
        raise DataError(
            f"{sample.path.name} has only the first {len(asked)} of the {len(rows)} rows of "
            f"{path}, so it shows the form alone. Write a sample with a row for each, and choose "
            "it with --sample; or remove the other rows from the table."
        )


def find(sample: Sample, index: files.Index, told: Told, taken: set[str]) -> tuple[Text, str]:
    """Return `(rows,)` paths of the sample's rows, none of training, or ""; and the rule."""
    role = index.test.without(taken) if index.shared else index.test
    if told.mapped:
        free = set(role.paths)
        named = [told.mapped.get(name, "") for name in sample.ids.tolist()]
        paths = np.array([path if path in free else "" for path in named], dtype=str)
        rule = told.rule
    else:
        paths, rule = files.match(sample.ids, role)
        if role.named and not (paths != "").any() and len(role.paths) == len(paths):
            paths, rule = np.array(role.paths, dtype=str), IN_ORDER
    lost = sample.ids[paths == ""]
    if len(paths) - len(lost) < _FEWEST_FOUND * len(paths):
        labelled = int(np.isin(files.match(lost, index.test)[0], list(taken)).sum())
        raise DataError(_not_found(sample, index.test, lost, labelled if index.shared else 0))
    return paths, rule


def _frames(path: Path, sample: Sample, index: files.Index) -> Iterator[pd.DataFrame]:
    if formats.of(path.name) is formats.JSON:
        yield from frames(path)
    elif index.bags is not None:
        for frame in frames(path):
            yield bag_tables.of_rows(frame, sample, index.bags)
    elif not index.test.named:
        for head in frames(path, _PEEK):
            if _column_of(head, sample.ids, 0.5) is not None:
                yield csv_tables.read_csv(path) if len(head) == _PEEK else head


def _column_of(frame: pd.DataFrame, ids: Text, enough: float = files.ENOUGH) -> str | None:
    """Return the column that holds ids of the sample; in a whole table, most of the sample's."""
    known = ids.tolist()
    wanted = set(known)
    for name in frame.columns if len(frame) else ():
        values = frame[name].str.strip()
        hits = values.isin(wanted).sum() if csv_tables.nearly_unique(values) else -1
        if hits >= enough * min(len(wanted), len(values)):
            return str(name)
    return None


def _map(frame: pd.DataFrame, by: str, ids: Text, role: files.Role) -> tuple[dict[str, str], str]:
    """Id -> path, where another column than that of the ids names the files."""
    rows = frame[frame[by].str.strip().isin(ids.tolist())]
    if len(rows) < files.ENOUGH * len(ids):
        return {}, ""
    name = bag_tables.naming(csv_tables.stripped(rows).drop(columns=by), role, files.ENOUGH)
    if name is None:
        return {}, ""
    paths, _ = files.match(csv_tables.text_of(rows[name]), role)
    return dict(zip(rows[by].str.strip(), paths.tolist(), strict=True)), name


def _not_found(sample: Sample, role: files.Role, lost: Text, labelled: int) -> str:
    found = f"{len(sample.ids) - len(lost)} of {len(sample.ids)}"
    some = ", ".join(lost[:5].tolist())
    ends = {name.rpartition("_")[0] for name in lost.tolist()}
    told = f"{sample.path.name} has {len(sample.ids)} rows, and only {found} have a test image"
    if labelled > _FEWEST_FOUND * len(lost):
        return (
            f"{told}: {labelled} ids ({some} …) are names of training images, which have labels. "
            "Put the test images into a folder with 'test' in its name. If these are the test "
            "images, remove their rows from the table of labels, or empty their labels."
        )
    if len(ends) < 0.7 * len(lost) and files.best_share(np.array(sorted(ends)), role) > 0.5:
        return (
            f"{told}: its ids are image names with a suffix ({some} …), so several rows belong "
            "to one image. Such submissions are not supported; one row must be one image. Write a "
            "sample with one row per image, choose it with --sample, and repeat its predictions in "
            "the rows of the submission."
        )
    told = f"{told} in {role.folders() or 'no folder'}"
    if several := files.several_files(lost, role):
        return f"{told}.{several}"
    return (
        f"{told}; searched for {some} … as file names, with and without suffix, as paths, as "
        "folders, and in tables. Put the test images into a folder with 'test' in its name, and "
        "name them as the sample's ids."
    )
