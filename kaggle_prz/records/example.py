"""`tf.train.Example` as bytes -> its features. Nothing of TensorFlow is imported."""

import struct
from collections.abc import Iterator
from typing import Any, Protocol

from kaggle_prz.errors import DataError

_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5  # wire types of protocol buffers
_LONGEST_VARINT = 10  # bytes
_FEATURES = _ENTRY = _KEY = 1
_VALUE = 2
_BYTES_LIST, _FLOAT_LIST, _INT64_LIST = 1, 2, 3
Span = tuple[int, int]


class Buffer(Protocol):
    """Bytes, or a file mapped to memory: what is skipped is not read."""

    def __len__(self) -> int: ...

    def __getitem__(self, where: Any, /) -> Any: ...


def parse(buffer: Buffer, begin: int, end: int, most: int | None = None) -> dict[str, Any]:
    """The features of one example.

    Args:
        buffer: holds it.
        begin, end: where.
        most: features of more bytes or numbers are left out.

    Returns:
        Name -> bytes, a number, or a list of those where there are several or none.

    Raises:
        DataError: the bytes are none of an example.

    Example:
        >>> parse(bytes.fromhex("0a0c 0a0a 0a0161 1205 1a03 0a01 07"), 0, 14)
        {'a': 7}
    """
    found: dict[str, Any] = {}
    for number, features in _messages(buffer, begin, end):
        for inner, entry in _messages(buffer, *features) if number == _FEATURES else ():
            if inner == _ENTRY:
                name, feature = "", None
                for part, where in _messages(buffer, *entry):
                    if part == _KEY:
                        name = bytes(buffer[where[0] : where[1]]).decode("utf-8", "replace")
                    elif part == _VALUE:
                        feature = where
                values = _values(buffer, feature, most) if feature is not None else []
                if values is not None:
                    found[name] = values[0] if len(values) == 1 else values
    return found


def _values(buffer: Buffer, feature: Span, most: int | None) -> list[Any] | None:
    values: list[Any] = []
    for kind, (begin, end) in _messages(buffer, *feature):
        if most is not None and end - begin > 4 * most:
            return None
        for number, wire, value in _fields(buffer, begin, end):
            if number != 1:
                continue
            if kind == _BYTES_LIST and wire == _BYTES:
                values.append(bytes(buffer[value[0] : value[1]]))
            elif kind == _FLOAT_LIST:
                values += _floats(buffer, wire, value)
            elif kind == _INT64_LIST:
                values += _integers(buffer, wire, value)
    return values


def _floats(buffer: Buffer, wire: int, value: Any) -> list[float]:
    begin, end = value if wire in (_BYTES, _FOUR) else (0, 0)
    if (end - begin) % 4:
        raise DataError("a list of numbers ends within a number")
    return list(struct.unpack(f"<{(end - begin) // 4}f", buffer[begin:end]))


def _integers(buffer: Buffer, wire: int, value: Any) -> list[int]:
    if wire == _VARINT:
        return [_signed(value)]
    found = []
    place, end = value if wire == _BYTES else (0, 0)
    while place < end:
        number, place = _varint(buffer, place, end)
        found.append(_signed(number))
    return found


def _signed(number: int) -> int:
    number &= 2**64 - 1
    return number - 2**64 if number >= 2**63 else number


def _messages(buffer: Buffer, begin: int, end: int) -> Iterator[tuple[int, Span]]:
    for number, wire, value in _fields(buffer, begin, end):
        if wire == _BYTES:
            yield number, value


def _fields(buffer: Buffer, begin: int, end: int) -> Iterator[tuple[int, int, Any]]:
    """Field number, wire type, and a number or where the bytes are."""
    place = begin
    while place < end:
        key, place = _varint(buffer, place, end)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            value, place = _varint(buffer, place, end)
            yield number, wire, value
            continue
        if wire == _BYTES:
            length, place = _varint(buffer, place, end)
        elif wire in (_EIGHT, _FOUR):
            length = 8 if wire == _EIGHT else 4
        else:
            raise DataError(f"a record has a field of the kind {wire}, which examples have not")
        if length > end - place:
            raise DataError("a record has a field that is longer than the record")
        yield number, wire, (place, place + length)
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
