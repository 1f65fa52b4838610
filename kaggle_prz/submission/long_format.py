"""Submissions with a row for every image and head: between them and rows of images."""

from collections.abc import Sequence

from kaggle_prz.core.task import Task
from kaggle_prz.submission.form import Form, Rows


def in_rows(task: Task, form: Form, written: Sequence[Sequence[str]]) -> Rows:
    """Return cells of every row of the sample, of those of every image; unmelted: as they are."""
    if not task.melted:
        return [list(cells) for cells in written]
    cell_of = {
        f"{image}_{head}": cell
        for image, cells in zip(task.test_ids.tolist(), written, strict=True)
        for head, cell in zip(task.target_columns, cells, strict=True)
    }
    return [[cell_of[name]] for name in form.names()]


def by_image(task: Task, ids: Sequence[str], cells: Rows) -> tuple[Sequence[str], Rows]:
    """Return ids and cells of images, of those of rows, for a melted task; else as they are."""
    if not task.melted:
        return ids, cells
    cell_of = {name: cell for name, (cell,) in zip(ids, cells, strict=True)}
    images = task.test_ids.tolist()
    return images, [[cell_of[f"{i}_{head}"] for head in task.target_columns] for i in images]
