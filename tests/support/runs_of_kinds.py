"""Finished runs of every kind of task, made without reading files, folding or training."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from support import synthetic
from support.toys import make_task

from kaggle_prz import metrics, submission
from kaggle_prz.core import filesystem
from kaggle_prz.core.task import Head, Task
from kaggle_prz.metrics import decisions
from kaggle_prz.metrics.multi_output import normalised_heads, one_hot
from kaggle_prz.runs.run import Run
from kaggle_prz.schedule.recipe import Recipe, Stage
from kaggle_prz.schedule.stages import stages_of
from kaggle_prz.tasks import folds

CELLS = {"classes": "label", "heads": "label", "tags": "labels", "numbers": "number"}
METRICS = {
    "classes": "accuracy",
    "heads": "balanced_accuracy",
    "tags": "micro_f1",
    "numbers": "rmse",
}


HEADS = (Head("colour", ("lime", "red")), Head("shape", ("cross", "disc", "ring"), 3.0))


def make_run_of(
    kind: str,
    path: Path,
    *,
    names: Sequence[str] = ("rust", "scab", "rot"),
    rows: int = 60,
    soft: bool = False,
    decide: bool = True,
    **changes: Any,
) -> Run:
    """A run of two stages and three folds, with pictures of its training rows.

    Args:
        kind: of labels and predictions.
        path: of the run directory; the competition's files lie beside it.
        names: of classes, tags or numbers; heads are `HEADS`.
        rows: training rows.
        soft: labels of classes and tags are shares.
        decide: `blend.json` holds a decision that was fitted out-of-fold.
        changes: to the task.
    """
    task = _task(kind, path.with_name(f"{path.name}-files"), names, rows, soft=soft, **changes)
    recipe = Recipe(
        backbone="tiny", weights="none", sizes=(32, 48), folds=3, epochs=(2.0, 3.0), batch_size=8
    )
    run = Run(path, recipe, task)
    stages = stages_of(recipe)
    synthetic._write_plan(run, stages)
    column = np.arange(rows) % recipe.folds
    folds.write(path / "folds.csv", task, column)
    metric, found = metrics.of(task), []
    for stage in stages:
        oof = _predictions(task, stage.index)
        scores = [_write_fold(run, stage, fold, column == fold, oof) for fold in range(3)]
        score = metric.score(task.labels, oof, task.kind)
        accurate = metrics.of(task, "accuracy") if kind in {"classes", "heads"} else None
        accuracy = accurate.score(task.labels, oof) if accurate else None
        found.append(
            {"name": stage.name, "fold_scores": scores, "score": score, "accuracy": accuracy}
        )
    filesystem.write_arrays(path / "oof.npz", ids=task.train_ids, probabilities=oof)
    test = oof[: len(task.test_ids)]
    decision = decisions.fit(metric, task.kind, task.labels, oof)
    submission.write(run.submission, task, task.test_ids, test, decision)
    blend = {
        "metric": task.metric,
        "score": score,
        "reason": "stage2-48 is the last",
        "submission_sha256": filesystem.sha256(run.submission),
        "members": [{"stage": "stage2-48", "fold": fold} for fold in range(3)],
        "stages": found,
    }
    filesystem.write_json(
        path / "blend.json", blend | ({"decision": asdict(decision)} if decide else {})
    )
    return run


def _task(
    kind: str, root: Path, names: Sequence[str], rows: int, *, soft: bool, **changes: Any
) -> Task:
    random, given = np.random.default_rng(0), changes.pop("labels", None)
    k = len(names)
    cell = changes.get("cell", CELLS[kind])
    if kind == "heads":
        names = [f"{head.name}_{each}" for head in HEADS for each in head.classes]
        changes = {"heads": HEADS, "target_columns": tuple(head.name for head in HEADS)} | changes
    targets = tuple(names) if cell in {"number", "independent", "probabilities"} else ("target",)
    labels: NDArray[Any]
    if kind == "heads":
        labels = np.stack([np.arange(rows) % len(head.classes) for head in HEADS], axis=1)
    elif kind == "numbers":
        labels = np.clip(random.normal(40, 20, (rows, k)), 1, 100).astype(np.float32)
    elif kind == "tags":
        labels = random.random((rows, k)) if soft else random.random((rows, k)) < 0.4
        labels = labels.astype(np.float32)
        labels[np.arange(rows), np.arange(rows) % k] = 1
    else:
        labels = random.dirichlet(np.ones(k), rows) if soft else np.arange(rows) % k
    task = make_task(
        range(rows),
        classes=names,
        root=root,
        sample=root / "sample_submission.csv",
        **(
            {"kind": kind, "cell": cell, "metric": METRICS[kind], "target_columns": targets}
            | changes
        ),
    )
    task = replace(task, labels=given if given is not None else labels)
    (root / "train").mkdir(parents=True)
    for row in range(min(rows, 60)):
        synthetic._draw(row, row % k).save(root / str(task.train_files[row]))
    targets = task.target_columns
    cells = ",".join(["0.5" if len(targets) > 1 else names[0]] * len(targets))
    lines = [",".join(["id", *targets]), *(f"{name},{cells}" for name in task.test_ids)]
    task.sample.write_text("\n".join(lines) + "\n")
    return task


def _predictions(task: Task, strength: float) -> NDArray[np.float32]:
    """The truth under noise, less of it with more strength."""
    random = np.random.default_rng(int(strength))
    k, rows = len(task.classes), len(task.labels)
    if task.kind == "numbers":
        return (task.labels + random.normal(0, 20 / strength, (rows, k))).astype(np.float32)
    shares = np.eye(k)[task.labels] if task.labels.ndim == 1 else task.labels
    if task.heads:
        shares = 0.5 * one_hot(task.labels, task.head_sizes)
    scores = strength * (2 * shares - 1) + random.normal(size=(rows, k))
    if task.kind == "tags":
        return (1 / (1 + np.exp(-scores))).astype(np.float32)
    exponents = np.exp(scores)
    if task.heads:
        return normalised_heads(exponents, task.head_sizes).astype(np.float32)
    return (exponents / exponents.sum(axis=1, keepdims=True)).astype(np.float32)


def _write_fold(
    run: Run, stage: Stage, fold: int, held_out: NDArray[np.bool_], oof: NDArray[np.float32]
) -> float:
    directory, task = run.directory(stage, fold), run.task
    with filesystem.replacing(directory / "history.csv") as file:
        synthetic._history(stage, np.random.default_rng(fold)).to_csv(file, index=False)
    filesystem.write_arrays(directory / "trained_on.npz", ids=task.train_ids[~held_out])
    ids = task.train_ids[held_out]
    filesystem.write_arrays(directory / "oof.npz", ids=ids, probabilities=oof[held_out])
    filesystem.write_json(directory / "transfer.json", synthetic._provenance(run, stage, fold))
    filesystem.write_atomic(directory / "model.weights.h5", f"{stage.name} {fold}".encode())
    score = metrics.of(task).score(task.labels[held_out], oof[held_out], task.kind)
    filesystem.seal(directory, score=score)
    return score
