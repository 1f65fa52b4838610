"""Head first: a linear probe on frozen features, before anything is fine-tuned."""

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler


def fit_head(
    features: NDArray[np.float32], labels: NDArray[np.int64], classes: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A logistic head on frozen features: a linear probe, before anything is fine-tuned.

    The features are standardised over the rows given here and over no others; the scaling is
    folded into the kernel.

    Args:
        features: `(rows, width)`, one fold's training rows.
        labels: `(rows,)` class indexes.
        classes: outputs; a class without rows gets a kernel of 0 and a low bias.

    Returns:
        `(width, classes)` kernel and `(classes,)` bias of a softmax head.
    """
    scaler = StandardScaler().fit(features)
    present = np.unique(labels)
    kernel = np.zeros((features.shape[1], classes), np.float32)
    bias = np.full(classes, -10.0, np.float32)
    if len(present) < 2:
        bias[present] = 0.0
        return kernel, bias
    probe = LogisticRegression(C=0.003, tol=1e-2, max_iter=300).fit(
        scaler.transform(features), labels
    )
    weights, intercept = probe.coef_, probe.intercept_
    if len(present) == 2:
        weights = np.concatenate([-weights, weights]) / 2
        intercept = np.concatenate([-intercept, intercept]) / 2
    weights = weights / scaler.scale_
    kernel[:, present] = weights.T
    bias[present] = intercept - weights @ scaler.mean_
    return kernel, bias
