"""Where an image is -> 8-bit pictures of the channels that are wanted.

| reference | is |
|---|---|
| `a/b.jpg`, `x.dcm`, `x.npy` | a file of one picture, see `readers.formats` |
| `a.tif#3` | page 3 of an image file, from 0 |
| `a_{red,green}.jpg` | such files, one a channel |
| `stack.npy#7` | array 7 of a stack, from 0 |
| `table.csv#7` | row 7 of a table of pixels, from 0 |
| `x.parquet#7`, `x.tfrec#7`, `x.json#7`, `x.h5#7` | row 7 of a file of many, from 0 |
| `x.h5#train/images#7`, `x.npz#x_train#7` | row 7 of one array in it |
"""

import io
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from kaggle_prz.core.errors import DataError
from kaggle_prz.core.image_store import Array
from kaggle_prz.readers import formats
from kaggle_prz.readers.formats import Picture, Wanted
from kaggle_prz.readers.pictures import arrays, modes, pixel_tables, stored
from kaggle_prz.readers.pictures import channels as by_channel


class Place(NamedTuple):
    """Where an image is: its file, the array in that, and the row in that."""

    file: str
    member: str
    row: int | None


@cache
def _with_row() -> re.Pattern[str]:
    """References to a row of a file of several pictures."""
    ends = "|".join(end[1:] for each in formats.known() if each.has_rows for end in each.suffixes)
    return re.compile(rf"(.+\.(?:{ends}))#(?:(.+)#)?(\d+)", re.IGNORECASE | re.DOTALL)


def files_of(reference: str) -> list[str]:
    """Return all files of a reference: one, unless channels have one each."""
    return by_channel.files_of(reference) or [place_of(reference).file]


def place_of(reference: str) -> Place:
    """Return the parts of a reference."""
    found = _with_row().fullmatch(reference) if "#" in reference else None
    if found is None or (found[2] and formats.of(found[1]).kind != formats.RECORDS):
        return Place(reference, "", None)
    return Place(found[1], found[2] or "", int(found[3]))


def planes(
    reference: Path,
    enough: int,
    channels: int,
    largest_pixels: int,
    span: modes.Span | None = None,
) -> list[Image.Image]:
    """Decode one image, see above, as pictures of one size, to be resized one by one.

    They are one of RGB for three channels, or, as they are equal, one of grey three times; one of
    grey for each of any other number. A JPEG is decoded at the smallest fraction at least `enough`
    px wide and high, and no more than `largest_pixels` are. Numbers deeper than 8 bits are scaled
    by `span`, the range of all images, or without it by that of their file. Decoders may raise
    anything.
    """
    place = place_of(str(reference))
    several = by_channel.files_of(place.file)
    if several and not Path(place.file).exists():
        grey = [planes(Path(file), enough, 1, largest_pixels, span)[0] for file in several]
        return by_channel.joined(grey, channels)
    deep = span is not None
    wanted = Wanted(channels, enough, largest_pixels, place.member, place.row, span, deep)
    found = _read(place, wanted)
    if isinstance(found, modes.Numbers):
        found = found.scaled(span)
    if isinstance(found, np.ndarray):
        return arrays.planes(found, channels)
    if channels not in arrays.MODES:
        raise DataError(f"an image file has 1 to 4 channels, but {channels} are needed")
    grey_only = channels == 3 and found.mode == "L" and not found.has_transparency_data
    image = found if grey_only else modes.flat(found, arrays.MODES[channels], span)
    return [image] * 3 if grey_only else arrays.split(image)


def numbers(reference: Path, channels: int, largest_pixels: int) -> Array | None:
    """Return the numbers of one image, if it has more than 8 bits; decoders may raise anything."""
    place = place_of(str(reference))
    several = by_channel.files_of(place.file)
    if several and not Path(place.file).exists():
        grey = [numbers(Path(file), 1, largest_pixels) for file in several]
        deep = [each.ravel() for each in grey if each is not None]
        return np.concatenate(deep) if deep else None
    wanted = Wanted(channels, 1, largest_pixels, place.member, place.row, deep=True)
    found = _read(place, wanted)
    if isinstance(found, modes.Numbers):
        return found.values if found.deep else None
    is_deep = isinstance(found, Image.Image) and found.mode in modes.DEEP_MODES
    return np.asarray(found) if is_deep else None


def _read(place: Place, wanted: Wanted) -> Picture:
    form = formats.of(place.file)
    if place.row is None and form.kind in (formats.RECORDS, formats.TABLES):
        raise DataError("it is not an image file, and no row of it is given")
    found = form.reader()(Path(place.file), wanted)
    if isinstance(found, bytes):
        form = formats.of_content(found) or formats.IMAGE_FILES
        found = form.reader()(io.BytesIO(found), wanted._replace(member="", row=None))
        if isinstance(found, bytes):
            raise DataError(f"a reader of {', '.join(form.suffixes)} returned bytes twice")
    return found


def require(references: Collection[str]) -> None:
    """Refuse references that need a package that is not installed, before any is decoded."""
    for form in {formats.of(place_of(each).file if "#" in each else each) for each in references}:
        form.require()


@contextmanager
def kept() -> Iterator[None]:
    """Give back the memory of tables and stacks at the end."""
    try:
        yield
    finally:
        arrays.forget()
        stored.forget()
        pixel_tables.forget()
