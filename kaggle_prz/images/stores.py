"""Image stores on disk: keyed by what they were made of, there as a whole or not at all."""

import functools
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from kaggle_prz.core.image_store import Store
from kaggle_prz.images.lazy_store import Encoded
from kaggle_prz.readers.pictures import channels as by_channel
from kaggle_prz.readers.pictures.sources import place_of

Kind = Literal["raw", "encoded", "none"]
UNREADABLE = "unreadable.json"
Unreadable: TypeAlias = list[tuple[int, str]]  # what it holds: rows, and why


def fingerprint(root: Path, references: Sequence[str], how: str) -> str:
    """Return a key of the rows in their order: names, sizes and times of change of their files.

    A directory that was moved keeps its key, a copy whose files have other times does not. `how`
    is all else that pixels follow from.
    """
    digest = hashlib.sha256(f"7 lanczos {how}\n".encode())
    facts = functools.cache(lambda file: _facts(root, file))  # a file of many has many rows
    for reference in references:
        digest.update(ascii((reference, facts(place_of(reference).file))).encode())
    return digest.hexdigest()[:16]


def _facts(root: Path, file: str) -> list[tuple[int, int]]:
    """Return size and time of a file, and of those of its channels where it names several."""
    found = []
    for name in [file, *by_channel.files_of(file)] if file else []:
        try:
            status = os.stat(os.path.join(root, name))  # noqa: PTH116, PTH118 - quicker than paths
        except (OSError, ValueError):  # such as a name with a null
            found.append((-1, 0))
        else:
            found.append((status.st_size, status.st_mtime_ns))
    return found


def path(place: Path, size: int, kind: Kind = "raw") -> Path:
    """Return where the pixels of a size are."""
    return place / (f"{size}.npy" if kind == "raw" else f"{size}.jpegs")


def index(place: Path, size: int) -> Path:
    """Return where it is written where each picture of an encoded store is."""
    return place / f"{size}.index.npy"


def kind_of(place: Path, size: int, wanted: str) -> Kind | None:
    """Return how a size is there: as the kind that is wanted, or for `"auto"` any, arrays first."""
    if wanted in {"auto", "raw"} and path(place, size).is_file():
        return "raw"
    return "encoded" if wanted in {"auto", "encoded"} and index(place, size).is_file() else None


def opened(place: Path, size: int, kind: Kind, channels: int) -> Store:
    """Return a store of kind `"raw"` or `"encoded"` that is there."""
    if kind == "raw":
        array: Store = np.load(path(place, size), mmap_mode="r")
        return array
    begins = np.load(index(place, size), mmap_mode="r").view(np.uint64)
    return Encoded(path(place, size, kind), begins.reshape(-1, 2), size, channels)
