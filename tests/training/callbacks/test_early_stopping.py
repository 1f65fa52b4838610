"""The best pass is kept, in the direction of the metric, and patience runs out."""

import contextlib
import math
import operator
import types

import numpy as np
import pytest

from kaggle_prz.training.callbacks import early_stopping
from kaggle_prz.training.callbacks.early_stopping import BestPass

pytestmark = pytest.mark.keras


class Model:
    """Weights alone."""

    def __init__(self):
        self.weights, self.stop_training = [np.zeros(1)], False

    def get_weights(self):
        return [weight.copy() for weight in self.weights]

    def set_weights(self, weights):
        self.weights = [weight.copy() for weight in weights]


@pytest.fixture
def play(monkeypatch):
    def played(scores, *, patience=2, better=operator.gt, seconds=0.0):
        """Passes of those scores, until training is ended; what came of it."""
        watch = types.SimpleNamespace(now=0.0)
        monkeypatch.setattr(
            early_stopping, "time", types.SimpleNamespace(monotonic=lambda: watch.now)
        )
        model = Model()
        history = types.SimpleNamespace(rows=[], finite=True)
        pace = types.SimpleNamespace(reserved=0.0)

        def validate(_):
            watch.now += seconds
            return scores[int(model.weights[0][0]) - 1]

        best = BestPass(
            validate, better, patience,
            history=history, pace=pace, predicting=contextlib.nullcontext,
        )  # fmt: skip
        best.set_model(model)
        for place in range(len(scores)):
            model.set_weights([np.full(1, place + 1.0)])
            history.rows.append({})
            best.on_epoch_end(place)
            if model.stop_training:
                break
        restored = best.restore(model)
        told = [row.get("val_score") for row in history.rows]
        return told, int(model.weights[0][0]), restored, pace.reserved

    return played


@pytest.mark.parametrize(
    ("scores", "passes", "kept"),
    [
        ([0.5, 0.6, 0.7], 3, 3),
        ([0.5, 0.7, 0.6, 0.65, 0.9], 4, 2),
        ([0.5, 0.4, 0.6, 0.5, 0.5], 5, 3),
        ([0.5, 0.5, 0.5], 3, 1),
        ([math.nan, 0.4, math.nan], 3, 2),
    ],
)
def test_the_best_pass_is_kept(play, scores, passes, kept):
    told, best, restored, _ = play(scores)
    np.testing.assert_array_equal(told, scores[:passes])
    assert (best, restored) == (kept, True)


def test_less_may_be_better(play):
    told, best, _, _ = play([0.5, 0.4, 0.6, 0.7, 0.1], better=operator.lt)
    assert (len(told), best) == (4, 2)


def test_the_time_of_a_score_is_set_aside(play):
    assert play([0.1], seconds=3.0)[3] == 3.0


def test_weights_that_are_no_numbers_have_no_score():
    model = Model()
    model.set_weights([np.array([np.nan])])
    history = types.SimpleNamespace(rows=[{}], finite=True)
    best = BestPass(
        lambda _: pytest.fail("scored"), operator.gt, 1,
        history=history, pace=None, predicting=contextlib.nullcontext,
    )  # fmt: skip
    best.set_model(model)
    best.on_epoch_end(0)
    assert history.rows == [{}]
    assert not best.restore(model)
