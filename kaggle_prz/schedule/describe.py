"""A plan in words: the table of stages, and what a recipe chose for them, as sentences."""

from collections.abc import Sequence

from kaggle_prz.core.console import Console, duration
from kaggle_prz.schedule.cost import Measured, Workload, cost_of, relative_compute
from kaggle_prz.schedule.ramps import ramps_to_show
from kaggle_prz.schedule.recipe import Recipe, Stage

NO_TIME_TO_TRAIN = (
    "Too little time to fine-tune: predicting with the initial weights of the backbone."
)
HEADS_FIRST = (
    "Too little time to fine-tune every size: fitting linear probes at each size, fine-tuning "
    "the last one if time remains."
)


def of(stage: Stage, recipe: Recipe, *, has_classes: bool = True) -> list[str]:
    """Return a sentence for every choice that changes what trains or what predicts."""
    said = []
    if recipe.layer_decay < 1:
        said.append(
            f"layer decay: the learning rate of a group of layers is {recipe.layer_decay:g} of "
            "that of the next group"
        )
    if recipe.accumulate > 1:
        said.append(
            f"gradients are averaged over {recipe.accumulate} steps before the weights change"
        )
    if recipe.loss == "focal":
        said.append("loss: focal, which gives less weight to images that are classified well")
    if recipe.class_weight == "balanced":
        said.append("loss: every class has the same total weight in the training rows of a fold")
    if stage.label_smoothing and not has_classes:
        said.append("label smoothing: none, because numbers have no classes")
    if recipe.ema:
        said.append(
            f"EMA of the weights with momentum {recipe.ema:g}; the averaged weights predict"
        )
    if recipe.patience is not None:
        said.append(
            f"early stopping: the stage of a fold ends after {recipe.patience} epochs without a "
            "better out-of-fold score and keeps its best epoch, so out-of-fold scores are "
            "slightly optimistic"
        )
    return said


def untrained(stages: Sequence[Stage]) -> str:
    """Return what becomes of a run whose first stage, of those that fit, is not trained."""
    return HEADS_FIRST if len(stages) > 1 else NO_TIME_TO_TRAIN


def show_stages(
    stages: Sequence[Stage], workload: Workload, speed: Measured | None, console: Console
) -> None:
    """Show the stage table, with times predicted from `speed` if it is known."""
    ramps = ramps_to_show(stages)
    compute = [stage.epochs * stage.image_size**2 for stage in stages]
    rows = []
    for place, (stage, spent) in enumerate(zip(stages, compute, strict=True)):
        cost = cost_of(stage, workload, speed) if speed else None
        rows.append(
            (
                str(stage.index),
                f"{stage.image_size} px",
                f"{stage.epochs:g}",
                str(stage.batch_size),
                f"{stage.learning_rate:.1e}",
                *(f"{values[place]:.3g}" for values in ramps.values()),
                f"{spent / (sum(compute) or 1):.0%}",
                duration(cost.total) if cost else "not measured",
            )
        )
    console.table(
        f"stages of {workload.folds} folds, {workload.train_rows} training images",
        ("stage", "size", "epochs", "batch", "learning rate", *ramps, "compute", "predicted"),
        rows,
    )
    share = relative_compute(stages)
    if len(stages) > 1 and share > 0:
        total = sum(cost_of(stage, workload, speed).total for stage in stages) if speed else 0
        took = f"; predicted in total: {duration(total)}" if speed else ""
        console.say(
            f"{1 / share:.2f}× less compute than the same epochs at "
            f"{stages[-1].image_size} px{took}"
        )
