import json
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter
from support.drawn import PAIRS, draw_for

from kaggle_prz import metrics
from kaggle_prz.core.errors import RunError, UsageError
from kaggle_prz.metrics import decisions
from kaggle_prz.metrics.arrays import expected_index, rounding
from kaggle_prz.metrics.decisions import Decision, balance, grid, order, tags

seeds = st.integers(0, 2**32 - 1)
OF_LABELS = [(name, kind) for name, kind in PAIRS if metrics.get(name).wants == "labels"]


def _fit(name, kind, labels, predictions, **given) -> Decision:
    return decisions.fit(metrics.get(name), kind, labels, predictions, **given)


def _score(name, labels, predictions, decision) -> float:
    return decisions.score_with(metrics.get(name), labels, predictions, decision)


@pytest.mark.parametrize(("name", "kind"), OF_LABELS)
@given(seed=seeds)
@settings(max_examples=8, deadline=None)
def test_what_is_fitted_is_never_worse_than_the_default_and_knows_no_order_of_rows(
    name, kind, seed
):
    labels, predictions = draw_for(name, kind, seed, columns=4, rows=60)
    decision = _fit(name, kind, labels, predictions)
    default = metrics.get(name).score(labels, predictions, kind)
    assert _score(name, labels, predictions, decision) >= default
    random = np.random.default_rng(seed).permutation(len(labels))
    assert _fit(name, kind, labels[random], predictions[random]) == decision
    assert list(decision.cut_points) == sorted(decision.cut_points)
    assert all(0 <= each <= 1 for each in decision.thresholds)
    assert all(each >= 1 for each in decision.weights)
    answers = decision.apply(predictions)
    if kind == "tags":
        assert (answers.dtype, answers.shape) == (np.bool_, predictions.shape)
    else:
        assert (answers.dtype, answers.shape) == (np.int64, (len(labels),))
        assert set(answers.tolist()) <= set(range(predictions.shape[1]))
    again = TypeAdapter(Decision).validate_python(json.loads(json.dumps(asdict(decision))))
    assert again == decision
    assert (again.apply(predictions) == answers).all()


@pytest.mark.parametrize(("name", "kind"), OF_LABELS)
@given(seed=seeds)
@settings(max_examples=8, deadline=None)
def test_predictions_that_are_the_truth_stay_the_truth(name, kind, seed):
    labels, predictions = draw_for(name, kind, seed, columns=3)
    perfect = np.eye(predictions.shape[1])[labels] if kind == "classes" else labels
    decision = _fit(name, kind, labels, perfect)
    undefined = name == "matthews" and len(np.unique(labels)) == 1
    assert _score(name, labels, perfect, decision) == pytest.approx(0.0 if undefined else 1.0)
    assert (decision.apply(perfect) == (labels if kind == "classes" else labels > 0.5)).all()


@pytest.mark.parametrize(("name", "kind"), PAIRS)
def test_the_default_is_what_a_metric_scores(name, kind):
    metric = metrics.get(name)
    labels, predictions = draw_for(name, kind, 5, columns=6, rows=40)
    default = decisions.default(metric, kind, predictions.shape[1])
    assert _score(name, labels, predictions, default) == metric.score(labels, predictions, kind)
    if metric.wants == "labels":
        assert (default.apply(predictions) == metric.answers(predictions, kind)).all()
    else:
        assert _fit(name, kind, labels, predictions) == default


def test_numbers_are_answers():
    rows = np.array([[3.5], [0.25]])
    assert _fit("rmse", "numbers", rows, rows).apply(rows) is rows


# Grades 0 … 3 whose predictions are pulled to the middle, as those of a network often are.
def _grades(seed: int, rows: int = 400) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    grades = random.choice(4, rows, p=[0.5, 0.2, 0.2, 0.1])
    noise = random.dirichlet(np.ones(4), rows)
    return grades, 0.4 * np.eye(4)[grades] + 0.25 * noise + 0.35 * np.array([0.1, 0.4, 0.4, 0.1])


def test_cut_points_gain_on_rows_they_were_not_fitted_on():
    decision = _fit("quadratic_kappa", "classes", *_grades(1))
    labels, predictions = _grades(2)
    by_rounding = metrics.get("quadratic_kappa").score(labels, predictions)
    assert _score("quadratic_kappa", labels, predictions, decision) > by_rounding + 0.05
    assert len(decision.cut_points) == 3
    assert decision.cut_points[2] < 2.3  # rounding answers the highest grade too seldom
    assert decision.reason.startswith(
        "fitted cut points of the expected class index: out-of-fold quadratic"
    )
    assert decision.reason.endswith("with the class nearest to the expected class index")


