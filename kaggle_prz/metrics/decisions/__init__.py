"""Out-of-fold predictions -> how to answer, for metrics that want labels.

What is fitted is kept only if it scores better than the default on the rows that it was fitted on.
The defaults are the most probable class, the class nearest to the expected index, and tags with a
probability of at least 0.5. This package reads no files and does not blend.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from kaggle_prz.core.task import spans
from kaggle_prz.metrics import arrays
from kaggle_prz.metrics.arrays import Array, Kind, class_truth, rounding
from kaggle_prz.metrics.decisions import balance, order, tags
from kaggle_prz.metrics.decisions.decision import Decision
from kaggle_prz.metrics.decisions.grid import DIGITS, GRID, best
from kaggle_prz.metrics.labels import FScore
from kaggle_prz.metrics.metric import Metric
from kaggle_prz.metrics.multi_output import HeadsMetric

__all__ = ["Decision", "default", "fit", "score_with"]


def default(metric: Metric, kind: Kind, columns: int) -> Decision:
    """Return the decision that is fitted on nothing."""
    if isinstance(metric, HeadsMetric):
        return _of_heads(metric, [default(metric.alone, "classes", k) for k in metric.sizes])
    if kind == "numbers":
        return Decision(kind, "predicted numbers are written as they are")
    if kind == "tags":
        reason = "tags with a probability of at least 0.5, or the most probable one"
        return Decision(kind, reason, thresholds=(0.5,) * columns)
    if metric.rule == "order":
        reason = "the class nearest to the expected class index"
        return Decision(kind, reason, cut_points=tuple(rounding(columns).tolist()))
    return Decision(kind, "the most probable class")


def fit(metric: Metric, kind: Kind, labels: Array, predictions: Array, seed: int = 0) -> Decision:
    """Fit a decision on out-of-fold predictions; the default where nothing does better.

    | metric | kind | what is fitted |
    |---|---|---|
    | F scores | tags | a threshold for all; one each where a tag has 30 positives |
    | accuracy of all tags | tags | a threshold for all |
    | macro F, balanced accuracy | classes | weights of classes, if better by more than noise |
    | F1 of the second class | classes | its threshold |
    | quadratic kappa | classes | cut points over the expected index |
    | a mean over heads | heads | for each head what is fitted on its classes |

    `seed` draws the rows that tell noise.
    """
    metric.check(kind, predictions.shape[1])
    if isinstance(metric, HeadsMetric):
        parts = zip(labels.T, spans(metric.sizes), strict=True)
        return _of_heads(
            metric,
            [fit(metric.alone, "classes", own, predictions[:, span], seed) for own, span in parts],
        )
    start = default(metric, kind, predictions.shape[1])
    if metric.wants != "labels":
        return start
    chosen, score = start, score_with(metric, labels, predictions, start)
    by_default = score
    for candidate in _candidates(metric, kind, labels, predictions, seed):
        reached = score_with(metric, labels, predictions, candidate)
        if metric.better(round(reached, DIGITS), round(score, DIGITS)):
            chosen, score = candidate, reached
    if chosen is start:
        return start
    gain = f"out-of-fold {metric.title} {score:.4f} instead of {by_default:.4f}"
    return replace(chosen, reason=f"{chosen.reason}: {gain} with {start.reason}")


def score_with(metric: Metric, labels: Array, predictions: Array, decision: Decision) -> float:
    """Return the score of predictions under a decision, which matters to metrics of labels only."""
    metric.check(decision.kind, predictions.shape[1])
    if metric.wants != "labels":
        return metric.score(labels, predictions, decision.kind)
    return metric.score_answers(labels, decision.apply(predictions), decision.kind)


def _of_heads(metric: HeadsMetric, heads: list[Decision]) -> Decision:
    reasons = list(dict.fromkeys(each.reason for each in heads))
    reason = f"for each output {reasons[0]}"
    if len(reasons) > 1:
        told = (f"output {place}: {each.reason}" for place, each in enumerate(heads, start=1))
        reason = "; ".join(told)
    return Decision("heads", reason, sizes=metric.sizes, heads=tuple(heads))


def _candidates(
    metric: Metric, kind: Kind, labels: Array, predictions: Array, seed: int
) -> Iterator[Decision]:
    """Yield decisions, the simplest first: of equally good ones the first is kept."""
    if kind == "tags":
        yield from _thresholds(metric, labels, predictions)
        return
    truth = class_truth(labels)
    if metric.rule == "order":
        for points in order.cut_points(truth, predictions):
            yield Decision(
                kind,
                "fitted cut points of the expected class index",
                cut_points=tuple(points.tolist()),
            )
    elif metric.rule == "threshold":
        tried = [
            Decision(
                kind,
                f"the second class if its probability is at least {threshold:g}",
                thresholds=(threshold,),
            )
            for threshold in GRID.tolist()
        ]
        yield tried[best([score_with(metric, truth, predictions, each) for each in tried])]
    elif metric.rule == "balance":
        found = balance.weights(metric, truth, predictions, seed)
        if found is not None:
            yield Decision(kind, "fitted class weights", weights=tuple(found.tolist()))


def _thresholds(metric: Metric, labels: Array, predictions: Array) -> Iterator[Decision]:
    never_empty = arrays.never_empty(labels)
    predictions = np.where(arrays.unknown(labels), -1.0, predictions)  # below every threshold
    empty = "" if never_empty else ", or no tag if none reaches it"
    shared = tags.one_for_all(metric, labels, predictions, never_empty=never_empty)
    thresholds = (shared,) * predictions.shape[1]
    reason = f"tags with a probability of at least {shared:g}{empty}"
    yield Decision("tags", reason, thresholds, never_empty=never_empty)
    f_score = metric.scorers["tags"]
    if isinstance(f_score, FScore):
        each = tuple(tags.one_each(f_score, labels, predictions, shared).tolist())
        reason = f"a fitted threshold for each tag{empty}"
        yield Decision("tags", reason, each, never_empty=never_empty)
