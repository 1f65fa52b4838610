"""JSON files with an object a picture, read an object at a time."""

import json
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kaggle_prz.errors import DataError
from kaggle_prz.records.form import LEAST_NUMBERS
from kaggle_prz.records.rows import NoPicturesError, Rows

_AT_ONCE = 2**20
_LONGEST = 2**27  # bytes of an object
_BETWEEN = re.compile(rb"[\s,]*+")
_BODY = re.compile(rb'\{(?:[^{}"]++|"(?:[^"\\]++|\\.)*+")*+', re.DOTALL)
_NUMBERS = re.compile(rb"\[[\s\d.,eE+\-\[\]NaInfity]{%d,}+" % (2 * LEAST_NUMBERS))
_MARK = b"\xef\xbb\xbf"


class JsonRows(Rows):
    """A list of objects, or an object a line; no object within another.

    Raises:
        DataError: it is cut short, or no JSON.
        NoPicturesError: it is something else, or the first object has no long list of numbers.
    """

    def __init__(self, path: Path):
        self._path = path
        place = next(_objects(path), None)
        if place is None:
            raise NoPicturesError
        super().__init__(_parsed(self._content(*place)))

    @cached_property
    def _places(self) -> NDArray[np.int64]:
        return np.array(list(_objects(self._path)), np.int64).reshape(-1, 2)

    @property
    def rows(self) -> int:
        """Objects in the file."""
        return len(self._places)

    def row(self, number: int) -> dict[str, Any]:
        """All fields of an object."""
        return _parsed(self._content(*self._places[number].tolist()))

    def short_rows(self) -> Iterator[dict[str, Any]]:
        """The objects without their long lists, which are not parsed."""
        for begin, end in self._places.tolist():
            yield _parsed(_without_lists(self._content(begin, end)))

    def _content(self, begin: int, end: int) -> bytes:
        with self._path.open("rb") as file:
            file.seek(begin)
            return file.read(end - begin)


def _parsed(content: bytes) -> dict[str, Any]:
    try:
        row = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DataError(f"it is no JSON: {error}") from error
    return row if isinstance(row, dict) else {}


def _without_lists(content: bytes) -> bytes:
    """Long lists of numbers as empty ones, which is ten times as fast as to parse them."""
    parts, place = [], 0
    for found in _NUMBERS.finditer(content):
        end = content.rfind(b"]", found.start(), found.end()) + 1
        inside = content[found.start() : end]
        if end and inside.count(b"[") == inside.count(b"]"):
            parts += [content[place : found.start()], b"[]"]
            place = end
    return b"".join([*parts, content[place:]])


def _objects(path: Path) -> Iterator[tuple[int, int]]:
    """Where every object begins and ends, in bytes."""
    with path.open("rb") as file:
        buffer = file.read(_AT_ONCE)
        place = _after(buffer, len(_MARK) if buffer.startswith(_MARK) else 0)
        listed = buffer[place : place + 1] == b"["
        place += listed
        passed, found = 0, 0  # bytes before the buffer, objects
        while True:
            place = _after(buffer, place)
            body = _BODY.match(buffer, place)
            end = body.end() if body else place
            if buffer[end : end + 1] in (b"", b'"') and (body or end == len(buffer)):
                more = file.read(max(_AT_ONCE, len(buffer) - place))
                if not more:
                    break
                buffer, passed, place = buffer[place:] + more, passed + place, 0
                if len(buffer) > _LONGEST:
                    raise DataError(f"an object of it has more than {_LONGEST:,} bytes")
                continue
            if listed and buffer[end : end + 1] == b"]" and body is None:
                return
            if body is None or buffer[end : end + 1] != b"}":
                raise DataError("its objects are not all alike") if found else NoPicturesError
            yield passed + place, passed + end + 1
            place, found = end + 1, found + 1
    if listed or place < len(buffer):
        raise DataError("it is cut short")


def _after(buffer: bytes, place: int) -> int:
    found = _BETWEEN.match(buffer, place)
    return found.end() if found else place
