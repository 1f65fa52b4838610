"""TFRecord files: examples one after the other, each with its length and a checksum of that."""

import mmap
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kaggle_prz.errors import DataError
from kaggle_prz.records import example
from kaggle_prz.records.rows import Rows

_HEAD, _FOOT = 12, 4  # bytes: length and its checksum, checksum of the content
_POLYNOMIAL = 0x82F63B78  # CRC-32C, reversed
_MASK = 0xA282EAD8
_LONG = 256  # bytes or numbers of a feature that is neither id nor label


class TFRecords(Rows):
    """One file, not compressed.

    Raises:
        DataError: no file of records, or cut short.
    """

    def __init__(self, path: Path):
        self._path = path
        super().__init__(self.row(0) if len(self._places) else {})

    @cached_property
    def _places(self) -> NDArray[np.int64]:
        """`(rows, 2)` where each content begins and ends."""
        found: list[tuple[int, int]] = []
        place = 0
        with _mapped(self._path) as content:
            while place < len(content):
                length = _length(content[place : place + _HEAD])
                begin = place + _HEAD
                place = begin + length + _FOOT
                if place > len(content):
                    raise DataError(
                        f"record {len(found)} needs {length:,} bytes and the file ends before"
                    )
                found.append((begin, begin + length))
        return np.array(found, np.int64).reshape(-1, 2)

    @property
    def rows(self) -> int:
        """Records in the file."""
        return len(self._places)

    def row(self, number: int) -> dict[str, Any]:
        """All features of a record."""
        begin, end = self._places[number].tolist()
        with self._path.open("rb") as file:
            file.seek(begin)
            content = file.read(end - begin)
        return example.parse(content, 0, len(content))

    def short_rows(self) -> Iterator[dict[str, Any]]:
        """The short features of every record."""
        with _mapped(self._path) as content:
            for begin, end in self._places.tolist():
                yield example.parse(content, begin, end, most=_LONG)


@contextmanager
def _mapped(path: Path) -> Iterator[example.Buffer]:
    with path.open("rb") as file:
        if not path.stat().st_size:
            yield b""
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            yield content


def _length(head: bytes) -> int:
    if len(head) < _HEAD:
        raise DataError("the file ends within the head of a record")
    length, said = struct.unpack("<QI", head)
    if masked_checksum(head[:8]) != said:
        packed = " (it is compressed with gzip)" if head.startswith(b"\x1f\x8b") else ""
        raise DataError(f"a record's length does not fit its checksum{packed}")
    return int(length)


def masked_checksum(content: bytes) -> int:
    """CRC-32C as TFRecord files write it.

    Example:
        >>> hex(masked_checksum(b"123456789"))
        '0xc78ab0e5'
    """
    table, checksum = _table(), 0xFFFFFFFF
    for byte in content:
        checksum = table[(checksum ^ byte) & 0xFF] ^ (checksum >> 8)
    checksum ^= 0xFFFFFFFF
    return ((checksum >> 15 | checksum << 17) + _MASK) & 0xFFFFFFFF


@cache
def _table() -> tuple[int, ...]:
    table = []
    for number in range(256):
        for _ in range(8):
            number = number >> 1 ^ (_POLYNOMIAL if number & 1 else 0)  # noqa: PLW2901
        table.append(number)
    return tuple(table)
