"""What training makes small, for each kind of task, and what it tells of its progress."""

from collections.abc import Sequence
from typing import Any

import keras

from kaggle_prz.task import Kind, spans


class TracedLoss(keras.losses.Loss):  # type: ignore[misc]
    """A loss that counts how often a training step was traced.

    Python runs this only while the framework traces a step, never while it executes one.

    Args:
        loss: what is computed.
    """

    def __init__(self, loss: keras.losses.Loss):
        super().__init__(name=loss.name)
        self.traces = 0
        self._loss = loss

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of `(batch, outputs)`, per image."""
        self.traces += not isinstance(y_pred, keras.KerasTensor)
        return self._loss.call(y_true, y_pred)


class HeadsCrossentropy(keras.losses.Loss):  # type: ignore[misc]
    """Cross-entropy of every head's class, averaged over heads.

    Args:
        heads: how many of the outputs belong to each head.
    """

    def __init__(self, heads: Sequence[int]):
        super().__init__(name="heads_crossentropy")
        self._spans = spans(heads)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of `(batch, heads)` class indexes and `(batch, outputs)`, per image."""
        each = [
            keras.losses.sparse_categorical_crossentropy(y_true[:, place], y_pred[:, span])
            for place, span in enumerate(self._spans)
        ]
        return keras.ops.mean(keras.ops.stack(each), axis=0)


def heads_accuracy(heads: Sequence[int]) -> keras.metrics.Metric:
    """How often the most probable class of a head is the true one, averaged over heads.

    Args:
        heads: how many of the outputs belong to each head.
    """

    def right(y_true: Any, y_pred: Any) -> Any:
        each = [
            keras.metrics.sparse_categorical_accuracy(y_true[:, place], y_pred[:, span])
            for place, span in enumerate(spans(heads))
        ]
        return keras.ops.mean(keras.ops.stack(each), axis=0)

    return keras.metrics.MeanMetricWrapper(right, name="accuracy")


def loss_and_metrics(
    kind: Kind, *, shares: bool, heads: Sequence[int] = ()
) -> tuple[keras.losses.Loss, list[keras.metrics.Metric]]:
    """Cross-entropy that suits the targets, and how often the outputs are right, if they can be.

    Numbers scaled to their range take the same loss as tags: its least value is at the target,
    and a sigmoid does not stall at the ends as it does under a squared error.

    Args:
        kind: of the task.
        shares: targets of classes are `(n, classes)` shares instead of class indexes.
        heads: how many of the outputs belong to each head, where the kind is `"heads"`.
    """
    if kind == "heads":
        return HeadsCrossentropy(heads), [heads_accuracy(heads)]
    if kind == "numbers":
        return keras.losses.BinaryCrossentropy(), []
    if kind == "tags":
        return keras.losses.BinaryCrossentropy(), [keras.metrics.BinaryAccuracy("accuracy")]
    if shares:
        right = keras.metrics.CategoricalAccuracy("accuracy")
        return keras.losses.CategoricalCrossentropy(), [right]
    right = keras.metrics.SparseCategoricalAccuracy("accuracy")
    return keras.losses.SparseCategoricalCrossentropy(), [right]
