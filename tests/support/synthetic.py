"""A run directory as training leaves it, made without training: every artefact, true to form."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from kaggle_prz import metrics, runs
from kaggle_prz.core import filesystem
from kaggle_prz.core.task import Task
from kaggle_prz.runs import blending
from kaggle_prz.runs.run import Run
from kaggle_prz.schedule.recipe import Recipe, Stage
from kaggle_prz.schedule.stages import stages_of
from kaggle_prz.tasks import folds as fold_column
from kaggle_prz.tasks import infer

SLUG = "toys"
_COLOURS = ("#c0392b", "#2980b9", "#27ae60", "#8e44ad", "#f39c12", "#16a085")


def make_run(
    path: Path,
    *,
    stages: int = 2,
    folds: int = 3,
    redraw_folds: bool = False,
    groups: bool = True,
    classes: Sequence[str] = ("ball", "cube", "drum"),
    rows_a_class: int = 12,
    test_rows: int = 5,
    metric: str = "log_loss",
    last_stage_folds: int | None = None,
    folds_with_history: int | None = None,
    id_prefix: str = "toy",
    receipt: bool = True,
    seed: int = 0,
) -> Run:
    """Write a finished run, with the competition's files beside it in `<path>-files`.

    Args:
        path: of the run directory, such as `tmp_path / "runs" / "toys" / "first"`.
        stages, folds: how many.
        redraw_folds: stages after the first draw folds of their own, which leaks: weights that
            saw a row come to predict it.
        groups: the table of labels has a column `patient`, two rows each.
        classes: their names; images are drawn in the class's colour.
        rows_a_class, test_rows: images.
        metric: of the competition.
        last_stage_folds: sealed folds of the last stage; default: all. Without one complete
            stage there is no blend.json, oof.npz or submission.csv.
        folds_with_history: folds that have a history.csv; default: all.
        id_prefix: training ids are this, `_` and a number.
        receipt: the submission was sent.
        seed: of labels' noise and predictions.
    """
    root = draw_competition(
        path.with_name(f"{path.name}-files"),
        classes,
        rows_a_class,
        test_rows,
        groups=groups,
        id_prefix=id_prefix,
    )
    task = infer.read(root, slug=SLUG, metric=metric)
    recipe = Recipe(
        backbone="tiny",
        weights="none",
        sizes=tuple(32 + 16 * step for step in range(stages)),
        folds=folds,
        epochs=tuple(2.0 + step for step in range(stages)),
        batch_size=8,
        seed=seed,
    )
    runs.begin(path, str(root), recipe, task, identity=None)
    runs.write_task(path, task)
    run = Run(path, recipe, task)
    planned = stages_of(recipe)
    _write_plan(run, planned)
    for stage in planned:
        sealed = folds if stage is not planned[-1] or last_stage_folds is None else last_stage_folds
        _write_stage(run, stage, sealed, folds_with_history, redraw_folds)
    if stages > 1 or last_stage_folds in (None, folds):
        blending.blend(run)
    if receipt and run.submission.is_file():
        write_receipt(run)
    return run


def draw_competition(
    root: Path,
    classes: Sequence[str],
    rows_a_class: int,
    test_rows: int,
    *,
    groups: bool,
    id_prefix: str = "toy",
) -> Path:
    """Draw a competition's public files: train.csv, sample_submission.csv, train/, test/."""
    labels = [name for name in classes for _ in range(rows_a_class)]
    train = [f"{id_prefix}_{row:03d}" for row in range(len(labels))]
    test = [f"new_{row:03d}" for row in range(test_rows)]
    for folder, names in (("train", train), ("test", test)):
        (root / folder).mkdir(parents=True)
        for row, name in enumerate(names):
            kind = classes.index(labels[row]) if folder == "train" else row % len(classes)
            _draw(row, kind).save(root / folder / f"{name}.png")
    table: dict[str, list[str]] = {"id": train, "label": labels}
    if groups:
        table["patient"] = [f"p{row // 2}" for row in range(len(labels))]
    pd.DataFrame(table).to_csv(root / "train.csv", index=False)
    with (root / "sample_submission.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", *classes])
        writer.writerows([name, *[1 / len(classes)] * len(classes)] for name in test)
    return root


def write_blend(path: Path, score: float) -> None:
    """Write the blend of a run of which only the score matters."""
    known = {"metric": "log_loss", "score": score, "reason": "given", "members": [], "stages": []}
    filesystem.write_json(path / "blend.json", known)


def write_receipt(run: Run, **changes: Any) -> None:
    """Write the answer of a host to the run's submission."""
    filesystem.write_json(
        run.path / "receipt.json",
        {
            "host": "embedded",
            "ref": 1,
            "date": "2026-01-02T03:04:05+00:00",
            "description": "synthetic",
            "file_name": "submission.csv",
            "sha256": filesystem.sha256(run.submission),
            "status": "complete",
            "public_score": 0.4321,
            "private_score": None,
            "error": "",
            "rank": 3,
            "teams": 17,
            **changes,
        },
    )


