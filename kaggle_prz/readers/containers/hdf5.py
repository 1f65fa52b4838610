"""HDF5 files: stacks of pictures with columns beside them, or a dataset a picture."""

import math
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from kaggle_prz.core.errors import DataError
from kaggle_prz.core.image_store import Array
from kaggle_prz.readers.containers.blocks import refuse_unbelievable
from kaggle_prz.readers.containers.form import Form, is_extra, is_image_file, is_picture
from kaggle_prz.readers.containers.rows import InBlocks, Records
from kaggle_prz.readers.containers.stack import Stack, beside, is_stack, text_of

_MOST_DATASETS = 200
_DEEPEST = 4
_PEEK = 8
_FEWEST = 8  # arrays that are pictures each, and no stacks
_FILE_BYTES = 2**16  # an image file, about, for the length of a block


def members(path: Path) -> dict[str, Records]:
    """Return the pictures in a file by dataset; under `""` where each picture has one."""
    with opened(path) as file:
        place = _place_of_pictures(file)
        if place is not None:
            return {"": _single(path, place, file[place])}
        sets = dict(_datasets(file))
        shapes = {name: tuple(one.shape) for name, one in sets.items()}
        found: dict[str, Records] = {}
        for name, one in sets.items():
            stacked = is_stack(name, one.shape, one.dtype.kind)
            if not stacked and (is_extra(name) or not _is_file_set(one)):
                continue
            refuse_unbelievable(one.size * one.dtype.itemsize, path.stat().st_size)
            columns = {n: s for n, s in shapes.items() if n != name and not _is_file_set(sets[n])}
            names = beside(name, one.shape[0], columns.items())
            if stacked:
                found[name] = _stack(path, name, one, names)
            else:
                found[name] = _encoded(path, name, one.shape[0], names)
    return found


def opened(path: Path) -> h5py.File:
    """Open an HDF5 file to read from, as a context manager."""
    return h5py.File(path, "r", locking=False)


def _stack(path: Path, name: str, one: h5py.Dataset, names: list[str]) -> Stack:
    def read(begin: int, end: int) -> Array:
        with opened(path) as file:
            return np.asarray(file[name][begin:end])

    shape, itemsize = tuple(one.shape), one.dtype.itemsize
    return Stack(name, shape, itemsize, read, lambda: _columns(path, names, shape[0]))


def _columns(path: Path, names: list[str], rows: int) -> pd.DataFrame:
    with opened(path) as file:
        columns = {name: text_of(np.asarray(file[name][()])) for name in names}
    return pd.DataFrame(columns, index=range(rows))


def _encoded(path: Path, name: str, rows: int, names: list[str]) -> Records:
    """Return a dataset of image files."""

    def read(begin: int, end: int) -> list[object]:
        with opened(path) as file:
            return list(file[name][begin:end])

    columns = partial(_columns, path, names, rows)
    return InBlocks(Form((name,)), rows, _FILE_BYTES, read, columns=columns, content=_content)


def _single(path: Path, place: str, group: h5py.Group) -> Records:
    """Return a group with a dataset a picture, called by its id."""
    names = list(group)
    first = group[names[0]]
    form = Form(("one dataset per image",), None if _is_file(first) else first.shape)

    def read(begin: int, end: int) -> list[object]:
        size = path.stat().st_size
        with opened(path) as file:
            return [_one(file[place], name, size) for name in names[begin:end]]

    def content(value: object) -> bytes | Array:
        if isinstance(value, DataError):
            raise DataError(str(value))
        return _content(value) if form.shape is None else np.asarray(value)

    def columns() -> pd.DataFrame:
        return pd.DataFrame({"id": names})

    return InBlocks(form, len(names), _FILE_BYTES, read, columns=columns, content=content)


def _one(group: h5py.Group, name: str, size: int) -> object:
    """Return what a dataset holds, or its error: the others of the block may be sound."""
    try:
        one = group[name]
        refuse_unbelievable(one.size * one.dtype.itemsize, size)
        return one[()]
    except Exception as error:  # damaged files raise errors of every kind
        return DataError(f"{name}: {type(error).__name__}: {error}")


def _place_of_pictures(file: h5py.Group) -> str | None:
    """Return the group whose datasets are a picture each, if there is one."""
    group = file
    for _ in range(_DEEPEST):
        names = list(group)
        first = [group.get(name) for name in names[:_PEEK]]
        if not first or any(one is None for one in first):
            return None
        if len(names) == 1 and not hasattr(first[0], "dtype"):
            group = first[0]
            continue
        if all(hasattr(one, "dtype") for one in first) and (
            all(map(_is_file, first))
            or (len(names) >= _FEWEST and all(map(_is_array_of_one, first)))
        ):
            return str(group.name)
        return None
    return None


def _datasets(file: h5py.Group) -> Iterator[tuple[str, h5py.Dataset]]:
    pending, count = [("", file, 0)], 0
    while pending:
        prefix, group, depth = pending.pop()
        for name in list(group)[:_MOST_DATASETS]:
            one = group.get(name)
            if hasattr(one, "dtype"):
                count += 1
                if count > _MOST_DATASETS:
                    return
                if one.shape:
                    yield prefix + name, one
            elif one is not None and depth < _DEEPEST:
                pending.append((f"{prefix}{name}/", one, depth + 1))


def _is_file_set(one: h5py.Dataset) -> bool:
    """Return whether a dataset holds an image file a row."""
    if len(one.shape) != 1 or not one.shape[0] or one.dtype.kind not in "OSV":
        return False
    return is_image_file(_content(one[0]))


def _is_file(one: h5py.Dataset) -> bool:
    """Return whether a dataset is the bytes of one image file."""
    if one.dtype.kind in "SVO" and not one.shape:
        return is_image_file(_content(one[()]))
    if one.dtype.kind in "ui" and one.dtype.itemsize == 1 and len(one.shape) == 1:
        return is_image_file(_content(one[:16]))
    return False


def _is_array_of_one(one: h5py.Dataset) -> bool:
    small = len(one.shape) == 2 or (len(one.shape) == 3 and one.shape[-1] in (1, 3, 4))
    return small and one.dtype.kind in "buif" and is_picture(one.shape)


def _content(value: object) -> bytes:
    """Return the bytes that a dataset holds, as whatever its makers wrote them."""
    if isinstance(value, (bytes, np.bytes_)):
        return bytes(value)
    if isinstance(value, np.void):
        return value.tobytes()
    if isinstance(value, np.ndarray) and value.dtype.itemsize * value.size == math.prod(
        value.shape
    ):
        return value.tobytes()
    return b""
