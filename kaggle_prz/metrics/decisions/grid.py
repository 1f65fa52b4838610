"""Thresholds that are tried, and which of equally good ones is taken."""

from collections.abc import Sequence

import numpy as np

GRID = np.round(np.linspace(0.05, 0.95, 19), 2)
DIGITS = 12  # sums in another order of rows differ in their last bits, which must not decide


def best(scores: Sequence[float], near: float = 0.5) -> int:
    """Return the place of the highest score; of equal ones, of the threshold nearest `near`."""
    rounded = np.round(np.asarray(scores, np.float64), DIGITS)
    return int(np.lexsort((np.abs(GRID - near), -rounded))[0])
