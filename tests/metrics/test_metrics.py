import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as reference
from support import slow_metrics
from support.drawn import PAIRS, draw, draw_for

from kaggle_prz import metrics
from kaggle_prz.core.errors import UsageError
from kaggle_prz.metrics import arrays

# Metrics that are undefined where all rows are alike.
_OF_DIFFERENCES = {"roc_auc", "partial_roc_auc", "r2", "pearson", "spearman"}
seeds = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize(("name", "kind"), PAIRS)
@given(seed=seeds, soft=st.booleans())
@settings(max_examples=8, deadline=None)
def test_it_is_what_counting_cell_by_cell_gives(name, kind, seed, soft):
    labels, predictions = draw_for(name, kind, seed, soft=soft)
    found = metrics.get(name).score(labels, predictions, kind)
    expected = slow_metrics.score(name, kind, labels, predictions)
    assert found == pytest.approx(expected, rel=1e-5, abs=1e-7, nan_ok=True)
    assert type(found) is float


@pytest.mark.parametrize(("name", "kind"), PAIRS)
@given(seed=seeds)
@settings(max_examples=4, deadline=None)
def test_truth_scores_best_and_the_order_of_rows_does_not_matter(name, kind, seed):
    metric = metrics.get(name)
    labels, predictions = draw_for(name, kind, seed, columns=6)
    if kind == "tags":
        labels[~labels.any(axis=1), 0] = 1  # a row without tags is given one when nothing is fitted
    perfect = np.eye(predictions.shape[1])[labels] if kind == "classes" else labels
    best = metric.score(labels, perfect, kind)
    if metric.maximize:
        nothing_to_find = name == "pf1" and not labels.any()
        whole = {
            "partial_roc_auc": 0.2,
            "pf1": 0.0 if nothing_to_find else 1.0,
            "matthews": 0.0 if _alike(labels) else 1.0,
        }.get(name, 1.0)
        undefined = name in _OF_DIFFERENCES and _alike(labels)
        undefined |= name == "average_precision" and not arrays.tag_truth(perfect)[:, -6:].any()
        assert math.isnan(best) if undefined else best == pytest.approx(whole)
    else:
        assert best == pytest.approx(0, abs=1e-6)
    assert not metric.better(metric.score(labels, predictions, kind), best)
    score = metric.score(labels, predictions, kind)
    order = np.random.default_rng(seed).permutation(len(labels))
    again = metric.score(labels[order], predictions[order], kind)
    assert again == pytest.approx(score, nan_ok=True)


@pytest.mark.parametrize(("name", "kind"), PAIRS)
def test_truth_is_better_than_its_opposite(name, kind):
    metric, columns = metrics.get(name), 2 if metrics.get(name).binary else 6
    truth = np.eye(columns)[np.arange(24) % columns]
    labels = truth.argmax(axis=1) if kind == "classes" else truth.astype(np.float32)
    right, wrong = truth * 0.98 + 0.02 / columns, (1 - truth) * 0.98 + 0.02
    wrong = wrong / wrong.sum(axis=1, keepdims=True) if kind == "classes" else wrong
    first, second = (metric.score(labels, rows, kind) for rows in (right, wrong))
    assert metric.better(first, second)
    assert not metric.better(second, first)
    assert not metric.better(first, first)


def _alike(labels: np.ndarray) -> bool:
    return bool((labels == labels[0]).all())


def test_log_loss_is_that_of_the_formula():
    probabilities = np.array([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]])
    expected = -(math.log(0.5) + math.log(0.8)) / 2
    assert metrics.get("log_loss").score(np.array([0, 1]), probabilities) == pytest.approx(expected)


def test_log_loss_of_rows_that_do_not_sum_to_one_is_that_of_normalised_ones():
    probabilities = np.array([[2.0, 1.0, 1.0], [0.2, 0.1, 0.1]], np.float32)
    assert metrics.get("log_loss").score(np.array([0, 0]), probabilities) == pytest.approx(
        math.log(2)
    )


