"""Weights that let every class count the same, however many rows it has. Pure functions."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kaggle_prz.core.errors import UsageError
from kaggle_prz.core.task import spans
from kaggle_prz.metrics.arrays import Array
from kaggle_prz.schedule.recipe import Recipe
from kaggle_prz.tasks.outputs import Target


def check(recipe: Recipe, target: Target) -> None:
    """Refuse keys that are about classes where the labels are numbers."""
    if target.has_classes:
        return
    for key, value, default in (
        ("class_weight", recipe.class_weight, "none"),
        ("loss", recipe.loss, "crossentropy"),
    ):
        if value != default:
            raise UsageError(
                f"{key} {value!r} needs classes, but the labels of this competition are numbers. "
                f"Use {key} {default!r}."
            )


def balanced(targets: Array, sizes: Sequence[int]) -> NDArray[np.float64]:
    """Return weights under which all classes of these rows weigh the same, 1 on average.

    They are `(sum of sizes,)`; of tags `(2, tags)`, of rows without and with each. A class without
    rows has 1.
    """
    if not sizes:
        known = ~np.isnan(targets)
        rows = np.maximum(known.sum(axis=0), 1)
        positive = np.where(known, targets, 0.0).sum(axis=0, dtype=np.float64) / rows
        return _inverse(np.stack([1 - positive, positive]))
    if _are_shares(targets):
        means = targets.mean(axis=0, dtype=np.float64)
        parts = [means[span] for span in spans(sizes)]
    else:
        columns = targets.reshape(len(targets), -1).T
        parts = [
            np.bincount(own, minlength=size) / len(targets)
            for own, size in zip(columns, sizes, strict=True)
        ]
    return np.concatenate([_inverse(part) for part in parts])


def of_rows(
    weights: NDArray[np.float64], targets: Array, sizes: Sequence[int]
) -> NDArray[np.float32]:
    """Return the weight of each row's loss; of shares, the mean of the weights of its classes.

    It is `(n,)`; `(n, heads)` of heads, `(n, tags)` of tags.
    """
    if not sizes:
        each = weights[0] + np.nan_to_num(targets) * (weights[1] - weights[0])
    elif _are_shares(targets):
        each = np.stack([targets[:, span] @ weights[span] for span in spans(sizes)], axis=1)
    else:
        begins = [span.start for span in spans(sizes)]
        each = weights[targets.reshape(len(targets), -1).astype(np.int64) + begins]
    found: NDArray[np.float32] = (each[:, 0] if len(sizes) == 1 else each).astype(np.float32)
    return found


def _are_shares(targets: Array) -> bool:
    return targets.dtype.kind == "f"


def _inverse(frequencies: NDArray[np.float64]) -> NDArray[np.float64]:
    there = frequencies > 0
    weights = np.ones_like(frequencies)
    weights[there] = 1 / (there.sum(axis=0) * frequencies)[there]
    return weights
