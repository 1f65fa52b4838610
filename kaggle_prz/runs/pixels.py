"""How a run reads pixels: as it did when it began, whatever the rules are today."""

from dataclasses import replace
from pathlib import Path

from kaggle_prz.core.errors import RunError
from kaggle_prz.core.task import Task
from kaggle_prz.runs import records
from kaggle_prz.runs.run import TaskRecord
from kaggle_prz.tasks.overrides import Overrides

_FIELDS = ("pixel_range", "largest_pixels")


def as_before(path: Path, task: Task, overrides: Overrides) -> Task:
    """Return the task with its pixels read as by the run that is at `path`, if there is one.

    Raises:
        RunError: an option says otherwise.
    """
    if not (path / "task.json").is_file():
        return task
    written = records.read(path / "task.json", TaskRecord)
    there = {name: getattr(written, name) for name in _FIELDS}
    for name, before in there.items():
        if name in overrides.given and getattr(task, name) != before:
            raise RunError(
                f"{path} has a run that reads pixels with {name} {before}; received "
                f"{getattr(task, name)}. Choose another run with --run NAME."
            )
    return replace(task, **there)