@pytest.mark.parametrize("name", ["log_loss", "quadratic_kappa"])
@pytest.mark.parametrize("soft", [False, True])
def test_rows_of_classes_are_normalised_first(name, soft):
    labels, predictions = draw("classes", 7, columns=4, rows=40, soft=soft)
    scaled = predictions * 2.0 ** np.random.default_rng(0).integers(-3, 4, (40, 1))
    score = metrics.get(name).score(labels, predictions, "classes")
    assert metrics.get(name).score(labels, scaled, "classes") == pytest.approx(score, rel=1e-5)


def test_log_loss_of_rows_without_some_class():
    assert metrics.get("log_loss").score(np.array([1, 1]), np.full((2, 3), 1 / 3)) == pytest.approx(
        math.log(3)
    )


def test_log_loss_of_a_certain_and_wrong_tag_is_finite():
    labels, predictions = np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]], np.float32)
    assert metrics.get("log_loss").score(labels, predictions, "tags") == pytest.approx(
        34.539, abs=0.01
    )


def test_macro_f1_counts_a_class_that_is_never_predicted():
    predicted = np.eye(2)[[0, 0, 0, 0]]
    assert metrics.get("macro_f1").score(np.array([0, 0, 0, 1]), predicted) == pytest.approx(
        (6 / 7 + 0) / 2
    )


def test_a_column_nobody_names_is_left_out_and_an_empty_row_left_empty_is_right():
    truth = np.array([[1, 0, 0], [0, 0, 0]], bool)
    answers = np.array([[1, 1, 0], [0, 0, 0]], bool)
    assert metrics.get("macro_f1").score_answers(truth, answers, "tags") == 0.5
    assert metrics.get("sample_f1").score_answers(truth, answers, "tags") == (2 / 3 + 1) / 2


def test_accuracy_is_a_share():
    assert metrics.get("accuracy").score(np.array([0, 1, 1, 1]), np.eye(2)[[0, 1, 0, 0]]) == 0.5


@given(seeds, st.integers(2, 5))
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
    assert metrics.get("roc_auc").score(labels, rows) == pytest.approx(expected)


def test_roc_auc_leaves_out_classes_without_a_row():
    rows = np.array([[0.6, 0.3, 0.1], [0.3, 0.6, 0.1], [0.4, 0.5, 0.1]])
    assert metrics.get("roc_auc").score(np.array([0, 1, 1]), rows) == 1.0
    assert math.isnan(metrics.get("roc_auc").score(np.array([1, 1, 1]), rows))
    assert math.isnan(
        metrics.get("roc_auc").score(np.array([1, 1]), np.array([[0.4, 0.6], [0.2, 0.8]]))
    )


def test_kappa_counts_squares_of_distances():
    metric, labels = metrics.get("quadratic_kappa"), np.array([0, 1, 2, 3])
    near, far = np.eye(4)[[0, 1, 2, 2]], np.eye(4)[[0, 1, 2, 0]]
    assert metric.score(labels, near) == pytest.approx(
        reference.cohen_kappa_score(labels, [0, 1, 2, 2], weights="quadratic")
    )
    assert metric.score(labels, near) > metric.score(labels, far)


