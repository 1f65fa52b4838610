"""Stores whose images are decoded when they are asked for, by threads that all of them share."""

import functools
import io
import os
import warnings
from abc import ABC, abstractmethod
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kaggle_prz.core import environment
from kaggle_prz.core.image_store import Pixels
from kaggle_prz.images import decode_one
from kaggle_prz.images.decode_one import How

_QUALITY = 95


@functools.lru_cache(maxsize=1)
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(environment.processors(), thread_name_prefix="images")


if hasattr(os, "register_at_fork"):  # a forked process has no threads, and would wait for them
    os.register_at_fork(after_in_child=_threads.cache_clear)


class Gathered(ABC):
    """A store of pictures that are made one by one; the same rows give the same pixels."""

    def __init__(self, shape: tuple[int, int, int, int]):
        self.shape = shape

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: int | slice | NDArray[np.int64], /) -> Pixels:
        chosen = np.arange(len(self))[rows]
        made = np.zeros((chosen.size, *self.shape[1:]), np.uint8)

        def put(place: int) -> None:
            made[place] = self._one(int(chosen.flat[place]))

        with warnings.catch_warnings():  # filters are the process's: set around the threads
            warnings.simplefilter("ignore")
            for _ in _threads().map(put, range(chosen.size)):
                pass
        return made.reshape(*chosen.shape, *self.shape[1:])

    @abstractmethod
    def _one(self, row: int) -> Pixels:
        """`(size, size, channels)` of one image; 0 of one that cannot be decoded."""


class Encoded(Gathered):
    """Pictures as JPEGs one after the other in a file.

    `index` says where each begins and how long it is, `(images, 2)`; 0 long is black.
    """

    def __init__(self, file: Path, index: NDArray[np.uint64], size: int, channels: int):
        super().__init__((len(index), size, size, channels))
        self._made_of = file, index, size, channels
        self._index = index
        some = file.stat().st_size  # nothing cannot be mapped
        self._bytes = np.memmap(file, np.uint8, "r") if some else np.zeros(0, np.uint8)

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), self._made_of  # another process maps the file itself

    def _one(self, row: int) -> Pixels:
        begin, length = self._index[row].tolist()
        if not length:
            return np.zeros(self.shape[1:], np.uint8)
        return read(self._bytes[begin : begin + length].tobytes(), self.shape[-1])


class FromFiles(Gathered):
    """Pictures that are decoded from the competition's files every time."""

    def __init__(self, root: Path, files: Sequence[str], size: int, how: How):
        super().__init__((len(files), size, size, how.channels))
        self._root, self._files, self._how = root, files, how

    def _one(self, row: int) -> Pixels:
        size = self.shape[1]
        made, _ = decode_one.decode(self._root, self._files[row], [size], self._how)
        return made.get(size, np.zeros(self.shape[1:], np.uint8))


def written(pixels: Pixels) -> bytes:
    """Write one picture as a JPEG without subsampling; pixels come back slightly different.

    Three channels are colours, others stand one below the other.
    """
    size, _, channels = pixels.shape
    flat = pixels if channels == 3 else np.moveaxis(pixels, -1, 0).reshape(channels * size, size)
    into = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(flat)).save(into, "JPEG", quality=_QUALITY, subsampling=0)
    return into.getvalue()


def read(content: bytes, channels: int) -> Pixels:
    """Return the picture that `written` wrote, `(size, size, channels)`."""
    flat = np.asarray(Image.open(io.BytesIO(content)))
    if channels == 3:
        return flat
    return np.moveaxis(flat.reshape(channels, -1, flat.shape[1]), 0, -1)
