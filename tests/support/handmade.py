"""Tasks and perfect predictions of drawn competitions, from what their organiser knows."""

import csv
import io

import numpy as np
from numpy.typing import NDArray
from support.competitions import Drawn

from kaggle_prz import metrics
from kaggle_prz.core.task import Cell, Head, Kind, Task, Text
from kaggle_prz.tasks.infer import tables

CELLS: dict[str, tuple[Cell, Kind]] = {
    "probability": ("probability", "classes"),
    "probabilities": ("probabilities", "classes"),
    "independent": ("independent", "tags"),
    "label": ("label", "classes"),
    "list": ("labels", "tags"),
    "top-k": ("ranked", "classes"),
    "number": ("number", "numbers"),
    "heads": ("label", "heads"),
    "head-probabilities": ("probabilities", "heads"),
}


def truth_of(drawn: Drawn) -> tuple[list[str], NDArray[np.float64]]:
    """Ids, and perfect predictions: `(n, k)` of the task's kind."""
    _, *rows = csv.reader(io.StringIO(drawn.answers))
    names, cell = drawn.expected["classes"], drawn.expected["cell"]
    header = drawn.answers.split("\n", 1)[0].split(",")[1:]
    heads = (drawn.expected["heads"] or {}).items()
    cells = [row[1:] for row in rows]
    if cell == "probability":
        perfect = [[1 - float(value), float(value)] for (value,) in cells]
    elif cell == "heads":
        perfect = [
            [float(row[header.index(head)] == name) for head, known in heads for name in known]
            for row in cells
        ]
    elif cell == "head-probabilities":
        perfect = [[float(row[header.index(name)]) for name in names] for row in cells]
    elif names is None or len(cells[0]) == len(names) > 1:
        perfect = [[float(value) for value in row] for row in cells]
    elif cell == "list":
        perfect = [[float(name in value.split()) for name in names] for (value,) in cells]
    else:
        perfect = [[float(name == value) for name in names] for (value,) in cells]
    return [row[0] for row in rows], np.array(perfect)


def task_of(drawn: Drawn) -> Task:
    """The task that a reader of the files should find; of training rows, the truth's stand in."""
    cell, kind = CELLS[drawn.expected["cell"]]
    sample = tables.read_csv(drawn.root / drawn.sample)
    ids, truth = truth_of(drawn)
    targets = tuple(sample.columns[1:])
    labels = truth.argmax(axis=1) if kind == "classes" else truth.astype(np.float32)
    heads = tuple(Head(name, tuple(own)) for name, own in (drawn.expected["heads"] or {}).items())
    if heads:
        ends = np.cumsum([len(head.classes) for head in heads])[:-1]
        labels = np.stack([part.argmax(axis=1) for part in np.split(truth, ends, axis=1)], axis=1)
    metric = metrics.from_host(drawn.metric) or metrics.default_for(cell)
    return Task(
        slug=drawn.root.parent.name,
        root=drawn.root,
        sample=drawn.root / drawn.sample,
        id_column=sample.columns[0],
        target_columns=targets,
        cell=cell,
        classes=tuple(drawn.expected["classes"] or targets),
        metric=metric.name,
        train_ids=_text(ids),
        train_files=_text(ids),
        labels=labels,
        groups=None,
        test_ids=_text(sample.iloc[:, 0].tolist()),
        test_files=_text(ids),
        kind=kind,
        heads=heads,
    )


def _text(values: list[str]) -> Text:
    return np.array(values, dtype=str)
