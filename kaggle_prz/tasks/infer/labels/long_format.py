"""Tables with a row for every image and head, `ID_7_epidural`, as tables with a row an image."""

from dataclasses import replace

import numpy as np
import pandas as pd

from kaggle_prz.core.errors import DataError
from kaggle_prz.core.task import Text
from kaggle_prz.tasks.infer.pictures import files
from kaggle_prz.tasks.infer.tables import Sample

_MOST_HEADS = 100
_MOST_PARTS = 3  # of a head's name, as in grapheme_root


def widened(sample: Sample, role: files.Role) -> Sample:
    """Return a melted sample with a row an image and a column an ending; others as they are."""
    if len(sample.targets) != 1:
        return sample
    ids = pd.Series(sample.ids)
    for parts in range(1, _MOST_PARTS + 1):
        images, heads = parted(ids, parts)
        names, pictures = pd.unique(heads), pd.unique(images)
        if not 2 <= len(names) <= _MOST_HEADS or len(names) * len(pictures) != len(ids):
            continue
        if files.best_share(np.asarray(pictures, dtype=str), role) < files.ENOUGH:
            continue
        cells = _grid(images, heads, sample.cells[sample.targets[0]].to_numpy(), pictures, names)
        return replace(
            sample,
            targets=tuple(names.tolist()),
            ids=np.asarray(pictures, dtype=str),
            cells=cells,
            melted=parts,
        )
    return sample


def parted(ids: pd.Series, parts: int) -> tuple[pd.Series, pd.Series]:
    """Return images and heads of ids, whose last `parts` words between underscores are the head."""
    split = ids.str.rsplit("_", n=parts)
    whole = split.str.len() == parts + 1
    images = split.str[0].where(whole, ids)
    return images, split.str[1:].str.join("_").where(whole, "")


def frame_of(frame: pd.DataFrame, sample: Sample) -> pd.DataFrame:
    """Return a table of labels with a row an image, where it is in the sample's long format."""
    if not sample.melted or frame.shape[1] < 2 or not len(frame):
        return frame
    column = frame.columns[0]
    images, heads = parted(frame[column].str.strip(), sample.melted)
    if set(pd.unique(heads)) != set(sample.targets):
        return frame
    table = pd.DataFrame({"image": images, "head": heads, "cell": frame.iloc[:, 1].str.strip()})
    table = table.drop_duplicates()
    pictures = pd.unique(table["image"])
    if len(table) != len(pictures) * len(sample.targets):
        counts = table.groupby("image", sort=False).size()
        odd = counts.index[counts != len(sample.targets)][0]
        raise DataError(
            f"A table with one row per image and output must have each of {len(sample.targets)} "
            f"outputs once per image; {odd!r} has {counts[odd]} different rows. Complete the "
            "table."
        )
    wide = _grid(
        table["image"],
        table["head"],
        table["cell"].to_numpy(),
        pictures,
        np.array(sample.targets, dtype=object),
    )
    wide.insert(0, column, pictures)
    return wide


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
