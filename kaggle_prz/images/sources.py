"""Where an image is -> 8-bit pictures of the channels that are wanted.

| reference | is |
|---|---|
| `a/b.jpg`, and all that Pillow opens | an image file: upright by EXIF, the first frame |
| `x.npy` | one array |
| `stack.npy#7` | array 7 of a stack, from 0 |
| `table.csv#7` | row 7 of a table of pixels, from 0 |
| `x.dcm` | a DICOM file |
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, ImageOps

from kaggle_prz.errors import DataError
from kaggle_prz.images import arrays, dicom, modes, tables
from kaggle_prz.images.limits import pillow_limit_lifted, refuse_larger

_ROW = re.compile(r"(.+\.(?:npy|csv|tsv))#(\d+)", re.IGNORECASE | re.DOTALL)


def file_of(reference: str) -> tuple[str, int | None]:
    """The file of a reference, and the row in it.

    Example:
        >>> file_of("train.csv#7"), file_of("a#7.png")
        (('train.csv', 7), ('a#7.png', None))
    """
    found = _ROW.fullmatch(reference)
    return (found[1], int(found[2])) if found else (reference, None)


def planes(reference: Path, enough: int, channels: int, largest_pixels: int) -> list[Image.Image]:
    """Decode one image.

    Args:
        reference: a path, see above.
        enough: px; a JPEG is decoded at the smallest fraction at least as wide and high.
        channels: that are wanted.
        largest_pixels: the most that are decoded, after that fraction.

    Returns:
        Pictures of one size, to be resized one by one: one of RGB for three channels, one of
        grey for each of any other number.

    Raises:
        DataError: it does not hold what it should, or is too large.
        MissingExtraError: a DICOM file, and pydicom is not installed.
        Exception: whatever a decoder raises at a damaged file.
    """
    name, row = file_of(str(reference))
    file = Path(name)
    suffix = file.suffix.lower()
    if suffix == ".npy":
        return arrays.planes(arrays.read(file, row, channels, largest_pixels), channels)
    if row is not None:
        return arrays.planes(tables.read(file, row, largest_pixels), channels)
    if suffix in dicom.SUFFIXES:
        return arrays.planes(dicom.read(file, largest_pixels), channels)
    if channels not in arrays.MODES:
        raise DataError(f"an image file has 1 to 4 channels, and {channels} are wanted")
    return arrays.split(_image_file(file, enough, arrays.MODES[channels], largest_pixels))


def _image_file(file: Path, enough: int, mode: str, largest_pixels: int) -> Image.Image:
    with pillow_limit_lifted(), Image.open(file) as image:
        full = image.size
        image.draft("L" if mode == "L" else "RGB", (enough, enough))
        progressive = image.info.get("progressive")  # libjpeg holds all its coefficients
        refuse_larger(*(full if progressive else image.size), largest_pixels)
        ImageOps.exif_transpose(image, in_place=True)
        return modes.flat(image, mode)


def require(references: Iterable[str]) -> None:
    """Refuse references that need a package that is not installed, before any is decoded.

    Raises:
        MissingExtraError: names the package.
    """
    if any(reference.lower().endswith(dicom.SUFFIXES) for reference in references):
        dicom.require()


@contextmanager
def kept() -> Iterator[None]:
    """Give back the memory of tables and stacks at the end."""
    try:
        yield
    finally:
        arrays.forget()
        tables.forget()
