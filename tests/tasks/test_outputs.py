"""Labels of every kind as outputs from 0 to 1, and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from support.toys import make_heads, make_task

from kaggle_prz.tasks import outputs

measured = arrays.arrays(
    np.float32,
    st.tuples(st.integers(2, 20), st.integers(1, 3)),
    elements=st.floats(-1000, 1000, width=32),
)


def test_classes_stay_what_they_are():
    task = make_task([0, 2, 2, 1])
    made = outputs.of(task)
    assert (made.kind, made.count, made.activation) == ("classes", 3, "softmax")
    targets = made.targets(task.labels)
    assert (targets.tolist(), targets.dtype) == ([0, 2, 2, 1], np.int32)
    rows = np.array([[0.2, 0.3, 0.5]])
    assert made.predictions(rows) is rows


def test_tags_are_sigmoids():
    tags = np.array([[1, 0], [0, 0], [1, 1]], np.float32)
    made = outputs.of(make_task(tags, classes=2, kind="tags"))
    assert made.activation == "sigmoid"
    assert made.targets(tags).tolist() == tags.tolist()


def test_heads_are_softmaxes_side_by_side():
    task = make_heads([[0, 2], [1, 0], [0, 0], [0, 2]])
    made = outputs.of(task)
    assert (made.kind, made.count, made.activation, made.heads) == ("heads", 5, "softmax", (2, 3))
    assert made.targets(task.labels).tolist() == task.labels.tolist()
    assert made.rows_of_each(task.labels).tolist() == [3, 1, 2, 0, 2]
    assert made.prior(task.labels).tolist() == [0.75, 0.25, 0.5, 0, 0.5]


@given(measured)
def test_numbers_come_back_and_never_leave_their_range(numbers):
    made = outputs.of(make_task(numbers, classes=numbers.shape[1], kind="numbers"))
    targets = made.targets(numbers)
    assert targets.dtype == np.float32
    assert 0 <= targets.min() <= targets.max() <= 1
    span = np.ptp(numbers, axis=0).max()
    np.testing.assert_allclose(made.predictions(targets), numbers, atol=1e-5 * (1 + span))
    ends = made.predictions(np.array([[0.0] * made.count, [1.0] * made.count], np.float32))
    np.testing.assert_allclose(ends[0], numbers.min(axis=0), rtol=1e-6, atol=1e-9 * span)
    np.testing.assert_allclose(ends[1], numbers.max(axis=0), rtol=1e-6, atol=1e-9 * span)


def test_one_number_that_is_always_the_same():
    made = outputs.of(make_task([[5.0], [5.0]], classes=1, kind="numbers"))
    assert made.targets(np.array([[5.0]])).tolist() == [[0]]
    assert made.predictions(np.array([[0.7]])).tolist() == [[5.0]]


@pytest.mark.parametrize(
    ("labels", "facts", "expected"),
    [
        ([0, 0, 0, 2], {}, [0.75, 0, 0.25]),
        ([[0.5, 0.5, 0], [0, 1, 0]], {}, [0.25, 0.75, 0]),
        ([[1, 0], [1, 1]], {"kind": "tags", "classes": 2}, [1, 0.5]),
        ([[10.0], [20.0]], {"kind": "numbers", "classes": 1}, [15]),
    ],
)
def test_what_is_predicted_of_a_row_that_nothing_is_known_about(labels, facts, expected):
    task = make_task(labels, **facts)
    assert outputs.of(task).prior(task.labels).tolist() == expected


def test_unknown_tags_count_for_neither_prior_nor_difference():
    tags = np.array([[1, np.nan], [np.nan, 0], [0, 1]], np.float32)
    made = outputs.of(make_task(tags, classes=2, kind="tags"))
    assert made.prior(tags).tolist() == [0.5, 0.5]
    assert not made.differ(tags, np.array([0, 1]))
    assert made.differ(tags, np.array([0, 2]))
    assert made.strata(tags, 3).tolist() == [0, -1, 1]
