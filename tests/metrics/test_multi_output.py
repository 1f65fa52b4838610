"""Metrics over heads: the mean of a metric's scores of every head alone."""

import json
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter
from sklearn import metrics as sklearn_metrics
from support.drawn import draw_for
from support.toys import make_heads, make_task

from kaggle_prz import metrics
from kaggle_prz.core.errors import RunError, UsageError
from kaggle_prz.core.task import Head
from kaggle_prz.metrics import decisions
from kaggle_prz.metrics.decisions import Decision
from kaggle_prz.metrics.multi_output import normalised_heads, one_hot, over

NAMES = ("accuracy", "balanced_accuracy", "macro_f1", "quadratic_kappa", "log_loss")
HEADS = (Head("root", tuple("abc"), 2.0), Head("vowel", tuple("uvwx")))
seeds = st.integers(0, 2**32 - 1)


def _drawn(name, seed, rows=40):
    parts = [
        draw_for(name, "classes", seed + k, columns=size, rows=rows) for k, size in ((0, 3), (1, 4))
    ]
    labels, predictions = zip(*parts, strict=True)
    return np.stack(labels, axis=1), np.concatenate(predictions, axis=1)


@pytest.mark.parametrize("name", NAMES)
@given(seed=seeds)
@settings(max_examples=10, deadline=None)
def test_a_score_is_the_weighted_mean_of_the_heads(name, seed):
    labels, predictions = _drawn(name, seed)
    alone, metric = metrics.get(name), over(metrics.get(name), HEADS)
    first, second = (
        alone.score(labels[:, k], part, "classes")
        for k, part in enumerate((predictions[:, :3], predictions[:, 3:]))
    )
    assert metric.score(labels, predictions) == pytest.approx((2 * first + second) / 3)
    assert (metric.name, metric.maximize, metric.wants) == (name, alone.maximize, alone.wants)
    assert metric.kinds == {"heads"}


def test_the_recall_of_letters_by_hand():
    labels = np.array([[0, 0], [0, 1], [1, 2], [2, 3]])
    said = np.array([[0, 0], [1, 1], [1, 0], [0, 0]])
    metric = over(metrics.get("Weighted Categorization Accuracy"), HEADS)
    recalls = [
        sklearn_metrics.recall_score(labels[:, k], said[:, k], average="macro", zero_division=0)
        for k in (0, 1)
    ]
    assert recalls == [pytest.approx(0.5), pytest.approx(0.5)]
    assert metric.score_answers(labels, said, "heads") == pytest.approx(0.5)
    assert metric.score(labels, one_hot(said, (3, 4)).astype(float)) == pytest.approx(0.5)
    assert metric.title == "balanced accuracy over 2 outputs"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("map_at_5", "MAP@5 cannot be averaged over several outputs .root, vowel.: .* ranks of"),
        ("binary_f1", "it scores two classes"),
        ("mcrmse", None),
    ],
)
def test_metrics_that_have_no_mean_over_heads(name, told):
    if told is None:
        assert over(metrics.get(name), HEADS).kinds == {"heads"}
        return
    with pytest.raises(UsageError, match=told):
        over(metrics.get(name), HEADS)


def test_predictions_with_other_columns_or_of_another_kind_are_refused():
    metric = over(metrics.get("accuracy"), HEADS)
    with pytest.raises(
        UsageError, match=r"Outputs with 3 \+ 4 classes need 7 columns .* received 6"
    ):
        metric.score(np.zeros((2, 2), int), np.ones((2, 6)))
    with pytest.raises(UsageError, match="can score heads; this task has tags"):
        metric.check("tags", 7)


def test_the_metric_of_a_task():
    assert metrics.of(make_task([0, 1])) is metrics.get("log_loss")
    task = make_heads([[0, 1], [1, 2]], metric="macro_f1")
    assert metrics.of(task).title == "macro F1 over 2 outputs"
    assert metrics.of(task, "accuracy").title == "accuracy over 2 outputs"
    assert over(metrics.get("accuracy"), ()) is metrics.get("accuracy")


@given(seeds)
def test_rows_of_every_head_sum_to_one(seed):
    rows = np.random.default_rng(seed).random((5, 7)).astype(np.float16) + np.float16(0.01)
    made = normalised_heads(rows, (3, 4))
    np.testing.assert_allclose(made[:, :3].sum(axis=1), 1)
    np.testing.assert_allclose(made[:, 3:].sum(axis=1), 1)


@pytest.mark.parametrize("name", NAMES)
@given(seed=seeds)
@settings(max_examples=8, deadline=None)
def test_each_head_is_decided_as_if_it_were_alone(name, seed):
    labels, predictions = _drawn(name, seed, rows=80)
    metric = over(metrics.get(name), HEADS)
    decision = decisions.fit(metric, "heads", labels, predictions)
    answers = decision.apply(predictions)
    assert answers.shape == labels.shape
    for k, part in enumerate((predictions[:, :3], predictions[:, 3:])):
        alone = decisions.fit(metrics.get(name), "classes", labels[:, k], part)
        assert decision.heads[k] == alone
        assert (answers[:, k] == alone.apply(part)).all()
    if metric.wants == "labels":
        best = decisions.score_with(metric, labels, predictions, decision)
        assert best >= metric.score(labels, predictions) - 1e-12
    again = TypeAdapter(Decision).validate_python(json.loads(json.dumps(asdict(decision))))
    assert again == decision


def test_a_decision_says_what_it_does_with_each_head():
    metric = over(metrics.get("accuracy"), HEADS)
    decision = decisions.default(metric, "heads", 7)
    assert decision.reason == "for each output the most probable class"
    with pytest.raises(RunError, match="7 columns; received 6"):
        decision.apply(np.ones((1, 6)))


def test_a_decision_of_an_older_run_is_read():
    written = {"kind": "classes", "reason": "given", "weights": [1.0, 2.0], "never_empty": True}
    read = TypeAdapter(Decision).validate_python(written)
    assert (read.weights, read.heads) == ((1.0, 2.0), ())
