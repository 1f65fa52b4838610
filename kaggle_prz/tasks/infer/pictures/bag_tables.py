"""Tables that say whose pictures are, where rows have several, and such tables with a row each."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd

from kaggle_prz.core.errors import DataError
from kaggle_prz.readers import csv_tables
from kaggle_prz.tasks.infer.pictures import files
from kaggle_prz.tasks.infer.pictures.roles import Bags, Role
from kaggle_prz.tasks.infer.tables import Sample, frames

_BETWEEN = ("_", "-", ".", " ")
_MOST_COLUMNS = 20
_GIVEN = 0.5  # of the cells of a column that names pictures
HIT_SHARE = 0.5
_FEWEST_KNOWN = 0.2

Frames = Sequence[tuple[str, pd.DataFrame]]
Groups = dict[str, tuple[str, ...]]
_MOST_VARYING = 0.05  # of rows, in a column that is of rows and not of pictures


@dataclass(frozen=True)
class Columns:
    """The column of a row's id; or those whose values, `between` them, make it up."""

    name: str
    made_of: tuple[str, ...] = ()
    between: str = ""

    def ids(self, frame: pd.DataFrame) -> pd.Series | None:
        """Return ids of a table's rows, if it has the columns."""
        if self.name in frame.columns:
            return frame[self.name].str.strip()
        if self.made_of and set(self.made_of) <= set(frame.columns):
            return _glued(frame, self.made_of, self.between)
        return None


@dataclass(frozen=True, eq=False)
class Table:
    """A table that says which row every picture to predict is of."""

    path: str  # of the file
    frame: pd.DataFrame  # what it holds
    column: str  # with the sample's ids
    name: str  # of the column with the pictures' names

    def groups(self, wanted: set[str], role: Role) -> Groups:
        """Return pictures of every row of the sample."""
        rows = self._rows(wanted)
        return _joined(rows[self.column], rows[self.name], role)

    def columns(self, wanted: set[str]) -> Columns:
        """Return the column of ids, and those that make it up, as patient and side may do."""
        rows = self._rows(wanted)
        others = rows.drop(columns=[self.column, self.name])
        for columns in _made_up(others, self.column, {rows[self.column].iloc[0]}):
            ids = columns.ids(others)
            if ids is not None and (ids == rows[self.column]).all():
                return columns
        return Columns(self.column)

    def _rows(self, wanted: set[str]) -> pd.DataFrame:
        return self.frame[self.frame[self.column].isin(wanted)]


def read(root: Path, index: files.Index) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield every table beside the sample, blanks around cells stripped."""
    for path in index.tables:
        for frame in frames(root / path):
            if len(frame):
                yield path, csv_tables.stripped(frame)


def of_test(frames: Frames, sample: Sample, role: Role) -> Table | None:
    """Return the table that lists several pictures of the sample's ids, if one does."""
    wanted = set(sample.ids.tolist())
    for path, frame in frames:
        whole = _with_ids(frame, sample, wanted)
        column = column_of(whole, wanted)
        if column is None:
            continue
        rows = whole[whole[column].isin(wanted)].drop(columns=column)
        name = naming(rows, role, files.ENOUGH)
        if name is not None:
            return Table(path, whole, column, name)
    return None


def _with_ids(frame: pd.DataFrame, sample: Sample, wanted: set[str]) -> pd.DataFrame:
    """Return a table with the sample's ids, where it has but the columns that make them up."""
    if sample.id_column in frame.columns:
        return frame
    for columns in _made_up(frame, sample.id_column, wanted):
        ids = columns.ids(frame)
        if ids is not None and ids.isin(wanted).mean() >= files.ENOUGH:
            return frame.assign(**{sample.id_column: ids})
    return frame


