"""Submissions with a row for every image and head: between them and rows of images."""

from collections.abc import Sequence

from kaggle_prz.core.task import Task
from kaggle_prz.tasks.infer import tables

Rows = list[list[str]]


def header_and_rows(task: Task, written: Sequence[Sequence[str]]) -> tuple[list[str], Rows]:
    """Return the header and rows of a submission, in the sample's order."""
    if not task.melted:
        named = zip(task.test_ids.tolist(), written, strict=True)
        return [task.id_column, *task.target_columns], [[name, *cells] for name, cells in named]
    sample = tables.read_csv(task.sample)
    cell_of = {
        f"{image}_{head}": cell
        for image, cells in zip(task.test_ids.tolist(), written, strict=True)
        for head, cell in zip(task.target_columns, cells, strict=True)
    }
    ids = sample.iloc[:, 0].str.strip().tolist()
    return list(sample.columns), [[name, cell_of[name]] for name in ids]


def by_image(task: Task, rows: Rows) -> Rows:
    """Return rows of a submission as rows of images, for a melted task; else as they are."""
    if not task.melted:
        return rows
    cell_of = dict(rows)
    return [
        [image, *(cell_of[f"{image}_{head}"] for head in task.target_columns)]
        for image in task.test_ids.tolist()
    ]