def _draw(row: int, kind: int) -> Image.Image:
    image = Image.new("RGB", (48, 40), "#e8e4da")
    left = 4 + row % 12
    ImageDraw.Draw(image).rectangle((left, 8, left + 24, 32), fill=_COLOURS[kind % len(_COLOURS)])
    return image


def _write_plan(run: Run, planned: Sequence[Stage]) -> None:
    filesystem.write_json(
        run.path / "plan.json",
        {
            "folds": run.recipe.folds,
            "time_limit": None,
            "settled": len(planned),
            "complete": True,
            "stages": [{"name": stage.name, **stage.model_dump()} for stage in planned],
            "predicted_seconds": [10.0 * stage.index for stage in planned],
        },
    )


def _write_stage(
    run: Run, stage: Stage, sealed: int, with_history: int | None, redraw_folds: bool
) -> None:
    drawn = fold_column.draw(run.task, run.recipe.folds, run.recipe.seed)
    if stage.index == 1:
        fold_column.write(run.path / "folds.csv", run.task, drawn)
    elif redraw_folds:
        drawn = fold_column.draw(run.task, run.recipe.folds, run.recipe.seed + stage.index)
    for fold in range(sealed):
        history = with_history is None or fold < with_history
        _write_fold(run, stage, fold, drawn == fold, history=history)
    if sealed:
        filesystem.write_json(
            run.path / stage.name / "stage.json",
            {
                "seconds": {
                    "build": 1.5,
                    "features": 0.5 * (stage.index == 1),
                    "train": 10.0 * stage.index,
                    "predict": 2.25,
                },
                "training_traces": 1,
                "predicted_images": 2 * (len(run.task.train_ids) + sealed * len(run.task.test_ids)),
                "decisions": [
                    "precision: float32: a CPU is not faster with half precision",
                    "weights: tiny with random weights, not pretrained",
                ],
            },
        )


def _write_fold(
    run: Run, stage: Stage, fold: int, held_out: NDArray[np.bool_], *, history: bool
) -> None:
    directory, task = run.directory(stage, fold), run.task
    random = np.random.default_rng([run.recipe.seed, stage.index, fold])
    if history:
        with filesystem.replacing(directory / "history.csv") as file:
            _history(stage, random).to_csv(file, index=False)
    filesystem.write_arrays(directory / "trained_on.npz", ids=task.train_ids[~held_out])
    oof = _probabilities(random, task.labels[held_out], task, strength=stage.index)
    filesystem.write_arrays(directory / "oof.npz", ids=task.train_ids[held_out], probabilities=oof)
    guesses = np.arange(len(task.test_ids)) % len(task.classes)
    test = _probabilities(random, guesses, task, strength=stage.index)
    filesystem.write_arrays(directory / "test.npz", ids=task.test_ids, probabilities=test)
    filesystem.write_json(directory / "transfer.json", _provenance(run, stage, fold))
    weights = f"weights of {stage.name}, fold {fold}".encode()
    filesystem.write_atomic(directory / "model.weights.h5", weights)
    filesystem.seal(directory, score=metrics.get(task.metric).score(task.labels[held_out], oof))


def _history(stage: Stage, random: np.random.Generator) -> pd.DataFrame:
    steps = np.arange(1, 21)
    progress = steps / len(steps)
    loss = np.exp(-progress) / stage.index + 0.05 * random.random(len(steps))
    return pd.DataFrame(
        {
            "step": steps,
            "epoch": progress * stage.epochs,
            "loss": loss,
            "accuracy": 1 - loss / 2,
            "learning_rate": stage.learning_rate * np.sin(np.pi * progress) ** 2,
            "seconds": steps * 0.1,
        }
    )


def _probabilities(
    random: np.random.Generator, labels: NDArray[np.int64], task: Task, *, strength: float
) -> NDArray[np.float32]:
    scores = random.normal(size=(len(labels), len(task.classes)))
    scores[np.arange(len(labels)), labels] += strength
    exponents = np.exp(scores)
    probabilities: NDArray[np.float32] = (exponents / exponents.sum(axis=1, keepdims=True)).astype(
        np.float32
    )
    return probabilities


def _provenance(run: Run, stage: Stage, fold: int) -> dict[str, Any]:
    body, head = ["block1_conv/kernel", "block1_norm/gamma"], ["head/kernel", "head/bias"]
    if stage.index == 1:
        return {
            "source": "weights: tiny with random weights, not pretrained",
            "source_sha256": None,
            "kept": body,
            "reinitialised": head,
            "head": "linear probe on frozen features",
        }
    before = run.stages[stage.index - 2]
    source = run.directory(before, fold) / "model.weights.h5"
    return {
        "source": source.relative_to(run.path).as_posix(),
        "source_sha256": filesystem.sha256(source),
        "kept": [*body, *head],
        "reinitialised": [],
    }
