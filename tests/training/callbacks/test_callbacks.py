"""The learning rate's course, the end in time, and rows of the history, against a clock in hand."""

import types

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kaggle_prz.training.callbacks import callbacks
from kaggle_prz.training.callbacks.callbacks import Clock, History, Pace, learning_rate_at

pytestmark = pytest.mark.keras


class Watch:
    """A clock that goes on when told to."""

    def __init__(self):
        self.now = 100.0

    def monotonic(self):
        return self.now


@pytest.fixture
def watch(monkeypatch):
    watch = Watch()
    monkeypatch.setattr(callbacks, "time", watch)
    return watch


def with_model(callback):
    model = types.SimpleNamespace(
        stop_training=False, optimizer=types.SimpleNamespace(learning_rate=None)
    )
    callback.set_model(model)
    return callback


def test_the_learning_rate_warms_up_and_anneals():
    course = [learning_rate_at(step / 100, 2.0) for step in range(101)]
    assert course[0] == pytest.approx(0.2)
    assert course[10] == max(course) == pytest.approx(2.0)
    assert course[55] == pytest.approx((2.0 + 0.02) / 2)
    assert course[100] == pytest.approx(0.02)
    assert course[:11] == sorted(course[:11])
    assert course[10:] == sorted(course[10:], reverse=True)


@given(st.floats(0, 5), st.floats(1e-6, 1))
def test_the_learning_rate_stays_between_one_percent_and_the_peak(progress, peak):
    assert 0.0099 * peak <= learning_rate_at(progress, peak) <= 1.0001 * peak


def test_pace_stops_at_the_last_step(watch):
    pace = with_model(Pace(20, 1e-3, None))
    rates = []
    for _ in range(20):
        assert not pace.model.stop_training
        pace.on_train_batch_begin(0)
        rates.append(pace.model.optimizer.learning_rate)
        watch.now += 1000
        pace.on_train_batch_end(0)
    assert pace.model.stop_training
    assert rates == [learning_rate_at(step / 20, 1e-3) for step in range(20)]


def test_pace_anneals_to_the_deadline_when_time_is_shorter_than_steps(watch):
    pace = with_model(Pace(1000, 1e-3, watch.now + 50))
    rates = []
    while not pace.model.stop_training:
        pace.on_train_batch_begin(0)
        rates.append(pace.learning_rate)
        watch.now += 1
        pace.on_train_batch_end(0)
    assert watch.now == 150
    assert pace.step == 50
    assert max(rates) == pytest.approx(1e-3)
    assert rates[-1] == pytest.approx(1e-5, rel=0.2)


def test_pace_keeps_to_its_steps_when_time_is_plenty(watch):
    pace = with_model(Pace(10, 1.0, watch.now + 1e6))
    rates = []
    while not pace.model.stop_training:
        pace.on_train_batch_begin(0)
        rates.append(pace.learning_rate)
        watch.now += 1
        pace.on_train_batch_end(0)
    assert rates == pytest.approx([learning_rate_at(step / 10, 1.0) for step in range(10)])


def test_pace_with_a_deadline_gone_by_stops_after_one_step(watch):
    pace = with_model(Pace(10, 1.0, watch.now - 5))
    pace.on_train_batch_begin(0)
    watch.now += 1
    pace.on_train_batch_end(0)
    assert pace.model.stop_training


def play(losses, accuracies, steps_a_pass, steps, *, watch=None, advance=None):
    """Drive Pace and History as Keras does, with means since the epoch began."""
    pace = with_model(Pace(steps, 1e-3, None))
    history = History(pace, steps_a_pass, advance)
    history.set_model(pace.model)
    done = 0
    while not pace.model.stop_training:
        history.on_epoch_begin(0)
        for batch in range(steps_a_pass):
            since = done - batch
            pace.on_train_batch_begin(batch)
            if watch is not None:
                watch.now += 2
            pace.on_train_batch_end(batch)
            done += 1
            means = {
                "loss": sum(losses[since:done]) / (batch + 1),
                "accuracy": sum(accuracies[since:done]) / (batch + 1),
            }
            history.on_train_batch_end(batch, means)
            if pace.model.stop_training:
                break
    return history