def test_cut_points_find_the_best_of_two_classes():
    predictions = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.65, 0.35], [0.6, 0.4]])
    labels = np.array([0, 0, 1, 1, 1])
    decision = _fit("quadratic_kappa", "classes", labels, predictions)
    assert 0.2 < decision.cut_points[0] <= 0.3
    assert _score("quadratic_kappa", labels, predictions, decision) == 1.0


@given(seeds)
@settings(max_examples=20)
def test_one_start_answers_each_class_as_often_as_it_is_true(seed):
    random = np.random.default_rng(seed)
    rows = random.multinomial(30, [0.4, 0.3, 0.2, 0.1])
    positions = np.sort(random.uniform(0, 3, 30))
    points = order._as_often_as_true(positions, rows)
    answers = np.searchsorted(points, positions, side="right")
    assert np.bincount(answers, minlength=4).tolist() == rows.tolist()


def test_classes_are_cut_where_the_expected_index_reaches_a_point():
    rows = np.array([[1.0, 0, 0], [0.5, 0.5, 0], [0, 0.5, 0.5], [0.25, 0.25, 0.5]])
    assert expected_index(rows).tolist() == [0.0, 0.5, 1.5, 1.25]
    assert Decision("classes", "", cut_points=(0.5, 1.3)).apply(rows).tolist() == [0, 1, 2, 1]
    assert rounding(4).tolist() == [0.5, 1.5, 2.5]


# Tags 0 and 1 are frequent, one is predicted too low and one too high; tag 2 is rare.
def _tags(seed: int, rows: int = 300) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    truth = random.random((rows, 3)) < [0.5, 0.4, 0.05]
    clean = np.clip(truth * 0.5 + random.normal(0.25, 0.12, (rows, 3)), 0, 1)
    return truth.astype(np.float32), clean * [0.5, 1, 1] + [0, 0.15, 0] * (1 - clean)


@pytest.mark.parametrize("name", ["macro_f1", "micro_f1", "sample_f1", "f2", "macro_f2"])
def test_a_frequent_tag_gets_its_own_threshold_and_a_rare_one_shares(name):
    labels, predictions = _tags(1)
    assert labels[:, 2].sum() < tags.FEWEST_POSITIVES <= labels[:, :2].sum(axis=0).min()
    decision = _fit(name, "tags", labels, predictions)
    first, second, _ = decision.thresholds
    assert first < 0.4 < second + 0.1
    assert decision.reason.startswith("a fitted threshold for each tag, or no tag")
    shared = tags.one_for_all(metrics.get(name), labels, predictions, never_empty=False)
    assert decision.thresholds[2] == shared
    unseen = _tags(2)
    gain = _score(name, *unseen, decision) - metrics.get(name).score(*unseen, "tags")
    assert gain > 0.02


def test_few_rows_give_one_threshold_for_all():
    labels, predictions = _tags(3, rows=25)
    decision = _fit("macro_f1", "tags", labels, predictions * 0.6)
    assert len(set(decision.thresholds)) == 1
    assert decision.thresholds[0] < 0.5
    assert decision.reason.startswith(
        f"tags with a probability of at least {decision.thresholds[0]:g}, or no"
    )


def _one_each_slowly(f_score, truth, predictions, shared) -> np.ndarray:
    """Every threshold of every tag tried on all cells, in two turns."""
    thresholds = np.full(truth.shape[1], shared)
    for column in [*np.flatnonzero(truth.sum(axis=0) >= 30)] * 2:
        tried = [np.where(np.arange(len(thresholds)) == column, t, thresholds) for t in grid.GRID]
        scores = [f_score(truth, predictions >= each) for each in tried]
        thresholds = tried[grid.best(scores, near=thresholds[column])]
    return thresholds


@pytest.mark.parametrize("name", ["macro_f1", "micro_f1", "sample_f1", "f2"])
@pytest.mark.parametrize(("seed", "shared"), [(1, 0.05), (2, 0.5), (3, 0.95)])
def test_counting_one_tag_at_a_time_is_counting_all_cells(name, seed, shared):
    random = np.random.default_rng(seed)
    truth = random.random((90, 5)) < [0.6, 0.5, 0.4, 0.4, 0.1]
    predictions = np.clip(truth * 0.3 + random.normal(0.35, 0.25, (90, 5)), 0, 1)
    f_score = metrics.get(name).scorers["tags"]
    found = tags.one_each(f_score, truth.astype(np.float32), predictions, shared)
    assert found.tolist() == _one_each_slowly(f_score, truth, predictions, shared).tolist()
    assert found[4] == shared


def test_rows_may_stay_empty_only_where_some_training_row_does():
    labels, predictions = np.zeros((80, 2), np.float32), np.full((80, 2), 0.1)
    labels[:40, 0], predictions[:40, 0] = 1, 0.9
    decision = _fit("sample_f1", "tags", labels, predictions)
    assert not decision.never_empty
    assert decision.reason.startswith(
        "tags with a probability of at least 0.5, or no tag if none reaches it: out-of"
    )
    assert _score("sample_f1", labels, predictions, decision) == 1.0
    labels[40:, 1] = 1
    assert _fit("sample_f1", "tags", labels, predictions).never_empty


