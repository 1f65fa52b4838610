"""Rows read a block at a time, and what a file may hold by its size."""

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from kaggle_prz.core.errors import DataError
from kaggle_prz.readers.kept import Kept

T = TypeVar("T")
Row_co = TypeVar("Row_co", covariant=True)
BLOCK_BYTES = 2**24
_KEPT = 2  # blocks, as threads are not quite in step
_DENSEST = 1100  # bytes of one, a little more than what deflate can pack


class Held(Protocol[Row_co]):
    """A block of rows: a list, or an array."""

    def __len__(self) -> int: ...

    def __getitem__(self, place: int, /) -> Row_co: ...


class Blocks(Generic[T]):
    """Rows of a file, which `read(begin, end)` reads; one thread at a time calls it."""

    def __init__(self, read: Callable[[int, int], Held[T]], rows: int, row_bytes: int):
        self._read, self._rows = read, rows
        self.length = max(1, BLOCK_BYTES // max(1, row_bytes))  # rows of a block
        self._kept = Kept(self._block, most=_KEPT)

    def __getitem__(self, row: int) -> T:
        number, place = divmod(row, self.length)
        return self._kept(number)[place]

    def _block(self, number: int) -> Held[T]:
        begin = number * self.length
        end = min(self._rows, begin + self.length)
        try:
            block = self._read(begin, end)
        except MemoryError:
            raise
        except Exception as error:  # damaged files raise errors of every kind
            raise DataError(
                f"rows {begin} to {end - 1}: {type(error).__name__}: {error}"
            ) from error
        if len(block) != end - begin:
            raise DataError(f"rows {begin} to {end - 1} are incomplete")
        return block


def refuse_unbelievable(claimed: int, file_bytes: int) -> None:
    """Refuse to make room for bytes that a file claims to hold and cannot."""
    if not 0 <= claimed <= _DENSEST * file_bytes:
        raise DataError(f"it claims to hold {claimed:,} bytes of images in {file_bytes:,}")
