"""Weights -> probabilities and features, averaged over test-time views. Trains nothing."""

from collections.abc import Sequence

import keras
import numpy as np
from numpy.typing import NDArray

from kaggle_prz.console import Advance
from kaggle_prz.images import Pixels
from kaggle_prz.pipeline import PredictBatches


def views_of(flips: Sequence[str], tta: bool) -> tuple[str, ...]:
    """Views to average: the plain one, and its mirror image where the task allows.

    Example:
        >>> views_of(("horizontal", "vertical"), tta=True)
        ('plain', 'horizontal')
    """
    if not tta or not flips:
        return ("plain",)
    return ("plain", "horizontal" if "horizontal" in flips else flips[0])


def predict(
    model: keras.Model,
    pixels: Pixels,
    rows: NDArray[np.int64],
    *,
    batch_size: int,
    views: Sequence[str] = ("plain",),
    advance: Advance | None = None,
) -> NDArray[np.float32]:
    """Outputs of `model` for `rows` of `pixels`, averaged over `views`.

    Args:
        model: any model on single images; not retrained, not retraced after its first call.
        pixels: `(images, size, size, 3)` uint8.
        rows: indexes into `pixels`.
        batch_size: images a step.
        views: names in `kaggle_prz.pipeline.VIEWS`.
        advance: called with the images done after every step.

    Returns:
        `(len(rows), outputs)` float32.
    """
    if not len(rows):
        return np.zeros((0, model.output_shape[-1]), np.float32)
    callbacks = [_Advance(advance, batch_size)] if advance else []
    total = np.zeros((len(rows), model.output_shape[-1]), np.float32)
    for view in views:
        batches = PredictBatches(pixels, rows, batch_size=batch_size, view=view)
        total += model.predict(batches, verbose=0, callbacks=callbacks)[: len(rows)]
    mean: NDArray[np.float32] = (total / len(views)).astype(np.float32)
    return mean


class _Advance(keras.callbacks.Callback):  # type: ignore[misc]
    def __init__(self, advance: Advance, batch_size: int):
        super().__init__()
        self._advance, self._batch_size = advance, batch_size

    def on_predict_batch_end(self, batch: int, logs: object = None) -> None:
        self._advance(self._batch_size)
