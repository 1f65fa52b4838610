"""JSON files with an object a picture, read an object at a time."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from kaggle_prz.core.errors import DataError
from kaggle_prz.readers.containers.form import LEAST_NUMBERS, Row
from kaggle_prz.readers.containers.rows import Content, NoPicturesError, Records, Spans

_AT_ONCE = 2**20
_LONGEST = 2**27  # bytes of an object
_BETWEEN = re.compile(rb"[\s,]*+")
_BODY = re.compile(rb'\{(?:[^{}"]++|"(?:[^"\\]++|\\.)*+")*+', re.DOTALL)
_NUMBERS = re.compile(rb"\[[\s\d.,eE+\-\[\]NaInfity]{%d,}+" % (2 * LEAST_NUMBERS))
_MARK = b"\xef\xbb\xbf"


def members(path: Path) -> dict[str, Records]:
    """Return the rows of a list of objects, or of an object a line; no object within another."""
    return {"": Spans(path, _objects(path), _parsed, _without_lists)}


def _parsed(content: Content, begin: int, end: int) -> Row:
    try:
        row = json.loads(content[begin:end])
    except (ValueError, RecursionError) as error:
        raise DataError(f"it is not JSON: {error}") from error
    return row if isinstance(row, dict) else {}


def _without_lists(content: Content, begin: int, end: int) -> Row:
    """Return a row with long lists emptied, which is ten times as fast as to parse them."""
    content, parts, place = content[begin:end], list[bytes](), 0
    for found in _NUMBERS.finditer(content):
        last = content.rfind(b"]", found.start(), found.end()) + 1
        inside = content[found.start() : last]
        if last and inside.count(b"[") == inside.count(b"]"):
            parts += [content[place : found.start()], b"[]"]
            place = last
    shorter = b"".join([*parts, content[place:]])
    return _parsed(shorter, 0, len(shorter))


def _objects(path: Path) -> Iterator[tuple[int, int]]:
    """Yield where every object begins and ends, in bytes."""
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
                raise DataError("its objects have different keys") if found else NoPicturesError
            yield passed + place, passed + end + 1
            place, found = end + 1, found + 1
    if listed or place < len(buffer):
        raise DataError("it is incomplete")


def _after(buffer: bytes, place: int) -> int:
    found = _BETWEEN.match(buffer, place)
    return found.end() if found else place
