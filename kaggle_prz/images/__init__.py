"""Decode once: images -> one array a size, shared by folds, epochs and restarts."""

import os
import warnings
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kaggle_prz import workdir
from kaggle_prz.console import Advance, Console
from kaggle_prz.errors import DataError, MissingExtraError, UsageError
from kaggle_prz.images import sources, squares, stores
from kaggle_prz.images.limits import LARGEST_PIXELS, pillow_limit_lifted
from kaggle_prz.images.squares import Aspect
from kaggle_prz.images.stores import Pixels

__all__ = [
    "LARGEST_PIXELS",
    "Aspect",
    "Decoded",
    "Pixels",
    "TooManyUnreadableError",
    "decode",
    "open_rgb",
]

_UNREADABLE_AT_LEAST = 10
_UNREADABLE_SHARE = 0.01
_RECORD = "unreadable.json"


@dataclass(frozen=True)
class _How:
    """What makes pixels of an image, besides its size; part of a store's fingerprint."""

    channels: int
    aspect: Aspect
    largest_pixels: int

    def __post_init__(self) -> None:
        squares.check(self.aspect)
        for name in ("channels", "largest_pixels"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} is at least 1; received {getattr(self, name)}.")

    @property
    def key(self) -> str:
        return f"{self.aspect} {self.channels} {self.largest_pixels}"


@dataclass(frozen=True)
class Decoded:
    """Every image of a competition at every size of a run.

    Attributes:
        stores: image size in px -> `(images, size, size, channels)` uint8, mapped from disk.
        readable: `(images,)` bool; pixels of an unreadable image are 0.
        reasons: row of an unreadable image -> what its decoder said.
    """

    stores: dict[int, Pixels]
    readable: NDArray[np.bool_]
    reasons: Mapping[int, str] = field(default_factory=dict)


class TooManyUnreadableError(DataError):
    """More images cannot be decoded than are passed over.

    Attributes:
        reasons: row of such an image -> what its decoder said.
    """

    def __init__(self, message: str, reasons: Mapping[int, str]):
        super().__init__(message)
        self.reasons = dict(reasons)


def decode(
    root: Path,
    files: Sequence[str],
    sizes: Sequence[int],
    store: Path,
    console: Console,
    *,
    channels: int = 3,
    aspect: Aspect = "squash",
    largest_pixels: int = LARGEST_PIXELS,
) -> Decoded:
    """Decode `files` at every size, or open what an earlier run decoded.

    A file is read once for all sizes: JPEGs at the smallest DCT fraction that suffices, then an
    antialiased resize to a square.

    Args:
        root: the competition's directory.
        files: references relative to `root`, see `kaggle_prz.images.sources`; an empty one is an
            image that is not there.
        sizes: px.
        store: directory of image stores; kept between runs, keyed by the files' names, sizes
            and times, and by the following.
        console: gets a bar.
        channels: of the stores. Image files become grey, grey and alpha, RGB, or RGBA; arrays
            may have any number.
        aspect: what becomes of images that are no squares: see `kaggle_prz.images.squares`.
        largest_pixels: an image of more is not decoded, and counts as one that cannot be.

    Raises:
        TooManyUnreadableError: more than 1 % of the files, and more than ten, cannot be decoded.
        DiskFullError: no room for the arrays.
        MissingExtraError: DICOM files, and pydicom is not installed.
        UsageError: an unknown `aspect`, or a number below 1.
    """
    how = _How(channels, aspect, largest_pixels)
    place = store / stores.fingerprint(root, files, how.key)
    with workdir.exclusive(place / ".lock"):
        missing = [size for size in sizes if not stores.path(place, size).is_file()]
        if missing:
            _decode_into(place, root, files, missing, how=how, console=console)
    unreadable = workdir.read_json(place / _RECORD)
    readable = np.ones(len(files), bool)
    readable[[row for row, _ in unreadable]] = False
    mapped = {size: np.load(stores.path(place, size), mmap_mode="r") for size in sizes}
    return Decoded(mapped, readable, dict(unreadable))


def _decode_into(
    place: Path,
    root: Path,
    files: Sequence[str],
    sizes: Sequence[int],
    *,
    how: _How,
    console: Console,
) -> None:
    sources.require(files)
    with stores.begun(place, sizes, len(files), how.channels) as arrays:
        listed = " and ".join(str(size) for size in sizes)
        with console.bar(f"decode to {listed} px", len(files)) as advance:
            unreadable = dict(_decode_all(root, files, arrays, how, advance))
        record = place / _RECORD
        if record.is_file():  # a JPEG may be small enough for one size and not for the next
            unreadable = dict(workdir.read_json(record)) | unreadable
        _refuse_many(files, sorted(unreadable.items()))  # before the arrays are kept
        workdir.write_json(record, sorted(unreadable.items()))


def _decode_all(
    root: Path, files: Sequence[str], arrays: Mapping[int, Pixels], how: _How, advance: Advance
) -> list[tuple[int, str]]:
    unreadable = []

    def work(row: int) -> tuple[int, str]:
        return row, _decode_one(root / files[row], row, arrays, how) if files[row] else "no file"

    # Warnings and Pillow's limit are the process's, so they are set around the threads.
    with (
        warnings.catch_warnings(),
        pillow_limit_lifted(),
        sources.kept(),
        ThreadPoolExecutor(os.cpu_count()) as pool,
    ):
        warnings.simplefilter("ignore")
        for row, reason in pool.map(work, _in_order(files)):
            if reason:
                unreadable.append((row, reason))
            advance(1)
    return unreadable


def _in_order(files: Sequence[str]) -> list[int]:
    """Rows of a file of many one after the other, as they are read by blocks."""

    def place(row: int) -> tuple[str, str, int]:
        file, member, number = sources.place_of(files[row])
        return ("", "", 0) if number is None else (file, member, number)

    return sorted(range(len(files)), key=place)


def _decode_one(path: Path, row: int, arrays: Mapping[int, Pixels], how: _How) -> str:
    try:
        planes = sources.planes(path, max(arrays), how.channels, how.largest_pixels)
        for size, array in arrays.items():
            array[row] = squares.square(planes, size, how.aspect)
    except (MemoryError, MissingExtraError):
        raise
    except DataError as error:
        return str(error)
    except Exception as error:  # decoders meet damaged files with errors of every kind
        return f"{type(error).__name__}: {error}"
    return ""


def open_rgb(path: Path, enough: int, largest_pixels: int = LARGEST_PIXELS) -> Image.Image:
    """Decode an image upright as 8-bit RGB, at full size or a fraction of at least `enough` px.

    Args:
        path: any reference of `kaggle_prz.images.sources`.
        enough: px.
        largest_pixels: see `decode`.
    """
    return sources.planes(path, enough, 3, largest_pixels)[0]


def _refuse_many(files: Sequence[str], unreadable: Sequence[tuple[int, str]]) -> None:
    broken = [(files[row], reason) for row, reason in unreadable if files[row]]
    limit = max(_UNREADABLE_AT_LEAST, int(_UNREADABLE_SHARE * len(files)))
    if len(broken) > limit:
        examples = "; ".join(f"{file} ({reason})" for file, reason in broken[:3])
        raise TooManyUnreadableError(
            f"{len(broken)} of {len(files)} images cannot be decoded, more than the {limit} that "
            f"are passed over: {examples}. Fetch the files again, or remove these rows.",
            dict(unreadable),
        )