def _made_up(frame: pd.DataFrame, name: str, wanted: set[str]) -> Iterator[Columns]:
    """Yield columns whose values in the first row make up one of the ids."""
    row = zip(frame.columns[:_MOST_COLUMNS], frame.iloc[0], strict=False)
    first = {column: cell for column, cell in row if len(cell) <= csv_tables.LONGEST}
    for count in (2, 3):
        for chosen in permutations(first, count):
            for between in ("_", "-"):
                if between.join(first[each] for each in chosen) in wanted:
                    yield Columns(name, chosen, between)


def trained(
    frames: Frames, table: Table, columns: Columns, index: files.Index, wanted: set[str]
) -> Groups:
    """Return pictures of every training row, by the table that knows most of them."""
    best: Groups = {}
    for path, frame in frames:
        ids = columns.ids(frame)
        if ids is None:
            continue
        rows = frame
        if path == table.path or index.shared:
            rows, ids = frame[~ids.isin(wanted)], ids[~ids.isin(wanted)]
        name = naming(rows.drop(columns=columns.name, errors="ignore"), index.train, HIT_SHARE)
        if name is not None:
            groups = _joined(ids, rows[name], index.train)
            best = max(best, groups, key=lambda some: sum(map(len, some.values())))
    return best


def grouped(paths: Sequence[str], key: Callable[[str], str]) -> Groups:
    """Return paths by a part of them; those that have none are left out."""
    groups: dict[str, list[str]] = {}
    for path in paths:
        if name := key(path):
            groups.setdefault(name, []).append(path)
    return {name: tuple(group) for name, group in groups.items()}


def naming_bags(frame: pd.DataFrame, known: Mapping[str, object]) -> str | None:
    """Return the column whose values are ids of known rows, of most of them."""
    best: tuple[int, str | None] = (0, None)
    for name in frame.columns:
        given = {*pd.unique(frame[name].str.strip())} - {""}
        values = {*files.as_paths([*given])}
        hits = len(values & known.keys())
        enough = max(HIT_SHARE * len(values), _FEWEST_KNOWN * len(known))
        if hits >= enough and hits > best[0]:
            best = hits, str(name)
    return best[1]


def column_of(frame: pd.DataFrame, wanted: set[str]) -> str | None:
    """Return the column that has most of the sample's ids, some of them several times."""
    for name in frame.columns:
        values = frame[name].str.strip()
        there = values[values.isin(wanted)]
        if there.nunique() >= files.ENOUGH * len(wanted) and there.duplicated().any():
            return str(name)
    return None


def naming(rows: pd.DataFrame, role: Role, enough: float) -> str | None:
    """Return the column that names most pictures of a role, each once; some cells may be blank."""
    best: tuple[float, str | None] = (0.0, None)
    for name in rows.columns if len(rows) else ():
        values = rows[name][rows[name] != ""]
        if len(values) < _GIVEN * len(rows) or not csv_tables.nearly_unique(values):
            continue
        share = files.best_share(csv_tables.text_of(values), role)
        if share >= enough and share > best[0]:
            best = share, str(name)
    return best[1]


def _joined(ids: pd.Series, names: pd.Series, role: Role) -> Groups:
    paths, _ = files.match(csv_tables.text_of(names), role)
    pairs = {path: row for path, row in zip(paths.tolist(), ids, strict=True) if path}
    return grouped(sorted(pairs), pairs.__getitem__)


def _glued(rows: pd.DataFrame, columns: Sequence[str], between: str) -> pd.Series:
    glued = rows[columns[0]].str.strip()
    for name in columns[1:]:
        glued = glued + between + rows[name].str.strip()
    return glued


