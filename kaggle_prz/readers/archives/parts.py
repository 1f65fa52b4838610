"""The parts of an archive read as one file."""

import io
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from pathlib import Path
from typing import IO


class Parts(io.RawIOBase):
    """The parts of an archive as one file to read.

    Args:
        paths: in their order.
        advance: called with the number of bytes of every read.
    """

    def __init__(self, paths: Sequence[Path], advance: Callable[[int], None]):
        ends = [0, *accumulate(path.stat().st_size for path in paths)]
        self._paths, self._starts, self._size = paths, ends[:-1], ends[-1]
        self._position, self._advance = 0, advance
        self._number = -1
        self._file: IO[bytes] = io.BytesIO()

    def readable(self) -> bool:
        """Say so."""
        return True

    def seekable(self) -> bool:
        """Say so."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move; a place before the start is refused with a ValueError."""
        position = (0, self._position, self._size)[whence] + offset
        if position < 0:
            raise ValueError("a place before the start of the file")
        self._position = position
        return position

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        """Read from one part as much as it has and the buffer holds."""
        if self._position >= self._size:
            return 0
        number = bisect_right(self._starts, self._position) - 1
        if number != self._number:
            self._file.close()
            self._number, self._file = number, self._paths[number].open("rb", buffering=0)
        self._file.seek(self._position - self._starts[number])
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        self._position += len(data)
        self._advance(len(data))
        return len(data)

    def close(self) -> None:
        """Close the part that is open."""
        self._file.close()
        super().close()
