"""Colour operations on pictures of any number of channels, most of them by tables of 256 values."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from kaggle_prz.core.image_store import Pixels

Table = NDArray[np.float64]
_VALUES = np.arange(256.0)
_FACTOR = 0.9  # of brightness, contrast, colour and sharpness, up or down
_BITS = 4  # that posterize leaves out at most


def brightness(_: NDArray[np.int64], strength: float) -> Table:
    """Return values times 0.1 to 1.9."""
    return _VALUES * (1 + _FACTOR * strength)


def contrast(histogram: NDArray[np.int64], strength: float) -> Table:
    """Distances to the channel's mean times 0.1 to 1.9."""
    mean = float(histogram @ _VALUES) / int(histogram.sum())
    return mean + (_VALUES - mean) * (1 + _FACTOR * strength)


def solarize(_: NDArray[np.int64], strength: float) -> Table:
    """Return the highest values inverted; at the greatest strength all."""
    return np.where(256 * (1 - abs(strength)) <= _VALUES, 255 - _VALUES, _VALUES)


def posterize(_: NDArray[np.int64], strength: float) -> Table:
    """Up to 4 of 8 bits left out."""
    step = float(2 ** round(_BITS * abs(strength)))
    return _VALUES // step * step


def autocontrast(histogram: NDArray[np.int64], strength: float) -> Table:
    """Stretched from 0 to 255, by a share of the way."""
    (present,) = histogram.nonzero()
    low, high = present[0], present[-1]
    if high == low:
        return _VALUES
    return _towards((_VALUES - low) * (255 / (high - low)), strength)


def equalize(histogram: NDArray[np.int64], strength: float) -> Table:
    """Return every value as frequent as any other, by a share of the way."""
    (present,) = histogram.nonzero()
    if len(present) < 2:
        return _VALUES
    below = histogram.cumsum() - histogram
    rest = histogram.sum() - histogram[present[-1]]
    return _towards(below * (255 / rest), strength)


def _towards(table: Table, strength: float) -> Table:
    return _VALUES + (table - _VALUES) * abs(strength)


def by_table(
    image: Pixels, table: Callable[[NDArray[np.int64], float], Table], strength: float
) -> Pixels:
    """Return `image` with the values of every channel looked up in a table of that channel's."""
    changed = np.empty_like(image)
    for channel in range(image.shape[2]):
        plane = np.ascontiguousarray(image[:, :, channel])
        values = table(np.bincount(plane.ravel(), minlength=256), strength)
        looked_up = values.clip(0, 255).round().astype(np.uint8)
        changed[:, :, channel] = np.frombuffer(
            plane.tobytes().translate(looked_up.tobytes()), np.uint8
        ).reshape(plane.shape)
    return changed


def saturation(image: Pixels, strength: float) -> Pixels:
    """Distances to the mean of a pixel's channels times 0.1 to 1.9; nothing where one is all."""
    if image.shape[2] == 1:
        return image
    return _away_from(image.mean(axis=2, dtype=np.float32, keepdims=True), image, strength)


def sharpness(image: Pixels, strength: float) -> Pixels:
    """Distances to a blurred picture times 0.1 to 1.9; a border of one px stays."""
    wide = image.astype(np.float32)
    rows = wide[:-2] + wide[1:-1] + wide[2:]
    blurred = wide.copy()
    inner = (rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:] + 4 * wide[1:-1, 1:-1]) / 13
    blurred[1:-1, 1:-1] = inner
    return _away_from(blurred, image, strength)


def _away_from(origin: NDArray[np.float32], image: Pixels, strength: float) -> Pixels:
    factor = np.float32(1 + _FACTOR * strength)
    changed = origin + (image - origin) * factor
    np.clip(changed, 0, 255, out=changed)
    rounded: Pixels = (changed + np.float32(0.5)).astype(np.uint8)
    return rounded
