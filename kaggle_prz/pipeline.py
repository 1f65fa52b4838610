"""Rows of an image array -> batches: shuffled and augmented to train, in order to predict."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from kaggle_prz.augmentation import Augmentation, crops, mix, one_hot, randaugment, require_shares
from kaggle_prz.augmentation.draws import FLIP, Draws
from kaggle_prz.augmentation.draws import draws as draws_of
from kaggle_prz.images import Pixels

_PLAIN = Augmentation()
_UNMIXED = 0.2  # of the last stage, at its end: the network sees pictures as they are

VIEWS = {
    "plain": (),
    "horizontal": (2,),
    "vertical": (1,),
    "both": (1, 2),
}


def mixes(stage_index: int, stages: int, progress: float) -> bool:
    """Whether a step mixes pictures: not in the last fifth of the last stage.

    Args:
        stage_index: 1 for the first stage.
        stages: of the run.
        progress: of the stage, 0 to 1.

    Example:
        >>> mixes(3, 3, 0.79), mixes(3, 3, 0.8), mixes(2, 3, 1.0)
        (True, False, True)
    """
    return stage_index < stages or progress < 1 - _UNMIXED


class TrainBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """Batches of one fold's training rows; every one has the same shape, so one trace serves.

    What happens to a picture in a pass depends on the seed, the pass and its row in `pixels`
    alone. Keras with TensorFlow asks for batches in order, in a thread of its own, so that the
    next is made while the network works on this one.

    Args:
        pixels: `(images, stored, stored, channels)` uint8.
        rows: indexes into `pixels` to train on.
        targets: of these rows, see `kaggle_prz.outputs.Outputs.targets`.
        batch_size: images a batch; more rows than that wait for the next pass.
        flips: axes to flip at random: of `"horizontal"`, `"vertical"`.
        augmentation: what else happens to the pictures.
        size: of the pictures of a batch, px: random crops; default: as stored.
        classes: give class indexes as `(batch, classes)` shares; None leaves targets as they are.
        seed: batch `b` of pass `e` is the same for the same seed.

    Attributes:
        mixing: whether the step of that number, from 0, mixes pictures where `augmentation` says
            how; targets have the same form where it does not. Default: every step.

    Raises:
        UsageError: pictures are mixed, and targets are class indexes and no `classes` given.
    """

    def __init__(
        self,
        pixels: Pixels,
        rows: NDArray[np.int64],
        targets: NDArray[Any],
        *,
        batch_size: int,
        flips: Sequence[str] = (),
        augmentation: Augmentation = _PLAIN,
        size: int | None = None,
        classes: int | None = None,
        seed: Sequence[int] = (0,),
    ):
        super().__init__()
        self._pixels, self._rows = pixels, rows
        self._flips, self._augmentation = tuple(flips), augmentation
        self._targets = targets if classes is None else one_hot(targets, classes)
        if augmentation.mixes:
            require_shares(self._targets)
        self._batch_size = min(batch_size, len(rows))
        self._size = size or pixels.shape[1]
        self._seed = tuple(seed)
        self.mixing: Callable[[int], bool] = lambda _: True
        self._pass = -1
        self.on_epoch_end()

    def __len__(self) -> int:
        return max(1, len(self._rows) // self._batch_size)

    def __getitem__(self, index: int) -> tuple[Pixels, NDArray[Any]]:
        chosen = self._order[index * self._batch_size : (index + 1) * self._batch_size]
        rows, targets = self._rows[chosen], self._targets[chosen]
        draws, how = self._draws[rows], self._augmentation
        batch = self._cropped(rows, draws)
        for flip in self._flips:
            flipped = draws[:, FLIP[flip]] < 0.5
            batch[flipped] = np.flip(batch[flipped], VIEWS[flip])
        # Keras ends a pass before the first, so that its first one is number 1.
        step = max(0, self._pass - 1) * len(self) + index
        if how.mixes and self.mixing(step):
            order = np.random.default_rng((*self._seed, self._pass, index)).permutation(len(rows))
            partners = np.empty_like(order)
            partners[order] = np.roll(order, 1)
            return mix(batch, targets, draws, partners, mixup=how.mixup, cutmix=how.cutmix)
        return batch, targets

    def on_epoch_end(self) -> None:
        """Shuffle and draw for the next pass."""
        self._pass += 1
        seed = (*self._seed, self._pass)
        self._order = np.random.default_rng(seed).permutation(len(self._rows))
        self._draws = draws_of(seed, int(self._rows.max()) + 1)

    def _cropped(self, rows: NDArray[np.int64], draws: Draws) -> Pixels:
        stored, size = self._pixels.shape[1], self._size
        if self._augmentation.randaugment:
            images = self._pixels[rows]
            magnitude = self._augmentation.randaugment
            return randaugment(images, draws, magnitude=magnitude, size=size)
        if stored == size:
            batch: Pixels = self._pixels[rows]
            return batch
        windows = np.lib.stride_tricks.sliding_window_view(self._pixels, (size, size), axis=(1, 2))
        corners = crops(draws, stored, size)
        cropped: Pixels = np.moveaxis(windows, 3, -1)[rows, corners[:, 0], corners[:, 1]]
        return cropped


def prediction_batches(
    pixels: Pixels, rows: NDArray[np.int64], *, batch_size: int, views: Sequence[str] = ("plain",)
) -> Iterator[Pixels]:
    """All of `rows` in the first view, then all in the next, in batches of one shape.

    A batch may hold the end of one view and the beginning of the next; only the very last is
    filled up, with its last picture.

    Args:
        pixels: `(images, size, size, channels)` uint8.
        rows: indexes into `pixels`.
        batch_size: images a batch.
        views: names in `VIEWS`.

    Yields:
        `(batch_size, size, size, channels)` uint8.
    """
    count = len(rows) * len(views)
    for begin in range(0, count, batch_size):
        position = np.minimum(np.arange(begin, begin + batch_size), count - 1)
        batch = pixels[rows[position % len(rows)]]
        for number, view in enumerate(views):
            seen_so = position // len(rows) == number
            batch[seen_so] = np.flip(batch[seen_so], VIEWS[view])
        yield batch
