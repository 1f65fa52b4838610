"""Tags: a table of them, calibration, and the images whose tags are most surprising."""

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics as sklearn_metrics

from kaggle_prz.core.task import Task
from kaggle_prz.metrics.arrays import tag_truth, unknown
from kaggle_prz.metrics.decisions import Decision
from kaggle_prz.metrics.labels import FScore
from kaggle_prz.report import plots
from kaggle_prz.report.predictions import (
    LEAST,
    Mistakes,
    Rows,
    Table,
    binned,
    furthest,
    tile_of,
    worst,
)

_MOST_IN_ORDER = 20
_F1 = FScore(1, "macro")

Tags = NDArray[np.bool_]


def values(task: Task, rows: Rows, decision: Decision) -> dict[str, object]:
    """Return what the template of tags names."""
    rows = np.clip(rows, 0, 1)
    known = ~unknown(task.labels)
    truth, answers = tag_truth(task.labels), decision.apply(rows) & known
    soft = bool(((task.labels > 0) & (task.labels < 1)).any())
    calibrated = binned(rows[known], task.labels[known].astype(np.float64))
    tile = tile_of("all tags right, out-of-fold", (truth == answers).all(axis=1))
    table = share_table(task, rows) if soft else tag_table(task, rows, decision)
    return {
        "tile": None if soft else tile,
        "soft": soft,
        "many": len(task.classes) > _MOST_IN_ORDER,
        "tag_table": table,
        "tags_true": float(truth.sum(axis=1).mean()),
        "tags_answered": float(answers.sum(axis=1).mean()),
        "calibration": calibrated,
        "reliability": plots.reliability(calibrated, "probability of a tag", "share that is true"),
        "mistakes": worst_mistakes(task, rows, answers, soft=soft),
    }


def tag_table(task: Task, rows: Rows, decision: Decision) -> Table:
    """Return images, areas under both curves, threshold and F1 of every tag.

    Areas are left open where all images are alike, F1 where there is nothing to find or found.
    """
    known = ~unknown(task.labels)
    truth, answers = tag_truth(task.labels), decision.apply(rows) & known
    f1 = _F1.ratios(*_F1.counts(truth, answers))
    thresholds = decision.thresholds or (0.5,) * len(task.classes)
    order = range(len(task.classes))
    if len(task.classes) > _MOST_IN_ORDER:
        order = np.argsort(np.nan_to_num(f1, nan=-1.0), kind="stable").tolist()
    lines = []
    for k in order:
        own = known[:, k]
        both = 0 < truth[:, k].sum() < own.sum()
        areas = [
            f"{area(truth[own, k], rows[own, k]):.3f}" if both else "–"
            for area in (sklearn_metrics.roc_auc_score, sklearn_metrics.average_precision_score)
        ]
        score = "–" if np.isnan(f1[k]) else f"{f1[k]:.3f}"
        count = str(int(truth[:, k].sum()))
        lines.append((task.classes[k], count, *areas, f"{thresholds[k]:g}", score))
    return Table(("tag", "images", "ROC AUC", "avg. precision", "threshold", "F1"), lines)


def share_table(task: Task, rows: Rows) -> Table:
    """True and predicted mean and their root mean square difference, of tags that are shares."""
    labels = task.labels.astype(np.float64)
    apart = np.sqrt(np.nanmean((rows - labels) ** 2, axis=0))
    columns = (np.nanmean(labels, axis=0), rows.mean(axis=0), apart)
    lines = [
        (name, *(f"{values[k]:.3f}" for values in columns)) for k, name in enumerate(task.classes)
    ]
    return Table(("tag", "true mean", "predicted mean", "RMSE"), lines)


def worst_mistakes(task: Task, rows: Rows, answers: Tags, *, soft: bool) -> Mistakes:
    """Return the images with the highest binary cross-entropy over their tags, in nats; at most 12.

    With `soft` labels, shares, none is wrong, and those furthest from the truth are shown.
    """
    labels, truth = task.labels.astype(np.float64), tag_truth(task.labels)
    if soft:
        losses = np.sqrt(np.nanmean((rows - labels) ** 2, axis=1))

        def shares(row: int) -> tuple[str, str, str]:
            true, predicted = _shares(task, labels[row]), _shares(task, rows[row])
            return true, predicted, f"RMSE {losses[row]:.3f}"

        return furthest(task, losses, shares)
    inside = np.clip(rows, LEAST, 1 - LEAST)
    losses = -np.nansum(labels * np.log(inside) + (1 - labels) * np.log1p(-inside), axis=1)

    def words(row: int) -> tuple[str, str, str]:
        return _names(task, truth[row]), _names(task, answers[row]), f"loss {losses[row]:.2f}"

    return worst(
        task,
        losses,
        np.flatnonzero((truth != answers).any(axis=1)),
        words,
        none="Every image has exactly the right tags out-of-fold.",
        some="have a wrong or missing tag out-of-fold",
    )


def _names(task: Task, row: Tags) -> str:
    return ", ".join(task.classes[k] for k in np.flatnonzero(row)) or "no tag"


def _shares(task: Task, row: Rows) -> str:
    """Return the three largest shares; a tag below a hundredth is left out."""
    largest = [int(k) for k in np.argsort(-row, kind="stable")[:3] if row[k] >= 0.01]
    return ", ".join(f"{task.classes[k]} {row[k]:.2f}" for k in largest) or "nothing"
