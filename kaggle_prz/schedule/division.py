"""Epochs in all -> epochs of every stage, by the name of a schedule."""

from collections.abc import Callable, Sequence
from itertools import pairwise

from kaggle_prz.schedule.recipe import Recipe

_FIRST_TO_OTHERS = 4.0  # epochs at the first size ÷ those at all others, FFCV: see late_jump
_AT_THE_FULL_SIZE = 0.2  # Composer: see linear


def equal_compute(sizes: Sequence[int], epochs: float) -> tuple[float, ...]:
    """Divide `epochs` as 1 / size², so that stages cost the same compute (EfficientTrain++).

    Example:
        >>> equal_compute((100, 200), 5)
        (4.0, 1.0)
    """
    return _in_proportion([1 / size**2 for size in sizes], epochs)


def equal_epochs(sizes: Sequence[int], epochs: float) -> tuple[float, ...]:
    """Divide `epochs` evenly; later stages then cost more.

    Example:
        >>> equal_epochs((160, 240, 320), 6)
        (2.0, 2.0, 2.0)
    """
    return _in_proportion([1.0] * len(sizes), epochs)


def late_jump(sizes: Sequence[int], epochs: float) -> tuple[float, ...]:
    """Spend four fifths of `epochs` at the first size; divide the rest evenly among the others.

    FFCV trains 160 px until 74 % of its 88 epochs (69 % of 16) and reaches 192 px at 86 % (81 %),
    rounding to 32 px between: a jump after 80 % (75 %). Its configurations have two sizes only.

    Example:
        >>> late_jump((160, 240, 320), 10)
        (8.0, 1.0, 1.0)
    """
    others = len(sizes) - 1
    first = _FIRST_TO_OTHERS * others if others else 1.0
    return _in_proportion([first, *[1.0] * others], epochs)


def linear(sizes: Sequence[int], epochs: float) -> tuple[float, ...]:
    """Divide four fifths of `epochs` by the distance to the next size; the last stage gets a fifth.

    Composer's size rises steadily, and stays at the full size for the last 20 %. It also waits at
    the smallest size first; here a stage is longer if the next size is far away.

    Example:
        >>> linear((160, 192, 320), 10)
        (1.6, 6.4, 2.0)
    """
    rises = [later - earlier for earlier, later in pairwise(sizes)]
    along = [(1 - _AT_THE_FULL_SIZE) * rise / sum(rises) for rise in rises]
    return _in_proportion([*along, _AT_THE_FULL_SIZE], epochs)


SCHEDULES: dict[str, Callable[[Sequence[int], float], tuple[float, ...]]] = {
    "equal_compute": equal_compute,
    "equal_epochs": equal_epochs,
    "late_jump": late_jump,
    "linear": linear,
}


def divided(recipe: Recipe, epochs: float) -> tuple[float, ...]:
    """Divide `epochs` in all among the stages of `recipe`, by its schedule."""
    return SCHEDULES[recipe.schedule](recipe.sizes, epochs)


def _in_proportion(shares: Sequence[float], epochs: float) -> tuple[float, ...]:
    return tuple(epochs * share / sum(shares) for share in shares)
