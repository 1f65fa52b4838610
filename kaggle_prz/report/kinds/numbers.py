"""Numbers: errors of every target, truth against prediction, the images furthest off."""

import numpy as np

from kaggle_prz.core.task import Task
from kaggle_prz.report import plots
from kaggle_prz.report.predictions import Mistakes, Rows, Table, Tile, furthest

_PANELS = 6


def values(task: Task, rows: Rows) -> dict[str, object]:
    """Return what the template of numbers names."""
    labels = task.labels.astype(np.float64)
    panels = [
        plots.Panel(name, labels[:, k], rows[:, k]) for k, name in enumerate(task.classes[:_PANELS])
    ]
    explained = float(np.mean(_explained(labels, rows)))
    note = "of the labels' variance, 0 for their mean"
    return {
        "tile": Tile("R², out-of-fold", "explained", f"{100 * explained:.1f} %", note),
        "number_table": number_table(task, rows),
        "panels": len(panels),
        "agreement": plots.agreement(panels),
        "mistakes": worst_mistakes(task, rows),
    }


def number_table(task: Task, rows: Rows) -> Table:
    """Mean and standard deviation of every target, and the errors of its predictions."""
    labels = task.labels.astype(np.float64)
    off = rows - labels
    explained = _explained(labels, rows)
    columns = (
        labels.mean(axis=0),
        labels.std(axis=0),
        np.sqrt((off**2).mean(axis=0)),
        np.abs(off).mean(axis=0),
        off.mean(axis=0),
    )
    lines = [
        (name, *(_text(values[k]) for values in columns), f"{explained[k]:.3f}")
        for k, name in enumerate(task.classes)
    ]
    return Table(("target", "mean", "std", "RMSE", "MAE", "bias", "R²"), lines)


def worst_mistakes(task: Task, rows: Rows) -> Mistakes:
    """Return the images furthest from the truth, in standard deviations of each target."""
    labels = task.labels.astype(np.float64)
    off = rows - labels
    scaled = np.abs(off) / np.maximum(labels.std(axis=0), np.finfo(np.float32).tiny)
    target = scaled.argmax(axis=1)

    def words(row: int) -> tuple[str, str, str]:
        k = int(target[row])
        true = (f"{task.classes[k]} " if len(task.classes) > 1 else "") + _text(labels[row, k])
        how = f"{_text(abs(off[row, k]))} too {'high' if off[row, k] > 0 else 'low'}"
        return true, _text(rows[row, k]), how

    return furthest(task, scaled.max(axis=1), words)


def _explained(labels: Rows, rows: Rows) -> Rows:
    """`(targets,)` share of the variance that is explained; 0 where there is none."""
    left, whole = (
        ((rows - labels) ** 2).sum(axis=0),
        ((labels - labels.mean(axis=0)) ** 2).sum(axis=0),
    )
    share: Rows = np.where(whole > 0, 1 - left / np.where(whole > 0, whole, 1), 0.0)
    return share


def _text(value: float) -> str:
    """Four digits, with a true minus; a name beside it may hold hyphens of its own."""
    return f"{value:.4g}".replace("-", "−")
