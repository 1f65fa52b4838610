"""Pictures that are rows of arrays or tables, and labels in arrays beside them."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from kaggle_prz.core.errors import DataError
from kaggle_prz.core.task import Text
from kaggle_prz.readers import csv_tables, formats, json_tables
from kaggle_prz.readers.containers import npz
from kaggle_prz.readers.containers.stack import text_of
from kaggle_prz.tasks.infer.pictures.files import Index, Role
from kaggle_prz.tasks.infer.pictures.scan import Scan, role_of
from kaggle_prz.tasks.infer.tables import LabelTable

_PIXEL = re.compile(r"(?:pixel|pix|px|p|x|f|v|col|feature)?[_ .-]?\d+|\d+x\d+", re.IGNORECASE)
_FEWEST_PIXELS = 16
_MOST_BESIDE = 10  # columns beside one that holds all pixels
_MOST_CHANNELS = 32
_ID_NAMES = ("id", "imageid", "index", "row")
ROW = "row number"
_MOST_FILES = 20


@dataclass(frozen=True)
class Sheet:
    """A table of pixels: its other columns, and how many rows it has."""

    path: str
    others: pd.DataFrame
    rows: int
    beside: tuple[str, ...] = ()  # paths of other tables of pixels that may train as well


def stacks(root: Path, seen: Scan) -> Index | None:
    """Return one array file a role whose first axis counts pictures, if the directory has such."""
    roles = {}
    for role in ("train", "test"):
        shapes = {path: _shape(root / path) for path in seen.of("arrays", role)}
        stacked = [path for path, shape in shapes.items() if len(shape) >= 3]
        if len(stacked) != 1 or len(shapes) > 3:
            return None
        roles[role] = stacked[0], shapes[stacked[0]][0]
    train, test = (rows_of(role, *roles[role]) for role in ("train", "test"))
    return Index(train, test, tuple(seen.tables), kind="stacks")


def rows_of(role: str, path: str, rows: int, ids: Text | None = None) -> Role:
    """Return the rows of a file as a role; an id is a row's number, or what `ids` says."""
    paths = tuple(f"{path}#{row}" for row in range(rows))
    if ids is not None:
        return Role(role, paths, {"id of the row": dict(zip(ids.tolist(), paths, strict=True))})
    return Role(
        role,
        paths,
        {f"{ROW}, from {base}": {str(n): p for n, p in enumerate(paths, base)} for base in (0, 1)},
    )


def sheets(
    root: Path, seen: Scan, sample_ids: Text, said: str | None = None
) -> tuple[Index, Sheet] | None:
    """Return pictures in tables with a pixel a column, and the training one's other columns.

    Of several for a role, the table of the path `said` comes first, then one whose name says the
    role, then the larger file.
    """
    found: dict[str, list[tuple[tuple[bool, bool, int], str, list[str]]]] = {
        "train": [],
        "test": [],
    }
    for path in seen.tables:
        is_csv = formats.of(path) is formats.PIXEL_TABLES
        if is_csv and (others := _beside_pixels(root / path)) is not None:
            named = role_of(path.rpartition("/")[2])
            rank = (said in {path, Path(path).name}, bool(named), (root / path).stat().st_size)
            found[named or ("train" if others else "test")].append((rank, path, others))
    best = {role: max(tables, default=None) for role, tables in found.items()}
    if best["train"] is None or best["test"] is None or not best["train"][2]:
        return None
    train, test = _sheet(root, *best["train"][1:]), _sheet(root, *best["test"][1:])
    beside = tuple(path for _, path, others in found["train"] if path != train.path and others)
    train = replace(train, beside=beside)
    ids = None
    for column in test.others.columns:
        values = test.others[column].str.strip()
        if not values.duplicated().any() and values.isin(sample_ids.tolist()).mean() >= 0.95:
            ids = csv_tables.text_of(values, root / test.path)
    index = Index(
        rows_of("train", train.path, train.rows),
        rows_of("test", test.path, test.rows, ids),
        tuple(seen.tables),
        kind="pixels",
    )
    return index, train


def _beside_pixels(path: Path) -> list[str] | None:
    """Return the columns that are no pixels; None where there are few pixels or none."""
    names = csv_tables.header(path)
    pixels = [name for name in names if _PIXEL.fullmatch(name)]
    if len(pixels) >= _FEWEST_PIXELS:
        return [name for name in names if name and name not in set(pixels)]
    if not 0 < len(names) <= _MOST_BESIDE:
        return None
    try:
        first = csv_tables.read_csv(path, rows=1)
    except DataError:
        return None  # it is told where labels are looked for
    for name in first.columns if len(first) else ():
        cells = str(first[name].iloc[0]).split()
        if len(cells) >= _FEWEST_PIXELS and all(re.fullmatch(r"[\d.]+", cell) for cell in cells):
            return [other for other in first.columns if other != name]
    return None


def _sheet(root: Path, path: str, others: list[str]) -> Sheet:
    columns = others or csv_tables.header(root / path)[:1]
    frame = csv_tables.read_csv(root / path, columns=columns)
    named = list(dict.fromkeys(others))  # of two columns of one name the first counts, as elsewhere
    return Sheet(path, frame.loc[:, named], len(frame))


def numbered(sheet: Sheet) -> tuple[str, pd.DataFrame]:
    """Return a training table's columns with one that names the row; make it if there is none."""
    frame = sheet.others
    for column in frame.columns:
        plain = re.sub(r"[^a-z]", "", column.lower())
        if plain in _ID_NAMES and not frame[column].duplicated().any():
            return column, frame
    rows = pd.Series([str(row) for row in range(len(frame))])
    return ROW, frame.assign(**{ROW: rows})


def channels(root: Path, path: str) -> int:
    """Return channels of a decoded picture: 3 for every image file; of arrays their own."""
    name = path.partition("#")[0]
    if formats.of(name) is not formats.ARRAYS:
        return 3
    shape = _shape(root / name)[1 if "#" in path else 0 :]
    if len(shape) not in (2, 3):
        raise DataError(
            f"{path} has the shape {shape}; an image has two axes, or three with channels."
        )
    count = 1 if len(shape) == 2 else shape[-1] if shape[-1] <= _MOST_CHANNELS else shape[0]
    return 3 if count == 1 else count


def _shape(path: Path) -> tuple[int, ...]:
    try:
        return tuple(np.load(path, mmap_mode="r", allow_pickle=False).shape)
    except (ValueError, OSError, EOFError) as error:
        raise DataError(
            f"{path} is not an array that NumPy can read: {error}. Download it again."
        ) from error


def labels(root: Path, seen: Scan, index: Index) -> LabelTable | None:
    """Return arrays with a value for every training picture, as a table in their order."""
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
    frame = json_tables.as_text(pd.DataFrame(columns)).assign(**{ROW: ids})
    return LabelTable(
        root / first, ROW, ids, frame, "it has as many values as there are images", True
    )


def _columns(path: Path, rows: int) -> dict[str, list[object]]:
    """Return columns by the name of their file, or of their array in it; none of a damaged one."""
    stem = path.stem
    try:
        if formats.of(path.name) is formats.NPZ:
            return {
                stem if name.startswith("arr_") else name: values
                for name, values in npz.columns(path, rows).items()
            }
        if formats.of(path.name) is not formats.ARRAYS:
            return {}
        values = np.load(path, mmap_mode="r", allow_pickle=False)
        if values.shape not in ((rows,), (rows, 1)):
            return {}
        return {stem: text_of(np.asarray(values))}
    except (DataError, ValueError, OSError, EOFError):
        return {}
