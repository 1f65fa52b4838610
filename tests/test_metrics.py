import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from kaggle_prz import metrics
from kaggle_prz.errors import UsageError

LABELS = np.array([0, 1, 2, 1])
PERFECT = np.eye(3)[LABELS]
WRONG = np.eye(3)[(LABELS + 1) % 3]


@pytest.mark.parametrize("name", metrics.names())
def test_a_perfect_prediction_is_better_than_a_wrong_one(name):
    metric = metrics.get(name)
    perfect = metric.score(LABELS, PERFECT * 0.98 + 0.02 / 3)
    wrong = metric.score(LABELS, WRONG * 0.98 + 0.02 / 3)
    assert metric.better(perfect, wrong)
    assert not metric.better(wrong, perfect)
    assert not metric.better(perfect, perfect)
    if metric.maximize:
        assert perfect == 1.0


def test_log_loss_is_that_of_the_formula():
    probabilities = np.array([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]])
    expected = -(math.log(0.5) + math.log(0.8)) / 2
    assert metrics.log_loss(np.array([0, 1]), probabilities) == pytest.approx(expected)


def test_log_loss_of_rows_that_do_not_sum_to_one_is_that_of_normalised_ones():
    probabilities = np.array([[2.0, 1.0, 1.0], [0.2, 0.1, 0.1]], np.float32)
    assert metrics.log_loss(np.array([0, 0]), probabilities) == pytest.approx(math.log(2))


def test_log_loss_of_rows_without_some_class():
    assert metrics.log_loss(np.array([1, 1]), np.full((2, 3), 1 / 3)) == pytest.approx(math.log(3))


def test_macro_f1_counts_a_class_that_is_never_predicted():
    predicted = np.eye(2)[[0, 0, 0, 0]]
    assert metrics.macro_f1(np.array([0, 0, 0, 1]), predicted) == pytest.approx((6 / 7 + 0) / 2)


def test_accuracy_is_a_share():
    assert metrics.accuracy(np.array([0, 1, 1, 1]), np.eye(2)[[0, 1, 0, 0]]) == 0.5


@given(st.integers(0, 2**32 - 1), st.integers(2, 5))
@settings(max_examples=25)
def test_roc_auc_is_that_of_scikit_learn(seed, classes):
    random = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(classes), random.integers(0, classes, 20)])
    rows = random.dirichlet(np.ones(classes), len(labels))
    expected = (
        reference.roc_auc_score(labels, rows[:, 1])
        if classes == 2
        else reference.roc_auc_score(labels, rows, multi_class="ovr")
    )
    assert metrics.roc_auc(labels, rows) == pytest.approx(expected)


def test_roc_auc_leaves_out_classes_without_a_row():
    rows = np.array([[0.6, 0.3, 0.1], [0.3, 0.6, 0.1], [0.4, 0.5, 0.1]])
    assert metrics.roc_auc(np.array([0, 1, 1]), rows) == 1.0
    assert math.isnan(metrics.roc_auc(np.array([1, 1, 1]), rows))
    assert math.isnan(metrics.roc_auc(np.array([1, 1]), np.array([[0.4, 0.6], [0.2, 0.8]])))


@pytest.mark.parametrize("written", ["log_loss", "Log Loss", " log-loss "])
def test_a_name_may_be_written_as_people_do(written):
    assert metrics.get(written).name == "log_loss"


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(UsageError, match=r"'mape'.*log_loss, accuracy, macro_f1, roc_auc.*--metr"):
        metrics.get("mape")
