"""Crop, rotation, shear and translation of a picture as one affine map, one interpolation."""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kaggle_prz.core.image_store import Pixels

Matrix = NDArray[np.float64]
# Pillow interpolates up to four channels at once; LA and RGBA it would multiply by their alpha.
_MODES = {1: "L", 3: "RGB", 4: "CMYK"}
_DEGREES, _SHEAR, _TRANSLATION = 30.0, 0.3, 0.3


def rotate(strength: float) -> Matrix:
    """Rotate by up to 30 degrees."""
    angle = math.radians(_DEGREES * strength)
    cos, sin = math.cos(angle), math.sin(angle)
    return np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])


def shear_x(strength: float) -> Matrix:
    """Return rows against each other, by up to 0.3 px a px."""
    return np.array([[1.0, _SHEAR * strength, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])


def shear_y(strength: float) -> Matrix:
    """Return columns against each other, by up to 0.3 px a px."""
    return shear_x(strength)[[1, 0, 2]][:, [1, 0, 2]]


def translate_x(strength: float) -> Matrix:
    """Along rows, by up to 0.3 of the picture."""
    return np.array([[1.0, 0.0, _TRANSLATION * strength], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])


def translate_y(strength: float) -> Matrix:
    """Along columns, by up to 0.3 of the picture."""
    return translate_x(strength)[[1, 0, 2]][:, [1, 0, 2]]


def warp(image: Pixels, matrix: Matrix, corner: tuple[int, int], size: int) -> Pixels:
    """Return a crop of `image` seen through an affine map about its centre; mean colours around it.

    `matrix` goes from the crop's coordinates to the picture's, in units of the crop's size;
    `corner` says how many rows are above the crop and how many columns left of it.
    """
    half = size / 2
    at_centre = np.array([[1.0, 0.0, -half], [0.0, 1.0, -half], [0.0, 0.0, 1.0]])
    back = np.array([[1.0, 0.0, half + corner[1]], [0.0, 1.0, half + corner[0]], [0.0, 0.0, 1.0]])
    scaled = matrix * [[1.0, 1.0, size], [1.0, 1.0, size], [1.0, 1.0, 1.0]]
    numbers = tuple(float(number) for number in (back @ scaled @ at_centre)[:2].ravel())
    parts = [_warp(part, numbers, size) for part in _parts(image)]
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=2)


def _parts(image: Pixels) -> list[Pixels]:
    channels = image.shape[2]
    if channels in _MODES:
        return [image]
    ends = [*range(0, channels - channels % 3, 3), *range(channels - channels % 3, channels)]
    return [image[:, :, a:b] for a, b in zip(ends, [*ends[1:], channels], strict=True)]


def _warp(image: Pixels, numbers: tuple[float, ...], size: int) -> Pixels:
    channels = image.shape[2]
    mean = tuple(int(value) for value in image[::8, ::8].mean(axis=(0, 1)).round())
    opened = Image.fromarray(np.ascontiguousarray(image[:, :, 0] if channels == 1 else image))
    if channels == 4:
        opened = Image.frombytes("CMYK", opened.size, image.tobytes())
    warped = opened.transform(
        (size, size),
        Image.Transform.AFFINE,
        numbers,
        Image.Resampling.BILINEAR,
        fillcolor=mean if channels > 1 else mean[0],
    )
    return np.asarray(warped).reshape(size, size, channels)
