"""TFRecord files: examples one after the other, each with its length; checksums are not read."""

import itertools
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from kaggle_prz.core.errors import DataError
from kaggle_prz.readers.containers import example
from kaggle_prz.readers.containers.rows import Records, Spans

_HEAD, _FOOT = 12, 4  # bytes: length and its checksum, checksum of the content
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
            head = file.read(_HEAD)
            if len(head) < _HEAD:
                raise DataError("the file ends within the head of a record")
            length, begin = int.from_bytes(head[:8], "little"), place + _HEAD
            place = begin + length + _FOOT
            if not length:  # else a file that ends in zeros would have millions of records
                raise DataError(f"record {number} is empty")
            if place > size:
                packed = " (it is compressed with gzip)" if head.startswith(b"\x1f\x8b") else ""
                raise DataError(
                    f"record {number} needs {length:,} bytes and the file ends before{packed}"
                )
            yield begin, begin + length
