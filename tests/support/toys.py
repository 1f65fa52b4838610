"""Tasks and predictions without files, for tests of what needs none."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kaggle_prz.core.task import Head, Images, Task
from kaggle_prz.schedule.recipe import Stage
from kaggle_prz.tasks.outputs import Classes, Heads, Numbers, Tags, Target


def make_task(labels: Any, *, classes: int | Sequence[str] = 3, **changes: Any) -> Task:
    """A task with those labels: ids `r0, r1, …`, test ids `t0 … t4`, one column a class."""
    names = tuple(f"c{k}" for k in range(classes)) if isinstance(classes, int) else tuple(classes)
    groups = changes.pop("groups", None)
    test_ids = np.array(changes.pop("test_ids", [f"t{row}" for row in range(5)]), dtype=str)
    facts: dict[str, Any] = {
        "slug": "toys",
        "root": Path("toys"),
        "sample": Path("toys/sample_submission.csv"),
        "id_column": "id",
        "target_columns": names,
        "cell": "probabilities",
        "classes": names,
        "metric": "log_loss",
        "train_ids": np.array([f"r{row}" for row in range(len(labels))], dtype=str),
        "train_files": np.array([f"train/r{row}.png" for row in range(len(labels))], dtype=str),
        "labels": np.array(labels, None if np.ndim(labels) == 2 else np.int64),
        "groups": None if groups is None else np.array(groups, dtype=str),
        "test_ids": test_ids,
        "test_files": np.array([f"test/{name}.png" for name in test_ids], dtype=str),
    }
    return Task(**(facts | changes))


def make_bags(labels: Any, sizes: Sequence[int], test_sizes: Sequence[int], **changes: Any) -> Task:
    """A task whose rows have so many images: `train/r0_0.png`, `train/r0_1.png`, …"""
    parts = []
    for name, counts in (("train/r", sizes), ("test/t", test_sizes)):
        files = [f"{name}{row}_{n}.png" for row, count in enumerate(counts) for n in range(count)]
        parts += [np.array(files, dtype=str), np.repeat(np.arange(len(counts)), counts)]
    test = [f"test/t{row}_0.png" if count else "" for row, count in enumerate(test_sizes)]
    return make_task(
        labels,
        train_files=np.array([f"train/r{row}_0.png" for row in range(len(sizes))], dtype=str),
        test_ids=[f"t{row}" for row in range(len(test_sizes))],
        test_files=np.array(test, dtype=str),
        bags=Images(*parts),
        **changes,
    )


def make_heads(labels: Any, *, sizes: Sequence[int] = (2, 3), **changes: Any) -> Task:
    """A task of heads `h0, h1, …` with classes `0, 1, …`, a column a head."""
    heads = tuple(Head(f"h{k}", tuple(map(str, range(size)))) for k, size in enumerate(sizes))
    facts: dict[str, Any] = {
        "classes": tuple(f"{head.name}_{each}" for head in heads for each in head.classes),
        "target_columns": tuple(head.name for head in heads),
        "cell": "label",
        "kind": "heads",
        "heads": heads,
        "metric": "accuracy",
    }
    return make_task(np.array(labels, np.int64), **(facts | changes))


def make_stage(index: int = 1, size: int = 32, epochs: float = 2.0) -> Stage:
    """A stage with everything but size and epochs of no interest."""
    return Stage(index=index, image_size=size, epochs=epochs, batch_size=8, learning_rate=1e-3)


class Recorder:
    """A console that keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.tables: list[tuple[str, list[str], list[tuple[str, ...]]]] = []
        self.bars: list[tuple[str, int]] = []

    def say(self, text: str) -> None:
        self.lines.append(text)

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        self.tables.append((title, list(columns), [tuple(row) for row in rows]))

    def bar(self, label: str, total: int) -> "Recorder":
        self.bars.append((label, total))
        return self

    def __enter__(self) -> Any:
        return lambda _steps, **_note: None

    def __exit__(self, *_: object) -> None:
        pass


def targets_of_five() -> list[Target]:
    """What a task of five outputs asks of a network, one of each kind."""
    ends = np.zeros(5), np.full(5, 9.0)
    return [Classes(5), Heads(5, (2, 3)), Tags(5), Numbers(5, *ends)]
