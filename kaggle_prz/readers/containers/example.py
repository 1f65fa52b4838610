"""`tf.train.Example` as bytes -> its features. Nothing of TensorFlow is imported."""

import mmap
import struct
from collections.abc import Iterator

from kaggle_prz.core.errors import DataError

_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5  # wire types of protocol buffers
_LONGEST_VARINT = 10  # bytes
_FEATURES = _ENTRY = _KEY = 1
_VALUE = 2
_BYTES_LIST, _FLOAT_LIST, _INT64_LIST = 1, 2, 3
Buffer = bytes | mmap.mmap  # what is skipped of a mapped file is not read
Value = bytes | int | float


def parse(
    buffer: Buffer, begin: int, end: int, most: int | None = None
) -> dict[str, Value | list[Value]]:
    """Return the features of one example, less those of more than `most` bytes or numbers.

    A feature is bytes, a number, or a list of those where there are several or none.
    """
    found: dict[str, Value | list[Value]] = {}
    for number, features in _messages(buffer, begin, end):
        for inner, entry in _messages(buffer, *features) if number == _FEATURES else ():
            if inner != _ENTRY:
                continue
            parts = dict(_messages(buffer, *entry))
            at, to = parts.get(_KEY, (0, 0))
            values = _values(buffer, parts[_VALUE], most) if _VALUE in parts else []
            if values is not None:
                name = bytes(buffer[at:to]).decode("utf-8", "replace")
                found[name] = values[0] if len(values) == 1 else values
    return found


def _values(buffer: Buffer, feature: tuple[int, int], most: int | None) -> list[Value] | None:
    values: list[Value] = []
    for kind, (begin, end) in _messages(buffer, *feature):
        if most is not None and end - begin > 4 * most:
            return None
        for number, wire, at, to in _fields(buffer, begin, end):
            if number != 1:
                continue
            if kind == _BYTES_LIST and wire == _BYTES:
                values.append(bytes(buffer[at:to]))
            elif kind == _FLOAT_LIST and wire in (_BYTES, _FOUR):
                if (to - at) % 4:
                    raise DataError("a list of numbers ends within a number")
                values += struct.unpack(f"<{(to - at) // 4}f", buffer[at:to])
            elif kind == _INT64_LIST and wire in (_BYTES, _VARINT):
                while at < to:
                    value, at = _varint(buffer, at, to)  # noqa: PLW2901
                    values.append(_signed(value))
    return values


def _signed(number: int) -> int:
    number &= 2**64 - 1
    return number - 2**64 if number >= 2**63 else number


def _messages(buffer: Buffer, begin: int, end: int) -> Iterator[tuple[int, tuple[int, int]]]:
    for number, wire, at, to in _fields(buffer, begin, end):
        if wire == _BYTES:
            yield number, (at, to)


def _fields(buffer: Buffer, begin: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield number and wire type of every field, and where its content begins and ends."""
    place = begin
    while place < end:
        key, place = _varint(buffer, place, end)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            length = _varint(buffer, place, end)[1] - place
        elif wire == _BYTES:
            length, place = _varint(buffer, place, end)
        elif wire in (_EIGHT, _FOUR):
            length = 8 if wire == _EIGHT else 4
        else:
            raise DataError(
                f"a record has a field of the type {wire}, which tf.train.Example does not have"
            )
        if length > end - place:
            raise DataError("a record has a field that is longer than the record")
        yield number, wire, place, place + length
        place += length


def _varint(buffer: Buffer, place: int, end: int) -> tuple[int, int]:
    number = shift = 0
    for at in range(place, min(end, place + _LONGEST_VARINT)):
        byte = buffer[at]
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at + 1
        shift += 7
    raise DataError("a record ends within a number")
