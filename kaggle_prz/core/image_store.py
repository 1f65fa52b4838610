"""What every store of images offers, wherever its pixels come from."""

from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Array: TypeAlias = NDArray[Any]  # numbers of any kind, as a file holds them


class Store(Protocol):
    """Images of one size: an array mapped from disk, or what decodes them when they are asked for.

    Several rows are `(rows, size, size, channels)`, to be written to; one has no first axis.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """`(images, size, size, channels)`."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: int | slice | NDArray[np.int64], /) -> Pixels: ...
