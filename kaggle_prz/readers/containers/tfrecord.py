"""TFRecord files: examples one after the other, each with its length and a checksum of that."""

import itertools
import struct
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path

from kaggle_prz.core.errors import DataError
from kaggle_prz.readers.containers import example
from kaggle_prz.readers.containers.rows import Records, Spans

_HEAD, _FOOT = 12, 4  # bytes: length and its checksum, checksum of the content
_POLYNOMIAL = 0x82F63B78  # CRC-32C, reversed
_MASK = 0xA282EAD8
_LONG = 256  # bytes or numbers of a feature that is neither id nor label


def members(path: Path) -> dict[str, Records]:
    """Return the records of a file that is not compressed."""
    return {"": Spans(path, _places(path), example.parse, partial(example.parse, most=_LONG))}


def _places(path: Path) -> Iterator[tuple[int, int]]:
    """Yield where each content begins and ends."""
    place, size = 0, path.stat().st_size
    with path.open("rb", buffering=0) as file:
        for number in itertools.count():
            if place >= size:
                return
            file.seek(place)
            length, begin = _length(file.read(_HEAD)), place + _HEAD
            place = begin + length + _FOOT
            if place > size:
                raise DataError(f"record {number} needs {length:,} bytes and the file ends before")
            yield begin, begin + length


def _length(head: bytes) -> int:
    if len(head) < _HEAD:
        raise DataError("the file ends within the head of a record")
    length, said = struct.unpack("<QI", head)
    if masked_checksum(head[:8]) != said:
        packed = " (it is compressed with gzip)" if head.startswith(b"\x1f\x8b") else ""
        raise DataError(f"a record's length does not fit its checksum{packed}")
    return int(length)


def masked_checksum(content: bytes) -> int:
    """CRC-32C as TFRecord files write it."""
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
