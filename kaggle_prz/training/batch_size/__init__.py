"""How many images a step: the largest batch that fits, and half of it where memory runs out."""

import math
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from kaggle_prz.core.errors import RunError
from kaggle_prz.schedule.recipe import Recipe, Stage
from kaggle_prz.schedule.stages import learning_rate

FEWEST, MOST = 8, 512
STEPS_A_PASS = 16
# What TensorFlow, JAX and PyTorch raise; they are told by name, so that none has to be there.
_NAMES = {"ResourceExhaustedError", "OutOfMemoryError"}
_STATUS = "RESOURCE_EXHAUSTED"

_Result = TypeVar("_Result")


class Batch(NamedTuple):
    """What a step takes."""

    size: int  # images a step
    accumulate: int = 1  # steps whose gradients are averaged before the weights change

    def halved(self) -> "Batch":
        """Return half the images in twice the steps: weights change by as many images as before."""
        if self.size == 1:
            raise RunError(
                "The device has too little memory for a training step with one image. Use "
                "smaller --sizes or a smaller --backbone. Finished folds are kept."
            )
        return Batch(self.size // 2, self.accumulate * 2)


def is_exhausted(error: BaseException) -> bool:
    """Return whether an error says that memory of the machine or accelerator is used up."""
    names = {kind.__name__ for kind in type(error).__mro__}
    told = isinstance(error, RuntimeError) and _STATUS in str(error)
    return isinstance(error, MemoryError) or bool(names & _NAMES) or told


def within_memory(attempt: Callable[[], _Result], reduce: Callable[[], None]) -> _Result:
    """Return the result of `attempt`, called again after `reduce` while memory runs out."""
    while True:
        try:
            return attempt()
        except Exception as error:
            if not is_exhausted(error):
                raise
        # Past the handler: the error's frames, which hold tensors of the attempt, are gone.
        reduce()


def largest(rows: int, fits: Callable[[int], bool]) -> int:
    """Return the largest power of two from 8 to 512 that fits; 8 where none does.

    The largest is tried first: where memory is large, as it is on most accelerators, one trial
    and one trace are all. A pass over `rows` keeps at least 16 steps, so that few are not one step.
    """
    size = MOST
    while size > FEWEST and (size * STEPS_A_PASS > rows or not fits(size)):
        size //= 2
    return size


def rate_scale(size: int, usual: int) -> float:
    """Return the learning rate at a batch of `size` ÷ that at `usual`: the root of their ratio.

    So scale adaptive optimizers, where plain gradient descent scales in proportion (Malladi et
    al., "On the SDEs and Scaling Rules for Adaptive Gradient Algorithms", arXiv:2205.10330).
    """
    return math.sqrt(size / usual)


def probed(stage: Stage, recipe: Recipe, size: int, usual: int) -> Stage:
    """Return a stage with the batch size that was found, and its learning rate scaled."""
    scaled = min(0.99, learning_rate(recipe, stage.index) * rate_scale(size, usual))
    return stage.model_copy(update={"batch_size": size, "learning_rate": scaled})


def reason(size: int, image_size: int, usual: int) -> str:
    """Return what was decided, as a sentence."""
    return (
        f"batch size: {size} at {image_size} px, the largest power of two up to {MOST} that fits "
        f"into the device's memory and keeps {STEPS_A_PASS} steps per epoch; learning rate × "
        f"{rate_scale(size, usual):.2f}, the square root of {size} ÷ {usual} (arXiv:2205.10330)"
    )
