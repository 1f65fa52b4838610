"""Image files, and all else that Pillow opens: upright by EXIF, the first frame or another."""

import io
import logging
import re
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError, features
from PIL.ImageFile import ImageFile
from PIL.TiffImagePlugin import TiffImageFile

from kaggle_prz.core.errors import MissingExtraError
from kaggle_prz.core.image_store import Pixels
from kaggle_prz.readers import formats
from kaggle_prz.readers.formats import File, Head, Wanted
from kaggle_prz.readers.pictures import modes, tiff
from kaggle_prz.readers.pictures.limits import pillow_limit_lifted, refuse_larger

logging.getLogger("PIL.TiffImagePlugin").setLevel(logging.CRITICAL)  # what it refuses, `tiff` reads

_WITH_PAGES = {"GIF", "WEBP", "PNG", "AVIF"}  # others are copies, such as previews in a JPEG
_CODECS = {".avif": "avif", ".webp": "webp", ".jp2": "jpg_2000", ".j2k": "jpg_2000"}
_WITH_ALL_CODECS = "'pillow>=11.3'"
_HEIF = re.compile(rb"....ftyp(?:hei[cfmsx]|hev[cmsx]|mif1|msf1)", re.DOTALL)
_SIXTEEN = re.compile(r"((?:RGB|RGBA);16)([BLN])")
_SWAPPED = {"B": "L", "L": "B", "N": "B" if np.little_endian else "L"}


def read(file: File, wanted: Wanted) -> Image.Image | modes.Numbers:
    """Decode an image file; a JPEG at the smallest fraction that is enough."""
    with pillow_limit_lifted():
        try:
            image = Image.open(file)
        except UnidentifiedImageError:
            if (found := _not_by_pillow(file, wanted)) is None:
                raise
            return found
        with image:
            if wanted.row:
                image.seek(wanted.row)
            if isinstance(image, TiffImageFile) and tiff.is_ours(image.tag_v2):
                return tiff.read(file, wanted, image.tag_v2)
            full = image.size
            image.draft("L" if wanted.channels == 1 else "RGB", (wanted.enough, wanted.enough))
            progressive = image.info.get("progressive")  # libjpeg holds all its coefficients
            refuse_larger(*(full if progressive else image.size), wanted.largest_pixels)
            if wanted.deep and _has_sixteen_bits(image):
                return _colours(file, wanted.row or 0)
            ImageOps.exif_transpose(image, in_place=True)
            image.load()
            return image


def head(path: Path) -> Head:
    """Read the head of an image file."""
    with pillow_limit_lifted():
        try:
            image = Image.open(path)
        except UnidentifiedImageError:
            found = tiff.pages(path)
            if not found or not tiff.is_foreign(found[0][1]):
                raise
            return tiff.head(found[0][1], len(found))
        with image:
            count = len(pages(path, image))
            if isinstance(image, TiffImageFile) and tiff.is_ours(image.tag_v2):
                return tiff.head(image.tag_v2, count)
            deep = image.mode in modes.DEEP_MODES or _has_sixteen_bits(image)
            return Head(image.size, image.mode, deep, None, count)


def pages(path: Path, image: Image.Image | None = None) -> tuple[int, ...]:
    """Return the numbers of the pages, or of the frames of a film, of an image file."""
    if image is None:
        try:
            with pillow_limit_lifted(), Image.open(path) as opened:
                return pages(path, opened)
        except UnidentifiedImageError:
            return tuple(number for number, _ in tiff.pages(path)) or (0,)
    if image.format == "TIFF":
        return tuple(number for number, _ in tiff.pages(path)) or (0,)
    if image.format not in _WITH_PAGES or not getattr(image, "is_animated", False):
        return (0,)
    return tuple(range(getattr(image, "n_frames", 1)))


def read_heif(file: File, wanted: Wanted) -> Image.Image | modes.Numbers:
    """Decode a HEIF file."""
    _open_heif()
    return read(file, wanted)


def head_heif(path: Path) -> Head:
    """Read the head of a HEIF file."""
    _open_heif()
    return head(path)


def _open_heif() -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()


def _not_by_pillow(file: File, wanted: Wanted) -> Image.Image | modes.Numbers | None:
    """Return what a file that Pillow does not know is by its content; None: no image.

    Raises:
        MissingExtraError: a package would read it.
    """
    if (tags := dict(tiff.pages(file)).get(wanted.row or 0)) and tiff.is_foreign(tags):
        return tiff.read(file, wanted, tags)
    if isinstance(file, io.BytesIO):
        return None
    with file.open("rb") as opened:
        if _HEIF.match(opened.read(12)) and formats.of(file.name) is not formats.HEIF:
            formats.HEIF.require()
            return read_heif(file, wanted)
    codec = _CODECS.get(file.suffix.lower())
    if codec and not features.check(codec):
        raise MissingExtraError(f"An image of format {codec}", _WITH_ALL_CODECS, "")
    return None


def _has_sixteen_bits(image: ImageFile) -> bool:
    """Return whether colours have 16 bits; Pillow would keep 8 of them."""
    return image.mode in {"RGB", "RGBA"} and any(_swapped(tile[3]) for tile in image.tile)


def _swapped(arguments: object) -> tuple[object, ...] | str | None:
    """Return a decoder's arguments with the other order of bytes, where it reads 16 bits."""
    raw, *others = arguments if isinstance(arguments, tuple) else (arguments,)
    found = _SIXTEEN.fullmatch(raw) if isinstance(raw, str) else None
    if found is None:
        return None
    swapped = found[1] + _SWAPPED[found[2]]
    return (swapped, *others) if isinstance(arguments, tuple) else swapped


def _colours(file: File, page: int) -> modes.Numbers:
    """Decode 16-bit colours: their upper bytes, and as if bytes were swapped, their lower ones."""
    upper, lower = (_bytes_of(file, page, swap=swap).astype(np.uint16) for swap in (False, True))
    values = upper << 8 | lower
    return modes.Numbers(values, lambda: modes.span_of(values))


def _bytes_of(file: File, page: int, *, swap: bool) -> Pixels:
    if isinstance(file, io.BytesIO):
        file.seek(0)
    with Image.open(file) as image:
        image.seek(page)
        if swap:
            _swap(image)
        ImageOps.exif_transpose(image, in_place=True)
        return np.asarray(image)


def _swap(image: ImageFile) -> None:
    made: list[tuple[object, ...]] = []
    for tile in image.tile:
        other = _swapped(tile[3])
        is_named = hasattr(tile, "_replace")  # from Pillow 11 on
        made.append(tile._replace(args=other) if is_named else (*tile[:3], other))
    image.__dict__["tile"] = made  # whose type differs from version to version