def test_partial_area_spans_0_to_a_fifth_and_chance_has_a_fiftieth():
    metric, labels = metrics.get("partial_roc_auc"), np.array([0, 1] * 50)
    assert metric.score(labels, np.full((100, 2), 0.5)) == pytest.approx(0.02)
    assert metric.score(labels, np.eye(2)[labels]) == pytest.approx(0.2)
    assert metric.score(labels, np.eye(2)[1 - labels]) == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("log_loss", "log_loss"),
        ("Log Loss", "log_loss"),
        (" log-loss ", "log_loss"),
        ("Area Under Receiver Operating Characteristic Curve", "roc_auc"),
        ("MEAN COLUMNWISE AREA UNDER RECEIVER OPERATING CHARACTERISTIC CURVE", "roc_auc"),
        ("Multiclass Loss", "log_loss"),
        ("Categorization Accuracy", "accuracy"),
        ("Weighted Categorization Accuracy", "balanced_accuracy"),
        ("QuadraticWeightedKappa", "quadratic_kappa"),
        ("F-Score (Macro)", "macro_f1"),
        ("F-Score Beta (Micro)", "sample_f1"),
        ("Probabilistic F-Score Beta (Micro)", "pf1"),
        ("MAP@{K}", "map_at_5"),
        ("MAP{K}", "map_at_5"),
        ("map@3", "map_at_3"),
        ("Mean Average Precision @ 12", "map_at_12"),
        ("MeanBestErrorAtK", "top_5_error"),
        ("top-1 error", "top_1_error"),
        ("Root Mean Squared Error", "rmse"),
        ("Mean Columnwise Root Mean Squared Error", "mcrmse"),
        ("R²", "r2"),
        ("R2 Score", "r2"),
        ("MSE", "mse"),
        ("MeanSquaredError", "mse"),
        ("GAP", "global_average_precision"),
        ("Global Average Precision", "global_average_precision"),
        ("Matthews Correlation Coefficient", "matthews"),
        ("Cohen Kappa", "cohen_kappa"),
        ("Linear Weighted Kappa", "linear_kappa"),
        ("Brier Score", "brier"),
        ("Balanced Accuracy", "balanced_accuracy"),
        ("Top-5 Accuracy", "top_5_accuracy"),
        ("top 3 accuracy", "top_3_accuracy"),
        ("Spearman", "spearman"),
        ("Pearson Correlation Coefficient", "pearson"),
    ],
)
def test_a_name_may_be_written_as_people_and_hosts_do(text, name):
    assert metrics.get(text).name == name
    assert metrics.from_host(text) == metrics.get(text)


@pytest.mark.parametrize("text", ["Custom Metric", "", "no such metric", "map@0", "MAP@-"])
def test_what_is_not_known_is_no_metric(text):
    assert metrics.from_host(text) is None


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(UsageError, match=r"'no such metric'.*log_loss, accuracy.*--metr"):
        metrics.get("no such metric")


@pytest.mark.parametrize(
    ("text", "task"),
    [
        ("Dice", "segmentation"),
        ("DiceCoefficient", "segmentation"),
        ("mean IoU", "segmentation or object detection"),
        ("Intersection Over Union", "segmentation or object detection"),
        ("OpenImagesObjDetectionAP", "object detection"),
        ("mAP@0.5", "object detection"),
        ("mAP@0.5:0.95", "object detection"),
        ("Levenshtein Mean", "text recognition"),
    ],
)
def test_metrics_of_other_tasks_are_refused_by_their_task(text, task):
    assert metrics.other_task(text) == task
    with pytest.raises(UsageError, match=f"is of {task}, which is not supported.*--metric"):
        metrics.get(text)


@pytest.mark.parametrize("text", ["Indices", "RSNA Breast Cancer Detection", "MAP@5", "accuracy"])
def test_other_names_are_of_no_other_task(text):
    assert metrics.other_task(text) is None


def test_an_unknown_name_has_nearest_ones():
    with pytest.raises(UsageError, match="nearest names: balanced_accuracy"):
        metrics.get("balanced acuracy")


@given(seeds, st.integers(2, 5))
@settings(max_examples=25)
def test_agreement_is_that_of_scikit_learn(seed, classes):
    random = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(classes), random.integers(0, classes, 20)])
    rows = random.dirichlet(np.ones(classes), len(labels))
    answers = rows.argmax(axis=1)
    expected = reference.matthews_corrcoef(labels, answers)
    assert metrics.get("matthews").score(labels, rows) == pytest.approx(expected)
    expected = reference.cohen_kappa_score(labels, answers)
    assert metrics.get("cohen_kappa").score(labels, rows) == pytest.approx(expected)
    linear = metrics.get("linear_kappa")
    expected = reference.cohen_kappa_score(labels, answers, weights="linear")
    assert linear.score_answers(labels, answers, "classes") == pytest.approx(expected)
    expected = reference.top_k_accuracy_score(labels, rows, k=2, labels=range(classes)) if (
        classes > 2
    ) else 1.0  # fmt: skip
    assert metrics.get("top_2_accuracy").score(labels, rows) == pytest.approx(expected)


