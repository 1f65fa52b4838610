"""Recipe -> stages: size, epochs, batch size, learning rate, ramps."""

from kaggle_prz.schedule.division import divided
from kaggle_prz.schedule.ramps import RAMPS, ramped
from kaggle_prz.schedule.recipe import Recipe, Stage

DEFAULT_EPOCHS = 6.0
USUAL_BATCH = 32


def stages_of(recipe: Recipe) -> tuple[Stage, ...]:
    """Return a stage for every size of a recipe, in order, before any time limit.

    Batch size falls with the square of the image size, so that memory stays what it is at the
    first size, in multiples of 8 where it can, but not below 32 unless the first was: gradients of
    few images are noisy, and most devices hold 32. The learning rate falls from stage to stage:
    later stages refine what earlier ones learned.
    """
    epochs = (
        recipe.epochs
        if isinstance(recipe.epochs, tuple)
        else divided(recipe, recipe.epochs or DEFAULT_EPOCHS)
    )
    return tuple(
        Stage(
            index=index + 1,
            image_size=size,
            epochs=epochs[index] and (round(epochs[index], 2) or 0.01),
            batch_size=batch_size(recipe, size),
            learning_rate=learning_rate(recipe, index + 1),
            **{name: ramped(getattr(recipe, name), index, len(recipe.sizes)) for name in RAMPS},
        )
        for index, size in enumerate(recipe.sizes)
    )


def learning_rate(recipe: Recipe, index: int) -> float:
    """Return the peak learning rate of stage `index`, from 1, at the usual batch size."""
    return recipe.learning_rate * recipe.learning_rate_fall ** (index - 1)


def batch_size(recipe: Recipe, size: int) -> int:
    """Return images a step at an image size; `"auto"` begins with 32, until a device is asked.

    Example:
        >>> batch_size(Recipe(sizes=(160, 240), batch_size=128), 240)
        56
    """
    first = USUAL_BATCH if recipe.batch_size == "auto" else recipe.batch_size
    fitting = first * (recipe.sizes[0] / size) ** 2
    floor = min(first, USUAL_BATCH)
    return max(floor, int(fitting // 8) * 8)
