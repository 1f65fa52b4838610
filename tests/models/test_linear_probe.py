"""The linear probe as a head: exactly scikit-learn's, on the rows given and no others."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from support.toys import targets_of_five

from kaggle_prz.models.classifier import grouped_softmax
from kaggle_prz.models.linear_probe import fit_head, probabilities
from kaggle_prz.tasks import outputs

pytestmark = pytest.mark.keras


def softmax(features, head):
    kernel, bias = head
    logits = features.astype(np.float64) @ kernel + bias
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponents / exponents.sum(axis=1, keepdims=True)


def clouds(classes, rows=80, width=12, seed=0):
    random = np.random.default_rng(seed)
    labels = np.arange(rows) % classes
    centres = random.normal(size=(classes, width))
    features = 3 + random.uniform(0.1, 9, width) * (
        centres[labels] + random.normal(size=(rows, width))
    )
    return features.astype(np.float32), labels


def fitted(features, labels, classes):
    return fit_head(features, labels, softmax_of(classes))


def softmax_of(classes):
    return outputs.Classes(classes)


def probe(features, labels):
    centre, spread = features.mean(axis=0, dtype=float), np.sqrt(features.var(axis=0).mean())
    regression = LogisticRegression(C=0.005, tol=1e-2, max_iter=300).fit(
        (features - centre) / spread, labels
    )
    return lambda rows: regression.predict_proba((rows - centre) / spread)


@pytest.mark.parametrize("classes", [2, 3, 4])
def test_the_head_predicts_what_the_logistic_regression_does(classes):
    features, labels = clouds(classes)
    unseen, _ = clouds(classes, seed=1)
    predicted = softmax(unseen, fitted(features, labels, classes))
    np.testing.assert_allclose(predicted, probe(features, labels)(unseen), atol=1e-5)
    learned = softmax(features, fitted(features, labels, classes)).argmax(1) == labels
    assert learned.mean() > 0.7  # by chance: a half at most


def test_one_unit_for_all_features_changes_nothing():
    """The same rows in another unit give the same predictions: no outside scale takes part."""
    features, labels = clouds(3)
    one = softmax(features, fitted(features, labels, 3))
    other = softmax(features * 1000 + 5, fitted(features * 1000 + 5, labels, 3))
    np.testing.assert_allclose(one, other, atol=1e-3)


def test_a_feature_that_hardly_moves_gets_no_large_weight():
    """Fine-tuning may move it, and a kernel made for its tiny spread would then shout."""
    features, labels = clouds(3)
    features[:, 4] = 7 + 1e-4 * (labels == 1)
    kernel, _ = fitted(features, labels, 3)
    assert np.abs(kernel[4]).max() < np.abs(kernel).max()


def test_a_feature_that_never_varies_does_no_harm():
    features, labels = clouds(3)
    features[:, 4] = 7.0
    kernel, bias = fitted(features, labels, 3)
    assert np.isfinite(kernel).all()
    assert np.isfinite(bias).all()
    np.testing.assert_allclose(kernel[4], 0, atol=1e-6)


def test_features_that_never_vary_at_all():
    kernel, bias = fitted(np.full((6, 3), 2.0, np.float32), np.array([0, 1, 1] * 2), 2)
    predicted = softmax(np.full((1, 3), 2.0), (kernel, bias))
    np.testing.assert_allclose(predicted, [[1 / 3, 2 / 3]], atol=0.02)


def test_shares_are_rows_that_count_for_several_classes():
    features, labels = clouds(3)
    sure = fitted(features, np.eye(3)[labels], 3)
    for one, other in zip(sure, fitted(features, labels, 3), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)
    unsure = fitted(features, 0.4 / 3 + 0.6 * np.eye(3)[labels], 3)
    assert softmax(features, unsure).max() < softmax(features, sure).max()


def sigmoid(features, head):
    kernel, bias = head
    return 1 / (1 + np.exp(-(features.astype(np.float64) @ kernel + bias)))


def test_each_tag_has_a_regression_of_its_own():
    features, labels = clouds(3)
    tags = np.stack([labels == 0, labels != 1, labels < 0, labels >= 0], axis=1).astype(np.float32)
    predicted = sigmoid(features, fit_head(features, tags, outputs.Tags(4)))
    np.testing.assert_allclose(
        predicted[:, 0], probe(features, labels == 0)(features)[:, 1], atol=1e-5
    )
    for column in (0, 1):
        has, has_not = predicted[tags[:, column] == 1], predicted[tags[:, column] == 0]
        assert has[:, column].mean() > has_not[:, column].mean() + 0.1
    assert predicted[:, 2].max() < 0.01  # a tag that no row has
    assert predicted[:, 3].min() > 0.99  # one that all have


def test_numbers_follow_a_line_within_their_range():
    random = np.random.default_rng(0)
    features = random.normal(size=(300, 5)).astype(np.float32)
    truth = 1 / (1 + np.exp(-features[:, :1]))
    number = outputs.Numbers(1, np.array([1.0]), np.array([101.0]))
    targets = number.targets(1 + 100 * truth)
    predicted = number.predictions(sigmoid(features, fit_head(features, targets, number)))
    assert np.corrcoef(predicted[:, 0], truth[:, 0])[0, 1] > 0.99
    assert 1 < predicted.min() < predicted.max() < 101


@pytest.mark.parametrize("present", [(0, 2, 3), (1, 3)])
def test_a_class_without_rows_is_improbable(present):
    features, labels = clouds(len(present))
    named = np.array(present)[labels]
    predicted = softmax(features, fitted(features, named, 4))
    absent = sorted(set(range(4)) - set(present))
    assert predicted[:, absent].max() < 0.01
    np.testing.assert_allclose(predicted[:, present], probe(features, labels)(features), atol=0.01)


def test_one_class_alone_is_certain():
    features, _ = clouds(2)
    predicted = softmax(features, fitted(features, np.full(len(features), 1), 3))
    assert predicted[:, 1].min() > 0.99


def test_each_head_has_a_regression_of_its_own():
    features, labels = clouds(3)
    both = np.stack([labels > 0, labels], axis=1).astype(np.int64)
    made = outputs.Heads(5, (2, 3))
    kernel, bias = fit_head(features, both, made)
    assert (kernel.shape, bias.shape) == ((features.shape[1], 5), (5,))
    for span, own, size in ((slice(0, 2), both[:, 0], 2), (slice(2, 5), both[:, 1], 3)):
        for part, expected in zip((kernel.T, bias), fitted(features, own, size), strict=True):
            np.testing.assert_allclose(part[span].T, expected, atol=1e-6)


@pytest.mark.parametrize("target", targets_of_five(), ids=lambda each: each.kind)
def test_what_a_head_puts_out_is_what_a_network_puts_out(target):
    random = np.random.default_rng(0)
    features, kernel = (random.normal(size=shape).astype("float32") for shape in ((7, 4), (4, 5)))
    bias = np.arange(5, dtype=np.float32)
    logits = features @ kernel + bias
    made = probabilities(features, (kernel, bias), target)
    if target.kind in {"tags", "numbers"}:
        expected = 1 / (1 + np.exp(-logits))
    else:
        expected = np.asarray(grouped_softmax(logits, target.heads or (5,)))
    assert made.dtype == np.float32
    np.testing.assert_allclose(made, expected, atol=1e-6)


def test_rows_with_an_unknown_tag_do_not_count():
    random = np.random.default_rng(0)
    features = random.normal(size=(60, 4)).astype(np.float32)
    targets = (features[:, :2] > 0).astype(np.float32)
    hidden = targets.copy()
    hidden[:20, 0] = np.nan
    kernel, bias = fit_head(features, hidden, outputs.Tags(2))
    alone, _ = fit_head(features, targets, outputs.Tags(2))
    assert np.isfinite(kernel).all()
    assert np.isfinite(bias).all()
    np.testing.assert_allclose(kernel[:, 1], alone[:, 1], rtol=1e-6)
    assert np.abs(kernel[:, 0] - alone[:, 0]).max() > 1e-4
