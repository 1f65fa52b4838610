"""Stores of images as another process gets them: without their pixels."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kaggle_prz.core.image_store import Store


@dataclass(frozen=True)
class MappedFile:
    """An array on a disk that both processes see."""

    path: Path

    def open(self) -> Store:
        """Return the array, mapped."""
        array: Store = np.load(self.path, mmap_mode="r")
        return array


def referred(stores: Mapping[int, Store]) -> dict[int, MappedFile | Store]:
    """Return stores to be sent: mapped arrays as their files, those that decode as they are."""
    return {
        size: MappedFile(Path(str(store.filename))) if isinstance(store, np.memmap) else store
        for size, store in stores.items()
    }


def opened(references: Mapping[int, MappedFile | Store]) -> dict[int, Store]:
    """Return the stores of `referred`."""
    return {
        size: one.open() if isinstance(one, MappedFile) else one for size, one in references.items()
    }
