"""Decode once: image files -> one array a size, shared by folds, epochs and restarts."""

import contextlib
import hashlib
import json
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from kaggle_prz import workdir
from kaggle_prz.console import Advance, Console
from kaggle_prz.errors import DataError

Pixels = NDArray[np.uint8]
_UNREADABLE_AT_LEAST = 10
_UNREADABLE_SHARE = 0.01
_DEEP_MODES = {"I", "I;16", "I;16B", "I;16L"}


@dataclass(frozen=True)
class Decoded:
    """Every image of a competition at every size of a run.

    Attributes:
        stores: image size in px -> `(images, size, size, 3)` uint8, mapped from disk.
        readable: `(images,)` bool; pixels of an unreadable image are 0.
    """

    stores: dict[int, Pixels]
    readable: NDArray[np.bool_]


def decode(
    root: Path, files: Sequence[str], sizes: Sequence[int], store: Path, console: Console
) -> Decoded:
    """Decode `files` at every size, or open what an earlier run decoded.

    A file is read once for all sizes: JPEGs at the smallest DCT fraction that suffices, then an
    antialiased resize to a square.

    Args:
        root: the competition's directory.
        files: paths relative to `root`; an empty path is an image that is not there.
        sizes: px.
        store: directory of image stores; kept between runs, keyed by the files' names, sizes
            and times.
        console: gets a bar.

    Raises:
        DataError: more than 1 % of the files, and more than ten, cannot be decoded.
        DiskFullError: no room for the arrays.
    """
    place = store / _fingerprint(root, files)
    with workdir.exclusive(place / ".lock"):
        missing = [size for size in sizes if not (place / f"{size}.npy").is_file()]
        if missing:
            _decode_into(place, root, files, missing, console)
    unreadable = json.loads((place / "unreadable.json").read_text("utf-8"))
    readable = np.ones(len(files), bool)
    readable[[row for row, _ in unreadable]] = False
    _refuse_many(files, unreadable)
    stores = {size: np.load(place / f"{size}.npy", mmap_mode="r") for size in sizes}
    return Decoded(stores, readable)


def _fingerprint(root: Path, files: Sequence[str]) -> str:
    digest = hashlib.sha256(b"1 lanczos square rgb\n")
    for file in files:
        digest.update(os.fsencode(file))
        try:
            status = (root / file).stat() if file else None
        except OSError:
            status = None
        facts = f"{status.st_size} {status.st_mtime_ns}" if status else "absent"
        digest.update(f" {facts}\n".encode())
    return digest.hexdigest()[:16]


def _decode_into(
    place: Path, root: Path, files: Sequence[str], sizes: Sequence[int], console: Console
) -> None:
    with workdir.room_for(place), _removed_afterwards([_part(place, size) for size in sizes]):
        arrays = {}
        for size in sizes:
            shape = (len(files), size, size, 3)
            arrays[size] = np.lib.format.open_memmap(_part(place, size), "w+", np.uint8, shape)
            _claim_room(_part(place, size))
        listed = " and ".join(str(size) for size in sizes)
        with console.bar(f"decode to {listed} px", len(files)) as advance:
            unreadable = _decode_all(root, files, arrays, advance)
        workdir.write_json(place / "unreadable.json", unreadable)
        for size, array in arrays.items():
            array.flush()
            _part(place, size).replace(place / f"{size}.npy")


def _part(place: Path, size: int) -> Path:
    return place / f".part-{size}.npy"


@contextlib.contextmanager
def _removed_afterwards(paths: Sequence[Path]) -> Iterator[None]:
    try:
        yield
    finally:
        for path in paths:
            path.unlink(missing_ok=True)


def _claim_room(path: Path) -> None:
    """Reserve the blocks now: a full disk met through a memory map would kill the process."""
    if hasattr(os, "posix_fallocate"):
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)


def _decode_all(
    root: Path, files: Sequence[str], arrays: Mapping[int, Pixels], advance: Advance
) -> list[tuple[int, str]]:
    unreadable = []

    def work(row: int) -> tuple[int, str]:
        return row, _decode_one(root / files[row], row, arrays) if files[row] else "no file"

    # Filters of warnings are the process's, so they are set around the threads, not within.
    with warnings.catch_warnings(), ThreadPoolExecutor(os.cpu_count()) as pool:
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        for row, reason in pool.map(work, range(len(files))):
            if reason:
                unreadable.append((row, reason))
            advance(1)
    return unreadable


def _decode_one(path: Path, row: int, arrays: Mapping[int, Pixels]) -> str:
    try:
        picture = open_rgb(path, max(arrays))
        for size, array in arrays.items():
            resized = picture.resize((size, size), Image.Resampling.LANCZOS, reducing_gap=3.0)
            array[row] = np.asarray(resized)
    except MemoryError:
        raise
    except Exception as error:  # decoders meet damaged files with errors of every kind
        return f"{type(error).__name__}: {error}"
    return ""


def open_rgb(path: Path, enough: int) -> Image.Image:
    """Decode an image upright as 8-bit RGB, at full size or a fraction of at least `enough` px."""
    with Image.open(path) as image:
        image.draft("RGB", (enough, enough))
        return _as_rgb(ImageOps.exif_transpose(image))


def _as_rgb(image: Image.Image) -> Image.Image:
    """An image of any mode as 8-bit RGB; 16-bit grey keeps its high byte."""
    if image.mode in _DEEP_MODES:
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
    return image.convert("RGB")


def _refuse_many(files: Sequence[str], unreadable: Sequence[tuple[int, str]]) -> None:
    broken = [(files[row], reason) for row, reason in unreadable if files[row]]
    limit = max(_UNREADABLE_AT_LEAST, int(_UNREADABLE_SHARE * len(files)))
    if len(broken) > limit:
        examples = "; ".join(f"{file} ({reason})" for file, reason in broken[:3])
        raise DataError(
            f"{len(broken)} of {len(files)} images cannot be decoded, more than the {limit} that "
            f"are passed over: {examples}. Fetch the files again, or remove these rows."
        )
