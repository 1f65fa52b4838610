"""Pictures of any shape -> a square of one size, antialiased."""

from collections.abc import Collection, Mapping, Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kaggle_prz.core.errors import UsageError
from kaggle_prz.readers.pictures import arrays

Aspect = Literal["squash", "pad", "crop"]
_TWICE = 2


def square(planes: list[Image.Image], size: int, aspect: Aspect) -> NDArray[np.uint8]:
    """Return the planes of one image as `(size, size, channels)`.

    `"squash"` changes the ratio of width to height; `"pad"` keeps it and fills up with 0 on both
    sides; `"crop"` keeps the middle square.
    """
    if len(planes) == 1:
        made = _resized(planes[0], size, aspect)
        return made if made.ndim == 3 else made[..., None]
    made_once = {id(plane): plane for plane in planes}  # grey as RGB is one plane three times
    resized = {key: _resized(plane, size, aspect) for key, plane in made_once.items()}
    return np.stack([resized[id(plane)] for plane in planes], axis=-1)


def every(
    planes: list[Image.Image], sizes: Sequence[int], aspect: Aspect
) -> Mapping[int, NDArray[np.uint8]]:
    """Resize one image to several sizes, the small ones from large ones where `larger` allows."""
    made: dict[int, NDArray[np.uint8]] = {}
    for size in sorted(sizes, reverse=True):
        source = larger(size, [each for each in made if each <= min(planes[0].size)])
        made[size] = square(planes, size, aspect) if source is None else shrunk(made[source], size)
    return made


def larger(size: int, others: Collection[int]) -> int | None:
    """Return the smallest size at least twice as large, or None.

    Twice resized in steps of less than two, a picture loses what the larger size still shows.
    """
    return min((other for other in others if other >= _TWICE * size), default=None)


def shrunk(pixels: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Return a square picture, `(large, large, channels)`, at a smaller size."""
    return square(arrays.planes(pixels, pixels.shape[-1]), size, "squash")


def check(aspect: str) -> None:
    """Refuse a policy of that name that does not exist."""
    if aspect not in get_args(Aspect):
        raise UsageError(
            f"aspect must be one of {', '.join(get_args(Aspect))}; received {aspect!r}."
        )


def _resized(plane: Image.Image, size: int, aspect: Aspect) -> NDArray[np.uint8]:
    width, height = plane.size
    to, box = (size, size), None
    if aspect == "pad":
        longest = max(width, height)
        to = (max(1, round(width * size / longest)), max(1, round(height * size / longest)))
    elif aspect == "crop":
        side = min(width, height)
        left, top = (width - side) // 2, (height - side) // 2
        box = (left, top, left + side, top + side)
    made = np.asarray(plane.resize(to, Image.Resampling.LANCZOS, box, reducing_gap=3.0))
    if to == (size, size):
        return made
    padded = np.zeros((size, size, *made.shape[2:]), np.uint8)
    left, top = (size - to[0]) // 2, (size - to[1]) // 2
    padded[top : top + to[1], left : left + to[0]] = made
    return padded