def misfit(frame: pd.DataFrame, name: str, role: Role) -> str:
    """Return why no column names an image a row, where names have a part too many; else empty.

    Args:
        frame: the first rows of a table of labels.
        name: of its file, for people.
        role: the images to train on.
    """
    stems = [path.rpartition("/")[2].rpartition(".")[0] for path in role.paths]
    for column in frame.columns if len(frame) and not role.named else ():
        values = pd.unique(csv_tables.text_of(frame[column]).astype(object))
        for sign in _BETWEEN:
            cut = {value: value.rpartition(sign)[0] for value in values if sign in value}
            if len(cut) < HIT_SHARE * len(values) or len(set(cut.values())) == len(cut):
                continue
            images = np.array(sorted(set(cut.values()) - {""}), dtype=str)
            if len(images) and files.best_share(images, role) >= HIT_SHARE:
                some = [value for value, image in cut.items() if [*cut.values()].count(image) > 1]
                return (
                    f"Several rows of {name} belong to one image ({column} is {some[0]}, "
                    f"{some[1]}, …): labels of objects or parts of an image are not supported. "
                    "One row must be one image; keep one, or cut the parts out as image files."
                )
        for sign in _BETWEEN:
            of = [stem for stem in stems if stem.rpartition(sign)[0] in set(values)]
            known = {stem.rpartition(sign)[0] for stem in of}
            if len(known) >= HIT_SHARE * len(values):
                return (
                    f"The {column} of {name} is the start of names of images ({', '.join(of[:2])}, "
                    "…), which may be several, but a row of the sample submission has one image. "
                    f"Give names of images in {name}, with the label of each."
                )
    return ""


def of_labels(frame: pd.DataFrame, sample: Sample, bags: Bags | None) -> pd.DataFrame:
    """Return a table of labels with a row a bag, where it has a row a picture; else itself.

    Columns that differ within bags are left out; where few bags differ, their cells are emptied.
    """
    if bags is None or not bags.of_picture or frame.shape[1] < 2 or not len(frame):
        return frame
    ids = _ids_of(frame, bags)
    if ids is None:
        return frame
    rows, varying = _a_row_each(frame.assign(**{str(ids.name): ids}), str(ids.name))
    lost = [name for name in sample.targets if name in varying]
    if lost:
        raise DataError(
            f"{sample.path.name} has one row per {bags.column}, with several images each, but "
            f"images of a row have different values of {lost[0]!r}. All images of a row must have "
            "the same label: correct them, or choose another column with --target."
        )
    return rows


def of_rows(frame: pd.DataFrame, sample: Sample, bags: Bags) -> pd.DataFrame:
    """Return a table of pictures to predict with a row for every id of the sample; else itself."""
    ids = Columns(bags.column, bags.made_of, bags.between).ids(frame)
    frame = frame if ids is None else frame.assign(**{bags.column: ids})
    column = column_of(frame, set(sample.ids.tolist()))
    return frame if column is None else _a_row_each(frame, column)[0]


def _ids_of(frame: pd.DataFrame, bags: Bags) -> pd.Series | None:
    """Return the bag of every row of a table of labels, called as the column that is to hold it."""
    known = dict.fromkeys(bags.of_picture.values())
    ids = Columns(bags.column, bags.made_of, bags.between).ids(frame)
    if ids is not None and ids.isin(known).mean() >= HIT_SHARE:
        return ids.rename(bags.column)
    column = naming_bags(frame, known)
    if column is not None:
        return frame[column].str.strip()
    clean = csv_tables.stripped(frame)
    name = naming(clean, bags.pictures, HIT_SHARE)
    if name is None:
        return None
    cells = clean[name].tolist()
    paths, _ = files.match(csv_tables.text_of(clean[name]), bags.pictures)
    of_row = [bags.of_picture.get(p, cell) for p, cell in zip(paths.tolist(), cells, strict=True)]
    return pd.Series(of_row, index=frame.index, name=bags.column, dtype=object)


def _a_row_each(frame: pd.DataFrame, column: str) -> tuple[pd.DataFrame, set[str]]:
    """Return a row for every value of a column, and the names of the columns left out."""
    if not frame[column].duplicated().any():
        return frame, set()
    by_row = frame.groupby(column, sort=False)
    several = by_row.nunique() > 1
    kept = [name for name in several.columns if several[name].mean() <= _MOST_VARYING]
    rows = by_row[kept].first().mask(several[kept], "").reset_index()
    return rows, set(several.columns) - set(kept)
