"""A finish after the last stage: larger sizes for predicting, and heads tuned to them. Pure values.

Where training shows parts of images enlarged, as random crops do, a network predicts best at a
larger size than it was trained at, and better still with head and batch normalization tuned to
that size (FixRes, arXiv:1906.06423). Whether a run gains is left to its out-of-fold predictions.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from kaggle_prz.spec import Recipe, Stage

TUNED = "tuned.npz"
_LARGER = (1.15, 1.33)  # of the last stage's size
_MOST = 1.5
_FINE, _COARSE, _LARGE = 8, 32, 128  # px


class Finish(Stage):
    """The last stage's networks at a larger image size; stored and blended like a stage.

    Attributes:
        after: name of the stage whose weights it takes.
        tuned: whether the head is fitted anew at that size, or all weights are as trained.
    """

    after: str
    tuned: bool

    @property
    def name(self) -> str:
        """Directory name within a run, such as `finish-288-tuned`."""
        return f"finish-{self.image_size}{'-tuned' if self.tuned else ''}"

    @property
    def label(self) -> str:
        """What charts call it."""
        return f"{self.image_size} px, {'tuned' if self.tuned else 'untuned'}"


def larger_sizes(image_size: int, multiple: int = 1) -> tuple[int, ...]:
    """Sizes to try after training at `image_size`: about 1.15 and 1.33 times as large.

    Args:
        image_size: px.
        multiple: sizes that the backbone takes are multiples of it.

    Returns:
        Multiples of 32 px, below 128 px of 8, or of what the backbone takes; one or two.

    Example:
        >>> larger_sizes(320), larger_sizes(240), larger_sizes(24), larger_sizes(224, 14)
        ((384, 416), (288, 320), (32,), (252, 294))
    """
    step = _COARSE if image_size >= _LARGE else _FINE
    step = step if step % multiple == 0 else multiple
    first = image_size // step * step + step
    nearest = (round(image_size * share / step) * step for share in _LARGER)
    return tuple(sorted({max(first, size) for size in nearest}))


def sizes_of(recipe: Recipe, multiple: int = 1) -> tuple[int, ...]:
    """Every size that a run's images are decoded at: the stages', and larger ones for a finish.

    Example:
        >>> sizes_of(Recipe(sizes=(160, 240))), sizes_of(Recipe(sizes=(160, 240), fixres=True))
        ((160, 240), (160, 240, 288, 320))
    """
    larger = larger_sizes(recipe.sizes[-1], multiple) if recipe.fixres else ()
    return tuple(sorted({*recipe.sizes, *larger}))


def candidates(last: Stage, sizes: Sequence[int]) -> tuple[tuple[Finish, Finish], ...]:
    """Of every size that is worth a try after `last`, a finish as trained and one that is tuned.

    Args:
        last: the stage that was trained last; a time limit may have given up later ones.
        sizes: that images are decoded at, px.

    Example:
        >>> last = Stage(index=2, image_size=240, epochs=1, batch_size=16, learning_rate=1e-4)
        >>> [finish.name for pair in candidates(last, (160, 240, 288, 320)) for finish in pair]
        ['finish-288', 'finish-288-tuned', 'finish-320', 'finish-320-tuned']
    """
    larger = [size for size in sorted(sizes) if last.image_size < size <= _MOST * last.image_size]
    return tuple((_of(last, size, tuned=False), _of(last, size, tuned=True)) for size in larger[:2])


def _of(last: Stage, size: int, *, tuned: bool) -> Finish:
    given = last.model_dump() | {
        "index": last.index + 1,
        "image_size": size,
        "epochs": 0.0,
        "batch_size": max(1, int(last.batch_size * (last.image_size / size) ** 2)),
    }
    return Finish(**given, after=last.name, tuned=tuned)


def finishes_in(plan: Mapping[str, Any]) -> tuple[Finish, ...]:
    """The finishes of a `plan.json`: those that were begun."""
    return tuple(
        Finish(**{key: value for key, value in finish.items() if key != "name"})
        for finish in plan.get("finish", ())
    )
