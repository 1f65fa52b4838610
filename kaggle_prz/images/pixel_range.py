"""One range of numbers for all images of a set, so that their levels can be compared.

A sample of the images, evenly spaced, says which numbers become black and white. The usual range
of their kind (0 to 4095, 0 to 1, …) serves if it is used to a quarter; else what all but a
thousandth of each image's numbers lie between.
"""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kaggle_prz.core.errors import MissingExtraError
from kaggle_prz.core.image_store import Array
from kaggle_prz.readers.pictures import modes, sources
from kaggle_prz.readers.pictures.modes import Span

_MOST_IMAGES, _FEWEST_IMAGES = 200, 16
_MOST_NUMBERS = 2**27  # of the sample
_OF_AN_IMAGE = 2**16  # numbers that quantiles are taken of
_ROWS_TOGETHER = 10  # of a file of many, which is read by blocks
_CUT = 0.001  # of an image's numbers, at either end
_ODD_IMAGES = 0.01  # whose own range does not count, at either end
_USED = 0.25  # of the usual range, at least
_DARK = 1 / 16  # of the range; images that use less may be of another device …
_DARK_IMAGES = 0.1  # … if so many do


class _Seen(NamedTuple):
    """The numbers of one image."""

    kind: str
    lowest: float
    highest: float
    low: float  # without a thousandth
    high: float


@dataclass(frozen=True)
class PixelRange:
    """The range of a set, and why."""

    span: Span
    rule: str
    dark: str = ""  # how many images use little of the range, if many do


def of(
    root: Path,
    references: Sequence[str],
    channels: int,
    largest_pixels: int,
    *,
    all_deep: bool = False,
) -> PixelRange | None:
    """Return the range of a set of images, or None if they have 8 bits, or none can be read.

    Images of 8 bits among deeper ones do not count; with `all_deep` there must be none, and no
    images of another device.
    """
    seen: list[_Seen] = []
    references = sorted(references, key=_place)
    with sources.kept(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for values in _numbers(root, references, channels, largest_pixels):
            if values is None and all_deep:
                return None
            if values is not None and (one := _seen(values)) is not None:
                seen.append(one)
    if not seen or all(one.kind != "f" and 0 <= one.lowest <= one.highest <= 255 for one in seen):
        return None
    found = _range(seen, len(references))
    return None if all_deep and found.dark else found


def _numbers(
    root: Path, references: Sequence[str], channels: int, largest_pixels: int
) -> Iterator[Array | None]:
    """Yield the numbers of a sample of images, None of one of 8 bits; unreadable ones not."""
    count, at = _MOST_IMAGES, 0
    chosen = _chosen(references, count)
    while at < len(chosen):
        try:
            values = sources.numbers(root / chosen[at], channels, largest_pixels)
        except (MemoryError, MissingExtraError):
            raise
        except Exception:  # decoders meet damaged files with errors of every kind
            at += 1
            continue
        if values is not None and at == 0:
            count = min(count, max(_FEWEST_IMAGES, _MOST_NUMBERS // max(1, values.size)))
            chosen = [chosen[0], *_chosen(references, count)[1:]]
        at += 1
        yield values


def _place(reference: str) -> tuple[str, str, int]:
    place = sources.place_of(reference)
    return place.file, place.member, place.row or 0


def _chosen(references: Sequence[str], count: int) -> list[str]:
    """Return so many references, evenly spaced; rows of files of many in blocks."""
    together = _ROWS_TOGETHER if "#" in references[0] and len(references) > count else 1
    blocks = max(1, len(references) // together)
    starts = np.linspace(0, blocks - 1, min(blocks, max(1, count // together)))
    begins = np.unique(starts.round().astype(int)) * together
    return [reference for at in begins.tolist() for reference in references[at : at + together]]


def _seen(values: Array) -> _Seen | None:
    flat = values.ravel()
    flat = flat[np.isfinite(flat)] if flat.dtype.kind == "f" else flat
    if not flat.size:
        return None
    some = _without_fill(flat[:: max(1, flat.size // _OF_AN_IMAGE)])
    low, high = np.quantile(some, (_CUT, 1 - _CUT))
    lowest, highest = flat.min().item(), flat.max().item()
    if lowest < some.min() and len(some):  # a fill
        lowest = some.min().item()
    return _Seen(flat.dtype.kind, lowest, highest, float(low), float(high))


def _without_fill(values: Array) -> Array:
    """Leave out a number below 0 that stands for none, such as -9999: far from all others."""
    lowest = values.min()
    rest = values[values > lowest]
    if lowest >= 0 or not rest.size or rest.size > len(values) - 2:
        return values
    gap, width = float(rest.min()) - float(lowest), float(rest.max()) - float(rest.min())
    return rest if gap > width > 0 else values


def _range(seen: Sequence[_Seen], of: int) -> PixelRange:
    kind = "f" if any(one.kind == "f" for one in seen) else "u"
    extremes = min(one.lowest for one in seen), max(one.highest for one in seen)
    usual = modes.usual(*extremes, kind)
    low = float(np.quantile([one.low for one in seen], _ODD_IMAGES))
    high = float(np.quantile([one.high for one in seen], 1 - _ODD_IMAGES))
    many = f"of {len(seen)} of {of} training images"
    if extremes[0] < 0 or 0 < high - low < _USED * (usual.high - usual.low):
        span = Span(low, high) if low < high else Span(*extremes)
        rule = f"holds 99.8% of the values of each {many}"
    else:
        found = f"{_shown(extremes[0])} to {_shown(extremes[1])}"
        span, rule = usual, f"suits the values, {found}, {many}"
    width = span.high - span.low
    dark = sum(one.high < span.low + _DARK * width for one in seen)
    return PixelRange(
        Span(float(span.low), float(span.high)),
        rule,
        f"{dark} of {len(seen)}" if kind == "u" and dark > _DARK_IMAGES * len(seen) else "",
    )


def shown(span: tuple[float, float]) -> str:
    """Return a range in words."""
    return f"{_shown(span[0])} to {_shown(span[1])}"


def _shown(number: float) -> str:
    return f"{number:.6g}"
