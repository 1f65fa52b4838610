"""Arrays of NumPy's files -> `(height, width, channels)` bytes."""

from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from kaggle_prz.core.errors import DataError
from kaggle_prz.core.image_store import Array, Pixels
from kaggle_prz.readers.containers.npz import HEADS
from kaggle_prz.readers.formats import File, Wanted
from kaggle_prz.readers.kept import Kept, KeptFiles
from kaggle_prz.readers.pictures import modes
from kaggle_prz.readers.pictures.limits import refuse_larger

MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def read(file: File, wanted: Wanted) -> modes.Numbers:
    """Read the array of a file, or one of a stack, whose range is that of the whole file."""
    stack = None if wanted.row is None else _stacks(file)
    one = _open(file) if stack is None else stack.row(wanted.row or 0)
    image = upright(one, wanted.channels)
    refuse_larger(image.shape[1], image.shape[0], wanted.largest_pixels)
    values = np.asarray(image)
    return modes.Numbers(values, partial(modes.span_of, values) if stack is None else stack.span)


def checked(row: int, rows: int) -> int:
    """Return the number of a row that is there."""
    if not 0 <= row < rows:
        raise DataError(f"the rows are 0 to {rows - 1}; received row {row}")
    return row


def _open(file: File) -> Array:
    with HEADS:
        array: Array = np.load(file, mmap_mode="r", allow_pickle=False)
    if array.ndim < 2:
        raise DataError(f"an array of shape {array.shape} is not an image")
    return array


class _Stack:
    """An array whose first axis counts pictures, and its range, which is sought once."""

    def __init__(self, file: Path):
        self._array = _open(file)
        self._span = Kept[str, modes.Span](lambda _: modes.span_of(self._array))

    def row(self, row: int) -> Array:
        one: Array = self._array[checked(row, len(self._array))]
        return one

    def span(self) -> modes.Span:
        return self._span("")


_stacks = KeptFiles(_Stack)
forget = _stacks.forget


def upright(array: Array, channels: int) -> Array:
    """Return an array of one image with its channels last, `(height, width, c)`.

    The axis of channels is the one as long as the `channels` that are wanted, last before first;
    else the one of 1 to 4.
    """
    if array.ndim == 2:
        return array[..., None]
    if array.ndim == 3 and array.size:
        first, _, last = array.shape
        for wanted in ({channels}, set(MODES)):
            if last in wanted:
                return array
            if first in wanted:
                return np.moveaxis(array, 0, -1)
    raise DataError(
        f"an image must be an array (height, width), (height, width, {channels}) or ({channels}, "
        f"height, width); this one has the shape {array.shape}"
    )


def planes(array: Pixels, channels: int) -> list[Image.Image]:
    """Return an array as images that are resized one by one: one of RGB, else one a channel.

    Where it has other `channels` than are wanted, grey, colour and alpha are converted.
    """
    given = array.shape[-1]
    if given == channels != 3:
        return [Image.fromarray(np.ascontiguousarray(array[..., k])) for k in range(channels)]
    if given not in MODES or channels not in MODES:
        raise DataError(f"images must have {channels} channels; this one has {given}")
    shown = np.ascontiguousarray(array[..., 0] if given == 1 else array)
    return split(modes.flat(Image.fromarray(shown), MODES[channels]))


def split(image: Image.Image) -> list[Image.Image]:
    """Return an image as those that are resized one by one: alpha would weigh the colours."""
    return list(image.split()) if image.mode in {"LA", "RGBA"} else [image]
