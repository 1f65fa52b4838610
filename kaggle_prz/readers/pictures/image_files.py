"""Image files, and all else that Pillow opens: upright by EXIF, the first frame."""

from pathlib import Path

from PIL import Image, ImageOps

from kaggle_prz.readers.formats import File, Head, Wanted
from kaggle_prz.readers.pictures.limits import pillow_limit_lifted, refuse_larger


def read(file: File, wanted: Wanted) -> Image.Image:
    """Decode an image file; a JPEG at the smallest fraction that is enough."""
    with pillow_limit_lifted(), Image.open(file) as image:
        full = image.size
        image.draft("L" if wanted.channels == 1 else "RGB", (wanted.enough, wanted.enough))
        progressive = image.info.get("progressive")  # libjpeg holds all its coefficients
        refuse_larger(*(full if progressive else image.size), wanted.largest_pixels)
        ImageOps.exif_transpose(image, in_place=True)
        image.load()
        return image


def head(path: Path) -> Head:
    """Read the head of an image file."""
    with pillow_limit_lifted(), Image.open(path) as image:
        return Head(image.size, image.mode)
