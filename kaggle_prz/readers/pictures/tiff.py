"""TIFF files: their pages, and those that Pillow does not decode rightly. These need tifffile."""

import importlib.util
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL.TiffImagePlugin import PREFIXES, ImageFileDirectory_v2

from kaggle_prz.core.errors import DataError, MissingExtraError
from kaggle_prz.core.image_store import Array
from kaggle_prz.readers.formats import File, Head, Wanted
from kaggle_prz.readers.pictures import modes
from kaggle_prz.readers.pictures.limits import refuse_larger

Tags = ImageFileDirectory_v2

_MOST_PAGES = 10_000
_KIND, _WIDTH, _HEIGHT, _BITS, _SAMPLES, _PLANAR, _ALPHA, _FORMAT = (
    254, 256, 257, 258, 277, 284, 338, 339,
)  # fmt: skip
_PLACES = (273, 324)  # of strips, of tiles
_MOST_BANDS = 1000
_SMALLER_COPY, _MASK = 1, 4  # of tag 254
_IN_WORDS = {1: "whole numbers", 2: "whole numbers with a sign", 3: "floating-point numbers"}


def pages(file: File) -> tuple[tuple[int, Tags], ...]:
    """Return number and tags of the pages of a file, without smaller copies and masks.

    Nothing: it is no TIFF.
    """
    found: list[tuple[int, Tags]] = []
    with _opened(file) as opened:
        start = opened.read(8)
        if start[:4] not in PREFIXES:
            return ()
        if start[2] == 43:  # files of more than 4 GB
            start += opened.read(8)
        tags = Tags(start)
        seen = set[int]()
        while tags.next and tags.next not in seen and len(seen) < _MOST_PAGES:
            seen.add(tags.next)
            opened.seek(tags.next)
            number, tags = len(seen) - 1, Tags(start)
            tags.load(opened)
            if not _first(tags, _KIND, 0) & (_SMALLER_COPY | _MASK):
                found.append((number, tags))
    return tuple(found)


def is_ours(tags: Tags) -> bool:
    """Return whether Pillow would open a page, but with other numbers or less bands."""
    bits, samples = _first(tags, _BITS, 1), _first(tags, _SAMPLES, 1)
    if bits == 8 and _first(tags, _FORMAT, 1) == 2:
        return True
    bands = samples > 3 and not any(kind in (1, 2) for kind in _all(tags, _ALPHA))
    return bits > 8 and samples > 1 and (bands or _first(tags, _PLANAR, 1) == 2)


def is_foreign(tags: Tags) -> bool:
    """Return whether Pillow lacks this kind of numbers or bands, and the tags are not damaged."""
    samples, kinds, depths = _first(tags, _SAMPLES, 1), _all(tags, _FORMAT), _all(tags, _BITS)
    sound = (
        0 < samples <= _MOST_BANDS
        and set(kinds) <= set(_IN_WORDS)
        and len(set(depths)) == 1
        and depths[0] in (8, 16, 32, 64)
        and len(depths) in (1, samples)
        and _first(tags, _WIDTH, 0) > 0
        and _first(tags, _HEIGHT, 0) > 0
        and any(tag in tags for tag in _PLACES)
    )
    return sound and not (depths[0] == 8 and samples in (1, 3, 4) and set(kinds) <= {1})


def head(tags: Tags, pages: int) -> Head:
    """Return the head of a page that Pillow does not decode."""
    samples, bits = _first(tags, _SAMPLES, 1), _first(tags, _BITS, 1)
    return Head(
        (_first(tags, _WIDTH, 0), _first(tags, _HEIGHT, 0)),
        f"{samples} × {bits} bits",
        deep=bits > 8 or _first(tags, _FORMAT, 1) != 1,
        channels=samples if samples > 1 else None,
        pages=pages,
    )


def read(file: File, wanted: Wanted, tags: Tags) -> modes.Numbers:
    """Read one page with tifffile."""
    samples, bits = _first(tags, _SAMPLES, 1), _first(tags, _BITS, 1)
    refuse_larger(_first(tags, _WIDTH, 0), _first(tags, _HEIGHT, 0), wanted.largest_pixels)
    if importlib.util.find_spec("tifffile") is None:
        bands = f"{samples} bands" if samples > 1 else "one band"
        kind = _IN_WORDS.get(_first(tags, _FORMAT, 1), "numbers")
        what = f"A TIFF with {bands} of {bits}-bit {kind}"
        raise MissingExtraError(what, "tifffile", "tiff")
    import tifffile

    logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # it reports every odd tag
    with _opened(file) as opened, tifffile.TiffFile(opened) as tif:
        page = tif.pages[wanted.row or 0]
        try:
            values = page.asarray()
        except ValueError as error:
            if "imagecodecs" not in str(error):
                raise
            raise MissingExtraError("A TIFF compressed so", "imagecodecs", "tiff") from error
        axes = page.axes
    values = _channels_last(values, axes)
    return modes.Numbers(values, partial(modes.span_of, values))


def _channels_last(values: Array, axes: str) -> Array:
    if axes == "YX":
        return values[..., None]
    if sorted(axes) != ["S", "X", "Y"]:
        raise DataError(f"a page of a TIFF must be an image; this one has the axes {axes}")
    return np.moveaxis(values, axes.index("S"), -1)


@contextmanager
def _opened(file: File) -> Iterator[BinaryIO]:
    if isinstance(file, Path):
        with file.open("rb") as opened:
            yield opened
    else:
        file.seek(0)
        yield file


def _all(tags: Tags, tag: int) -> tuple[int, ...]:
    value = tags.get(tag, ())
    return value if isinstance(value, tuple) else (value,)


def _first(tags: Tags, tag: int, default: int) -> int:
    return next((int(each) for each in _all(tags, tag)), default)
