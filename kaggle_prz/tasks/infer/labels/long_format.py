"""Tables with a row for every image and head, `ID_7_epidural`, as tables with a row an image."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kaggle_prz.core.errors import DataError
from kaggle_prz.core.task import Text
from kaggle_prz.readers import csv_tables
from kaggle_prz.tasks.infer.labels import repeats
from kaggle_prz.tasks.infer.pictures import files
from kaggle_prz.tasks.infer.tables import Sample, words

_MOST_HEADS = 100
_MOST_PARTS = 3  # of a head's name, as in grapheme_root
_MOST_WORDS = 6  # of a head's name, where what is before it names an image
_CELLS = ("label", "target", "value", "class", "present", "prediction", "predicted")
_NAMED = 0.5  # of the images of a table
_IMAGE, _HEAD = "image of the row", "output of the row"


def widened(sample: Sample, role: files.Role, tables: Sequence[Path] = ()) -> Sample:
    """Return a melted sample with a row an image and a column an ending; others as they are.

    Endings have one number of words, or what they leave names an image. It may name a folder of
    images where the endings are columns of one of the `tables`.
    """
    if len(sample.targets) != 1:
        return sample
    for images, heads in _partings(pd.Series(sample.ids), role):
        names, pictures = pd.unique(heads), pd.unique(images)
        if not 2 <= len(names) <= _MOST_HEADS or len(names) * len(pictures) != len(sample.ids):
            continue
        named = np.asarray(pictures, dtype=str)
        if files.best_share(named, role) < files.ENOUGH and (
            _are_named(named, role).mean() < files.ENOUGH
            or not any({*names} <= {*csv_tables.header(path)} for path in tables)
        ):
            continue
        (column,) = sample.targets
        cells = _grid(images, heads, sample.cells[column].to_numpy(), pictures, names)
        return replace(
            sample,
            targets=tuple(names.tolist()),
            ids=np.asarray(pictures, dtype=str),
            cells=cells,
            melted=column,
        )
    return sample


def _are_named(images: Text, role: files.Role) -> NDArray[np.bool_]:
    """Return which names are those of files, or of folders of several."""
    paths, _ = files.match(images, role)
    named: NDArray[np.bool_] = paths != ""
    if len(images) > 1 and named.mean() < files.ENOUGH:
        folders = {part for path in role.paths for part in path.split("/")[:-1]}
        named |= np.array([name in folders for name in images.tolist()], bool)
    return named


def _partings(ids: pd.Series, role: files.Role) -> Iterator[tuple[pd.Series, pd.Series]]:
    """Yield images and heads of ids, by the number of a head's words and then by their images."""
    for count in range(1, _MOST_PARTS + 1):
        yield _cut(ids, count)
    if not ids.str.contains("_").all() or files.best_share(ids.to_numpy(str), role) > 0:
        return
    image, head = pd.Series("", ids.index), pd.Series("", ids.index)
    for count in range(_MOST_WORDS, 0, -1):  # the longest name of an image last
        images, heads = _cut(ids, count)
        named = _are_named(images.to_numpy(str), role) & (heads != "").to_numpy(bool)
        image, head = image.mask(named, images), head.mask(named, heads)
    if (image != "").all():
        yield image, head


def _cut(ids: pd.Series, count: int) -> tuple[pd.Series, pd.Series]:
    """Return ids without their last `count` words between underscores, and these."""
    split = ids.str.rsplit("_", n=count)
    whole = split.str.len() == count + 1
    return split.str[0].where(whole, ids), split.str[1:].str.join("_").where(whole, "")


def parted(ids: pd.Series, sample: Sample) -> tuple[pd.Series, pd.Series]:
    """Return images and heads of ids that end in a head of the sample."""
    heads = "|".join(map(re.escape, sorted(sample.targets, key=len, reverse=True)))
    found = ids.str.extract(rf"^(.*?)_({heads})$")
    return found[0].fillna(ids), found[1].fillna("")


