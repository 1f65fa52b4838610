"""Image stores on disk: keyed by what they were made of, there as a whole or not at all."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from kaggle_prz.images.gathered import Encoded
from kaggle_prz.images.sources import file_of, files_of
from kaggle_prz.pixels import Store

Kind = Literal["raw", "encoded", "none"]
UNREADABLE = "unreadable.json"


def fingerprint(root: Path, references: Sequence[str], how: str) -> str:
    """A key that changes with any file's name, size or time of change, and with `how`."""
    digest = hashlib.sha256(f"4 lanczos {how}\n".encode())
    facts: dict[str, str] = {}  # of files of many images; others are looked at once anyway
    for reference in references:
        files = files_of(reference)
        of_many = file_of(reference)[1] is not None
        if of_many and files[0] not in facts:
            facts[files[0]] = _facts(root / files[0])
        found = [facts[file] if of_many else _facts(root / file) for file in files if file]
        digest.update(os.fsencode(reference))
        digest.update(f" {' '.join(found) or 'absent'}\n".encode())
    return digest.hexdigest()[:16]


def _facts(file: Path) -> str:
    try:
        status = file.stat()
    except OSError:
        return "absent"
    return f"{status.st_size} {status.st_mtime_ns}"


def path(place: Path, size: int, kind: Kind = "raw") -> Path:
    """Where the pixels of a size are."""
    return place / (f"{size}.npy" if kind == "raw" else f"{size}.jpegs")


def index(place: Path, size: int) -> Path:
    """Where it is written where each picture of an encoded store is."""
    return place / f"{size}.index.npy"


def kind_of(place: Path, size: int, wanted: str) -> Kind | None:
    """How a size is there.

    Args:
        place: directory of the stores.
        size: px.
        wanted: a kind, or `"auto"` for any, arrays first.
    """
    if wanted in {"auto", "raw"} and path(place, size).is_file():
        return "raw"
    return "encoded" if wanted in {"auto", "encoded"} and index(place, size).is_file() else None


def opened(place: Path, size: int, kind: Kind, channels: int) -> Store:
    """A store of kind `"raw"` or `"encoded"` that is there."""
    if kind == "raw":
        array: Store = np.load(path(place, size), mmap_mode="r")
        return array
    begins = np.load(index(place, size), mmap_mode="r").view(np.uint64)
    return Encoded(path(place, size, kind), begins.reshape(-1, 2), size, channels)


def remove_parts(place: Path) -> None:
    """Remove what an unfinished try left."""
    for part in place.glob(".part-*"):
        part.unlink(missing_ok=True)
