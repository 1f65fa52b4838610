"""Image stores on disk: keyed by what they were made of, there as a whole or not at all."""

import contextlib
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kaggle_prz import workdir
from kaggle_prz.images.sources import files_of

Pixels = NDArray[np.uint8]


def fingerprint(root: Path, references: Sequence[str], how: str) -> str:
    """A key that changes with any file's name, size or time of change, and with `how`."""
    digest = hashlib.sha256(f"2 lanczos {how}\n".encode())
    facts: dict[str, str] = {}
    for reference in references:
        files = files_of(reference)
        for file in files:
            if file not in facts:
                facts[file] = _facts(root / file) if file else "absent"
        digest.update(os.fsencode(reference))
        digest.update(f" {' '.join(facts[file] for file in files)}\n".encode())
    return digest.hexdigest()[:16]


def _facts(file: Path) -> str:
    try:
        status = file.stat()
    except OSError:
        return "absent"
    return f"{status.st_size} {status.st_mtime_ns}"


def path(place: Path, size: int) -> Path:
    """Where the store of a size is."""
    return place / f"{size}.npy"


@contextlib.contextmanager
def begun(
    place: Path, sizes: Sequence[int], images: int, channels: int
) -> Iterator[Mapping[int, Pixels]]:
    """Stores to be filled; they are moved to their places at the end, if all went well.

    Args:
        place: directory of the stores.
        sizes: px.
        images: rows of every store.
        channels: of every image.

    Yields:
        Size -> `(images, size, size, channels)` uint8, all 0.

    Raises:
        DiskFullError: no room.
    """
    parts = {size: place / f".part-{size}.npy" for size in sizes}
    with workdir.room_for(place):
        try:
            arrays = {}
            for size, part in parts.items():
                shape = (images, size, size, channels)
                arrays[size] = np.lib.format.open_memmap(part, "w+", np.uint8, shape)
                _claim_room(part)
            yield arrays
            for size, array in arrays.items():
                array.flush()
                parts[size].replace(path(place, size))
        finally:
            for part in parts.values():
                part.unlink(missing_ok=True)


def _claim_room(file: Path) -> None:
    """Reserve the blocks now: a full disk met through a memory map would kill the process."""
    if hasattr(os, "posix_fallocate"):
        with file.open("r+b") as opened:
            os.posix_fallocate(opened.fileno(), 0, file.stat().st_size)
