"""A file of pictures, row by row: what every format offers, and what formats share."""

import mmap
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from kaggle_prz.core.errors import DataError
from kaggle_prz.core.image_store import Array
from kaggle_prz.readers.containers.blocks import Blocks, Held
from kaggle_prz.readers.containers.form import Form, Row, form_of, others, picture_of

Content = bytes | mmap.mmap


class NoPicturesError(Exception):
    """A file is sound as far as it was read, and holds no pictures."""


class Records(ABC):
    """Pictures of a file, by number from 0. Every method may be called by several threads."""

    form: Form  # how a picture is held
    rows: int  # how many pictures there are

    @abstractmethod
    def table(self) -> pd.DataFrame:
        """Return what else is known of every row, as it is held; no picture is read."""

    @abstractmethod
    def picture(self, row: int) -> bytes | Array:
        """Return the bytes of an image file, or numbers of a shape as `form` says."""

    def parts(self) -> Iterator[Array]:
        """Yield the numbers of all pictures, some at a time; rows that lack one are left out."""
        for row in range(self.rows):
            try:
                yield np.asarray(self.picture(row))
            except DataError:
                continue


class Spans(Records):
    """Rows of named fields from byte to byte of `places`; `short` parses all but long fields."""

    def __init__(
        self,
        path: Path,
        places: Iterator[tuple[int, int]],
        parse: Callable[[Content, int, int], Row],
        short: Callable[[Content, int, int], Row],
    ):
        self._path, self._parse, self._short = path, parse, short
        first = next(places, None)
        form = form_of(self._row(*first)) if first else None
        if form is None:
            raise NoPicturesError
        self.form = form
        self._places = np.array([first, *places], np.int64)
        self.rows = len(self._places)

    def table(self) -> pd.DataFrame:
        """See `Records`."""
        with (
            self._path.open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,  # skips long fields
        ):
            places = self._places.tolist()
            rows = [dict(others(self._short(content, *place), self.form)) for place in places]
        return pd.DataFrame.from_records(rows, index=range(len(rows)))

    def picture(self, row: int) -> bytes | Array:
        """See `Records`."""
        return picture_of(self._row(*self._places[row].tolist()), self.form)

    def _row(self, begin: int, end: int) -> Row:
        with self._path.open("rb") as file:
            file.seek(begin)
            return self._parse(file.read(end - begin), 0, end - begin)


class InBlocks(Records):
    """Rows that `read(begin, end)` reads many at a time; `content` makes the picture of one."""

    def __init__(
        self,
        form: Form,
        rows: int,
        row_bytes: int,
        read: Callable[[int, int], Held[object]],
        *,
        columns: Callable[[], pd.DataFrame],
        content: Callable[[object], bytes | Array] = np.asarray,
    ):
        self.form, self.rows = form, rows
        self._blocks = Blocks(read, rows, row_bytes)
        self._columns, self._content = columns, content

    def table(self) -> pd.DataFrame:
        """See `Records`."""
        return self._columns()

    def picture(self, row: int) -> bytes | Array:
        """See `Records`."""
        return self._content(self._blocks[row])
