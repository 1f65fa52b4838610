"""Where an image is -> 8-bit pictures of the channels that are wanted.

| reference | is |
|---|---|
| `a/b.jpg`, and all that Pillow opens | an image file: upright by EXIF, the first frame |
| `a_{red,green}.jpg` | image files, one a channel |
| `x.npy` | one array |
| `stack.npy#7` | array 7 of a stack, from 0 |
| `table.csv#7` | row 7 of a table of pixels, from 0 |
| `x.parquet#7`, `x.tfrec#7`, `x.json#7`, `x.h5#7` | row 7 of a file of many, from 0 |
| `x.h5#train/images#7`, `x.npz#x_train#7` | row 7 of one array in it |
| `x.dcm` | a DICOM file |
"""

import io
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps

from kaggle_prz.core.errors import DataError
from kaggle_prz.core.image_store import Pixels
from kaggle_prz.readers import containers
from kaggle_prz.readers.pictures import arrays, dicom, modes, pixel_tables, stored
from kaggle_prz.readers.pictures import channels as by_channel
from kaggle_prz.readers.pictures.limits import pillow_limit_lifted, refuse_larger

_MANY = (*containers.SUFFIXES, *containers.IN_TABLES)
_ROW = re.compile(
    rf"(.+\.(?:npy|csv|tsv|{'|'.join(suffix[1:] for suffix in _MANY)}))#(?:(.+)#)?(\d+)",
    re.IGNORECASE | re.DOTALL,
)


class Place(NamedTuple):
    """Where an image is: its file, the array in that, and the row in that."""

    file: str
    member: str
    row: int | None


def file_of(reference: str) -> tuple[str, int | None]:
    """The file of a reference, and the row in it.

    Example:
        >>> file_of("train.csv#7"), file_of("a#7.png")
        (('train.csv', 7), ('a#7.png', None))
    """
    return place_of(reference)[::2]


def files_of(reference: str) -> list[str]:
    """All files of a reference: one, unless channels have one each."""
    return by_channel.files_of(reference) or [place_of(reference).file]


def place_of(reference: str) -> Place:
    """The parts of a reference.

    Example:
        >>> place_of("x.npz#x_train#7")
        Place(file='x.npz', member='x_train', row=7)
    """
    found = _ROW.fullmatch(reference)
    if found is None or (found[2] and not found[1].lower().endswith(containers.SUFFIXES)):
        return Place(reference, "", None)
    return Place(found[1], found[2] or "", int(found[3]))


def planes(reference: Path, enough: int, channels: int, largest_pixels: int) -> list[Image.Image]:
    """Decode one image.

    Args:
        reference: a path, see above.
        enough: px; a JPEG is decoded at the smallest fraction at least as wide and high.
        channels: that are wanted.
        largest_pixels: the most that are decoded, after that fraction.

    Returns:
        Pictures of one size, to be resized one by one: one of RGB for three channels, or, as they
        are equal, one of grey three times; one of grey for each of any other number.

    Raises:
        DataError: it does not hold what it should, or is too large.
        MissingExtraError: a DICOM file, and pydicom is not installed.
        Exception: whatever a decoder raises at a damaged file.
    """
    place = place_of(str(reference))
    file = Path(place.file)
    several = by_channel.files_of(place.file)
    if several and not file.exists():
        grey = [_image_file(Path(each), enough, "L", largest_pixels) for each in several]
        return by_channel.joined(grey, channels)
    found = _held(file, place, channels, largest_pixels)
    if isinstance(found, np.ndarray):
        return arrays.planes(found, channels)
    if channels not in arrays.MODES:
        raise DataError(f"an image file has 1 to 4 channels, and {channels} are wanted")
    image = _image_file(found, enough, arrays.MODES[channels], largest_pixels)
    return [image] * 3 if channels == 3 and image.mode == "L" else arrays.split(image)


def _held(
    file: Path, place: Place, channels: int, largest_pixels: int
) -> Pixels | Path | io.BytesIO:
    """An array of bytes, or where the bytes of an image file are."""
    suffix = file.suffix.lower()
    if suffix == ".npy":
        return arrays.read(file, place.row, channels, largest_pixels)
    if suffix in dicom.SUFFIXES:
        return dicom.read(file, largest_pixels)
    if place.row is None:
        return file
    if suffix not in _MANY:
        return pixel_tables.read(file, place.row, largest_pixels)
    found = stored.read(file, place.member, place.row, channels, largest_pixels)
    return io.BytesIO(found) if isinstance(found, bytes) else found


def _image_file(
    file: Path | io.BytesIO, enough: int, mode: str, largest_pixels: int
) -> Image.Image:
    """A picture of `mode`, or of grey where colours are wanted and there are none."""
    with pillow_limit_lifted(), Image.open(file) as image:
        full = image.size
        image.draft("L" if mode == "L" else "RGB", (enough, enough))
        progressive = image.info.get("progressive")  # libjpeg holds all its coefficients
        refuse_larger(*(full if progressive else image.size), largest_pixels)
        ImageOps.exif_transpose(image, in_place=True)
        grey = image.mode == "L" and not image.has_transparency_data
        return modes.flat(image, "L" if grey and mode == "RGB" else mode)


def require(references: Collection[str]) -> None:
    """Refuse references that need a package that is not installed, before any is decoded.

    Raises:
        MissingExtraError: names the package.
    """
    if any(reference.lower().endswith(dicom.SUFFIXES) for reference in references):
        dicom.require()
    for file in {place_of(reference).file for reference in references if "#" in reference}:
        containers.require(file)


@contextmanager
def kept() -> Iterator[None]:
    """Give back the memory of tables and stacks at the end."""
    try:
        yield
    finally:
        arrays.forget()
        stored.forget()
        pixel_tables.forget()
