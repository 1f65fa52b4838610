"""What every store of images offers, wherever its pixels come from."""

from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Array: TypeAlias = NDArray[Any]  # numbers of any kind, as a file holds them


class Store(Protocol):
    """Images of one size: an array mapped from disk, or what decodes them when they are asked for.

    Example:
        ```python
        store.shape                   # (images, size, size, channels)
        store[np.array([4, 1, 4])]    # (3, size, size, channels) uint8, to be written to
        store[7]                      # (size, size, channels)
        ```
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """`(images, size, size, channels)`."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: int | slice | NDArray[np.int64], /) -> Pixels: ...
