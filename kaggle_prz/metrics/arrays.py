"""Labels and predictions of the kinds, and the answers that predictions stand for.

- `"classes"`: labels `(n,)` int64 class indexes, or `(n, k)` shares whose rows sum to 1;
  predictions `(n, k)`, of a softmax.
- `"heads"`: labels `(n, heads)` int64 class indexes; predictions `(n, k)`, a softmax for each head,
  side by side. Only what `kaggle_prz.metrics.multi_output.over` makes of a metric scores them.
- `"tags"`: labels `(n, k)` from 0 to 1, NaN where a tag is unknown; predictions `(n, k)`, sigmoids,
  each column for itself.
- `"numbers"`: labels and predictions `(n, k)` in raw units.

An answer is what a metric of labels compares: `(n,)` class indexes, `(n, heads)` of them, or an
`(n, k)` bool matrix.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kaggle_prz.core import task

Kind = task.Kind
Array = NDArray[Any]
Labels = NDArray[np.int64]
Probabilities = NDArray[np.floating]

_SUM_TOLERANCE = 1e-3  # half-precision softmax rows miss 1 by so much


def kind_of(labels: Array, predictions: Array) -> Kind:
    """Return `"classes"` of indexes and shares, `"numbers"` beyond [0, 1], else `"tags"`.

    Two columns of tags may look like two classes.
    """
    if labels.ndim == 1:
        return "classes" if np.issubdtype(labels.dtype, np.integer) else "numbers"
    if any(
        part.size and not (part.min() >= 0 and part.max() <= 1) for part in (labels, predictions)
    ):
        return "numbers"
    shares = all(
        part.shape[1] > 1
        and np.allclose(part.sum(axis=1, dtype=np.float64), 1, atol=_SUM_TOLERANCE)
        for part in (labels, predictions)
    )
    return "classes" if shares else "tags"


def class_truth(labels: Array) -> Labels:
    """`(n,)` true class indexes; of shares, the largest."""
    return labels if labels.ndim == 1 else labels.argmax(axis=1)


def tag_truth(labels: Array) -> NDArray[np.bool_]:
    """`(n, k)` whether a tag is true; of fractions, from one half on."""
    truth: NDArray[np.bool_] = labels >= 0.5
    return truth


def unknown(labels: Array) -> NDArray[np.bool_]:
    """`(n, k)` which tags nobody looked for, so that no score counts them."""
    return np.isnan(labels)


def never_empty(labels: Array) -> bool:
    """Return whether every row has a tag, or may have one."""
    return bool((tag_truth(labels) | unknown(labels)).any(axis=1).all())


def truth(labels: Array, kind: Kind) -> Array:
    """Return what answers are compared with: class indexes, or which tags are true."""
    return tag_truth(labels) if kind == "tags" else class_truth(labels)


def class_shares(labels: Array, classes: int) -> Array:
    """`(n, classes)` shares; of an index, all for that class."""
    return labels if labels.ndim == 2 else np.eye(classes)[labels]


def normalised(predictions: Probabilities) -> NDArray[np.float64]:
    """Return rows in float64 that sum to 1, as graders make them."""
    rows: NDArray[np.float64] = np.array(predictions, np.float64, order="C")
    rows /= rows.sum(axis=1, keepdims=True)
    return rows


def expected_index(predictions: Probabilities) -> NDArray[np.float64]:
    """`(n,)` mean class index under each row's probabilities, from 0 to k − 1."""
    rows = normalised(predictions)
    # A sum along rows, not a product with a vector: its last bit must not depend on a row's place.
    index: NDArray[np.float64] = (rows * np.arange(rows.shape[1])).sum(axis=1)
    return index


def most_probable(predictions: Probabilities) -> Labels:
    """`(n,)` index of the most probable class; of equal ones, the first."""
    best: Labels = predictions.argmax(axis=1)
    return best


def rounding(classes: int) -> NDArray[np.float64]:
    """Return the `(classes - 1,)` cut points half-way between neighbouring class indexes."""
    points: NDArray[np.float64] = np.arange(0.5, classes - 1)
    return points


def cut(positions: NDArray[np.float64], cut_points: Sequence[float] | Array) -> Labels:
    """`(n,)` class indexes: how many of the sorted cut points each position reaches."""
    return np.searchsorted(np.asarray(cut_points, np.float64), positions, side="right")


def passing(
    predictions: Probabilities, thresholds: float | Array, *, never_empty: bool = True
) -> NDArray[np.bool_]:
    """`(n, k)` which tags reach their threshold."""
    answers: NDArray[np.bool_] = predictions >= thresholds
    if never_empty:
        empty = np.flatnonzero(~answers.any(axis=1))
        answers[empty, predictions[empty].argmax(axis=1)] = True
    return answers
