"""What training makes small, for each kind of task, and what it tells of its progress."""

from collections.abc import Callable, Sequence

import keras
import numpy as np
from numpy.typing import NDArray

from kaggle_prz.core.image_store import Pixels
from kaggle_prz.core.task import spans
from kaggle_prz.metrics.arrays import Array
from kaggle_prz.tasks.outputs import Target

_FOCUS = 2.0  # gamma of Lin et al., arXiv:1708.02002


class TracedLoss(keras.losses.Loss):  # type: ignore[misc]
    """A loss that counts how often a training step was traced.

    Python runs `call` only while the framework traces a step, never while it executes one.
    """

    def __init__(self, loss: keras.losses.Loss):
        super().__init__(name=loss.name)
        self.traces = 0
        self._loss = loss

    def call(self, y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
        """Return the loss of `(batch, outputs)`, per image, or per image and head or tag."""
        self.traces += not isinstance(y_pred, keras.KerasTensor)
        return self._loss.call(y_true, y_pred)


class SoftmaxCrossentropy(keras.losses.Loss):  # type: ignore[misc]
    """Cross-entropy of each of several softmaxes side by side, of class indexes or of shares."""

    def __init__(
        self, sizes: Sequence[int], *, shares: bool, focal: bool = False, smoothing: float = 0.0
    ):
        super().__init__(name="softmax_crossentropy")
        self._sizes, self._spans = tuple(sizes), spans(sizes)
        self._shares, self._focal, self._smoothing = shares, focal, smoothing

    def call(self, y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
        """Return the loss of `(batch, heads)` class indexes or shares."""
        if not self._shares:
            y_true = keras.ops.reshape(y_true, (-1, len(self._sizes)))
        each = [
            self._of_one(y_true[:, span if self._shares else place], y_pred[:, span], size)
            for place, (span, size) in enumerate(zip(self._spans, self._sizes, strict=True))
        ]
        return each[0] if len(each) == 1 else keras.ops.stack(each, axis=1)

    def _of_one(
        self, y_true: keras.KerasTensor, y_pred: keras.KerasTensor, size: int
    ) -> keras.KerasTensor:
        if size == 1:  # always right, and Keras warns of it
            return keras.ops.zeros_like(y_pred[:, 0])
        if not (self._shares or self._focal or self._smoothing):
            return keras.losses.sparse_categorical_crossentropy(y_true, y_pred)
        if not self._shares:
            y_true = keras.ops.one_hot(keras.ops.cast(y_true, "int32"), size)
        if self._focal:
            return keras.losses.categorical_focal_crossentropy(
                y_true, y_pred, alpha=1.0, gamma=_FOCUS, label_smoothing=self._smoothing
            )
        return keras.losses.categorical_crossentropy(
            y_true, y_pred, label_smoothing=self._smoothing
        )


class SigmoidCrossentropy(keras.losses.Loss):  # type: ignore[misc]
    """Cross-entropy of every sigmoid with a target from 0 to 1."""

    def __init__(self, *, focal: bool = False, smoothing: float = 0.0):
        super().__init__(name="sigmoid_crossentropy")
        self._focal, self._smoothing = focal, smoothing

    def call(self, y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
        """Return the loss of `(batch, outputs)`, of every output."""
        pair = (keras.ops.expand_dims(y_true, -1), keras.ops.expand_dims(y_pred, -1))
        if self._focal:
            return keras.losses.binary_focal_crossentropy(
                *pair, gamma=_FOCUS, label_smoothing=self._smoothing
            )
        return keras.losses.binary_crossentropy(*pair, label_smoothing=self._smoothing)


def _softmax_accuracy(sizes: Sequence[int], shares: bool) -> keras.metrics.Metric:
    """Return how often the most probable class is the true one, averaged over softmaxes."""

    def right(y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
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
    def right(y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
        said, true = (keras.ops.cast(tags >= 0.5, "float32") for tags in (y_pred, y_true))
        return keras.ops.mean(keras.ops.cast(said == true, "float32"), axis=-1)

    return keras.metrics.MeanMetricWrapper(right, name="accuracy")


def loss_and_metrics(
    target: Target, *, shares: bool = False, focal: bool = False, smoothing: float = 0.0
) -> tuple[keras.losses.Loss, list[keras.metrics.Metric]]:
    """Cross-entropy that suits the targets, and how often the outputs are right, if they can be.

    Numbers scaled to their range take the same loss as tags: its least value is at the target,
    and a sigmoid does not stall at the ends as it does under a squared error. They have no
    classes to smooth over. `smoothing` spreads a share of a label over all classes of its head, or
    over yes and no of a tag (Szegedy et al., arXiv:1512.00567).
    """
    if not target.has_classes:
        return SigmoidCrossentropy(), []
    if not target.sizes:
        return SigmoidCrossentropy(focal=focal, smoothing=smoothing), [_tags_accuracy()]
    loss = SoftmaxCrossentropy(target.sizes, shares=shares, focal=focal, smoothing=smoothing)
    return loss, [_softmax_accuracy(target.sizes, shares)]


class WeightedBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """Batches with the weight of every row's loss, by the classes that its target names."""

    def __init__(
        self,
        batches: keras.utils.PyDataset,
        weigh: Callable[[Array], NDArray[np.float32]],
    ):
        super().__init__(
            workers=batches.workers,
            use_multiprocessing=batches.use_multiprocessing,
            max_queue_size=batches.max_queue_size,
        )
        self._batches, self._weigh = batches, weigh

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: int) -> tuple[Pixels, Array, NDArray[np.float32]]:
        images, targets = self._batches[index]
        return images, targets, self._weigh(np.asarray(targets))

    def on_epoch_begin(self) -> None:
        """Begin a pass."""
        self._batches.on_epoch_begin()

    def on_epoch_end(self) -> None:
        """Shuffle for the next pass."""
        self._batches.on_epoch_end()
