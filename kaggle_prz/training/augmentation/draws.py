"""Random numbers of every picture, by seed, pass and row alone."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Draws = NDArray[np.float32]

# Columns of the numbers that belong to a picture; names of several are the first of them.
FLIP = {"horizontal": 0, "vertical": 1}
CROP = 2  # and 3: how far down, how far right
OPERATION = 4  # and 6, 8 …: which operation; the column after it: its sign
LAYERS = 2  # operations a picture, as Cubuk et al. (arXiv:1909.13719) took on ImageNet
MIX, SHARE, BOX = 8, 9, 10  # mixup or cutmix, how much, and where: 10 and 11
DRAWS = 12


def draws(seed: Sequence[int], images: int) -> Draws:
    """Return `(images, DRAWS)` numbers from 0, below 1; a row's do not depend on their count."""
    generator = np.random.Generator(np.random.Philox(np.random.SeedSequence(tuple(seed))))
    return generator.random((images, DRAWS), np.float32)
