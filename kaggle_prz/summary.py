"""What a run shows on the terminal: what the files were taken for, stages, scores."""

from collections.abc import Sequence

from kaggle_prz import metrics, schedule
from kaggle_prz.console import Console, duration
from kaggle_prz.runs import Run
from kaggle_prz.schedule import Speed, Workload
from kaggle_prz.spec import Stage
from kaggle_prz.task import Task


def show_task(task: Task, console: Console) -> None:
    """What the files were taken for, and by which rule; then what was passed over."""
    rows = [(evidence.name, evidence.value, evidence.rule) for evidence in task.evidence]
    console.table(task.slug, ("", "taken for", "because"), rows)
    for warning in task.warnings:
        console.say(f"Note: {warning}")


def show_stages(
    stages: Sequence[Stage], workload: Workload, speed: Speed | None, console: Console
) -> None:
    """The stage table; times are predicted from `speed`, or left open without it."""
    compute = [stage.epochs * stage.image_size**2 for stage in stages]
    rows = []
    for stage, spent in zip(stages, compute, strict=True):
        cost = schedule.cost_of(stage, workload, speed) if speed else None
        rows.append((
            str(stage.index), f"{stage.image_size} px", f"{stage.epochs:g}", str(stage.batch_size),
            f"{stage.learning_rate:.1e}", f"{spent / (sum(compute) or 1):.0%}",
            duration(cost.total) if cost else "when measured",
        ))
    console.table(
        f"stages of {workload.folds} folds, {workload.train_rows} training images",
        ("stage", "size", "epochs", "batch", "learning rate", "compute", "predicted"), rows,
    )
    share = schedule.relative_compute(stages)
    if len(stages) > 1 and share > 0:
        total = sum(schedule.cost_of(stage, workload, speed).total for stage in stages) if speed else 0
        took = f"; predicted in all: {duration(total)}" if speed else ""
        console.say(f"{1 / share:.2f}× less compute than the same epochs at "
                    f"{stages[-1].image_size} px{took}")


def show_scores(run: Run, console: Console) -> None:
    """Out-of-fold scores of every stage and fold, and which are submitted."""
    blend, metric = run.blend, metrics.get(run.task.metric)
    folds = run.recipe.folds
    rows = [
        (stage["name"], *(f"{score:.4f}" for score in stage["fold_scores"]),
         *[""] * (folds - len(stage["fold_scores"])),
         "" if stage["score"] is None else f"{stage['score']:.4f}",
         "" if stage["accuracy"] is None else f"{stage['accuracy']:.4f}")
        for stage in blend["stages"]
    ]
    columns = ["stage", *(f"fold {fold + 1}" for fold in range(folds)), "out-of-fold", "accuracy"]
    console.table(f"{metric.title} ({'higher' if metric.maximize else 'lower'} is better)",
                  columns, rows)
    console.say(f"Submitted is what scores best out-of-fold: {blend['reason']}.")
