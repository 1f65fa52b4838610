"""Image stores on disk: keyed by what they were made of, there as a whole or not at all."""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from kaggle_prz.console import Console
from kaggle_prz.images import channels as by_channel
from kaggle_prz.images import digests
from kaggle_prz.images.gathered import Encoded
from kaggle_prz.images.sources import place_of
from kaggle_prz.pixels import Store

Kind = Literal["raw", "encoded", "none"]
UNREADABLE = "unreadable.json"
DIGESTS = "digests.sqlite"  # beside the directories of stores


def fingerprint(
    root: Path, references: Sequence[str], how: str, known: Path, console: Console
) -> str:
    """A key that changes with what any row's file holds, with the order of rows, and with `how`.

    Files with the same content give the same key wherever they lie, whenever they were written
    and whatever they are called; only the suffix counts, as it says how a file is read.

    Args:
        root: the competition's directory.
        references: see `kaggle_prz.images.sources`.
        how: all else that pixels follow from.
        known: see `kaggle_prz.images.digests`, which says what change is noticed.
        console: see there.
    """
    alone: list[str] = []  # files of a row each, in the order of rows
    together: list[str] = []  # files of many rows
    shared: dict[str, int] = {}  # such a file -> where it is in `together`
    for reference in references:
        place = place_of(reference)
        if place.row is None:
            alone.extend(_names(place.file))
        elif place.file not in shared:
            shared[place.file] = len(together)
            together.extend(_names(place.file))
    of_alone = digests.of(root, alone, known, console)
    of_together = digests.of(root, together, known, console)
    digest, passed = hashlib.sha256(f"6 lanczos {how}\n".encode()), 0
    for reference in references:
        file, member, number = place_of(reference)
        count = len(_names(file))
        if number is None:
            contents = of_alone[passed : passed + count]
            passed += count
        else:
            contents = of_together[shared[file] : shared[file] + count]
        held = contents.tobytes().hex()
        digest.update(ascii((_suffix(file), member, number, held)).encode())
    return digest.hexdigest()[:16]


def nameless(reason: str, root: Path, reference: str) -> str:
    """Why an image cannot be decoded, without the names of its files: others may share a store.

    Example:
        >>> nameless("OSError: cannot identify '/x/a.png'", Path("/x"), "a.png")
        'OSError: cannot identify'
    """
    for name in _names(place_of(reference).file):
        path = str(root / name)
        for shown in (path, repr(path)[1:-1]):
            reason = re.sub(rf":? ?(['\"]?){re.escape(shown)}\1", "", reason)
    return reason


def _suffix(file: str) -> str:
    """As `Path` has it, in a fifth of the time."""
    before, dot, suffix = file.rpartition("/")[2].rpartition(".")
    return suffix.lower() if before and dot else ""


def _names(file: str) -> list[str]:
    """A file, and those of its channels where it may stand for several; none without a name."""
    return [file, *by_channel.files_of(file)] if file else []


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
