"""Choices that must come out the same on every machine, for good.

Answers are recomputed long after the public files were written, perhaps under another NumPy,
whose generators may change between versions; digests do not.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

PUBLIC_SHARE = 0.3


def digest(seed: int, purpose: str, index: int) -> str:
    """Return 64 hex digits for row `index`; another purpose or seed gives unrelated ones."""
    return hashlib.sha256(f"{seed}/{purpose}/{index}".encode()).hexdigest()


def shuffled(seed: int, purpose: str, indexes: Sequence[int]) -> list[int]:
    """Return `indexes` in an order that tells nothing about them."""
    return sorted(indexes, key=lambda index: digest(seed, purpose, index))


def opaque_ids(seed: int, prefix: str, count: int) -> list[str]:
    """Return `count` distinct names of the form `prefix_` and six hex digits, in row order."""
    taken: dict[str, None] = {}
    for index in range(count):
        digits = digest(seed, "id", index)
        windows = (f"{prefix}_{digits[start : start + 6]}" for start in range(len(digits) - 5))
        taken[next(name for name in windows if name not in taken)] = None
    return list(taken)


def usage(seed: int, labels: NDArray[np.int64]) -> NDArray[np.str_]:
    """Return for each label `"public"` or `"private"`: `PUBLIC_SHARE` of every class is public."""
    result = np.full(len(labels), "private", dtype="<U7")
    for label in np.unique(labels):
        rows = shuffled(seed, "usage", np.flatnonzero(labels == label).tolist())
        result[rows[: round(len(rows) * PUBLIC_SHARE)]] = "public"
    return result
