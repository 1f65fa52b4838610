"""Weights -> probabilities and features, averaged over test-time views. Trains nothing."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from kaggle_prz.core.console import Advance
from kaggle_prz.core.image_store import Pixels, Store
from kaggle_prz.models.classifier import Classifier
from kaggle_prz.models.linear_probe import probabilities
from kaggle_prz.tasks.outputs import Target

VIEWS = {
    "plain": (),
    "horizontal": (2,),
    "vertical": (1,),
    "both": (1, 2),
}


class Network(Protocol):
    """What answers batches of pictures, such as a Keras model."""

    @property
    def output_shape(self) -> tuple[Any, ...]:
        """The last one is how many numbers it puts out for a picture."""

    def predict_on_batch(self, x: Pixels) -> NDArray[np.float32]:
        """`(pictures, outputs)`."""


class Answering:
    """A classifier that answers through its features: they are traced for its head anyway.

    A trace of the whole classifier would take another second, for a product of two matrices. A
    head that is set later is not seen.
    """

    def __init__(self, classifier: Classifier, outputs: Target):
        self._features, self._head = classifier.features, classifier.head
        self._outputs = outputs
        self.output_shape = (None, outputs.count)

    def predict_on_batch(self, x: Pixels) -> NDArray[np.float32]:
        """`(pictures, outputs)` from 0 to 1, what the classifier's model puts out."""
        return probabilities(self._features.predict_on_batch(x), self._head, self._outputs)


def views_of(flips: Sequence[str], tta: bool) -> tuple[str, ...]:
    """Views to average: the plain one, and its mirror image where the task allows."""
    if not tta or not flips:
        return ("plain",)
    return ("plain", "horizontal" if "horizontal" in flips else flips[0])


def head_views(flips: Sequence[str]) -> tuple[str, ...]:
    """Views that a head alone may be fitted to, and answer from: as many as flips can make."""
    both = ("both",) if len(flips) == 2 else ()
    return ("plain", *flips, *both)


def predict(
    model: Network,
    pixels: Store,
    rows: NDArray[np.int64],
    *,
    batch_size: int,
    views: Sequence[str] = ("plain",),
    advance: Advance | None = None,
) -> NDArray[np.float32]:
    """Return outputs of `model`, `(rows, outputs)`, for `rows`, averaged over `views`."""
    outputs = np.zeros((len(rows) * len(views), model.output_shape[-1]), np.float32)
    done = 0
    for batch in prediction_batches(pixels, rows, batch_size=batch_size, views=views):
        some = model.predict_on_batch(batch)[: len(outputs) - done]
        outputs[done : done + len(some)] = some
        done += len(some)
        if advance is not None:
            advance(len(some))
    each_view = outputs.reshape(len(views), len(rows), outputs.shape[-1])
    mean: NDArray[np.float32] = each_view.mean(axis=0)
    return mean


def prediction_batches(
    pixels: Store, rows: NDArray[np.int64], *, batch_size: int, views: Sequence[str] = ("plain",)
) -> Iterator[Pixels]:
    """Yield all of `rows` in the first view, then all in the next, in batches of one shape.

    A batch may hold the end of one view and the beginning of the next; only the very last is
    filled up, with its last picture. `views` are names in `VIEWS`.
    """
    count = len(rows) * len(views)
    for begin in range(0, count, batch_size):
        position = np.minimum(np.arange(begin, begin + batch_size), count - 1)
        batch: Pixels = pixels[rows[position % len(rows)]]
        for number, view in enumerate(views):
            seen_so = position // len(rows) == number
            if VIEWS[view]:
                batch[seen_so] = mirrored(batch[seen_so], VIEWS[view])
        yield batch


def mirrored(batch: Pixels, axes: tuple[int, ...]) -> Pixels:
    """Flip a batch channel by channel, which takes a fifth of the time."""
    made = np.empty_like(batch)
    for channel in range(batch.shape[-1]):
        made[..., channel] = np.flip(batch[..., channel], axes)
    return made
