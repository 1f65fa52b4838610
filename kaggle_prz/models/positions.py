"""Position embeddings of one grid of patches -> those of another grid."""

import math
import re

import keras
import numpy as np
from numpy.typing import NDArray

_NAME = re.compile(r"pos|embed", re.IGNORECASE)
_MOST_TOKENS = 2  # before the patches: a class token, and a distillation token


def fit(name: str, given: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    """Return whether a weight holds one vector for each patch of a square grid, in both shapes.

    Shapes are `(patches, width)` or `(1, patches, width)`; class tokens may precede the patches.
    """
    return bool(_NAME.search(name)) and _grids(given, wanted) is not None


def resampled(
    values: "keras.KerasTensor | NDArray[np.float32]", wanted: tuple[int, ...]
) -> NDArray[np.float32]:
    """Return position embeddings of the shape `wanted`, by bicubic interpolation; see `fit`.

    So were Vision Transformers fine-tuned at a higher resolution (Dosovitskiy et al.,
    arXiv:2010.11929, section 3.2). Class tokens keep their vectors.
    """
    array = keras.ops.convert_to_numpy(values).astype(np.float32)
    grids = _grids(array.shape, wanted)
    if grids is None:
        raise ValueError(
            f"Position embeddings must be those of square grids; received {array.shape} and "
            f"{wanted}."
        )
    tokens, here, there = grids
    vectors = array.reshape(-1, array.shape[-1])
    grid = vectors[tokens:].reshape(1, here, here, -1)
    larger = keras.ops.image.resize(
        grid, (there, there), "bicubic", antialias=True, data_format="channels_last"
    )
    patches = keras.ops.convert_to_numpy(larger).reshape(there * there, -1)
    return np.concatenate([vectors[:tokens], patches]).reshape(wanted)


def _grids(given: tuple[int, ...], wanted: tuple[int, ...]) -> tuple[int, int, int] | None:
    """Return tokens before the patches and the sides of both grids, or None."""
    same_axes = len(given) == len(wanted) in (2, 3) and given[-1] == wanted[-1]
    if not same_axes or given[:-2] != wanted[:-2] or given[:-2] not in ((), (1,)):
        return None
    for tokens in range(_MOST_TOKENS + 1):
        here, there = (math.isqrt(max(0, shape[-2] - tokens)) for shape in (given, wanted))
        if here and there and (here**2, there**2) == (given[-2] - tokens, wanted[-2] - tokens):
            return tokens, here, there
    return None