def test_every_row_of_a_short_history_is_one_step(watch):
    losses = [2.0, 1.5, 1.7, 1.2, 0.9, 1.1, 0.4]
    history = play(losses, [0.1 * step for step in range(7)], 3, 7, watch=watch)
    rows = history.rows
    assert set(rows[0]) == {"step", "epoch", "loss", "accuracy", "learning_rate", "seconds"}
    assert [row["step"] for row in rows] == [1, 2, 3, 4, 5, 6, 7]
    assert [row["loss"] for row in rows] == pytest.approx(losses)
    assert [row["accuracy"] for row in rows] == pytest.approx([0.1 * s for s in range(7)])
    assert [row["epoch"] for row in rows] == pytest.approx(
        [(s + 1) / 3 for s in range(7)], abs=1e-4
    )
    assert [row["seconds"] for row in rows] == [2 * (step + 1) for step in range(7)]
    assert [row["learning_rate"] for row in rows] == [
        learning_rate_at(step / 7, 1e-3) for step in range(7)
    ]


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 60),
    st.integers(1, 300),
    st.lists(st.floats(0.01, 50), min_size=300, max_size=300),
)
def test_rows_are_means_since_the_row_before(steps_a_pass, steps, losses):
    history = play(losses, [loss / 50 for loss in losses], steps_a_pass, steps)
    ends = [row["step"] for row in history.rows]
    assert ends[-1] == steps
    assert ends == sorted(set(ends))
    assert len(ends) <= 80 + steps // steps_a_pass
    for begin, row in zip([0, *ends], history.rows, strict=False):
        own = losses[begin : row["step"]]
        assert row["loss"] == pytest.approx(sum(own) / len(own), rel=1e-6, abs=1e-6)
        assert row["accuracy"] == pytest.approx(row["loss"] / 50, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_history_ends_training_when_the_loss_is_no_number(loss):
    history = play([1.0, 0.9, loss, 1.0, 1.0], [0.5] * 5, 5, 5)
    assert not history.finite
    assert history.model.stop_training
    assert [row["step"] for row in history.rows] == [1, 2, 3]


def test_progress_is_told_with_the_loss_so_far():
    told = []
    play([1.0, 2.0], [0.5, 0.5], 2, 2, advance=lambda steps, note: told.append((steps, note)))
    assert told == [(1, "loss 1.000"), (1, "loss 1.500")]


def test_the_clock_times_each_step_of_the_last_fit(watch):
    clock = with_model(Clock())
    for fit in ([50, 60], [1, 2, 3]):
        clock.on_train_begin()
        for seconds in fit:
            watch.now += 5
            clock.on_train_batch_begin(0)
            watch.now += seconds
            clock.on_train_batch_end(0)
    assert clock.seconds == [1, 2, 3]


def test_rows_follow_the_steps_that_are_likely_not_the_most_that_are_allowed():
    pace = with_model(Pace(4000, 1e-3, None))
    history = History(pace, 4000, None, expected=80)
    history.set_model(pace.model)
    for batch in range(80):
        pace.on_train_batch_begin(batch)
        pace.on_train_batch_end(batch)
        history.on_train_batch_end(batch, {"loss": 1.0, "accuracy": 0.5})
    assert len(history.rows) == 40


def steps_until_the_end(pace, watch, seconds):
    while not pace.model.stop_training:
        pace.on_train_batch_begin(0)
        watch.now += seconds
        pace.on_train_batch_end(0)
    return pace.step


@pytest.mark.parametrize(("accumulate", "steps"), [(1, 50), (4, 48), (7, 49), (30, 30)])
def test_a_deadline_ends_between_accumulations(watch, accumulate, steps):
    pace = with_model(Pace(1000 * accumulate, 1e-3, watch.now + 50, accumulate))
    assert steps_until_the_end(pace, watch, 1.0) == steps
    assert pace.unused == 0


def test_a_deadline_within_the_first_accumulation_holds(watch):
    pace = with_model(Pace(1000, 1e-3, watch.now + 50, 100))
    assert steps_until_the_end(pace, watch, 1.0) == 50
    assert pace.unused == 50


def test_training_goes_on_to_the_end_of_an_accumulation_that_began_anew(watch):
    pace = with_model(Pace(12, 1e-3, None, 4))
    for _ in range(3):
        pace.on_train_batch_end(0)
    pace.restart(0.5)
    assert pace.peak == 5e-4
    assert steps_until_the_end(pace, watch, 1.0) == 15
    assert pace.unused == 0


def test_time_set_aside_ends_training_earlier(watch):
    pace = with_model(Pace(1000, 1e-3, watch.now + 50))
    pace.reserved = 20.0
    assert steps_until_the_end(pace, watch, 1.0) == 30


def test_history_goes_on_where_training_went_back(watch):
    """Means are counted anew, as Keras does when its metrics are reset."""
    pace = with_model(Pace(6, 1e-3, None))
    history = History(pace, 6, None, recover=lambda: True)
    history.set_model(pace.model)
    history.on_epoch_begin(0)
    for batch, mean in enumerate([2.0, 1.5, float("nan"), 4.0, 3.0, 3.0]):
        pace.on_train_batch_begin(batch)
        pace.on_train_batch_end(batch)
        history.on_train_batch_end(batch, {"loss": mean, "accuracy": 0.5})
    assert history.finite
    assert [row["step"] for row in history.rows] == [1, 2, 3, 4, 5, 6]
    assert [row["loss"] for row in history.rows if row["step"] != 3] == [2.0, 1.0, 4.0, 2.0, 3.0]
    assert [row.get("rollback") for row in history.rows] == [None, None, 1, None, None, None]
