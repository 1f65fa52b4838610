"""Archives of NumPy's arrays, read without unpacking whole arrays."""

import math
import threading
import zipfile
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
import pandas as pd

from kaggle_prz.core.errors import DataError
from kaggle_prz.core.image_store import Array
from kaggle_prz.readers.containers.blocks import refuse_unbelievable
from kaggle_prz.readers.containers.stack import Stack, beside, is_stack, text_of

_SUFFIX = ".npy"
_MOST_MEMBERS = 1000
# Python 3.11 may raise a SystemError where two threads parse literals, which heads of arrays are.
HEADS = threading.Lock()


class _Head(NamedTuple):
    """The head of an array: its shape, its kind of numbers, and where they begin."""

    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    begin: int


def members(path: Path) -> dict[str, Stack]:
    """Return the arrays of pictures in an archive."""
    heads = _heads(path)
    plain = [(name, head.shape) for name, head in heads.items() if len(head.shape) <= 2]
    return {
        name: _stack(path, name, heads, beside(name, head.shape[0], plain))
        for name, head in heads.items()
        if is_stack(name, head.shape, head.dtype.kind)
    }


def columns(path: Path, rows: int) -> dict[str, list[object]]:
    """Return the arrays in an archive with one value for each of so many rows."""
    heads = _heads(path)
    shapes = [(name, head.shape) for name, head in heads.items()]
    return _columns(path, heads, beside("", rows, shapes))


def _stack(path: Path, name: str, heads: dict[str, _Head], names: list[str]) -> Stack:
    head = heads[name]

    def read(begin: int, end: int) -> Array:
        return _read(path, name, head, begin, end)

    def table() -> pd.DataFrame:
        return pd.DataFrame(_columns(path, heads, names), index=range(head.shape[0]))

    return Stack(name, head.shape, head.dtype.itemsize, read, table)


def _columns(path: Path, heads: dict[str, _Head], names: list[str]) -> dict[str, list[object]]:
    return {n: text_of(_read(path, n, heads[n], 0, heads[n].shape[0])) for n in names}


def _heads(path: Path) -> dict[str, _Head]:
    """Yield the header of every array with rows of real numbers or text."""
    found = {}
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist()[:_MOST_MEMBERS]:
            if not info.filename.endswith(_SUFFIX):
                continue
            with archive.open(info) as file, HEADS:
                head, in_order = _head(file)
            size = head.dtype.itemsize * math.prod(head.shape)
            if head.begin + size > info.file_size:
                raise DataError(f"its {info.filename} ends before its numbers do")
            refuse_unbelievable(size, path.stat().st_size)
            if in_order and head.shape and head.dtype.kind in "buifSU":
                found[info.filename.removesuffix(_SUFFIX)] = head
    return found


def _head(file: IO[bytes]) -> tuple[_Head, bool]:
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        shape, by_columns, dtype = np.lib.format.read_array_header_1_0(file)
    elif version == (2, 0):
        shape, by_columns, dtype = np.lib.format.read_array_header_2_0(file)
    else:
        raise DataError(f"it has an array of version {version}")
    return _Head(shape, dtype, file.tell()), not by_columns


def _read(path: Path, name: str, head: _Head, begin: int, end: int) -> Array:
    row_bytes = head.dtype.itemsize * math.prod(head.shape[1:])
    with zipfile.ZipFile(path) as archive, archive.open(name + _SUFFIX) as file:
        file.seek(head.begin + begin * row_bytes)
        content = file.read((end - begin) * row_bytes)
    return np.frombuffer(content, head.dtype).reshape(end - begin, *head.shape[1:])
