"""The best pass of a fold by the score of its held-out rows, and an end when none is better."""

import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import keras
import numpy as np

if TYPE_CHECKING:
    from kaggle_prz.training.callbacks.callbacks import History, Pace

Validate = Callable[[keras.Model], float]


class BestPass(keras.callbacks.Callback):  # type: ignore[misc]
    """Scores the held-out rows after every pass, and keeps the weights of the best one.

    `patience` passes in a row without a better score end training. `history` gets the scores, as
    `val_score` in the last row of a pass, and `pace` how long a score takes. The weights that
    predict are in the model within `predicting`.
    """

    def __init__(
        self,
        validate: Validate,
        better: Callable[[float, float], bool],
        patience: int,
        *,
        history: "History",
        pace: "Pace",
        predicting: Callable[[], AbstractContextManager[None]],
    ):
        super().__init__()
        self._validate, self._better, self._patience = validate, better, patience
        self._history, self._pace, self._predicting = history, pace, predicting
        self._score = math.nan
        self._weights: list[np.ndarray] = []
        self._in_vain = 0

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        if not self._history.finite:
            return
        started, model = time.monotonic(), self.model
        with self._predicting():
            weights = model.get_weights()
            if not all(np.isfinite(weight).all() for weight in weights):
                return  # no score can be had, and the next loss is no number either
            score = self._validate(model)
        if math.isnan(self._score) or self._better(score, self._score):
            self._score, self._weights, self._in_vain = score, weights, 0
        else:
            self._in_vain += 1
        self._history.rows[-1]["val_score"] = score
        self._pace.reserved = time.monotonic() - started
        if self._in_vain >= self._patience:
            model.stop_training = True

    def restore(self, model: keras.Model) -> bool:
        """Set the weights of the best pass; False where no pass could be scored."""
        if self._weights:
            model.set_weights(self._weights)
        return bool(self._weights)
