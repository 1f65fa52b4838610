"""A run's files -> the values that the page shows, section by section."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from kaggle_prz import metrics, schedule
from kaggle_prz.core import filesystem
from kaggle_prz.core.console import duration
from kaggle_prz.core.errors import RunError
from kaggle_prz.metrics import Metric, decisions
from kaggle_prz.metrics.decisions import Decision
from kaggle_prz.report import charts, kinds, predictions
from kaggle_prz.report.svg import PARTS
from kaggle_prz.runs import leak_audit
from kaggle_prz.runs.run import Facts, Run
from kaggle_prz.schedule.recipe import Stage
from kaggle_prz.tasks import outputs


def of(run: Run) -> dict[str, object]:
    """Everything that the page's template names.

    Raises:
        RunError: a file of the run is missing.
    """
    task, metric = run.task, metrics.of(run.task)
    stages, measured = run.stages, [_measured(run, stage) for stage in run.stages]
    rows = _scores(run)
    oof = predictions.out_of_fold(run)
    trust = _trust(run)
    decision = _decision(run, metric)
    curves = _curves(run, stages)
    scored = {row.stage.name: row.score for row in rows if metric.name == "log_loss"}
    losses = [scored.get(stage.name) for stage in stages]
    timed = [
        (stage, facts["seconds"]) for stage, facts in zip(stages, measured, strict=True) if facts
    ]
    share = schedule.relative_compute(stages)
    seconds = sum(sum(parts.values()) for _, parts in timed)
    return {
        "run": run,
        "task": task,
        "metric": metric,
        "better": "higher" if metric.maximize else "lower",
        "receipt": run.receipt,
        "complete": filesystem.read_json(run.path / "plan.json")["complete"],
        "took": duration(seconds) if timed else None,
        "saved": 1 / share if len(stages) > 1 and share > 0 else None,
        "parts": PARTS,
        "stages": _stage_rows(run, stages, measured),
        "ramps": schedule.ramps_to_show(stages),
        "decisions": _decisions(stages, measured),
        "blend": run.blend,
        "scores": rows,
        "score_chart": charts.scores(rows, metric),
        "curves": charts.curves(curves, stages, losses) if curves else None,
        "has_accuracy": any(row.accuracy is not None for row in rows),
        "decision": decision if metric.wants == "labels" else None,
        **kinds.values(task, metric, oof, decision),
        "times": charts.times(timed) if timed else None,
        **trust,
        "recipe": {key: _shown(value) for key, value in run.recipe.model_dump().items()},
        "environment": _json_or(run.path / "environment.json", {}),
        "duration": duration,
    }


def _decision(run: Run, metric: Metric) -> Decision:
    """How the run's predictions become labels: as its blend says, else as nothing fitted does."""
    given = run.blend.get("decision")
    if given:
        return Decision.from_json(given)
    return decisions.default(metric, run.task.kind, len(run.task.classes))


def _json_or(path: Path, default: Facts) -> Facts:
    return filesystem.read_json(path) if path.is_file() else default


def _measured(run: Run, stage: Stage) -> Facts:
    return _json_or(run.path / stage.name / "stage.json", {})


def _stage_rows(
    run: Run, stages: Sequence[Stage], measured: Sequence[Facts]
) -> list[dict[str, object]]:
    predicted = filesystem.read_json(run.path / "plan.json").get("predicted_seconds")
    predicted = predicted or [None] * len(stages)
    return [
        {
            "stage": stage,
            "predicted": foreseen,
            "seconds": facts.get("seconds"),
            "total": sum(facts["seconds"].values()) if facts else None,
            "traces": facts.get("training_traces"),
        }
        for stage, foreseen, facts in zip(stages, predicted, measured, strict=True)
    ]


def _decisions(stages: Sequence[Stage], measured: Sequence[Facts]) -> list[tuple[str, str]]:
    """Every sentence once, with the stages that it was decided for."""
    of_sentence: dict[str, list[int]] = {}
    for stage, facts in zip(stages, measured, strict=True):
        for sentence in facts.get("decisions", ()):
            of_sentence.setdefault(sentence, []).append(stage.index)
    known = [stage.index for stage, facts in zip(stages, measured, strict=True) if facts]
    return [
        (sentence, "" if at == known else "stage " + ", ".join(map(str, at)))
        for sentence, at in of_sentence.items()
    ]


def _scores(run: Run) -> list[charts.StageScores]:
    blend = run.blend
    by_name = {stage.name: stage for stage in run.stages}
    rows = []
    for scored in blend["stages"]:
        stage = by_name[scored["name"]]
        sealed = [
            fold
            for fold in range(run.recipe.folds)
            if filesystem.is_sealed(run.directory(stage, fold))
        ]
        if len(sealed) != len(scored["fold_scores"]):
            raise RunError(
                f"{run.path / 'blend.json'} has {len(scored['fold_scores'])} fold "
                f"scores of {stage.name}, and {len(sealed)} folds are sealed. Run the "
                "fit command that made it again: it mends what is damaged, and blends anew."
            )
        submitted = {member["fold"] for member in blend["members"] if member["stage"] == stage.name}
        rows.append(
            charts.StageScores(
                stage,
                dict(zip(sealed, scored["fold_scores"], strict=True)),
                scored["score"],
                frozenset(submitted),
                scored.get("accuracy") if outputs.of(run.task).one_class else None,
            )
        )
    return rows


def _curves(run: Run, stages: Sequence[Stage]) -> list[charts.Curve]:
    files = [
        (place, fold, run.directory(stage, fold) / "history.csv")
        for place, stage in enumerate(stages)
        for fold in range(run.recipe.folds)
    ]
    return [
        charts.Curve(place, fold, pd.read_csv(file))
        for place, fold, file in files
        if file.is_file()
    ]


def _trust(run: Run) -> Facts:
    folds = run.path / "folds.csv"
    if not folds.is_file():
        raise RunError(
            f"{folds} is missing: without it nobody can tell which rows a fold held "
            "out. Begin another run with --run NAME."
        )
    column = pd.read_csv(folds, dtype=str, keep_default_na=False)
    sizes = [
        {
            "fold": fold,
            "held_out": int((column["fold"] == str(fold)).sum()),
            "groups": column.loc[column["fold"] == str(fold), "group"].nunique()
            if "group" in column
            else None,
        }
        for fold in range(run.recipe.folds)
    ]
    return {
        "audit": leak_audit.audit(run.path),
        "fold_sizes": sizes,
        "submission_sha256": filesystem.sha256(run.submission)
        if run.submission.is_file()
        else None,
    }


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(_shown, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    return "–" if value is None else str(value)
