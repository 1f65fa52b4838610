"""Back to weights that are good: those of which the next step's loss was a number."""

import numpy as np
import pytest

from kaggle_prz.training.callbacks import rollback
from kaggle_prz.training.callbacks.callbacks import Pace
from kaggle_prz.training.callbacks.rollback import Kept, Rollback, finite

pytestmark = pytest.mark.keras


class Model:
    """Weights, of which the value tells the step."""

    def __init__(self):
        self.weights, self.resets = [np.zeros(1)], 0

    def get_weights(self):
        return [weight.copy() for weight in self.weights]

    def set_weights(self, weights):
        self.weights = [weight.copy() for weight in weights]

    def reset_metrics(self):
        self.resets += 1


@pytest.fixture
def fold(monkeypatch):
    """A fold of ten-step intervals, driven by hand."""
    monkeypatch.setattr(rollback, "_STEPS_BETWEEN", 10)
    model, pace, told, anew = Model(), Pace(100, 1e-2, None), [], []
    back = Rollback(pace, lambda: anew.append(pace.step), told.append, "stage1-16, fold 2")
    back.set_model(model)

    def go(steps):
        for _ in range(steps):
            pace.step += 1
            model.set_weights([np.full(1, float(pace.step))])
            back.on_train_batch_end(0)

    back.on_train_begin()
    return back, model, pace, told, anew, go


def test_before_any_good_weights_it_goes_back_to_the_beginning(fold):
    back, model, pace, told, anew, go = fold
    go(4)
    pace.step = 5
    assert back.recover()
    assert model.weights[0].tolist() == [0.0]
    assert (pace.peak, anew, model.resets) == (5e-3, [5], 1)
    assert told == [
        "stage1-16, fold 2: the loss was NaN or infinite at step 5. Training continues from the "
        "weights of the start, with a peak learning rate of 0.005."
    ]


@pytest.mark.parametrize(("steps", "good"), [(10, 0), (11, 10), (19, 10), (20, 10), (21, 20)])
def test_weights_are_good_when_the_step_after_them_was(fold, steps, good):
    back, model, pace, told, _, go = fold
    go(steps)
    pace.step += 1
    assert back.recover()
    assert model.weights[0].tolist() == [float(good)]
    assert ("the start" in told[0]) == (good == 0)


def test_after_three_times_it_is_given_up(fold):
    back, _, pace, told, anew, go = fold
    for times in range(3):
        go(3)
        pace.step += 1
        assert back.recover()
        back.on_train_batch_end(0)
        assert pace.peak == pytest.approx(1e-2 / 2 ** (times + 1))
    go(1)
    assert not back.recover()
    assert (len(told), len(anew)) == (3, 3)
    assert back.told == (
        "step 13 after going back 3 times to good weights at half the learning rate "
        "(learning rate 0.0013)"
    )


def test_what_was_given_up_is_left_as_it_is(fold):
    back, model, _, told, _, _ = fold
    back.count = rollback.MOST
    model.set_weights([np.array([np.nan])])
    assert not back.recover()
    back.on_train_end()
    assert np.isnan(model.weights[0]).all()
    assert told == []


def test_no_good_weights_no_way_back(fold):
    back, model, _, told, _, _ = fold
    model.set_weights([np.array([np.nan])])
    back.on_train_begin()
    assert not back.recover()
    assert (told, back.told) == ([], "step 0 (learning rate 0.01)")


def test_a_last_step_that_spoils_the_weights_is_undone(fold):
    back, model, pace, told, _, go = fold
    go(14)
    pace.step += 1
    model.set_weights([np.array([np.inf])])
    back.on_train_end()
    assert model.weights[0].tolist() == [10.0]
    assert "the weights were NaN or infinite after step 15" in told[0]


def test_good_weights_stay_at_the_end(fold):
    back, model, _, told, _, go = fold
    go(14)
    back.on_train_end()
    assert model.weights[0].tolist() == [14.0]
    assert told == []


def test_variables_are_put_back():
    import keras

    variables = [keras.Variable(np.ones(2, "float32")), keras.Variable(3, dtype="int32")]
    kept = Kept(variables)
    for variable in variables:
        variable.assign(variable * 0)
    kept.put_back()
    assert [np.asarray(each).tolist() for each in variables] == [[1.0, 1.0], 3]


def test_finite():
    assert finite([np.zeros(2), np.zeros((1, 1))])
    assert not finite([np.zeros(2), np.array([np.nan])])
