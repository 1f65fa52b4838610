"""The sealed folds of a run so far -> blend.json, oof.npz and a valid submission.csv."""

from kaggle_prz import metrics, submission
from kaggle_prz.core import filesystem
from kaggle_prz.runs import records
from kaggle_prz.runs.records import BlendRecord, Member, Seal, StageScores
from kaggle_prz.runs.run import Run
from kaggle_prz.schedule.recipe import Stage
from kaggle_prz.submission import constant, ensemble
from kaggle_prz.submission.ensemble import Blend, FoldPredictions
from kaggle_prz.tasks import outputs


def blend(run: Run) -> Blend:
    """Choose the best stage, or mean of stages, out of fold, and write what it predicts.

    Called after every stage, so that a run that is stopped leaves a valid submission.
    """
    task, metric = run.task, metrics.of(run.task)
    stages = {stage.name: _sealed(run, stage) for stage in run.stages}
    together = list(stages) if run.recipe.ensemble_stages else []
    chosen = ensemble.choose(task, stages, run.recipe.folds, metric, means=together)
    seen_ids = next(iter(stages.values()))[0].test_ids
    test = ensemble.mean_of_folds(seen_ids, chosen.folds)
    found = constant.mixed(task, metric, chosen.oof, run.recipe.seed)
    ids, test = ensemble.with_unseen(
        seen_ids, found.mix.of(test), task.test_ids, outputs.of(task).prior(task.labels)
    )
    filesystem.write_arrays(run.path / "oof.npz", ids=task.train_ids, probabilities=found.oof)
    submission.write(run.submission, task, ids, test, found.decision)
    record = BlendRecord(
        metric=metric.name,
        score=found.score,
        decision=found.decision,
        reason=chosen.reason,
        submission_sha256=filesystem.sha256(run.submission),
        members=tuple(_member(run, fold) for fold in chosen.folds),
        constant=found.mix.constant,
        constant_score=found.mix.score,
        constant_share=found.mix.share,
        stages=tuple(_scores(run, name, done) for name, done in stages.items() if done),
    )
    records.write(run.path / "blend.json", record)
    return chosen


def _member(run: Run, found: FoldPredictions) -> Member:
    place = run.path / found.stage / f"fold{found.fold}"
    views = records.read(place / filesystem.SEAL, Seal).views
    return Member(stage=found.stage, fold=found.fold, **({"views": views} if views else {}))


def _sealed(run: Run, stage: Stage) -> list[FoldPredictions]:
    return [
        ensemble.read_fold(run.directory(stage, fold), stage.name, fold)
        for fold in run.sealed(stage)
    ]


def _scores(run: Run, stage: str, done: list[FoldPredictions]) -> StageScores:
    task, metric = run.task, metrics.of(run.task)
    accurate = metrics.of(task, "accuracy") if outputs.of(task).one_class else None
    row = {name: place for place, name in enumerate(task.train_ids.tolist())}
    labels = [task.labels[[row[name] for name in f.oof_ids.tolist()]] for f in done]
    whole = ensemble.out_of_fold(task.train_ids, done) if len(done) == run.recipe.folds else None
    return StageScores(
        name=stage,
        fold_scores=tuple(
            metric.score(y, f.oof, task.kind) for y, f in zip(labels, done, strict=True)
        ),
        score=None if whole is None else metric.score(task.labels, whole, task.kind),
        accuracy=accurate.score(task.labels, whole, task.kind)
        if accurate is not None and whole is not None
        else None,
    )
