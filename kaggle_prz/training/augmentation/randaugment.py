"""RandAugment: two operations a picture, drawn from fourteen, all of one magnitude.

The operations are those of Cubuk et al. (arXiv:1909.13719). Autocontrast and equalize, which have
no magnitude there, go a share of the way here, so that magnitude 0 changes nothing.
"""

import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from kaggle_prz.core import environment
from kaggle_prz.core.image_store import Pixels
from kaggle_prz.training.augmentation import colour, geometry
from kaggle_prz.training.augmentation.draws import LAYERS, OPERATION, Draws
from kaggle_prz.training.augmentation.presizing import crops

MOST = 10.0
_GEOMETRIC: dict[str, Callable[[float], geometry.Matrix]] = {
    "rotate": geometry.rotate,
    "shear x": geometry.shear_x,
    "shear y": geometry.shear_y,
    "translate x": geometry.translate_x,
    "translate y": geometry.translate_y,
}
_TABLES = {
    "autocontrast": colour.autocontrast,
    "brightness": colour.brightness,
    "contrast": colour.contrast,
    "equalize": colour.equalize,
    "posterize": colour.posterize,
    "solarize": colour.solarize,
}
_COLOUR: dict[str, Callable[[Pixels, float], Pixels]] = {
    **{name: functools.partial(colour.by_table, table=table) for name, table in _TABLES.items()},
    "saturation": colour.saturation,
    "sharpness": colour.sharpness,
}
OPERATIONS = ("identity", *_GEOMETRIC, *_COLOUR)


def randaugment(images: Pixels, draws: Draws, *, magnitude: float, size: int) -> Pixels:
    """Crop every picture to `size`, at most `stored`, and apply its two operations.

    Geometric operations and the crop are one interpolation, so that what comes into view is the
    margin of the picture where it has one, and the mean colour beyond; colours come after.
    """
    corners = crops(draws, images.shape[1], size)
    strength = magnitude / MOST
    given = np.empty((len(images), size, size, images.shape[3]), np.uint8)

    def work(row: int) -> None:
        given[row] = _one(images[row], draws[row], tuple(corners[row]), strength, size)

    # Pillow and NumPy let other threads run while they work on a picture.
    for _ in _pool().map(work, range(len(images))):
        pass
    return given


def operations_of(draws: Draws) -> list[tuple[str, int]]:
    """Return names and signs of the operations of one picture, in order."""
    places = [OPERATION + 2 * layer for layer in range(LAYERS)]
    return [
        (
            OPERATIONS[min(int(draws[place] * len(OPERATIONS)), len(OPERATIONS) - 1)],
            1 if draws[place + 1] < 0.5 else -1,
        )
        for place in places
    ]


def _one(
    image: Pixels, draws: Draws, corner: tuple[int, int], strength: float, size: int
) -> Pixels:
    chosen = [(name, sign * strength) for name, sign in operations_of(draws)]
    matrices = [_GEOMETRIC[name](amount) for name, amount in chosen if name in _GEOMETRIC]
    if matrices and strength:
        matrix = functools.reduce(np.matmul, matrices)
        image = geometry.warp(image, matrix, corner, size)
    else:
        image = image[corner[0] : corner[0] + size, corner[1] : corner[1] + size]
    for name, amount in chosen:
        if name in _COLOUR and strength:
            image = _COLOUR[name](image, strength=amount)  # type: ignore[call-arg]
    return image


@functools.cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(environment.processors(), thread_name_prefix="augmentation")
