"""Averages by hand, and the weights that a model has in, during and after predicting with them."""

import keras
import numpy as np
import pytest

from kaggle_prz.training.callbacks.averaging import WeightAverage
from kaggle_prz.training.callbacks.callbacks import Pace

pytestmark = pytest.mark.keras


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    made = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, use_bias=False)])
    made.compile("sgd", "mse")
    return made


def course(model, average, pace, values):
    """The weights take these values, one a step; returns the average after each."""
    average.set_model(model)
    for value in values:
        model.set_weights([np.full((2, 1), value, "float32")])
        pace.step += 1
        average.on_train_batch_end(0)
    average.on_train_end()


def averaged(model, average):
    with average.swapped(model):
        return float(model.get_weights()[0][0, 0])


@pytest.mark.parametrize(("momentum", "every"), [(0.5, 1), (0.9, 4), (0.99, 8)])
def test_a_moving_average_forgets_its_beginning(model, momentum, every):
    values = np.random.default_rng(0).normal(size=203)
    pace = Pace(203, 1e-3, None)
    average = WeightAverage(pace, momentum=momentum)
    course(model, average, pace, values)
    mean, before = None, 0
    for step in [*range(every, 204, every), *([203] if 203 % every else [])]:
        part = 1 - min(momentum, (1 + step) / (10 + step)) ** (step - before)
        mean = values[step - 1] if mean is None else mean + part * (values[step - 1] - mean)
        before = step
    assert averaged(model, average) == pytest.approx(mean, abs=1e-5)


def test_a_short_stage_has_an_average_of_its_own_steps(model):
    """With the momentum as it is, nine tenths of the average were the first weights."""
    pace = Pace(20, 1e-3, None)
    average = WeightAverage(pace, momentum=0.999)
    course(model, average, pace, [100.0] * 4 + [1.0] * 16)
    assert averaged(model, average) == pytest.approx(1.0, abs=0.01)


def test_accumulated_steps_count_once(model):
    one, other = Pace(16, 1e-3, None), Pace(16 * 4, 1e-3, None, 4)
    values = np.random.default_rng(1).normal(size=16)
    first = WeightAverage(one, momentum=0.5)
    course(model, first, one, values)
    expected = averaged(model, first)
    second = WeightAverage(other, momentum=0.5, accumulate=4)
    course(model, second, other, np.repeat(values, 4))
    assert averaged(model, second) == pytest.approx(expected, abs=1e-6)


def test_it_starts_anew(model):
    pace = Pace(8, 1e-3, None)
    average = WeightAverage(pace, momentum=0.9)
    course(model, average, pace, [np.nan] * 5)
    average.restart()
    course(model, average, pace, [2.0] * 3)
    assert averaged(model, average) == 2.0


def test_fit_evaluate_and_predict_see_the_weights_they_should(model):
    """The averaged ones within, and again those of the last step after an error as well."""
    pace = Pace(8, 1e-3, None)
    average = WeightAverage(pace, momentum=0.5)

    def count(batch, logs):
        pace.step += 1

    stepping = keras.callbacks.LambdaCallback(on_train_batch_end=count)
    x, y = np.ones((8, 2), "float32"), np.zeros((8, 1), "float32")
    model.set_weights([np.ones((2, 1), "float32")])
    model.fit(x, y, batch_size=1, verbose=0, callbacks=[stepping, average])
    last = model.get_weights()[0]
    last_given = model.predict(x, verbose=0)
    with average.swapped(model):
        mean = model.get_weights()[0]
        assert not np.allclose(mean, last)
        np.testing.assert_allclose(model.predict(x, verbose=0), x @ mean, rtol=1e-6)
        assert model.evaluate(x, y, verbose=0) == pytest.approx(((x @ mean) ** 2).mean())
    np.testing.assert_array_equal(model.get_weights()[0], last)
    np.testing.assert_array_equal(model.predict(x, verbose=0), last_given)
    assert model.evaluate(x, y, verbose=0) == pytest.approx((last_given**2).mean())
    with pytest.raises(KeyError), average.swapped(model):
        raise KeyError
    np.testing.assert_array_equal(model.get_weights()[0], last)
    model.fit(x, y, batch_size=1, verbose=0, callbacks=[stepping, average])
    assert not np.allclose(model.get_weights()[0], last)
