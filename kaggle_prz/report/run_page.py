"""A run's files -> the values that the page shows, section by section."""

from collections import Counter
from collections.abc import Sequence

import pandas as pd

from kaggle_prz import metrics
from kaggle_prz.core import filesystem
from kaggle_prz.core.console import duration
from kaggle_prz.core.errors import RunError
from kaggle_prz.report import charts, kinds, predictions, terminal
from kaggle_prz.runs import leak_audit
from kaggle_prz.runs.records import BlendRecord, PlanRecord, StageRecord
from kaggle_prz.runs.run import Run
from kaggle_prz.schedule.cost import relative_compute
from kaggle_prz.schedule.ramps import ramps_to_show
from kaggle_prz.schedule.recipe import Stage
from kaggle_prz.tasks import outputs
from kaggle_prz.tasks.folds import read as read_folds


def of(run: Run) -> dict[str, object]:
    """Return everything that the page's template names."""
    task, metric, decision = run.task, metrics.of(run.task), run.decision
    blend, plan, stages = run.blend, run.plan, run.stages
    rows = _scores(run, blend)
    curves = _curves(run, stages)
    scored = {row.stage.name: row.score for row in rows if metric.name == "log_loss"}
    losses = [scored.get(stage.name) for stage in stages]
    measured = [run.measured(stage) for stage in stages]
    share = relative_compute(stages)
    seconds = sum(sum(found.seconds.values()) for found in measured if found)
    environment = run.path / "environment.json"
    return {
        "run": run,
        "task": task,
        "metric": metric,
        "better": "higher" if metric.maximize else "lower",
        "receipt": run.receipt,
        "complete": plan.complete,
        "took": duration(seconds) if any(measured) else None,
        "saved": 1 / share if len(stages) > 1 and share > 0 else None,
        "parts": ("build", "features", "train", "predict"),
        "stages": _stage_rows(plan, measured),
        "ramps": ramps_to_show(stages),
        "decisions": [*_choice(run), *_decisions(stages, measured)],
        "blend": blend,
        "beside_constant": terminal.beside_constant(run),
        "scores": rows,
        "score_chart": charts.scores(rows, metric),
        "curves": charts.curves(curves, stages, losses) if curves else None,
        "has_accuracy": any(row.accuracy is not None for row in rows),
        "decision": decision if metric.wants == "labels" else None,
        **kinds.values(task, metric, predictions.out_of_fold(run), decision),
        **_trust(run),
        "recipe": {key: _shown(value) for key, value in run.recipe.model_dump().items()},
        "environment": {
            **(filesystem.read_json(environment) if environment.is_file() else {}),
            **_devices(measured),
        },
        "duration": duration,
    }


def _devices(measured: Sequence[StageRecord | None]) -> dict[str, str]:
    """Return the share of every device in the time of the folds, where there are several."""
    seconds = Counter[str]()
    for found in filter(None, measured):
        seconds.update(found.devices)
    total = sum(seconds.values())
    shares = [f"{name} ({took / total:.0%} of the time)" for name, took in sorted(seconds.items())]
    return {"devices": ", ".join(shares)} if shares else {}


def _stage_rows(
    plan: PlanRecord, measured: Sequence[StageRecord | None]
) -> list[dict[str, object]]:
    predicted = plan.predicted_seconds or [None] * len(plan.stages)
    return [
        {
            "stage": stage,
            "predicted": foreseen,
            "seconds": found.seconds if found else None,
            "total": sum(found.seconds.values()) if found else None,
            "traces": found.training_traces if found else None,
        }
        for stage, foreseen, found in zip(plan.stages, predicted, measured, strict=True)
    ]


def _choice(run: Run) -> list[tuple[str, str]]:
    choice = run.choice
    return [] if choice is None else [(choice.why, "")]


def _decisions(
    stages: Sequence[Stage], measured: Sequence[StageRecord | None]
) -> list[tuple[str, str]]:
    """Return every sentence once, with the stages that it was decided for."""
    known = [(stage, found) for stage, found in zip(stages, measured, strict=True) if found]
    of_sentence: dict[str, list[int]] = {}
    for stage, found in known:
        for sentence in found.decisions:
            of_sentence.setdefault(sentence, []).append(stage.index)
    return [
        (sentence, "" if len(at) == len(known) else "stage " + ", ".join(map(str, at)))
        for sentence, at in of_sentence.items()
    ]


def _scores(run: Run, blend: BlendRecord) -> list[charts.StageScores]:
    by_name = {stage.name: stage for stage in run.stages}
    rows = []
    for scored in blend.stages:
        stage = by_name[scored.name]
        sealed = run.sealed(stage)
        if len(sealed) != len(scored.fold_scores):
            raise RunError(
                f"{run.path / 'blend.json'} has {len(scored.fold_scores)} fold scores of "
                f"{stage.name}, but the number of finished folds is {len(sealed)}. Run the fit "
                "command again: it repairs damaged files and blends again."
            )
        rows.append(
            charts.StageScores(
                stage,
                dict(zip(sealed, scored.fold_scores, strict=True)),
                scored.score,
                frozenset(each.fold for each in blend.members if each.stage == stage.name),
                scored.accuracy if outputs.of(run.task).one_class else None,
            )
        )
    return rows


def _curves(run: Run, stages: Sequence[Stage]) -> list[tuple[int, pd.DataFrame]]:
    return [
        (place, pd.read_csv(file))
        for place, stage in enumerate(stages)
        for fold in range(run.recipe.folds)
        if (file := run.directory(stage, fold) / "history.csv").is_file()
    ]


def _trust(run: Run) -> dict[str, object]:
    folds, sent = run.path / "folds.csv", run.submission
    if not folds.is_file():
        raise RunError(
            f"{folds} is missing, and it lists the rows that each fold held out. Run the fit "
            "command again, which writes it again."
        )
    read_folds(folds, run.task, run.recipe.folds)  # refuses a damaged file
    column = pd.read_csv(folds, dtype=str, keep_default_na=False)
    held_out = [column[column["fold"] == str(fold)] for fold in range(run.recipe.folds)]
    sizes = [
        {
            "fold": fold,
            "held_out": len(rows),
            "groups": rows["group"].nunique() if "group" in rows else None,
        }
        for fold, rows in enumerate(held_out)
    ]
    return {
        "audit": leak_audit.audit(run.path),
        "fold_sizes": sizes,
        "submission_sha256": filesystem.sha256(sent) if sent.is_file() else None,
    }


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(_shown, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    return "–" if value is None else str(value)
