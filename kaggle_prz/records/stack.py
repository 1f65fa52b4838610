"""Arrays whose first axis counts pictures, and the columns beside them, of any file."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kaggle_prz.errors import DataError
from kaggle_prz.records.blocks import BLOCK_BYTES, Blocks
from kaggle_prz.records.form import Form, is_extra, is_picture

Read = Callable[[int, int], NDArray[Any]]
_WORDS = [
    re.compile(rf"(?<![a-z])({word})", re.IGNORECASE) for word in ("test", "train", "val(?:id|_|$)")
]


class Stack:
    """Pictures of one array; see `kaggle_prz.records.rows.Records`.

    Args:
        name: of the array.
        shape: `(rows, height, width)`, or with channels as well.
        itemsize: bytes of a number.
        read: `(begin, end)` -> those rows.
        columns: what else is known of the rows.
    """

    def __init__(
        self,
        name: str,
        shape: tuple[int, ...],
        itemsize: int,
        read: Read,
        columns: Callable[[], pd.DataFrame],
    ):
        self.form = Form((name,), shape[1:])
        self.rows = shape[0]
        self.table = columns
        row_bytes = itemsize * int(np.prod(shape[1:], dtype=np.int64))
        self._read, self._at_once = read, max(1, BLOCK_BYTES // max(1, row_bytes))
        self._blocks: Blocks[NDArray[Any]] = Blocks(read, self.rows, row_bytes)

    def picture(self, row: int) -> NDArray[Any]:
        """See `Records`."""
        return self._blocks[row]

    def parts(self) -> Iterator[NDArray[Any]]:
        """See `Records`."""
        for begin in range(0, self.rows, self._at_once):
            yield self._read(begin, min(self.rows, begin + self._at_once))


def is_stack(name: str, shape: tuple[int, ...], kind: str) -> bool:
    """Whether an array is pictures, by its name, its shape and the kind of its numbers.

    Example:
        >>> is_stack("x_train", (50, 28, 28), "u"), is_stack("masks", (50, 28, 28), "u")
        (True, False)
    """
    return not is_extra(name) and kind in "buif" and is_picture(shape[1:]) and shape[0] > 0


def beside(name: str, rows: int, columns: Iterable[tuple[str, tuple[int, ...]]]) -> list[str]:
    """Which arrays say something of every row of the one that is called `name`.

    Args:
        name: of an array of pictures.
        rows: it has.
        columns: names and shapes of other arrays.

    Example:
        >>> beside("x_train", 50, [("y_train", (50,)), ("y_test", (50,)), ("ids", (50, 1))])
        ['y_train', 'ids']
    """
    role = _role(name)
    return [
        other
        for other, shape in columns
        if shape in ((rows,), (rows, 1)) and (not role or _role(other) in ("", role))
    ]


def _role(name: str) -> str:
    return next((found[1].lower() for word in _WORDS if (found := word.search(name))), "")


def text_of(values: NDArray[Any]) -> list[Any]:
    """The values of a column, bytes as text.

    Raises:
        DataError: they are none that a cell may hold.
    """
    flat = values.reshape(-1)
    if flat.dtype.kind not in "buifSUO":
        raise DataError(f"a column holds {flat.dtype}")
    return [v.decode("utf-8", "replace") if isinstance(v, bytes) else v for v in flat.tolist()]
