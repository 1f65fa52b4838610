"""What a metric is: direction, what it wants of a prediction, and the kinds it can score."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from kaggle_prz.core.errors import UsageError
from kaggle_prz.metrics import arrays
from kaggle_prz.metrics.arrays import Array, Kind

Scorer = Callable[[Array, Array], float]
Wants = Literal["probabilities", "labels", "ranks", "values"]
Rule = Literal["likely", "threshold", "balance", "order"]


@dataclass(frozen=True)
class Metric:
    """One competition metric.

    Attributes:
        name: as written in recipes and on the command line.
        title: as people say it.
        maximize: whether more is better.
        wants: `"probabilities"`, `"labels"`, `"ranks"` or `"values"`.
        scorers: the function that scores each kind. It takes labels and predictions; if the metric
            wants labels, it takes truth and answers, see `score_answers`.
        rule: how a class is chosen, if the metric wants labels. `"likely"`: the most probable one;
            `"threshold"`: the second one from some probability on; `"balance"`: the largest
            probability after weighting classes; `"order"`: the one at the expected class index.
        binary: whether there must be exactly two classes.
    """

    name: str
    title: str
    maximize: bool
    wants: Wants
    scorers: Mapping[Kind, Scorer] = field(repr=False, compare=False)
    rule: Rule = "likely"
    binary: bool = False

    @property
    def kinds(self) -> frozenset[Kind]:
        """The kinds of predictions it can score."""
        return frozenset(self.scorers)

    def better(self, first: float, second: float) -> bool:
        """Return whether `first` is a strictly better score than `second`."""
        return first > second if self.maximize else first < second

    def check(self, kind: Kind, columns: int) -> None:
        """Refuse predictions that the metric cannot score; worth asking before training.

        Raises:
            UsageError: another kind, or other than two classes.
        """
        if kind not in self.scorers:
            raise UsageError(
                f"{self.title} can score {' or '.join(sorted(self.kinds))}; this task has "
                f"{kind}. Choose another metric with --metric."
            )
        if self.binary and columns != 2:
            raise UsageError(
                f"{self.title} can score only two classes; this task has {columns}. Choose "
                "another metric with --metric."
            )

    def score(self, labels: Array, predictions: Array, kind: Kind | None = None) -> float:
        """Return the score of predictions; a metric that wants labels scores the default answers.

        Args:
            labels: true ones, in the form of their kind (see `kaggle_prz.metrics.arrays`).
            predictions: `(n, k)`.
            kind: of both; default: what their shapes and row sums tell.

        Raises:
            UsageError: predictions that the metric cannot score.

        Example:
            ```python
            metrics.get("macro_f1").score(task.labels, oof, task.kind)
            ```
        """
        kind = kind or self._kind_of(labels, predictions)
        self.check(kind, predictions.shape[1])
        if self.wants != "labels":
            return float(self.scorers[kind](labels, predictions))
        return self.score_answers(labels, self.answers(predictions, kind), kind)

    def answers(self, predictions: Array, kind: Kind) -> Array:
        """Return the default answers, before anything is fitted: `(n,)` indexes or `(n, k)` bools.

        Classes: the most probable one; for the rule `"order"`, the one nearest to the expected
        index. Tags: those with a probability of at least 0.5, else the most probable one.
        """
        if kind == "tags":
            return arrays.passing(predictions, 0.5)
        if self.rule == "order":
            positions = arrays.expected_index(predictions)
            return arrays.cut(positions, arrays.rounding(predictions.shape[1]))
        return arrays.most_probable(predictions)

    def score_answers(self, labels: Array, answers: Array, kind: Kind) -> float:
        """Return the score of answers, for a metric of labels; unknown tags do not count."""
        if kind == "tags":
            answers = answers & ~arrays.unknown(labels)
        return float(self.scorers[kind](arrays.truth(labels, kind), answers))

    def _kind_of(self, labels: Array, predictions: Array) -> Kind:
        if len(self.scorers) == 1:
            return next(iter(self.scorers))
        found = arrays.kind_of(labels, predictions)
        if found not in self.scorers and np.ndim(labels) == 2:
            return "tags"  # logits, or probabilities a little off: still no numbers to this metric
        return found
