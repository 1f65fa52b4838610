"""A metric of classes over several heads: the weighted mean of its scores of each."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from kaggle_prz.core.errors import UsageError
from kaggle_prz.core.task import Head, spans
from kaggle_prz.metrics.arrays import Array, Kind, Labels, Probabilities, normalised
from kaggle_prz.metrics.metric import Metric


@dataclass(frozen=True, kw_only=True)
class HeadsMetric(Metric):
    """What `over` makes; it scores the kind `"heads"` and no other."""

    alone: Metric = field(repr=False)  # the metric of one head
    sizes: tuple[int, ...]  # how many classes each head has
    weights: tuple[float, ...]  # of the heads, in the mean

    def check(self, kind: Kind, columns: int) -> None:
        """Refuse predictions of another kind, or with other than the heads' columns."""
        super().check(kind, columns)
        if columns != sum(self.sizes):
            raise UsageError(
                f"Outputs with {' + '.join(map(str, self.sizes))} classes need {sum(self.sizes)} "
                f"columns of predictions; received {columns}."
            )

    def score(self, labels: Array, predictions: Array, kind: Kind | None = None) -> float:
        """Return the mean over heads."""
        self.check(kind or "heads", predictions.shape[1])
        return self._mean(
            [
                self.alone.score(own, predictions[:, span], "classes")
                for own, span in zip(labels.T, spans(self.sizes), strict=True)
            ]
        )

    def answers(self, predictions: Array, kind: Kind) -> Array:  # noqa: ARG002 - there is one kind
        """`(n, heads)` class indexes, when nothing was fitted."""
        each = [self.alone.answers(predictions[:, span], "classes") for span in spans(self.sizes)]
        return np.stack(each, axis=1)

    def score_answers(self, labels: Array, answers: Array, kind: Kind) -> float:  # noqa: ARG002
        """Return the score of `(n, heads)` answers, for a metric that wants labels."""
        return self._mean(
            [
                self.alone.score_answers(own, answered, "classes")
                for own, answered in zip(labels.T, answers.T, strict=True)
            ]
        )

    def _mean(self, scores: list[float]) -> float:
        return float(np.average(scores, weights=self.weights))


def over(metric: Metric, heads: Sequence[Head]) -> Metric:
    """Return the metric's mean over heads; without heads, the metric itself."""
    if not heads:
        return metric
    if "classes" not in metric.kinds or metric.wants == "ranks" or metric.binary:
        raise UsageError(
            f"{metric.title} cannot be averaged over several outputs "
            f"({', '.join(head.name for head in heads[:5])}): it scores "
            f"{_scores_instead(metric)}. Choose another metric with --metric, such as "
            "balanced_accuracy."
        )
    return HeadsMetric(
        metric.name,
        f"{metric.title} over {len(heads)} outputs",
        metric.maximize,
        metric.wants,
        {"heads": metric.scorers["classes"]},
        metric.rule,
        alone=metric,
        sizes=tuple(len(head.classes) for head in heads),
        weights=tuple(head.weight for head in heads),
    )


def _scores_instead(metric: Metric) -> str:
    if metric.wants == "ranks":
        return "ranks of one label per row"
    return "two classes" if metric.binary else " or ".join(sorted(metric.kinds))


def normalised_heads(predictions: Probabilities, sizes: Sequence[int]) -> NDArray[np.float64]:
    """Return rows in float64 whose columns of every head sum to 1."""
    return np.concatenate([normalised(predictions[:, span]) for span in spans(sizes)], axis=1)


def one_hot(labels: Labels, sizes: Sequence[int]) -> NDArray[np.bool_]:
    """Return `(n, sum of sizes)` whether a row is of a class, for `(n, heads)` class indexes."""
    each = [own[:, None] == np.arange(size) for own, size in zip(labels.T, sizes, strict=True)]
    return np.concatenate(each, axis=1)
