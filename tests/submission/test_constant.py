"""A run that is worse than a constant says the constant, or half of it."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.drawn import draw_for
from support.toys import make_task

from kaggle_prz import metrics
from kaggle_prz.metrics import decisions
from kaggle_prz.submission import constant

SINGLE = [
    (name, kind)
    for name in metrics.names()
    for kind in sorted(metrics.get(name).kinds)
    if not metrics.get(name).binary
]


def _task(kind, labels):
    task = make_task([0, 1, 2] * (len(labels) // 3 + 1))
    columns = labels.max() + 1 if labels.ndim == 1 else labels.shape[1]
    names = tuple(f"c{k}" for k in range(int(columns)))
    return dataclasses.replace(task, kind=kind, labels=labels, classes=names, target_columns=names)


def _score(metric, kind, labels, predictions):
    decision = decisions.fit(metric, kind, labels, predictions)
    return decisions.score_with(metric, labels, predictions, decision)


@pytest.mark.parametrize(("name", "kind"), SINGLE)
@given(seed=st.integers(0, 999))
@settings(max_examples=8, deadline=None)
def test_a_mix_is_never_worse_than_predictions_or_constant(name, kind, seed):
    metric = metrics.get(name)
    labels, predictions = draw_for(name, kind, seed, columns=3, rows=24)
    if kind == "classes" and labels.ndim == 1:
        labels[:3] = [0, 1, 2]
    task = _task(kind, labels)
    found = constant.mixed(task, metric, predictions, 0)
    mix, after = found.mix, found.score
    before = _score(metric, kind, labels, predictions)
    assert after == _score(metric, kind, labels, mix.of(predictions))
    assert not metric.better(before, after)
    assert not metric.better(mix.score, after) or np.isnan(mix.score)
    assert (mix.share == 0) == (mix.of(predictions) is predictions)


def test_good_predictions_stay_as_they_are():
    labels = np.arange(30) % 3
    task = _task("classes", labels)
    predictions = np.eye(3)[labels] * 0.7 + 0.1
    assert constant.mixed(task, metrics.get("log_loss"), predictions, 0).mix.share == 0


def test_predictions_that_are_wrong_and_sure_become_the_prior():
    labels = np.arange(30) % 3
    task = _task("classes", labels)
    predictions = np.eye(3)[(labels + 1) % 3] * 0.99 + 0.003
    mix = constant.mixed(task, metrics.get("log_loss"), predictions, 0).mix
    assert mix.share == 1
    np.testing.assert_allclose(mix.of(predictions), 1 / 3)
    assert mix.score == pytest.approx(np.log(3))


def test_numbers_take_the_median_where_it_is_better():
    labels = np.array([[0.0]] * 20 + [[100.0]] * 4, np.float32)
    mix = constant.mixed(_task("numbers", labels), metrics.get("mae"), labels + 90, 0).mix
    assert mix.constant == (0.0,)
