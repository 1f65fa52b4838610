"""A decision: how predictions become class indexes or tags. A value; nothing is fitted here."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from pydantic import ConfigDict

from kaggle_prz.core.errors import RunError
from kaggle_prz.core.task import spans
from kaggle_prz.metrics import arrays
from kaggle_prz.metrics.arrays import Array, Kind


@dataclass(frozen=True)
class Decision:
    """How predictions become answers.

    Classes are decided by the first of these that is not empty: cut points, a threshold, weights;
    else the most probable class is the answer. Heads are decided one by one. Tags are decided by
    thresholds, from which on a tag is answered. Numbers are answers as they are.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    kind: Kind
    reason: str  # one sentence
    thresholds: tuple[float, ...] = ()  # `(k,)` of tags; `(1,)` of the second of two classes
    cut_points: tuple[float, ...] = ()  # `(k - 1,)` rising; how many the expected index reaches
    weights: tuple[float, ...] = ()  # `(k,)` factors of the classes' probabilities
    never_empty: bool = True  # a row without any tag gets its most probable one
    sizes: tuple[int, ...] = ()  # how many columns belong to each head
    heads: tuple["Decision", ...] = ()

    def apply(self, predictions: Array) -> Array:
        """Return `(n,)` class indexes, `(n, heads)` of them, `(n, k)` bools of tags, or numbers."""
        self._check(predictions.shape[1])
        if self.kind == "numbers":
            return predictions
        if self.heads:
            parts = zip(self.heads, spans(self.sizes), strict=True)
            return np.stack([each.apply(predictions[:, span]) for each, span in parts], axis=1)
        if self.kind == "tags":
            return arrays.passing(
                predictions, np.array(self.thresholds), never_empty=self.never_empty
            )
        if self.cut_points:
            return arrays.cut(arrays.expected_index(predictions), self.cut_points)
        if self.thresholds:
            second = arrays.normalised(predictions)[:, 1]
            return (second >= self.thresholds[0]).astype(np.int64)
        return arrays.most_probable(predictions * np.array(self.weights or 1.0))

    def _check(self, columns: int) -> None:
        fitted = {
            len(self.weights),
            len(self.cut_points) + 1 if self.cut_points else 0,
            (2 if self.kind == "classes" else len(self.thresholds)) if self.thresholds else 0,
            sum(self.sizes),
        } - {0}
        if fitted - {columns}:
            raise RunError(
                f"A decision fitted on {max(fitted)} columns applies only to predictions with "
                f"{max(fitted)} columns; received {columns}."
            )
