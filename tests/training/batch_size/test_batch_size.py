"""Batch sizes: found by trying, halved where memory runs out, never without an end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.toys import make_stage

from kaggle_prz.core.errors import RunError, UsageError
from kaggle_prz.schedule.recipe import Recipe
from kaggle_prz.schedule.stages import stages_of
from kaggle_prz.training import batch_size
from kaggle_prz.training.batch_size import Batch, largest, within_memory


@given(st.integers(1, 4096), st.integers(1, 64))
def test_half_a_batch_twice_as_often_is_the_same_images(size, accumulate):
    smaller = batch = Batch(size, accumulate)
    while smaller.size > 1:
        smaller = smaller.halved()
        assert smaller.size * smaller.accumulate <= size * accumulate
    assert smaller.accumulate == accumulate * 2 ** (size.bit_length() - 1)
    with pytest.raises(RunError, match=r"for a training step with one image\. Use smaller"):
        smaller.halved()
    assert batch == (size, accumulate)


class ResourceExhaustedError(Exception):
    """Named as TensorFlow's."""


class OutOfMemoryError(RuntimeError):
    """Named as PyTorch's."""


@pytest.mark.parametrize(
    ("error", "exhausted"),
    [
        (MemoryError(), True),
        (ResourceExhaustedError("OOM when allocating tensor"), True),
        (RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 17179869184 bytes."), True),
        (OutOfMemoryError("CUDA out of memory"), True),
        (RuntimeError("INVALID_ARGUMENT: a shape"), False),
        (ValueError("RESOURCE_EXHAUSTED"), False),
        (KeyboardInterrupt(), False),
    ],
)
def test_errors_of_memory_are_told_from_others(error, exhausted):
    assert batch_size.is_exhausted(error) == exhausted


def test_attempts_go_on_until_one_fits_and_other_errors_pass():
    sizes = [64]

    def attempt():
        if sizes[-1] > 8:
            raise MemoryError
        return sizes[-1]

    assert within_memory(attempt, lambda: sizes.append(sizes[-1] // 2)) == 8
    assert sizes == [64, 32, 16, 8]
    with pytest.raises(ZeroDivisionError):
        within_memory(lambda: 1 / 0, lambda: sizes.append(0))
    assert sizes[-1] == 8


@given(st.integers(1, 100_000), st.integers(1, 1024))
def test_the_largest_batch_is_the_largest_of_those_that_fit(rows, memory):
    tried = []

    def fits(size):
        tried.append(size)
        return size <= memory

    found = largest(rows, fits)
    allowed = [2**n for n in range(3, 10) if 2**n <= memory and 2**n * 16 <= rows]
    assert found == max(allowed, default=8)
    assert tried == sorted(tried, reverse=True)
    assert all(8 < size <= 512 and size * 16 <= rows for size in tried)


def test_a_probed_stage_has_its_learning_rate_by_the_root():
    recipe = Recipe(sizes=(32, 48), batch_size="auto", learning_rate=1e-3, learning_rate_fall=0.5)
    found = batch_size.probed(make_stage(index=2), recipe, 128, usual=32)
    assert (found.batch_size, found.learning_rate) == (128, pytest.approx(1e-3))
    assert batch_size.probed(found, recipe, 128, usual=32) == found
    said = batch_size.reason(128, 48, 32)
    assert said.startswith("batch size: 128 at 48 px, the largest power of two up to 512")
    assert "learning rate × 2.00, the square root of 128 ÷ 32" in said


def test_auto_begins_with_the_usual_batch():
    by_default, auto = Recipe(sizes=(96, 144)), Recipe(sizes=(96, 144), batch_size="auto")
    assert stages_of(auto) == stages_of(by_default)
    assert [stage.batch_size for stage in stages_of(auto)] == [32, 32]


@pytest.mark.parametrize(
    ("given", "said"), [(0, "greater than or equal to 1"), ("x", "whole number")]
)
def test_a_batch_size_that_cannot_be_is_one_sentence(given, said):
    with pytest.raises(UsageError) as raised:
        Recipe.parse({"batch_size": given})
    assert said in str(raised.value)
    assert str(raised.value).count("batch_size:") == 1
