"""What a recipe chose for a stage beyond the plain way of training, as sentences."""

from kaggle_prz.schedule.recipe import Recipe, Stage


def of(stage: Stage, recipe: Recipe, *, has_classes: bool = True) -> list[str]:
    """Return a sentence for every choice that changes what trains or what predicts.

    `has_classes` says whether labels are classes or tags, not numbers.
    """
    said = []
    if recipe.layer_decay < 1:
        said.append(
            f"layer decay: the learning rate of a band of layers is {recipe.layer_decay:g} of that "
            "of the band after it"
        )
    if recipe.accumulate > 1:
        said.append(f"weights change every {recipe.accumulate} steps, by their mean gradient")
    if recipe.loss == "focal":
        said.append("loss: focal, images that are right already weigh less")
    if recipe.class_weight == "balanced":
        said.append("loss: every class weighs the same, by the training rows of the fold")
    if stage.label_smoothing and not has_classes:
        said.append("label smoothing: none, since numbers have no classes")
    if recipe.ema:
        said.append(
            f"weights that predict: an exponential moving average with momentum {recipe.ema:g}"
        )
    if recipe.patience is not None:
        said.append(
            f"a fold ends after {recipe.patience} passes without a better score of its held-out "
            "rows and keeps its best pass; out-of-fold scores are therefore a little optimistic"
        )
    return said
