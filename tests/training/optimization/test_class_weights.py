"""Every class weighs the same, and rows 1 on average."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaggle_prz.core.errors import UsageError
from kaggle_prz.schedule.recipe import Recipe
from kaggle_prz.tasks import outputs
from kaggle_prz.training.optimization import class_weights

SIZES = (3, 2)
indexes = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1)), min_size=1, max_size=40)


@given(indexes)
def test_classes_of_heads_weigh_the_same(rows):
    targets = np.array(rows)
    weights = class_weights.balanced(targets, SIZES)
    each = class_weights.of_rows(weights, targets, SIZES)
    assert each.shape == (len(rows), 2)
    np.testing.assert_allclose(each.mean(axis=0), 1, rtol=1e-5)
    for head, size in enumerate(SIZES):
        totals = [each[targets[:, head] == k, head].sum() for k in range(size)]
        there = [total for total in totals if total]
        np.testing.assert_allclose(there, there[0], rtol=1e-5)


@given(indexes)
def test_shares_that_are_one_class_weigh_as_that_class(rows):
    targets = np.array(rows)
    hot = outputs.shares(targets, SIZES)
    plain = class_weights.balanced(targets, SIZES)
    mixed = class_weights.balanced(hot, SIZES)
    np.testing.assert_allclose(plain, mixed)
    np.testing.assert_allclose(
        class_weights.of_rows(plain, targets, SIZES),
        class_weights.of_rows(mixed, hot, SIZES),
        rtol=1e-6,
    )


def test_a_row_of_two_classes_weighs_between_them():
    weights = np.array([0.5, 3.0])
    half = class_weights.of_rows(weights, np.array([[0.5, 0.5]]), (2,))
    assert half.tolist() == [1.75]


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=40))
def test_tags_weigh_as_much_where_they_are_as_where_they_are_not(rows):
    targets = np.array(rows, np.float32)
    weights = class_weights.balanced(targets, ())
    each = class_weights.of_rows(weights, targets, ())
    np.testing.assert_allclose(each.mean(axis=0), 1, rtol=1e-5)
    for tag in range(2):
        there = targets[:, tag] == 1
        if there.any() and not there.all():
            np.testing.assert_allclose(each[there, tag].sum(), each[~there, tag].sum(), rtol=1e-4)


def test_a_class_without_rows_has_a_weight_of_one():
    weights = class_weights.balanced(np.array([0, 0, 0, 2]), (3,))
    assert weights.tolist() == pytest.approx([2 / 3, 1, 2])


@pytest.mark.parametrize(
    ("key", "value", "plain"),
    [("class_weight", "balanced", "none"), ("loss", "focal", "crossentropy")],
)
def test_numbers_have_no_classes_to_weigh(key, value, plain):
    recipe = Recipe(**{key: value})
    for target in (outputs.Classes(3), outputs.Heads(5, SIZES), outputs.Tags(2)):
        class_weights.check(recipe, target)
    numbers = outputs.Numbers(1, np.zeros(1), np.ones(1))
    class_weights.check(Recipe(), numbers)
    with pytest.raises(UsageError) as raised:
        class_weights.check(recipe, numbers)
    assert str(raised.value) == (
        f"{key} '{value}' needs classes, but the labels of this competition are numbers. "
        f"Use {key} '{plain}'."
    )


def test_unknown_tags_weigh_on_no_class():
    known = np.array([[1, 0], [0, 0], [0, 1], [0, 1]], np.float32)
    unknown = np.concatenate([known, np.full((3, 2), np.nan, np.float32)])
    weights = class_weights.balanced(unknown, ())
    np.testing.assert_allclose(weights, class_weights.balanced(known, ()))
    assert np.isfinite(class_weights.of_rows(weights, unknown, ())).all()