def frame_of(
    frame: pd.DataFrame, sample: Sample, train: files.Role, *, target: str | None, name: str
) -> repeats.Votes:
    """Return a table of labels with a row an image, where it has a row for each image and output.

    The output is the ending of an id, as in the sample submission, or has a column of its own.

    Args:
        frame: text.
        sample: the sample submission, a row an image.
        train: the images to train on.
        target: the column of labels, if it is given.
        name: of the file, for people.
    """
    if len(sample.targets) < 2 or frame.shape[1] < 2 or not len(frame):
        return repeats.Votes(frame)
    columns = _columns_of(csv_tables.stripped(frame), sample, train)
    if columns is None:
        return repeats.Votes(frame)
    id_column, image, head, others = columns
    others = [name for name in others if name != csv_tables.UNNAMED]
    cell = _cell_column(frame, others, sample, target)
    if cell is None:
        return repeats.Votes(frame)
    table = pd.DataFrame({_IMAGE: image, _HEAD: head, cell: frame[cell].str.strip()})
    table = table.join(frame[[other for other in others if other != cell]])
    numbers = repeats.are_quantities(table, sample, [cell], None)
    found = repeats.once(table, [_IMAGE, _HEAD], [cell], name=name, numbers=numbers)
    long = found.frame
    pictures = pd.unique(long[_IMAGE])
    if len(long) != len(pictures) * len(sample.targets):
        counts = long.groupby(_IMAGE, sort=False).size()
        odd = counts.index[counts != len(sample.targets)][0]
        raise DataError(
            f"A table with one row per image and output must have each of {len(sample.targets)} "
            f"outputs once per image; {odd!r} has {counts[odd]} different rows in {name}. "
            "Complete the table."
        )
    cells = long[cell].to_numpy()
    wide = _grid(long[_IMAGE], long[_HEAD], cells, pictures, np.array(sample.targets, object))
    wide.insert(0, id_column, pictures)
    return replace(found, frame=wide.join(_of_images(long, cell), on=id_column))


def _columns_of(
    frame: pd.DataFrame, sample: Sample, train: files.Role
) -> tuple[str, pd.Series, pd.Series, list[str]] | None:
    """Return the column of ids, images and heads by row, and the other columns; None of none."""
    if sample.melted:
        for column in frame.columns:
            image, head = parted(frame[column], sample)
            if set(pd.unique(head)) == set(sample.targets):
                return column, image, head, [each for each in frame.columns if each != column]
    for of_head in frame.columns if frame.shape[1] > 2 else ():
        if set(pd.unique(frame[of_head])) != set(sample.targets):
            continue
        for column in frame.columns:
            others = [each for each in frame.columns if each not in {column, of_head}]
            pairs = frame[[column, of_head]].drop_duplicates()
            pictures = pd.unique(frame[column])
            whole = len(pictures) > 1 and len(pairs) == len(pictures) * len(sample.targets)
            if whole and files.best_share(pictures.astype(str), train) >= _NAMED:
                return column, frame[column], frame[of_head], others
    return None


def _cell_column(
    frame: pd.DataFrame, others: list[str], sample: Sample, target: str | None
) -> str | None:
    """Return the column of labels: the one given, else of the sample's name, else by its name."""
    asked = [target] if target in others else []
    same = [name for name in others if words.plain(name) == words.plain(sample.melted)]
    alike = [name for name in others if words.plain(name) in _CELLS]
    binary = [name for name in others if set(frame[name].str.strip()) <= {"0", "1"}]
    for some in (asked, same, alike, others, binary):
        if len(some) == 1 or (some and some is not others and some is not binary):
            return some[0]
    return None


def _of_images(long: pd.DataFrame, cell: str) -> pd.DataFrame:
    """Return columns that have one value an image."""
    grouped = long.drop(columns=[_HEAD, cell]).groupby(_IMAGE, sort=False)
    steady = grouped.nunique().max() <= 1
    return grouped.first()[[name for name in steady.index if steady[name]]]


def no_heads(sample: Sample) -> DataError:
    """Return the error where no table says the labels of the heads."""
    listed = ", ".join(sample.targets[:5])
    return DataError(
        f"{sample.path.name} has one row per image for each of {listed}, but the labels have "
        "neither columns nor rows with these names. Add such columns to the table of labels."
    )


def _grid(
    images: pd.Series, heads: pd.Series, cells: Text, pictures: Text, names: Text
) -> pd.DataFrame:
    rows = pd.Index(pictures).get_indexer(images)
    columns = pd.Index(names).get_indexer(heads)
    grid = np.full((len(pictures), len(names)), "", dtype=object)
    grid[rows, columns] = cells
    return pd.DataFrame(grid, columns=list(names))
