"""Heads: scores of each, its confusion and calibration, the images with a wrong class."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kaggle_prz import metrics
from kaggle_prz.core.task import Task, spans
from kaggle_prz.metrics import Metric
from kaggle_prz.metrics.decisions import Decision
from kaggle_prz.report import plots
from kaggle_prz.report.kinds import classes
from kaggle_prz.report.predictions import (
    LEAST,
    Calibration,
    Mistakes,
    Rows,
    Table,
    binned,
    tile_of,
    worst,
)

_SCORED_BY = ("accuracy", "balanced_accuracy", "macro_f1", "log_loss")

Answers = NDArray[np.int64]


@dataclass(frozen=True)
class HeadFacts:
    """One head: its name, which of its classes was taken for which, and scores of each."""

    name: str
    confusion: classes.Confusion
    class_scores: list[classes.ClassScore]


def values(task: Task, metric: Metric, rows: Rows, decision: Decision) -> dict[str, object]:
    """Return what the template of heads names."""
    answers = decision.apply(rows)
    found = [
        classes.confusion(head.classes, truth, answered)
        for head, truth, answered in zip(task.heads, task.labels.T, answers.T, strict=True)
    ]
    calibrated = calibration(task, rows)
    return {
        "tile": tile_of("all outputs right, out-of-fold", (answers == task.labels).all(axis=1)),
        "head_table": head_table(task, metric, rows, answers),
        "heads": [
            HeadFacts(head.name, confusion, classes.class_scores(confusion))
            for head, confusion in zip(task.heads, found, strict=True)
        ],
        "calibration": calibrated,
        "reliability": plots.reliability(
            calibrated, "probability of the most probable class", "share that is right"
        ),
        "mistakes": worst_mistakes(task, rows, answers),
    }


def head_table(task: Task, metric: Metric, rows: Rows, answers: Answers) -> Table:
    """Return classes, weight and scores of every head."""
    names = list(dict.fromkeys([metric.name, *_SCORED_BY]))
    scored_by = [metrics.get(name) for name in names]
    lines = []
    for place, (head, span) in enumerate(zip(task.heads, spans(task.head_sizes), strict=True)):
        truth = task.labels[:, place]
        scores = [
            one.score_answers(truth, answers[:, place], "classes")
            if one.wants == "labels"
            else one.score(truth, rows[:, span], "classes")
            for one in scored_by
        ]
        counted = (str(len(head.classes)), f"{head.weight:g}")
        lines.append((head.name, *counted, *(f"{score:.4f}" for score in scores)))
    return Table(("head", "classes", "weight", *(one.title for one in scored_by)), lines)


def calibration(task: Task, rows: Rows) -> Calibration:
    """Confidence of each head's most probable class against how often it is right, together."""
    parts = [rows[:, span] for span in spans(task.head_sizes)]
    sure = np.stack([part.max(axis=1) for part in parts], axis=1)
    right = np.stack([part.argmax(axis=1) for part in parts], axis=1) == task.labels
    return binned(sure.ravel(), right.ravel().astype(np.float64))


def worst_mistakes(task: Task, rows: Rows, answers: Answers) -> Mistakes:
    """Return the images with a wrong class and the highest cross-entropy over heads; at most 12."""
    starts = np.array([span.start for span in spans(task.head_sizes)])
    of_truth = np.take_along_axis(rows, starts + task.labels, axis=1)
    losses = -np.log(np.maximum(of_truth, LEAST)).sum(axis=1)
    differ = answers != task.labels
    wrong = np.flatnonzero(differ.any(axis=1))

    def words(row: int) -> tuple[str, str, str]:
        truth, answered = (_names(task, of[row], differ[row]) for of in (task.labels, answers))
        return truth, answered, f"loss {losses[row]:.2f}"

    none, some = "No image has a wrong class out-of-fold.", "have a wrong class out-of-fold"
    return worst(task, losses, wrong, words, none=none, some=some)


def _names(task: Task, row: Answers, shown: NDArray[np.bool_]) -> str:
    """Return the classes of the heads that are shown."""
    parts = zip(task.heads, row.tolist(), shown.tolist(), strict=True)
    return ", ".join(f"{head.name} {head.classes[k]}" for head, k, wanted in parts if wanted)
