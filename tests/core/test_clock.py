import dataclasses
import time

import pytest

from kaggle_prz.core.clock import FOR_ENSEMBLE_AND_REPORT, Budget


@pytest.fixture
def at(monkeypatch):
    """Set the clock."""

    def set_clock(seconds: float) -> None:
        monkeypatch.setattr(time, "monotonic", lambda: seconds)

    set_clock(1000.0)
    return set_clock


def test_without_a_limit_there_is_time_for_ever(at):
    budget = Budget(None, started=1000)
    at(1e9)
    assert budget.left() == float("inf")
    assert budget.end_of_training is None


def test_time_for_what_follows_training_is_kept_back(at):
    budget = Budget(600, started=1000)
    assert budget.end_of_training == pytest.approx(1000 + 600 - FOR_ENSEMBLE_AND_REPORT - 6)
    assert budget.left() == pytest.approx(588)


def test_time_passes(at):
    budget = Budget(600, started=1000)
    at(1100.0)
    assert budget.left() == pytest.approx(488)
    assert budget.spent() == 100
    at(2000.0)
    assert budget.left() < 0


def test_the_clock_starts_when_the_budget_is_made():
    before = time.monotonic()
    budget = Budget(600)
    assert before <= budget.started <= time.monotonic()
    assert budget.spent() < 60


def test_a_budget_cannot_be_extended():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Budget(600).limit = 700


def test_a_session_lasts_for_what_fits_into_it(at):
    budget = Budget(None, started=1000, session=100)
    assert budget.lasts(100 - FOR_ENSEMBLE_AND_REPORT)
    assert not budget.lasts(101 - FOR_ENSEMBLE_AND_REPORT)
    at(1050.0)
    assert not budget.lasts(50)
    assert budget.left() == float("inf")  # epochs are not fitted to a session
    assert Budget(None, started=0).lasts(1e9)
