"""Tags that are unknown count for no score and no decision."""

import numpy as np
import pytest
from support.drawn import draw_for

from kaggle_prz import metrics
from kaggle_prz.metrics import decisions

OF_TAGS = [name for name in metrics.names() if "tags" in metrics.get(name).kinds]


def _with_unknown(name, seed, share=0.3):
    """Labels with NaN, predictions, and others that differ from them only where it is."""
    random = np.random.default_rng(seed)
    labels, predictions = draw_for(name, "tags", seed, rows=40)
    hidden = random.random(labels.shape) < share
    hidden[:, 0] &= random.random(len(labels)) < 0.5
    labels[hidden] = np.nan
    others = np.where(hidden, random.random(labels.shape), predictions).astype(np.float32)
    return labels, predictions, others


@pytest.mark.parametrize("name", OF_TAGS)
@pytest.mark.parametrize("seed", range(5))
def test_predictions_of_unknown_tags_change_no_score(name, seed):
    labels, predictions, others = _with_unknown(name, seed)
    metric = metrics.get(name)
    score = metric.score(labels, predictions, "tags")
    assert np.isfinite(score)
    if metric.wants == "labels":  # where a row is empty, an unknown tag may take the answer
        answers = predictions >= 0.5, others >= 0.5
        same = [metric.score_answers(labels, each, "tags") for each in answers]
    else:
        same = [score, metric.score(labels, others, "tags")]
    assert same[0] == same[1]


@pytest.mark.parametrize("name", OF_TAGS)
def test_a_score_is_that_of_the_known_rows(name):
    labels, predictions, _ = _with_unknown(name, 7, share=0)
    metric = metrics.get(name)
    below = labels.copy()
    below[25:] = np.nan  # whole rows
    known = metric.score(labels[:25], predictions[:25], "tags")
    if name == "accuracy" or getattr(metric.scorers["tags"], "average", "") == "samples":
        known = (25 * known + 15) / 40  # an unknown row has nothing wrong
    assert metric.score(below, predictions, "tags") == pytest.approx(known, abs=1e-6)


@pytest.mark.parametrize("name", OF_TAGS)
def test_predictions_of_unknown_tags_change_no_decision(name):
    labels, predictions, others = _with_unknown(name, 3)
    metric = metrics.get(name)
    first, second = (decisions.fit(metric, "tags", labels, p) for p in (predictions, others))
    assert first.thresholds == second.thresholds
