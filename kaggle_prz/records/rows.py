"""Files whose rows have named fields, some of which hold the row's picture."""

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kaggle_prz.errors import DataError
from kaggle_prz.records.form import Form, form_of, others, picture_of


class Records(Protocol):
    """Pictures of a file, by number from 0. Every method may be called by several threads.

    Attributes:
        form: how a picture is held.
    """

    form: Form

    @property
    def rows(self) -> int:
        """How many pictures there are."""

    def table(self) -> pd.DataFrame:
        """What else is known of every row, as it is held; no picture is read."""

    def picture(self, row: int) -> bytes | NDArray[Any]:
        """The bytes of an image file, or numbers of a shape as `form` says.

        Raises:
            DataError: the row lacks it.
        """

    def parts(self) -> Iterator[NDArray[Any]]:
        """The numbers of all pictures, some at a time."""


class Rows:
    """Base of `Records` whose rows are mappings.

    Args:
        first: row 0, whose fields tell the form of all.

    Raises:
        NoPicturesError: none of its fields holds a picture.
    """

    def __init__(self, first: dict[str, Any]):
        form = form_of(first)
        if form is None:
            raise NoPicturesError
        self.form = form

    @property
    def rows(self) -> int:
        """How many there are."""
        raise NotImplementedError

    def row(self, number: int) -> dict[str, Any]:
        """All fields of a row."""
        raise NotImplementedError

    def short_rows(self) -> Iterator[dict[str, Any]]:
        """The fields of every row, but for long ones."""
        raise NotImplementedError

    def table(self) -> pd.DataFrame:
        """See `Records`."""
        rows = [dict(others(row, self.form)) for row in self.short_rows()]
        return pd.DataFrame.from_records(rows, index=range(len(rows)))

    def picture(self, row: int) -> bytes | NDArray[Any]:
        """See `Records`."""
        return picture_of(self.row(row), self.form)

    def parts(self) -> Iterator[NDArray[Any]]:
        """See `Records`; rows that lack a picture are left out."""
        for number in range(self.rows):
            try:
                yield np.asarray(self.picture(number))
            except DataError:
                continue


class NoPicturesError(Exception):
    """A file is sound as far as it was read, and holds no pictures."""
