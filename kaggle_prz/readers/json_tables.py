"""JSON files as tables of text: COCO annotations, lists of objects, maps of ids."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

import pandas as pd

from kaggle_prz.core.errors import DataError
from kaggle_prz.readers import csv_tables
from kaggle_prz.readers.csv_tables import LONGEST

_IMAGE_KEYS = ("image_id", "id")
_CATEGORIES = ("category_id", "category", "category_name", "label", "class")
_LARGEST = 65_536  # bytes of a file that describes one image
FILE = "name of the file"  # column of a table of many files
SEVERAL = "images of several categories"  # attribute of a table: how many


def tables(path: Path) -> list[pd.DataFrame]:
    """Return every table that a JSON file may be taken for, the most telling first.

    Of COCO's annotations these are one row an image, joined by `image_id` whatever the order, and
    the images alone. `{id: label}` becomes columns `id` and `value`.
    """
    content = csv_tables.read_json(path)
    try:
        return _tables(content)
    except RecursionError as error:
        raise DataError(
            f"{path} has too deeply nested values for a table of labels. Download it again."
        ) from error


def _tables(content: object) -> list[pd.DataFrame]:
    if isinstance(content, Mapping):
        images, notes = _frame(content.get("images")), _frame(content.get("annotations"))
        if len(images):
            joined = _joined(images, notes, _frame(content.get("categories")))
            return [frame for frame in (joined, images) if frame is not None]
        return [_of_mapping(content)]
    return [_frame(content)]


def _frame(content: object) -> pd.DataFrame:
    """Return a list of objects as text; only cells that are text or numbers, or lists of them."""
    if not isinstance(content, list) or not all(isinstance(row, Mapping) for row in content):
        return pd.DataFrame()
    return as_text(pd.DataFrame.from_records(content)) if content else pd.DataFrame()


def _of_mapping(content: Mapping[str, object]) -> pd.DataFrame:
    values = list(content.values())
    if values and all(isinstance(value, Mapping) for value in values):
        rows = [{"id": key} | dict(row) for key, row in content.items() if isinstance(row, Mapping)]
        return as_text(pd.DataFrame.from_records(rows))
    columns = [value for value in values if isinstance(value, list) and len(value) > 1]
    if values and len(columns) == len(values) and len(set(map(len, columns))) == 1:
        return as_text(pd.DataFrame(dict(content)))
    return as_text(pd.DataFrame({"id": list(content), "value": values}, dtype=object))


def as_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table of values of any kind as text; columns of objects are left out."""
    text = {str(name): _column(frame[name]) for name in frame.columns}
    return pd.DataFrame({name: column for name, column in text.items() if column is not None})


def _column(values: pd.Series) -> pd.Series | None:
    if values.map(lambda value: isinstance(value, Mapping)).any():
        return None
    if pd.api.types.is_float_dtype(values.dtype) and (values.dropna() % 1 == 0).all():
        values = values.astype("Int64").astype(object)  # integers with some that are missing
    lists = values[values.map(lambda value: isinstance(value, list))]
    between = _between(item for items in lists for item in items)
    return values.map(lambda value: _cell(value, between)).astype(str)


def _between(names: Iterable[object]) -> str:
    """Return what stands between the names of a list: blanks, or bars where a name holds one."""
    return "|" if any(" " in name for name in names if isinstance(name, str)) else " "


def _cell(value: object, between: str = " ") -> str:
    if isinstance(value, list):
        return between.join(_cell(item) for item in value)
    if value is None or value is pd.NA or value != value:  # noqa: PLR0124 - not a number
        return ""
    return str(value)


def _joined(
    images: pd.DataFrame, notes: pd.DataFrame, categories: pd.DataFrame
) -> pd.DataFrame | None:
    """Return one row an image with its annotation; several categories of an image in one cell."""
    key = next((name for name in _IMAGE_KEYS if name in images.columns), None)
    if key is None or "image_id" not in notes.columns:
        return None
    columns = [name for name in notes.columns if name not in {"id", "image_id"}]
    grouped = notes.loc[:, ["image_id", *columns]].drop_duplicates()
    if grouped["image_id"].duplicated().any():
        grouped = grouped.groupby("image_id", sort=False)[columns].agg(_together).reset_index()
    described = images.rename(columns={key: "image_id"})
    shared = [name for name in described.columns if name in columns]
    joined = described.drop(columns=shared).merge(grouped, on="image_id", how="inner")
    if "category_id" in joined.columns and {"id", "name"} <= set(categories.columns):
        names = dict(zip(categories["id"], categories["name"], strict=True))
        between = _between(names.values())
        joined["category_name"] = joined["category_id"].map(
            lambda ids: between.join(names.get(one, "") for one in ids.split(" "))
        )
    named = [name for name in _CATEGORIES if name in notes.columns]
    if named:
        joined.attrs[SEVERAL] = int((notes.groupby("image_id")[named[0]].nunique() > 1).sum())
    return joined


def _together(values: pd.Series) -> str:
    return " ".join(dict.fromkeys(values))


def described(path: Path) -> dict[str, object] | None:
    """Return what a small file with one object of texts, their lists, and numbers says, or None."""
    try:
        if path.stat().st_size > _LARGEST:
            return None
        content = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(content, dict) or not content:
        return None
    return content if all(map(_is_said, content.values())) else None


def _is_said(value: object) -> bool:
    """Return whether a value is a text, a number, none, or a list of texts."""
    listed = isinstance(value, list) and all(isinstance(item, str) for item in value)
    return value is None or (
        (listed or isinstance(value, str | int | float)) and len(str(value)) <= LONGEST
    )


def of_many(root: Path, paths: Sequence[str]) -> pd.DataFrame:
    """Return a table with a row for each file that describes one image, and its name in `FILE`.

    Raises:
        DataError: a file holds something else.
    """
    stems = [PurePosixPath(path).stem for path in paths]
    if len(set(stems)) < len(stems):
        stems = [path.rpartition(".")[0] for path in paths]
    rows = []
    for path, stem in zip(paths, stems, strict=True):
        content = described(root / path)
        if content is None:
            raise DataError(
                f"{path} must have one object of texts and numbers, as {paths[0]} has. Correct it, "
                "or write the labels of all images into one table."
            )
        rows.append({FILE: stem} | content)
    return as_text(pd.DataFrame.from_records(rows))
