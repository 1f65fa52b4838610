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
from kaggle_prz.images import cache_limit, decode_one, filling, parts, resize, stores
from kaggle_prz.images.decode_one import How
from kaggle_prz.images.lazy_store import FromFiles
from kaggle_prz.images.resize import Aspect
from kaggle_prz.images.stores import Kind
from kaggle_prz.readers.pictures import sources
from kaggle_prz.readers.pictures.limits import LARGEST_PIXELS

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
    """Every image of a competition at every size of a run.

    Attributes:
        stores: image size in px -> `(images, size, size, channels)` uint8, see `core.image_store`.
        readable: `(images,)` bool; pixels of an unreadable image are 0.
        reasons: row of an unreadable image -> what its decoder said.
    """

    stores: Mapping[int, Store]
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
    cache: str = "auto",
) -> Decoded:
    """Decode `files` at every size, or open what an earlier run decoded.

    A file is read once for all sizes: JPEGs at the smallest DCT fraction that suffices, then an
    antialiased resize to a square. A size is made without the files where an
    array at least twice as large is there. A call continues what an interrupted one left.

    Args:
        root: the competition's directory.
        files: references relative to `root`, see `readers.pictures.sources`; an empty one is an
            image that is not there.
        sizes: px.
        store: directory of the competition's image stores, kept between runs. They are keyed by
            the files' names, sizes and times of change, row by row, and by the following.
        console: gets a bar.
        channels: of the stores. Image files become grey, grey and alpha, RGB, or RGBA; arrays
            may have any number.
        aspect: what becomes of images that are no squares: see `kaggle_prz.images.resize`.
        largest_pixels: an image of more is not decoded, and counts as one that cannot be.
        cache: how sizes are kept that are not there: `"raw"` as arrays, `"encoded"` as JPEGs of
            quality 95, whose pixels differ slightly, `"none"` not at all, and images are decoded
            for every batch; `"auto"` is the first of them that the disk has room for.

    Raises:
        TooManyUnreadableError: more than 1 % of the files, and more than ten, cannot be decoded.
        DiskFullError: no room for the arrays.
        MissingExtraError: DICOM files, and pydicom is not installed.
        UsageError: an unknown `aspect` or `cache`, or a number below 1.
    """
    how = How(channels, aspect, largest_pixels)
    cache_limit.check(cache)
    place = store / stores.fingerprint(root, files, how.key)
    with filesystem.exclusive(place / ".lock"):
        kinds = _made(place, root, files, sizes, how=how, cache=cache, console=console)
        return _opened(place, root, files, kinds, how)


def _opened(
    place: Path, root: Path, files: Sequence[str], kinds: Mapping[int, Kind], how: How
) -> Decoded:
    unreadable = filesystem.read_json_as(place / stores.UNREADABLE, stores.Unreadable)
    readable = np.ones(len(files), bool)
    readable[[row for row, _ in unreadable]] = False
    found = {
        size: FromFiles(root, files, size, how)
        if kind == "none"
        else stores.opened(place, size, kind, how.channels)
        for size, kind in kinds.items()
    }
    return Decoded(found, readable, dict(unreadable))


def _made(
    place: Path,
    root: Path,
    files: Sequence[str],
    sizes: Sequence[int],
    *,
    how: How,
    cache: str,
    console: Console,
) -> dict[int, Kind]:
    """Make the sizes that are not there; how each of them is there in the end."""
    there = {size: stores.kind_of(place, size, cache) for size in sizes}
    missing = [size for size, kind in there.items() if kind is None]
    looked = (place / stores.UNREADABLE).is_file()
    if missing and not (cache == "none" and looked):
        numbers = len(files) * sum(size**2 for size in missing) * how.channels
        kind = cache_limit.decide(cache, place, numbers, console)
        small = _smaller(place, missing) if looked and kind != "none" else {}
        for source, some in small.items():
            large = stores.opened(place, source, "raw", how.channels)
            _shrink_into(place, large, some, kind=kind, console=console)
        rest = [size for size in missing if not any(size in some for some in small.values())]
        if rest and not (kind == "none" and looked):
            _decode_into(place, root, files, rest, kind=kind, how=how, console=console)
        there |= dict.fromkeys(missing, kind)
    return {size: kind or "none" for size, kind in there.items()}


def _smaller(place: Path, missing: Sequence[int]) -> dict[int, list[int]]:
    """Raw store that is large enough -> the missing sizes that are made from it."""
    raw = [int(file.stem) for file in place.glob("*.npy") if file.stem.isdigit()]
    found: dict[int, list[int]] = {}
    for size in missing:
        source = resize.larger(size, raw)
        if source is not None:
            found.setdefault(source, []).append(size)
    return found


def _shrink_into(
    place: Path, large: Store, sizes: Sequence[int], *, kind: Kind, console: Console
) -> None:
    count, size, _, channels = large.shape
    label = f"shrink {size} px to {_listed(sizes)} px"

    def work(row: int) -> tuple[Mapping[int, Pixels], str]:
        pixels = np.asarray(large[row])
        return {size: resize.shrunk(pixels, size) for size in sizes}, ""

    with (
        parts.filled(place, kind, sizes, (count, channels)) as filled,
        console.bar(label, count) as advance,
    ):
        filling.fill(filled, np.arange(count), work, advance)


def _decode_into(
    place: Path,
    root: Path,
    files: Sequence[str],
    sizes: Sequence[int],
    *,
    kind: Kind,
    how: How,
    console: Console,
) -> None:
    sources.require(files)
    label = f"decode to {_listed(sizes)} px" if kind != "none" else "look at every image"
    with parts.filled(place, kind, sizes, (len(files), how.channels)) as filled:
        with console.bar(label, len(files)) as advance:

            def work(row: int) -> tuple[Mapping[int, Pixels], str]:
                made, reason = decode_one.decode(root, files[row], sizes, how)
                return made, reason.replace(f"{root}/", "")  # which may be moved

            filling.fill(filled, filling.in_order(files), work, advance)
        unreadable, record = filled.reasons, place / stores.UNREADABLE
        if record.is_file():  # a JPEG may be small enough for one size and not for the next
            unreadable = dict(filesystem.read_json_as(record, stores.Unreadable)) | unreadable
        _refuse_many(files, sorted(unreadable.items()))  # before the arrays are kept
        filesystem.write_json(record, sorted(unreadable.items()))


def _listed(sizes: Sequence[int]) -> str:
    return " and ".join(str(size) for size in sizes)


def open_rgb(path: Path, enough: int, largest_pixels: int = LARGEST_PIXELS) -> Image.Image:
    """Decode an image upright as 8-bit RGB, at full size or a fraction of at least `enough` px.

    Args:
        path: any reference of `kaggle_prz.readers.pictures.sources`.
        enough: px.
        largest_pixels: see `decode`.
    """
    planes = sources.planes(path, enough, 3, largest_pixels)
    return planes[0] if len(planes) == 1 else Image.merge("RGB", planes)


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
