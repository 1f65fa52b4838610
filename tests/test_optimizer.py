"""Fine-tuning steps: no shift of an output by its positive inputs, and layers that move alike."""

import keras
import numpy as np
import pytest

from kaggle_prz.optimizer import FineTuningAdamW, share_of_rate

pytestmark = pytest.mark.keras


def moved(optimizer, shape, gradient):
    """What one step changes of a kernel of zeros."""
    kernel = keras.Variable(np.zeros(shape, np.float32))
    optimizer.build([kernel])
    optimizer.apply([keras.ops.convert_to_tensor(gradient.astype(np.float32))], [kernel])
    return keras.ops.convert_to_numpy(kernel)


def gradients(shape, mean):
    return mean + np.random.default_rng(0).normal(size=shape)


@pytest.mark.parametrize("shape", [(1, 1, 96, 5), (3, 3, 8, 5), (5, 5, 7, 1)])
def test_an_output_of_equal_inputs_hardly_shifts(shape):
    axes = (0, 1) if shape[-1] == 1 else (0, 1, 2)
    inputs = np.prod([shape[axis] for axis in axes])
    there = gradients(shape, mean=10)
    shift = np.abs(moved(FineTuningAdamW(1e-3), shape, there).sum(axis=axes)).max()
    plain = np.abs(moved(keras.optimizers.AdamW(1e-3), shape, there).sum(axis=axes)).min()
    assert plain == pytest.approx(1e-3 * inputs, rel=1e-3)  # every weight moves the same way
    assert shift < 0.5 * plain * share_of_rate(shape)


def test_a_step_falls_with_the_inputs():
    for inputs, share in ((8, 10.0), (32, 10.0), (320, 1.0), (1280, 0.25)):
        step = moved(FineTuningAdamW(1e-3), (1, 1, inputs, 4), gradients((1, 1, inputs, 4), 0))
        assert np.abs(step).max() == pytest.approx(1e-3 * share, rel=1e-3)


def test_a_head_is_not_centred():
    step = moved(FineTuningAdamW(1e-3), (1280, 2), np.ones((1280, 2)))
    np.testing.assert_allclose(step, -0.25e-3, rtol=1e-3)


def test_a_bias_moves_ten_times_as_far():
    np.testing.assert_allclose(moved(FineTuningAdamW(1e-3), (3,), np.ones(3)), -1e-2, rtol=1e-3)
