"""What training makes small, for each kind of task, and what it tells of its progress."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import keras

from kaggle_prz.core.task import spans
from kaggle_prz.tasks.outputs import Target

_FOCUS = 2.0  # gamma of Lin et al., arXiv:1708.02002

Tensor: TypeAlias = keras.KerasTensor
Loss: TypeAlias = Callable[[Tensor, Tensor], Tensor]


class TracedLoss(keras.losses.Loss):  # type: ignore[misc]
    """A loss that counts how often a training step was traced: Python runs `call` only then."""

    def __init__(self, loss: Loss):
        super().__init__(name="crossentropy")
        self.traces = 0
        self._loss = loss

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the loss of `(batch, outputs)`, per image, or per image and head or tag."""
        self.traces += not isinstance(y_pred, keras.KerasTensor)
        return self._loss(y_true, y_pred)


def _softmaxes(sizes: Sequence[int], *, shares: bool, focal: bool, smoothing: float) -> Loss:
    """Return the cross-entropy of several softmaxes side by side, of class indexes or of shares."""

    def of_one(y_true: Tensor, y_pred: Tensor, size: int) -> Tensor:
        if size == 1:  # always right, and Keras warns of it
            return keras.ops.zeros_like(y_pred[:, 0])
        if not (shares or focal or smoothing):
            return keras.losses.sparse_categorical_crossentropy(y_true, y_pred)
        if not shares:
            y_true = keras.ops.one_hot(keras.ops.cast(y_true, "int32"), size)
        if focal:
            return keras.losses.categorical_focal_crossentropy(
                y_true, y_pred, alpha=1.0, gamma=_FOCUS, label_smoothing=smoothing
            )
        return keras.losses.categorical_crossentropy(y_true, y_pred, label_smoothing=smoothing)

    def loss(y_true: Tensor, y_pred: Tensor) -> Tensor:
        if not shares:
            y_true = keras.ops.reshape(y_true, (-1, len(sizes)))
        each = [
            of_one(y_true[:, span if shares else place], y_pred[:, span], size)
            for place, (span, size) in enumerate(zip(spans(sizes), sizes, strict=True))
        ]
        return each[0] if len(each) == 1 else keras.ops.stack(each, axis=1)

    return loss


def _sigmoids(*, focal: bool = False, smoothing: float = 0.0) -> Loss:
    """Return the cross-entropy of every sigmoid with a target from 0 to 1."""

    def loss(y_true: Tensor, y_pred: Tensor) -> Tensor:
        pair = (keras.ops.expand_dims(y_true, -1), keras.ops.expand_dims(y_pred, -1))
        if focal:
            return keras.losses.binary_focal_crossentropy(
                *pair, gamma=_FOCUS, label_smoothing=smoothing
            )
        return keras.losses.binary_crossentropy(*pair, label_smoothing=smoothing)

    return loss


def _of_known(loss: Loss) -> Loss:
    """Return a loss that is 0 where a tag is unknown, NaN."""

    def known(y_true: Tensor, y_pred: Tensor) -> Tensor:
        unknown = keras.ops.isnan(y_true)
        each = loss(keras.ops.where(unknown, 0.0, y_true), y_pred)
        return keras.ops.where(unknown, keras.ops.zeros_like(each), each)

    return known


def _softmax_accuracy(sizes: Sequence[int], shares: bool) -> keras.metrics.Metric:
    """Return how often the most probable class is the true one, averaged over softmaxes."""

    def right(y_true: Tensor, y_pred: Tensor) -> Tensor:
        if not shares:
            y_true = keras.ops.reshape(y_true, (-1, len(sizes)))
        each = [
            keras.metrics.categorical_accuracy(y_true[:, span], y_pred[:, span])
            if shares
            else keras.metrics.sparse_categorical_accuracy(y_true[:, place], y_pred[:, span])
            for place, span in enumerate(spans(sizes))
        ]
        return keras.ops.mean(keras.ops.stack(each), axis=0)

    return keras.metrics.MeanMetricWrapper(right, name="accuracy")


def _tags_accuracy() -> keras.metrics.Metric:
    def right(y_true: Tensor, y_pred: Tensor) -> Tensor:
        said, true = (keras.ops.cast(tags >= 0.5, "float32") for tags in (y_pred, y_true))
        known = keras.ops.cast(~keras.ops.isnan(y_true), "float32")
        right = keras.ops.cast(said == true, "float32") * known
        return keras.ops.sum(right, axis=-1) / keras.ops.maximum(keras.ops.sum(known, axis=-1), 1.0)

    return keras.metrics.MeanMetricWrapper(right, name="accuracy")


def loss_and_metrics(
    target: Target, *, shares: bool = False, focal: bool = False, smoothing: float = 0.0
) -> tuple[Loss, list[keras.metrics.Metric]]:
    """Cross-entropy that suits the targets, and how often the outputs are right, if they can be.

    Numbers scaled to their range take the same loss as tags: its least value is at the target,
    and a sigmoid does not stall at the ends as it does under a squared error. They have no
    classes to smooth over. `smoothing` spreads a share of a label over all classes of its head, or
    over yes and no of a tag (Szegedy et al., arXiv:1512.00567).
    """
    if not target.has_classes:
        return _sigmoids(), []
    if not target.sizes:
        return _of_known(_sigmoids(focal=focal, smoothing=smoothing)), [_tags_accuracy()]
    loss = _softmaxes(target.sizes, shares=shares, focal=focal, smoothing=smoothing)
    return loss, [_softmax_accuracy(target.sizes, shares)]
