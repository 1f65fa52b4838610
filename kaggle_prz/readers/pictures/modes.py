"""An image of any mode, or an array of any kind of numbers -> 8 bits a channel."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kaggle_prz.core.errors import DataError
from kaggle_prz.core.image_store import Array, Pixels

_DEPTHS = (8, 10, 12, 14, 16, 24, 32, 64)
DEEP_MODES = {"I", "F", "I;16", "I;16B", "I;16L", "I;16N"}
_DARKEST_OF_BYTES = 32  # numbers from 0 to less are taken for measurements, not for pixels
_AT_A_TIME = 2**24


class Span(NamedTuple):
    """The numbers that become 0 and 255."""

    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Numbers:
    """An image as its file has it, to be scaled to 8 bits."""

    values: Array  # `(height, width, channels)`
    own: Callable[[], Span]  # the range of its file
    inverted: bool = False  # large is dark

    def __post_init__(self) -> None:
        refuse_other_than_numbers(self.values.dtype)

    @property
    def deep(self) -> bool:
        """Whether the range of all images counts: bytes are pixels already."""
        return self.values.dtype not in (np.uint8, np.bool_)

    def scaled(self, span: Span | None) -> Pixels:
        """Return the image as bytes, by the range of all images, or without one of its file."""
        made = eight_bit(self.values, span if span is not None and self.deep else self.own())
        return 255 - made if self.inverted else made


def flat(image: Image.Image, mode: str, span: Span | None = None) -> Image.Image:
    """Return an image of any mode as 8-bit grey or colour `mode`, with or without alpha.

    What is transparent is composited on white, as on a page of paper; 16 and 32 bits are scaled
    by `span`, or else by `span_of`. CMYK and LAB become sRGB, without the image's own colour
    profile; a CMYK JPEG is inverted, as Adobe writes it, and so Pillow decodes it.
    """
    if image.mode in DEEP_MODES:
        image = Image.fromarray(eight_bit(np.asarray(image), span))
    elif image.mode == "LAB":
        image = _from_lab(image)
    elif "A" in mode and image.mode == mode:
        return image
    if image.has_transparency_data:
        image = image if image.mode == "RGBA" else image.convert("RGBA")
        if "A" not in mode:
            image = _on_white(image)
    return image if image.mode == mode else image.convert(mode)


def _on_white(image: Image.Image) -> Image.Image:
    if image.getchannel("A").getextrema() == (255, 255):
        return image.convert("RGB")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)


def _from_lab(image: Image.Image) -> Image.Image:
    from PIL import ImageCms

    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    transform = ImageCms.buildTransform(lab, srgb, "LAB", "RGB")
    made = ImageCms.applyTransform(image, transform)
    return image if made is None else made


def span_of(values: Array) -> Span:
    """Return which numbers are black and white, by the smallest and the largest of a file.

    - bytes are pixels already, and 0 and 1 alone are black and white;
    - whole numbers from 0: white is the largest number of as many bits (8, 10, 12, 14, 16, …)
      as the largest needs, so that a 12-bit picture in 16 bits is not black;
    - fractions from 0 to 1: 0 and 1; up to 255 they are pixels, unless all are below 32, and
      then the largest is white; above 255 as whole numbers;
    - with numbers below 0: the smallest and the largest.

    NaN and infinity do not count. Values may be mapped from disk and are read piece by piece.
    """
    rows = max(1, _AT_A_TIME // max(1, values[:1].size))
    begins = range(0, len(values), rows)
    return span_of_parts(values.dtype, (np.asarray(values[at : at + rows]) for at in begins))


def span_of_parts(dtype: np.dtype[np.generic] | None, parts: Iterable[Array]) -> Span:
    """Return the same of numbers that come in parts of any shapes.

    Where their `dtype` is None, it may differ, and they are fractions if one part is.
    """
    if dtype is not None:
        refuse_other_than_numbers(dtype)
    return usual(*_extremes(parts, "u" if dtype is None else dtype.kind))


def refuse_other_than_numbers(dtype: np.dtype[np.generic]) -> None:
    """Refuse text, complex numbers and objects."""
    if dtype.kind not in "buif":
        raise DataError(f"an image must be an array of real numbers; this one has {dtype}")


def usual(low: float, high: float, kind: str) -> Span:
    """Return the range by the rules of `span_of`, of numbers of a kind and with such extremes."""
    if low < 0:
        return Span(low, high)
    if kind == "b" or high == 1 or (kind == "f" and high <= 1):
        return Span(0, 1)
    if kind == "f" and high < _DARKEST_OF_BYTES:
        return Span(0, high)
    depth = next((depth for depth in _DEPTHS if high < 2**depth), None)
    return Span(0, high if depth is None else 2**depth - 1)


def _extremes(parts: Iterable[Array], kind: str) -> tuple[float, float, str]:
    """Return the smallest and the largest, and `"f"` where some are fractions."""
    lowest, highest = [], []
    for part in parts:
        if part.dtype.kind == "f":
            part, kind = part[np.isfinite(part)], "f"  # noqa: PLW2901
        if part.size:
            lowest.append(part.min().item())
            highest.append(part.max().item())
        if part.dtype == np.uint8 and highest and highest[-1] > 1:
            return 0, 255, kind
    return min(lowest, default=0), max(highest, default=0), kind


def _is_depth(high: float) -> bool:
    """Return whether this is the largest number of some bits, at least 8."""
    return high >= 255 and high == int(high) and int(high) & (int(high) + 1) == 0


def eight_bit(values: Array, span: Span | None = None) -> NDArray[np.uint8]:
    """Return numbers of any kind as bytes, the ends of `span` as 0 and 255.

    What lies beyond is cut, and NaN becomes 0. The span is that of the whole file, or of `values`.
    """
    low, high = span or span_of(values)
    if (low, high) == (0, 255) and values.dtype == np.uint8:
        return values
    if low == 0 and values.dtype.kind in "ui" and _is_depth(high):  # drops bits, exact and fast
        bits = int(high).bit_length() - 8
        shifted: NDArray[np.uint8] = np.clip(values >> bits, 0, 255).astype(np.uint8)
        return shifted
    numbers = np.nan_to_num(values.astype(np.float64), nan=low, posinf=high, neginf=low)
    half = high / 2 - low / 2  # of halves, since the whole may be beyond the largest float
    share = (numbers / 2 - low / 2) / (half or 1)
    made: NDArray[np.uint8] = (share.clip(0, 1) * 255 + 0.5).astype(np.uint8)
    return made
