"""The small network of `shapes` and of most tests here."""

import numpy as np
import pytest

from kaggle_prz.core.errors import UsageError
from kaggle_prz.models.backbones import resolve
from kaggle_prz.models.classifier import build

pytestmark = pytest.mark.keras


@pytest.mark.parametrize("size", [8, 24, 50])
def test_tiny_shrinks_by_eight(size):
    network = resolve("tiny").build(size)
    assert network.output_shape == (None, size // 8, size // 8, 64)


def test_tiny_refuses_images_below_8_px():
    with pytest.raises(UsageError, match="at least 8 px"):
        build(resolve("tiny"), 7, 2)


def test_tiny_sees_pixels_between_minus_one_and_one():
    tiny = resolve("tiny")
    np.testing.assert_allclose(np.array([0, 255]) * tiny.scale + tiny.offset, [-1, 1])


def test_weights_of_tiny_have_names_of_their_own():
    paths = [weight.path for weight in resolve("tiny").build(16).weights]
    assert sum("conv" in path for path in paths) == 4
    assert sum("norm" in path for path in paths) == 16
    assert all(path.startswith("block") for path in paths)
