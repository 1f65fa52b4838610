"""The linear probe as a softmax head: exactly scikit-learn's, on the rows given and no others."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from kaggle_prz.head import fit_head

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


def probe(features, labels):
    scaler = StandardScaler().fit(features)
    fitted = LogisticRegression(C=0.003, tol=1e-2, max_iter=300).fit(
        scaler.transform(features), labels
    )
    return lambda rows: fitted.predict_proba(scaler.transform(rows))


@pytest.mark.parametrize("classes", [2, 3, 4])
def test_the_head_predicts_what_the_logistic_regression_does(classes):
    features, labels = clouds(classes)
    unseen, _ = clouds(classes, seed=1)
    predicted = softmax(unseen, fit_head(features, labels, classes))
    np.testing.assert_allclose(predicted, probe(features, labels)(unseen), atol=1e-5)
    assert (softmax(features, fit_head(features, labels, classes)).argmax(1) == labels).mean() > 0.9


def test_scaling_is_that_of_the_rows_given():
    """The same rows in other units give the same predictions, so no outside scale takes part."""
    features, labels = clouds(3)
    units = np.geomspace(1e-3, 1e3, features.shape[1]).astype(np.float32)
    one = softmax(features, fit_head(features, labels, 3))
    other = softmax(features * units + 5, fit_head(features * units + 5, labels, 3))
    np.testing.assert_allclose(one, other, atol=1e-3)


def test_a_feature_that_never_varies_does_no_harm():
    features, labels = clouds(3)
    features[:, 4] = 7.0
    kernel, bias = fit_head(features, labels, 3)
    assert np.isfinite(kernel).all()
    assert np.isfinite(bias).all()
    np.testing.assert_allclose(kernel[4], 0, atol=1e-6)


@pytest.mark.parametrize("present", [(0, 2, 3), (1, 3)])
def test_a_class_without_rows_is_improbable(present):
    features, labels = clouds(len(present))
    named = np.array(present)[labels]
    predicted = softmax(features, fit_head(features, named, 4))
    absent = sorted(set(range(4)) - set(present))
    assert predicted[:, absent].max() < 0.01
    np.testing.assert_allclose(predicted[:, present], probe(features, labels)(features), atol=0.01)


def test_one_class_alone_is_certain():
    features, _ = clouds(2)
    predicted = softmax(features, fit_head(features, np.full(len(features), 1), 3))
    assert predicted[:, 1].min() > 0.99