def test_the_second_class_of_two_has_a_threshold():
    random = np.random.default_rng(0)
    labels = (random.random(500) < 0.2).astype(np.int64)
    second = np.clip(0.1 + 0.25 * labels + random.normal(0, 0.08, 500), 0.01, 0.99)
    rows = np.stack([1 - second, second], axis=1)
    decision = _fit("binary_f1", "classes", labels, rows)
    assert 0.15 < decision.thresholds[0] < 0.35
    assert (decision.apply(rows) == (second >= decision.thresholds[0])).all()
    default = metrics.get("binary_f1").score(labels, rows)
    assert _score("binary_f1", labels, rows, decision) > default + 0.3


def _rare(seed: int, rows: int, known: float) -> tuple[np.ndarray, np.ndarray]:
    """Three classes, one of them rare, and calibrated probabilities that know as much."""
    random = np.random.default_rng(seed)
    prior = np.array([0.75, 0.2, 0.05])
    labels = random.choice(3, rows, p=prior)
    likelihood = np.exp(known * np.eye(3)[labels] + random.normal(0, 1, (rows, 3)))
    posterior = prior * likelihood
    return labels, posterior / posterior.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("name", ["balanced_accuracy", "macro_f1"])
def test_rare_classes_weigh_more_where_that_pays(name):
    decision = _fit(name, "classes", *_rare(1, 1500, 2.0))
    assert 1 == decision.weights[0] < decision.weights[1] < decision.weights[2]
    assert decision.reason.startswith("fitted class weights: out-of-fold")
    if name == "balanced_accuracy":  # probabilities of this kind need their shares made up for
        assert decision.weights[2] > 7
    unseen = _rare(2, 1500, 2.0)
    assert _score(name, *unseen, decision) > metrics.get(name).score(*unseen) + 0.01
    assert _fit("accuracy", "classes", *_rare(1, 1500, 2.0)).weights == ()


def test_a_gain_no_larger_than_noise_is_not_taken():
    metric = metrics.get("balanced_accuracy")
    labels = np.array([0] * 30 + [1] * 10)
    before, after = np.zeros(40, np.int64), np.zeros(40, np.int64)
    after[[0, 1, 2, 30, 31]] = 1  # two of ten found, three of thirty lost
    gain = metric.score(labels, np.eye(2)[after]) - metric.score(labels, np.eye(2)[before])
    assert gain == pytest.approx(0.05)
    assert not balance._beyond_noise(metric, labels, before, after, 0)
    many = [np.repeat(each, 50) for each in (labels, before, after)]
    assert balance._beyond_noise(metric, *many, 0)


def test_a_class_without_a_row_weighs_no_more_than_the_most_frequent():
    labels, rows = _rare(1, 1500, 2.0)
    wider = np.concatenate([rows * 0.99, np.full((1500, 1), 0.01)], axis=1)
    weights = _fit("balanced_accuracy", "classes", labels, wider).weights
    assert weights[3] == weights[0] == 1
    assert weights[2] > 1


def test_of_equally_good_thresholds_the_one_nearest_to_a_half_is_taken():
    scores = [0.3] * 19
    scores[4] = scores[16] = 0.9
    assert grid.GRID[grid.best(scores)] == 0.25
    assert grid.GRID[grid.best(scores, near=0.9)] == 0.85
    scores[16] += 1e-15
    assert grid.GRID[grid.best(scores)] == 0.25


def test_a_decision_of_other_columns_is_refused():
    rows = np.full((2, 3), 1 / 3)
    for decision in (
        Decision("classes", "", cut_points=(0.5,)),
        Decision("classes", "", thresholds=(0.3,)),
        Decision("classes", "", weights=(1.0, 2.0)),
        Decision("tags", "", thresholds=(0.5, 0.5)),
    ):
        assert len(decision.apply(rows[:, :2])) == 2
        with pytest.raises(RunError, match=r"columns; received 3\."):
            decision.apply(rows)


def test_a_metric_that_cannot_score_the_kind_fits_nothing():
    with pytest.raises(UsageError, match="balanced accuracy can score classes"):
        _fit("balanced_accuracy", "tags", np.ones((2, 2)), np.ones((2, 2)))


def test_a_seed_decides_only_which_rows_tell_noise():
    labels, rows = _rare(3, 600, 2.0)
    decided = [_fit("macro_f1", "classes", labels, rows, seed=seed) for seed in (0, 0, 1)]
    assert decided[0] == decided[1]
    assert decided[2] == decided[0]
