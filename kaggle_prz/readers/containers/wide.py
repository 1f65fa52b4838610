"""Tables that are held by columns, with a pixel a column: turned into rows on disk, once."""

import re
import tempfile
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from kaggle_prz.core.errors import DataError
from kaggle_prz.core.image_store import Array
from kaggle_prz.readers.containers.form import LEAST_NUMBERS

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow import parquet

_NUMBER = re.compile(r"\d+")
_AT_ONCE = 1024  # columns


def columns_of(schema: "pa.Schema") -> list[str]:
    """Return the columns of numbers that are named alike but for a number, if many are."""
    from pyarrow import types

    kinds = types.is_integer, types.is_floating
    names = named_alike(each.name for each in schema if any(of(each.type) for of in kinds))
    return names if len(names) >= LEAST_NUMBERS else []


def named_alike(names: Iterable[str]) -> list[str]:
    """Return the most names that are alike but for their numbers, in the order of the numbers."""
    alike: dict[str, list[str]] = {}
    for name in names:
        if _NUMBER.search(name):
            alike.setdefault(_NUMBER.sub("#", name), []).append(name)
    most = max(alike.values(), key=len, default=[])
    return sorted(most, key=lambda name: [int(number) for number in _NUMBER.findall(name)])


def turned(file: "parquet.ParquetFile", columns: list[str], rows: int) -> Array:
    """Turn columns of numbers into rows, in a file without a name that goes with the array.

    A thousand columns are read at a time: readers of all 30,000 at once hold a gigabyte.
    """
    schema = file.schema_arrow  # a new one at every access
    types = {schema.field(name).type.to_pandas_dtype() for name in columns}
    nulls = any(_lacks(file, group) for group in range(file.num_row_groups))
    kind = np.result_type(*types, *([np.float32] if nulls else []))
    if kind.itemsize > 4:
        kind = np.dtype(np.float32 if kind.kind == "f" else np.int32)
    with tempfile.TemporaryFile() as unnamed:
        made: Array = np.memmap(unnamed, kind, "w+", shape=(rows, len(columns)))
    for begin in range(0, len(columns), _AT_ONCE):
        names = columns[begin : begin + _AT_ONCE]
        place = 0
        for group in range(file.num_row_groups):
            table = file.read_row_group(group, columns=names, use_threads=False)
            part = np.stack([table.column(name).to_numpy() for name in names], axis=1)
            if kind.kind in "ui" and not _fits(part, kind):
                raise DataError("its pixels are not whole numbers of 32 bits")
            made[place : place + len(part), begin : begin + len(names)] = part
            place += len(part)
    return made


def _fits(part: Array, kind: np.dtype[np.integer]) -> bool:
    if part.dtype == kind:
        return True
    limits = np.iinfo(kind)
    return not part.size or bool(part.min() >= limits.min and part.max() <= limits.max)


def _lacks(file: "parquet.ParquetFile", group: int) -> bool:
    """Return whether a group may have cells without a number."""
    held = file.metadata.row_group(group)
    counts = [held.column(k).statistics for k in range(held.num_columns)]
    return any(one is None or one.null_count is None or one.null_count for one in counts)
