"""Presizing: stores with a margin; training takes crops of them.

A picture decoded at `1 + margin` of a stage's size and cropped to that size is seen larger than
prediction sees it, which decodes the whole picture at the stage's size: networks then do better at
a somewhat larger size than they were trained at, the discrepancy that FixRes describes (Touvron et
al., arXiv:1906.06423). A centre crop would have the scale of training and lose what is at the
border, where labels may be. So a run that presizes keeps two stores a stage, and where a larger
stage has the size of such a store it is the same one. Disk: `images × channels × size²` bytes for
prediction and `(1 + margin)²` times that for training, 2.3 times in all at a margin of 0.15.
"""

import math

import numpy as np
from numpy.typing import NDArray

from kaggle_prz.schedule.recipe import Recipe
from kaggle_prz.training.augmentation.draws import CROP, Draws


def stored_size(size: int, margin: float) -> int:
    """Return the size of the pictures that training crops `size` from, px; even with a margin."""
    if not margin:
        return size
    return 2 * math.ceil(round(size * (1 + margin), 6) / 2)


def decoded_sizes(recipe: Recipe) -> tuple[int, ...]:
    """Return sizes of all stores that training and prediction of a recipe need, px, rising."""
    margins = {stored_size(size, recipe.presize) for size in recipe.sizes}
    return tuple(sorted(margins | set(recipe.sizes)))


def crops(draws: Draws, stored: int, size: int) -> NDArray[np.int64]:
    """Return `(n, 2)` rows above and columns left of crops of `size`, every place as likely."""
    places = stored - size + 1
    return np.minimum((draws[:, CROP : CROP + 2] * places).astype(np.int64), places - 1)
