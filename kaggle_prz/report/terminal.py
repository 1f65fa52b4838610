"""What a run shows on the terminal: what the files were taken for, classes, scores, runs."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypedDict

import numpy as np

from kaggle_prz import metrics
from kaggle_prz.competitions.competition import Standing
from kaggle_prz.competitions.embedded.leaderboard import TEAM
from kaggle_prz.core.console import Console
from kaggle_prz.core.errors import PrzError
from kaggle_prz.core.task import Task
from kaggle_prz.runs.run import Run, all_runs, load_run
from kaggle_prz.tasks import outputs


class RunFacts(TypedDict):
    """How far a run is and what it scores."""

    run: str
    metric: str
    score: float | None
    sealed: str
    public_score: float | None


_SHOWN = 20
_LONG, _TOP, _NEAR = 20, 10, 3  # rows of a leaderboard that is shown in part


def show_task(task: Task, console: Console) -> None:
    """Show how the files are read and by which rule, then the notes."""
    rows = [(evidence.name, evidence.value, evidence.rule) for evidence in task.evidence]
    console.table(task.slug, ("", "read as", "because"), rows)
    for warning in task.warnings:
        console.say(f"Note: {warning}")


def show_scores(run: Run, console: Console) -> None:
    """Out-of-fold scores of every stage and fold, which are submitted, and how they are decided."""
    blend, metric = run.blend, metrics.of(run.task)
    folds = run.recipe.folds
    last = ["score", "accuracy"] if outputs.of(run.task).one_class else ["score"]
    rows = [
        (
            stage.name,
            *(f"{score:.4f}" for score in stage.fold_scores),
            *[""] * (folds - len(stage.fold_scores)),
            *(_score(score) for score in (stage.score, stage.accuracy)[: len(last)]),
        )
        for stage in blend.stages
    ]
    columns = ["stage", *(f"fold {fold + 1}" for fold in range(folds)), "out-of-fold", *last[1:]]
    console.table(
        f"{metric.title} ({'higher' if metric.maximize else 'lower'} is better)", columns, rows
    )
    console.say(f"The submission has the best out-of-fold score: {blend.reason}.")
    if (sentence := beside_constant(run)) is not None:
        console.say(f"WARNING: {sentence}")
    if metric.wants == "labels" and blend.decision:
        console.say(f"How predictions become labels: {blend.decision.reason}.")


def beside_constant(run: Run) -> str | None:
    """Return a sentence where the networks are no better than a constant; else None."""
    blend, metric = run.blend, metrics.of(run.task)
    if not blend.constant_share or blend.constant_score is None:
        return None
    what = "is the constant" if blend.constant_share == 1 else "is half the constant"
    return (
        f"the networks are worse than predicting the same for every image: out-of-fold "
        f"{metric.title} {blend.constant_score:.4f}. Every prediction {what}. Check the labels "
        "with kaggle-prz inspect, or train longer."
    )


def show_classes(task: Task, console: Console) -> None:
    """Show how many images each class, or class of a head, has; of numbers, the range."""
    for place, head in enumerate(task.heads):
        one = replace(task.of_head(place), classes=head.classes)
        _show_counts(one, f"classes of {head.name}", console)
    if task.heads:
        return
    if outputs.of(task).has_classes:
        _show_counts(task, task.kind, console)
    else:
        _show_numbers(task, console)


def _show_counts(task: Task, title: str, console: Console) -> None:
    target = outputs.of(task)
    counts = target.rows_of_each(task.labels)
    order = np.argsort(-counts, kind="stable")
    seen = target.rows_known(task.labels)
    rows = [
        (task.classes[k], str(counts[k]), f"{counts[k] / max(seen[k], 1):.1%}")
        for k in order[:_SHOWN]
    ]
    counted = "images" if task.bags is None else "rows"
    console.table(title, (target.noun, counted, "share"), rows)
    _say_rest(len(order), title, console)


def _show_numbers(task: Task, console: Console) -> None:
    rows = [
        (name, *(f"{value:.6g}" for value in (own.min(), own.mean(), own.max(), own.std())))
        for name, own in zip(task.classes, task.labels.T.astype(np.float64), strict=True)
    ]
    header = ("number", "least", "mean", "most", "standard deviation")
    console.table("numbers", header, rows[:_SHOWN])
    _say_rest(len(rows), "numbers", console)


def _say_rest(count: int, what: str, console: Console) -> None:
    if count > _SHOWN:
        console.say(f"… and {count - _SHOWN} more {what}")


def show_standings(slug: str, standings: Sequence[Standing], console: Console) -> None:
    """Show a leaderboard; of a long one, its top and the rows around the team."""
    mine = next((place for place, s in enumerate(standings) if s.team == TEAM), None)
    shown: Sequence[int] = range(len(standings))
    if len(standings) > _LONG:
        near = () if mine is None else range(max(mine - _NEAR, 0), mine + _NEAR + 1)
        shown = sorted({*range(_TOP), *near} & {*shown})
    rows = []
    for before, place in zip([-1, *shown], shown, strict=False):
        if place != before + 1:
            rows.append(("", "…", "", "", ""))
        s = standings[place]
        entries, date = str(s.entries or ""), s.date[:19].replace("T", " ")
        rows.append((str(s.rank), s.team, f"{s.score:.5f}", entries, date))
    console.table(f"leaderboard of {slug}", ("rank", "team", "score", "entries", "date"), rows)
    if len(standings) > _LONG:
        rank = ""
        if mine is not None:
            rank = f"; you are in the top {100 * standings[mine].rank / len(standings):.1f} %"
        console.say(f"{len(standings)} teams{rank}")


def task_facts(task: Task) -> dict[str, object]:
    """Return a task as JSON values: each property with the rule that set it."""
    return {
        "slug": task.slug,
        "kind": task.kind,
        "classes": list(task.classes),
        "heads": [vars(head) | {"classes": list(head.classes)} for head in task.heads],
        "cell": task.cell,
        "most_ranked": task.most_ranked if task.cell == "ranked" else None,
        "metric": task.metric,
        "rows_per_class": _rows_per_class(task),
        "train_images": len(task.images.train_files),
        "test_rows": len(task.test_ids),
        "flips": list(task.flips),
        "evidence": [vars(evidence) for evidence in task.evidence],
        "warnings": list(task.warnings),
    }


def _rows_per_class(task: Task) -> dict[str, int] | None:
    """Return how many training rows have each class or tag; None of numbers and several outputs."""
    target = outputs.of(task)
    if task.heads or not target.has_classes:
        return None
    return dict(zip(task.classes, map(int, target.rows_of_each(task.labels)), strict=True))


def run_facts(output_dir: Path) -> list[RunFacts]:
    """Return the runs below a directory, oldest first: how far they are and what they score."""
    return [_facts_of(path) for path in all_runs(output_dir)]


def _facts_of(path: Path) -> RunFacts:
    try:
        run = load_run(path)
        stages, receipt, scored = run.stages, run.receipt, (path / "blend.json").is_file()
        sealed = sum(len(run.sealed(stage)) for stage in stages)
        return RunFacts(
            run=str(path),
            metric=run.task.metric,
            score=run.score if scored else None,
            sealed=f"{sealed} of {len(stages) * run.recipe.folds}",
            public_score=receipt.public_score if receipt else None,
        )
    except PrzError:
        how = "damaged" if (path / "plan.json").is_file() else "started"
        return RunFacts(run=str(path), metric="", score=None, sealed=how, public_score=None)


def show_runs(facts: Sequence[RunFacts], console: Console) -> None:
    """Show a table of runs."""
    rows = []
    for fact in facts:
        own, public = _score(fact["score"]), _score(fact["public_score"])
        rows.append((fact["run"], fact["metric"], own, fact["sealed"], public))
    console.table("", ("run", "metric", "out-of-fold", "folds × stages", "public"), rows)


def _score(score: float | None) -> str:
    return "" if score is None else f"{score:.4f}"
