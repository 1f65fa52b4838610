"""Arrays whose first axis counts pictures, and the columns beside them, of any file."""

import math
import re
from collections.abc import Callable, Iterable, Iterator

import pandas as pd

from kaggle_prz.core.errors import DataError
from kaggle_prz.core.image_store import Array
from kaggle_prz.readers.containers.form import Form, is_extra, is_picture
from kaggle_prz.readers.containers.rows import InBlocks

_WORDS = [
    re.compile(rf"(?<![a-z])({word})", re.IGNORECASE) for word in ("test", "train", "val(?:id|_|$)")
]


class Stack(InBlocks):
    """Pictures of one array of `(rows, height, width)`, or with channels as well."""

    def __init__(
        self,
        name: str,
        shape: tuple[int, ...],
        itemsize: int,
        read: Callable[[int, int], Array],
        columns: Callable[[], pd.DataFrame],
    ):
        row_bytes = itemsize * math.prod(shape[1:])
        super().__init__(Form((name,), shape[1:]), shape[0], row_bytes, read, columns=columns)
        self._read = read

    def parts(self) -> Iterator[Array]:
        """See `Records`."""
        step = self._blocks.length
        for begin in range(0, self.rows, step):
            yield self._read(begin, min(self.rows, begin + step))


def is_stack(name: str, shape: tuple[int, ...], kind: str) -> bool:
    """Return whether an array is pictures, by its name, its shape and the kind of its numbers."""
    return not is_extra(name) and kind in "buif" and is_picture(shape[1:]) and shape[0] > 0


def beside(name: str, rows: int, columns: Iterable[tuple[str, tuple[int, ...]]]) -> list[str]:
    """Return which arrays, by name and shape, say something of every row of another one."""
    role = _role(name)
    return [
        other
        for other, shape in columns
        if shape in ((rows,), (rows, 1)) and (not role or _role(other) in ("", role))
    ]


def _role(name: str) -> str:
    return next((found[1].lower() for word in _WORDS if (found := word.search(name))), "")


def text_of(values: Array) -> list[object]:
    """Return the values of a column, bytes as text."""
    flat = values.reshape(-1)
    if flat.dtype.kind not in "buifSUO":
        raise DataError(f"a column holds {flat.dtype}")
    return [v.decode("utf-8", "replace") if isinstance(v, bytes) else v for v in flat.tolist()]
