"""A run reads pixels as it did when it began."""

from dataclasses import replace

import pytest
from support.runs_of_kinds import make_run_of

from kaggle_prz import runs
from kaggle_prz.core.errors import RunError
from kaggle_prz.runs import pixels
from kaggle_prz.tasks.overrides import Overrides

NOTHING = Overrides()


@pytest.fixture
def run(tmp_path):
    """A run that began on a task without a range."""
    made = make_run_of("classes", tmp_path)
    runs.begin(made.path, "toys", made.recipe, made.task, None)
    runs.write_task(made.path, made.task)
    return made


def test_a_range_is_written_and_read(run):
    task = replace(run.task, pixel_range=(-3.5, 4095.0), largest_pixels=99)
    runs.write_task(run.path, task)
    again = runs.load_run(run.path).task
    assert (again.pixel_range, again.largest_pixels) == ((-3.5, 4095.0), 99)


def test_a_run_of_an_earlier_version_has_no_range(run):
    text = (run.path / "task.json").read_text("utf-8")
    assert '"pixel_range": null' in text
    (run.path / "task.json").write_text(text.replace('"pixel_range": null,', ""), "utf-8")
    assert runs.load_run(run.path).task.pixel_range is None
    today = replace(run.task, pixel_range=(0.0, 4095.0))
    assert pixels.as_before(run.path, today, NOTHING).pixel_range is None


def test_without_a_run_the_range_is_that_of_today(run, tmp_path):
    today = replace(run.task, pixel_range=(0.0, 4095.0))
    assert pixels.as_before(tmp_path / "none", today, NOTHING) is today


def test_another_option_than_the_runs_is_refused(run):
    today = replace(run.task, pixel_range=(0.0, 9.0))
    with pytest.raises(RunError, match=r"with pixel_range None; received \(0.0, 9.0\)"):
        pixels.as_before(run.path, today, Overrides(pixel_range="0,9"))
    assert pixels.as_before(run.path, run.task, Overrides(pixel_range="file")) is not None
