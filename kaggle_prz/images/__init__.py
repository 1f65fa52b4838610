"""Decode once: images -> one array a size, shared by folds, epochs and restarts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kaggle_prz.core import filesystem
from kaggle_prz.core.console import Console
from kaggle_prz.core.errors import DataError
from kaggle_prz.core.image_store import Pixels, Store
from kaggle_prz.images import cache_limit, decode_one, filling, parts, stores
from kaggle_prz.images.decode_one import How
from kaggle_prz.images.lazy_store import FromFiles
from kaggle_prz.images.resize import Aspect
from kaggle_prz.images.stores import Kind
from kaggle_prz.readers.pictures import limits, sources
from kaggle_prz.readers.pictures.limits import LARGEST_PIXELS
from kaggle_prz.readers.pictures.modes import Span

__all__ = [
    "LARGEST_PIXELS",
    "Aspect",
    "Decoded",
    "Pixels",
    "Store",
    "TooManyUnreadableError",
    "decode",
    "open_rgb",
]

_UNREADABLE_AT_LEAST = 10
_UNREADABLE_SHARE = 0.01


@dataclass(frozen=True)
class Decoded:
    """Every image of a competition at every size of a run."""

    stores: Mapping[int, Store]  # px -> `(images, size, size, channels)` uint8
    readable: NDArray[np.bool_]  # `(images,)`; pixels of others are 0
    reasons: Mapping[int, str] = field(default_factory=dict)  # row of an unreadable image -> why


class TooManyUnreadableError(DataError):
    """More images cannot be decoded than are passed over."""

    def __init__(self, message: str, reasons: Mapping[int, str]):
        super().__init__(message)
        self.reasons = dict(reasons)  # row of such an image -> what its decoder said


def decode(
    root: Path,
    files: Sequence[str],
    sizes: Sequence[int],
    store: Path,
    console: Console,
    *,
    channels: int = 3,
    aspect: Aspect = "squash",
    largest_pixels: int | None = None,
    pixel_range: tuple[float, float] | None = None,
    cache: str = "auto",
) -> Decoded:
    """Decode `files` at every size in px, or open what an earlier run decoded.

    A file is read once for all sizes: JPEGs at the smallest DCT fraction that suffices, then an
    antialiased resize to a square. A call continues what an interrupted one left. An empty
    reference is an image that is not there; one of more than `largest_pixels` is unreadable.
    Numbers deeper than 8 bits are scaled by `pixel_range`, or by the range of their file.
    Stores in `store` are keyed by the files' names, sizes and times of change, row by row.

    `cache` says how sizes are kept that are not there: `"raw"` as arrays, `"encoded"` as JPEGs of
    quality 95, whose pixels differ slightly, `"none"` not at all, and images are decoded for
    every batch; `"auto"` is the first of them that the disk has room for.

    Raises:
        TooManyUnreadableError: more than 1 % of the files, and more than ten, cannot be decoded.
    """
    limit = LARGEST_PIXELS if largest_pixels is None else largest_pixels
    how = How(channels, aspect, limit, None if pixel_range is None else Span(*pixel_range))
    cache_limit.check(cache)
    place = store / stores.fingerprint(root, files, how.key)
    with filesystem.exclusive(place / ".lock"):
        return _Stores(place, root, files, how, console).decoded(sizes, cache)


@dataclass(frozen=True)
class _Stores:
    """The stores of some images in one directory, made where they are not there."""

    place: Path
    root: Path
    files: Sequence[str]
    how: How
    console: Console

    def decoded(self, sizes: Sequence[int], cache: str) -> Decoded:
        kinds = self._made(sizes, cache)
        unreadable = filesystem.read_json_as(self._record, stores.Unreadable)
        readable = np.ones(len(self.files), bool)
        readable[[row for row, _ in unreadable]] = False
        found = {size: self._opened(size, kind) for size, kind in kinds.items()}
        return Decoded(found, readable, dict(unreadable))

    @property
    def _record(self) -> Path:
        return self.place / stores.UNREADABLE

    def _opened(self, size: int, kind: Kind) -> Store:
        if kind == "none":
            return FromFiles(self.root, self.files, size, self.how)
        return stores.opened(self.place, size, kind, self.how.channels)

    def _made(self, sizes: Sequence[int], cache: str) -> dict[int, Kind]:
        """Make the sizes that are not there; return how each of them is there in the end."""
        there = {size: stores.kind_of(self.place, size, cache) for size in sizes}
        missing = [size for size, kind in there.items() if kind is None]
        looked = self._record.is_file()
        if missing and not (cache == "none" and looked):
            numbers = len(self.files) * sum(size**2 for size in missing) * self.how.channels
            kind = cache_limit.decide(cache, self.place, numbers, self.console)
            if not (kind == "none" and looked):
                self._decode(missing, kind)
            there |= dict.fromkeys(missing, kind)
        return {size: kind or "none" for size, kind in there.items()}

    def _decode(self, sizes: Sequence[int], kind: Kind) -> None:
        sources.require(self.files)
        count = len(self.files)
        label = "look at every image"
        if kind != "none":
            label = f"decode to {' and '.join(map(str, sizes))} px"

        def work(row: int) -> tuple[Mapping[int, Pixels], str]:
            made, reason = decode_one.decode(self.root, self.files[row], sizes, self.how)
            return made, reason.replace(f"{self.root}/", "")  # which may be moved

        with parts.filled(self.place, kind, sizes, (count, self.how.channels)) as filled:
            with self.console.bar(label, count) as advance:
                filling.fill(filled, filling.in_order(self.files), work, advance)
            unreadable = filled.reasons
            if self._record.is_file():  # a JPEG may be small enough for one size, not for the next
                unreadable = (
                    dict(filesystem.read_json_as(self._record, stores.Unreadable)) | unreadable
                )
            _refuse_many(self.files, sorted(unreadable.items()))  # before the arrays are kept
            filesystem.write_json(self._record, sorted(unreadable.items()))


def open_rgb(
    path: Path,
    enough: int,
    largest_pixels: int | None = None,
    pixel_range: tuple[float, float] | None = None,
) -> Image.Image:
    """Decode a reference upright as 8-bit RGB, at full size or a part of at least `enough` px."""
    span = None if pixel_range is None else Span(*pixel_range)
    planes = sources.planes(path, enough, 3, largest_pixels or LARGEST_PIXELS, span)
    return planes[0] if len(planes) == 1 else Image.merge("RGB", planes)


def _refuse_many(files: Sequence[str], unreadable: Sequence[tuple[int, str]]) -> None:
    broken = [(files[row], reason) for row, reason in unreadable if files[row]]
    limit = max(_UNREADABLE_AT_LEAST, int(_UNREADABLE_SHARE * len(files)))
    if len(broken) > limit:
        examples = "; ".join(f"{file} ({reason})" for file, reason in broken[:3])
        needed = limits.needed(reason for _, reason in broken)
        remedy = "Download the files again, or remove these rows."
        if needed is not None:
            remedy = f"Allow larger images with --largest-pixels {needed}, or remove these rows."
        raise TooManyUnreadableError(
            f"{len(broken)} of {len(files)} images cannot be decoded, more than the limit of "
            f"{limit}: {examples}. {remedy}",
            dict(unreadable),
        )
