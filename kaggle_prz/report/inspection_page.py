"""A task and what was found in its images -> the values that the page of `inspect` shows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kaggle_prz.core.task import Task
from kaggle_prz.readers.pictures import sources
from kaggle_prz.readers.pictures.headers import Heads
from kaggle_prz.report import plots, thumbnails
from kaggle_prz.tasks import findings as found_in
from kaggle_prz.tasks import outputs
from kaggle_prz.tasks.findings import Findings, Image, Pair

_MOST_PICTURES = 60
_MOST_A_CLASS = 6
_MOST_PAIRS = 12
_MOST_LINES = 50
_MOST_BARS = 40
_ENDS = (20, 10)  # of more classes: the largest and the smallest
_MOST_NUMBERS = 6


@dataclass(frozen=True)
class Picture:
    """An image with its `data:` URI, or None where it cannot be shown."""

    image: Image
    uri: str | None


@dataclass(frozen=True)
class Strip:
    """Some images of one class, or of all where rows have numbers: a name may be empty."""

    name: str
    count: int
    pictures: list[Picture]


def of(
    task: Task, heads: Heads, found: Findings, notes: Sequence[str], seed: int
) -> dict[str, object]:
    """Everything that the page's template names."""
    with sources.kept():
        return {
            "task": task,
            "heads": heads,
            "found": found,
            "compared": not found.unsaid,
            "notes": notes,
            "noun": outputs.of(task).noun,
            "title": task.kind.capitalize() if outputs.of(task).has_classes else "Labels",
            "counted": "images" if task.bags is None else "rows",
            "bars": _bars(task),
            "bars_left_out": max(0, len(task.classes) - sum(_ENDS)),
            "histograms": _histograms(task),
            "strips": _strips(task, found, seed),
            "pairs": [_shown(task, pair) for pair in found.pairs[:_MOST_PAIRS]],
            "leaks": [_shown(task, pair) for pair in found.leaks[:_MOST_PAIRS]],
            "most_lines": _MOST_LINES,
        }


def _bars(task: Task) -> list[tuple[str, int, float, float] | None]:
    """Return classes, their rows, and these as shares of all and of the largest class.

    The largest comes first; of very many, None stands for those between both ends.
    """
    target = outputs.of(task)
    if not target.has_classes:
        return []
    counts = target.rows_of_each(task.labels)
    most, rows = max(int(counts.max()), 1), len(task.labels)
    order = np.argsort(-counts, kind="stable").tolist()
    bars: list[tuple[str, int, float, float] | None] = [
        (task.classes[k], c := int(counts[k]), c / rows, c / most) for k in order
    ]
    return bars if len(bars) <= _MOST_BARS else [*bars[: _ENDS[0]], None, *bars[-_ENDS[1] :]]


def _histograms(task: Task) -> list[tuple[str, str]]:
    if outputs.of(task).has_classes:
        return []
    columns = task.labels.T.astype(np.float64)[:_MOST_NUMBERS]
    return [
        (name, plots.histogram(f"number-{place}", values))
        for place, (name, values) in enumerate(zip(task.classes, columns, strict=False))
    ]


def _strips(task: Task, found: Findings, seed: int) -> list[Strip]:
    """Samples of the classes, of at most 60 images in all, without those that are unreadable."""
    random = np.random.default_rng(seed)
    broken = {image.file for image, _ in found.unreadable}
    readable = np.array([file not in broken for file in task.train_files.tolist()], bool)
    first = np.unique(task.images.train_rows, return_index=True)[1]  # image of every row
    strips = []
    for name, rows in _chosen(task):
        good = rows[readable[rows]]
        if outputs.of(task).has_classes:
            most = max(1, min(_MOST_A_CLASS, _MOST_PICTURES // len(task.classes)))
            chosen = np.sort(random.choice(good, min(most, len(good)), replace=False))
        else:
            chosen = good[np.linspace(0, len(good) - 1, min(len(good), 24)).astype(int)]
        shown = [_picture(task, found_in.image(task, row)) for row in first[chosen].tolist()]
        strips.append(Strip(name, len(rows), shown))
    return strips


def _chosen(task: Task) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Return classes with their rows, the largest first; of numbers, rows in rising order."""
    present = outputs.of(task).present(task.labels)
    if present is None:
        yield "", np.argsort(task.labels[:, 0], kind="stable")
        return
    order = np.argsort(-present.sum(axis=0), kind="stable")
    if len(order) > _MOST_PICTURES:
        order = order[np.linspace(0, len(order) - 1, _MOST_PICTURES).round().astype(int)]
    for k in order.tolist():
        yield task.classes[k], np.flatnonzero(present[:, k])


def _shown(task: Task, pair: Pair) -> tuple[Pair, Picture, Picture]:
    return pair, _picture(task, pair.first), _picture(task, pair.second)


def _picture(task: Task, image: Image) -> Picture:
    return Picture(image, thumbnails.thumbnail(task, image.file))
