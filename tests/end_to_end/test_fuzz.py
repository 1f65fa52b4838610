"""A few hundred damaged competitions; `python -m support.fuzz` reads thousands."""

import pytest
from hypothesis import HealthCheck, given, settings
from support.fuzz import many, packed, pictures, tables, trial

pytestmark = pytest.mark.full

FEW = settings(
    max_examples=80, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


@FEW
@given(files=tables.competitions())
def test_damaged_tables(files):
    trial.inspected(files)


@FEW
@given(files=packed.competitions())
def test_damaged_archives(files):
    trial.inspected(files)


@FEW
@given(case=pictures.files())
def test_damaged_pictures(case):
    trial.decoded(*case)


@FEW
@given(files=many.competitions())
def test_damaged_files_of_many(files):
    trial.inspected(files)


@FEW
@given(case=many.pictures())
def test_damaged_pictures_in_files_of_many(case):
    trial.decoded(*case)


@pytest.mark.parametrize("number", range(6))
def test_sound_files_of_many_are_tasks(number):
    assert trial.inspected(many.sound()[number][1]) == "Task"


def test_sound_competitions_are_tasks():
    assert {trial.inspected(files) for files in trial.bases.tabular()} == {"Task"}


def test_what_is_told_as_a_fault(tmp_path):
    def escape():
        (root.parent / "evil").touch()
        return "Task"

    with pytest.raises(trial.Fault, match="ValueError"):
        trial.outcome(lambda: int("x") or "")
    with pytest.raises(trial.Fault, match="outside of the cache"), trial.written({}) as root:
        trial.outcome(escape)