@given(seeds)
@settings(max_examples=25)
def test_scores_of_numbers_are_those_of_libraries(seed):
    random = np.random.default_rng(seed)
    labels = random.normal(size=(20, 1))
    rows = labels + random.normal(size=(20, 1))
    assert metrics.get("r2").score(labels, rows) == pytest.approx(reference.r2_score(labels, rows))
    expected = stats.spearmanr(labels[:, 0], rows[:, 0]).statistic
    assert metrics.get("spearman").score(labels, rows, "numbers") == pytest.approx(expected)


def test_brier_score_of_two_classes_is_that_of_the_second():
    labels, rows = np.array([0, 1, 1]), np.array([[0.7, 0.3], [0.4, 0.6], [0.9, 0.1]])
    expected = reference.brier_score_loss(labels, rows[:, 1])
    assert metrics.get("brier").score(labels, rows) == pytest.approx(expected)


def test_global_average_precision_puts_the_surest_first():
    metric, labels = metrics.get("gap"), np.array([0, 1, 0])
    rows = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3]])  # right, wrong, right
    assert metric.score(labels, rows) == pytest.approx((1 + 2 / 3) / 3)
    assert metric.score(labels, rows[:, ::-1]) == pytest.approx((1 / 2) / 3)


def test_every_name_finds_its_metric():
    assert all(metrics.get(name).name == name for name in metrics.names())


@pytest.mark.parametrize(
    ("cell", "name", "kind"),
    [
        ("probabilities", "log_loss", "classes"),
        ("probability", "roc_auc", "classes"),
        ("independent", "roc_auc", "tags"),
        ("label", "accuracy", "classes"),
        ("ordinal", "quadratic_kappa", "classes"),
        ("labels", "micro_f1", "tags"),
        ("ranked", "map_at_5", "classes"),
        ("number", "rmse", "numbers"),
    ],
)
def test_every_cell_has_a_metric_that_scores_its_kind(cell, name, kind):
    assert metrics.default_for(cell).name == name
    assert kind in metrics.default_for(cell).kinds


def test_an_unknown_cell_lists_the_known_ones():
    with pytest.raises(UsageError, match=r"probabilities, .*number; received 'melted'"):
        metrics.default_for("melted")


@given(seeds, st.booleans())
@settings(max_examples=30)
def test_kinds_are_told_by_shapes_and_sums(seed, soft):
    for kind in ("classes", "tags", "numbers"):
        assert arrays.kind_of(*draw(kind, seed, columns=5, rows=20, soft=soft)) == kind


def test_predictions_of_another_kind_are_refused():
    labels, rows = draw("tags", 1, columns=3)
    with pytest.raises(UsageError, match=r"MAP@5 can score classes; .* has tags.*--metric"):
        metrics.get("map@5").score(labels, rows, "tags")
    with pytest.raises(
        UsageError, match=r"probabilistic F1 can score only two classes; .* has 3\."
    ):
        metrics.get("pf1").check("classes", 3)


def test_k_of_map_and_of_top_k_error():
    rows = np.array([[0.4, 0.3, 0.2, 0.1]] * 4)
    labels = np.arange(4)
    assert metrics.get("map@2").score(labels, rows) == pytest.approx((1 + 1 / 2) / 4)
    assert metrics.get("map@4").score(labels, rows) == pytest.approx(
        (1 + 1 / 2 + 1 / 3 + 1 / 4) / 4
    )
    assert metrics.get("top_3_error").score(labels, rows) == 0.25
