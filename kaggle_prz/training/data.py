"""Rows of an image store -> batches to train on: shuffled, cropped, flipped and augmented."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import keras
import numpy as np
from numpy.typing import NDArray

from kaggle_prz.core.image_store import Pixels, Store
from kaggle_prz.metrics.arrays import Array
from kaggle_prz.models.prediction import VIEWS, mirrored
from kaggle_prz.training.augmentation import Augmentation, crops, mix, randaugment, require_shares
from kaggle_prz.training.augmentation.draws import FLIP, Draws
from kaggle_prz.training.augmentation.draws import draws as draws_of

if TYPE_CHECKING:
    import tensorflow as tf

_AHEAD = 2  # batches that are made while the network works
_PLAIN = Augmentation()


class TrainBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """Batches of one fold's training rows; every one has the same shape, so one trace serves.

    What happens to a picture in a pass depends on the seed, the pass and its row in `pixels`
    alone. Keras with TensorFlow asks for batches in order, in a thread of its own, so that the
    next is made while the network works on this one. `mixing` says whether a step, from 0, mixes
    pictures; pictures of a `size` below the stored one are random crops; `weigh` gives the weight
    of every row's loss, by its targets.
    """

    def __init__(
        self,
        pixels: Store,
        rows: NDArray[np.int64],
        targets: Array,
        *,
        batch_size: int,
        flips: Sequence[str] = (),
        augmentation: Augmentation = _PLAIN,
        mixing: Callable[[int], bool] | None = None,
        size: int | None = None,
        seed: Sequence[int] = (0,),
        weigh: Callable[[Array], NDArray[np.float32]] | None = None,
    ):
        super().__init__()
        self._pixels, self._rows, self._targets = pixels, rows, targets
        self._flips, self._augmentation = tuple(flips), augmentation
        if augmentation.mixes:
            require_shares(self._targets)
        self._batch_size = min(batch_size, len(rows))
        self._size = size or pixels.shape[1]
        self._seed, self._mixing, self._weigh = tuple(seed), mixing, weigh
        self._pass = -1
        self.on_epoch_end()

    def __len__(self) -> int:
        return max(1, len(self._rows) // self._batch_size)

    def __getitem__(self, index: int) -> tuple[Pixels, Array] | tuple[Pixels, Array, Array]:
        images, targets = self._batch(index)
        return (images, targets, self._weigh(targets)) if self._weigh else (images, targets)

    def _batch(self, index: int) -> tuple[Pixels, Array]:
        chosen = self._order[index * self._batch_size : (index + 1) * self._batch_size]
        rows, targets = self._rows[chosen], self._targets[chosen]
        draws, how = self._draws[rows], self._augmentation
        batch = self._cropped(rows, draws)
        for flip in self._flips:
            flipped = draws[:, FLIP[flip]] < 0.5
            batch[flipped] = mirrored(batch[flipped], VIEWS[flip])
        # Keras ends a pass before the first, so that its first one is number 1.
        step = max(0, self._pass - 1) * len(self) + index
        if how.mixes and (self._mixing is None or self._mixing(step)):
            order = np.random.default_rng((*self._seed, self._pass, index)).permutation(len(rows))
            partners = np.empty_like(order)
            partners[order] = np.roll(order, 1)
            return mix(batch, targets, draws, partners, mixup=how.mixup, cutmix=how.cutmix)
        return batch, targets

    def let_go(self) -> None:
        """Forget who says when pictures are mixed; no batch is asked for any more."""
        self._mixing = None

    def on_epoch_end(self) -> None:
        """Shuffle and draw for the next pass."""
        self._pass += 1
        seed = (*self._seed, self._pass)
        self._order = np.random.default_rng(seed).permutation(len(self._rows))
        self._draws = draws_of(seed, int(self._rows.max()) + 1)

    def _cropped(self, rows: NDArray[np.int64], draws: Draws) -> Pixels:
        images: Pixels = self._pixels[rows]
        size, magnitude = self._size, self._augmentation.randaugment
        if magnitude:
            return randaugment(images, draws, magnitude=magnitude, size=size)
        if images.shape[1] == size:
            return images
        down, right = crops(draws, images.shape[1], size).T
        windows = np.lib.stride_tricks.sliding_window_view(images, (size, size), axis=(1, 2))
        cropped: Pixels = np.moveaxis(windows, 3, -1)[np.arange(len(rows)), down, right]
        return cropped


def fed(batches: keras.utils.PyDataset) -> "keras.utils.PyDataset | tf.data.Dataset":
    """Return what `fit` takes for `batches`: the same, in the same order, pass by pass.

    With TensorFlow, Keras has the number of batches made ahead tuned at run time. Whenever such a
    pass ends, TensorFlow waits for the tuner's next turn, up to eight seconds in which nothing is
    computed (TensorFlow 2.21). A fixed number needs no tuner.
    """
    if keras.backend.backend() != "tensorflow":
        return batches
    import tensorflow as tf

    def a_pass() -> Iterator[tuple[object, ...]]:
        batches.on_epoch_end()  # Keras, too, calls it once before the first pass
        for index in range(len(batches)):
            yield batches[index]

    signature = tuple(
        tf.TensorSpec((None, *part.shape[1:]), tf.as_dtype(part.dtype)) for part in batches[0]
    )
    options = tf.data.Options()
    options.autotune.enabled = False
    dataset = tf.data.Dataset.from_generator(a_pass, output_signature=signature)
    counted = dataset.apply(tf.data.experimental.assert_cardinality(len(batches)))
    return counted.prefetch(_AHEAD).with_options(options)
