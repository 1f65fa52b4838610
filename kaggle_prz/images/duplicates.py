"""Pictures that are copies of each other: which they are.

The first frequencies of a picture's cosine transform are what perceptual hashes keep of it
(C. Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010). Here they
stay numbers, and near ones are found in a k-d tree: bits cut from them flip where a frequency is
weak, and look-alikes of one laboratory share them all. What is near is then compared as pictures
of 16 × 16.
"""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from kaggle_prz.core.image_store import Pixels, Store

_SIDE = 16  # px of the pictures that are compared
_FREQUENCIES = 5  # a side, so 24 numbers without the mean
_BLANK = 3.5  # standard deviation below which nothing is seen in a picture
_MOST_DIFFERENCE = 2.0  # mean, of 255
_MOST_RELATIVE = 0.04  # root mean square, in standard deviations of the picture
_NEIGHBOURS = 8
_AT_A_TIME = 2**23  # pixels

Rows = NDArray[np.int64]
Pictures = NDArray[np.float32]


def find(store: Store, rows: Rows | None = None) -> Rows:
    """Return the place in `rows`, rising, of each row's first near-duplicate, or its own: `(n,)`.

    Near-duplicates are the same picture saved, scaled or lightened once more: they differ, once
    their brightness is the same, by at most 2 of 255 in the mean and by 4 % of their contrast;
    other photographs of one thing mostly differ by more. Pictures in which nothing is to be seen,
    such as blank ones, are nobody's duplicates. The work grows about in proportion to the pictures.

    Example:
        >>> pictures = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 1)).astype(np.uint8)
        >>> find(pictures[[0, 1, 2, 1]]).tolist()
        [0, 1, 2, 1]
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    rows = np.arange(len(store)) if rows is None else rows
    if not len(rows):
        return np.zeros(0, np.int64)
    small = np.concatenate([_small(store[part]) for part in _parts(store, rows)])
    centred = small.astype(np.float32).reshape(len(small), -1)
    centred -= centred.mean(axis=1, keepdims=True)
    contrast = centred.std(axis=1)
    of_copy, first_copies = _copies(small)
    seen = first_copies[contrast[first_copies] >= _BLANK]
    left, right = _alike(centred[seen], contrast[seen], small.shape[1:])
    edges = np.concatenate([[seen[left], seen[right]], _of_copies(of_copy, contrast)], axis=1)
    ones = np.ones(edges.shape[1], bool)
    graph = coo_array((ones, (edges[0], edges[1])), shape=(len(rows), len(rows)))
    _, member = connected_components(graph, directed=False)
    _, first, inverse = np.unique(member, return_index=True, return_inverse=True)
    found: Rows = first[inverse]
    return found


def sets(first: Rows) -> list[Rows]:
    """Return the sets of at least two that `find` found, each as rising positions."""
    order = np.argsort(first, kind="stable")
    _, begins = np.unique(first[order], return_index=True)
    return [members for members in np.split(order, begins[1:]) if len(members) > 1]


def _parts(store: Store, rows: Rows) -> Iterator[Rows]:
    step = max(1, _AT_A_TIME // max(1, int(np.prod(store.shape[1:]))))
    for begin in range(0, len(rows), step):
        yield rows[begin : begin + step]


def _small(pictures: Pixels) -> Pixels:
    """Averages over squares, `(n, 16, 16, channels)`; smaller pictures as they are."""
    size = pictures.shape[1]
    if size <= _SIDE:
        return pictures
    weights = _averages(size)
    values = np.moveaxis(pictures, 3, 1).astype(np.float32)
    made: Pixels = np.rint(np.moveaxis(weights @ values @ weights.T, 1, 3)).astype(np.uint8)
    return made


@lru_cache
def _averages(size: int) -> Pictures:
    """`(16, size)` shares of every pixel of a row in each of 16 equal parts of the row."""
    edges = np.linspace(0, size, _SIDE + 1)
    pixels = np.arange(size)
    begins = np.maximum(pixels, edges[:-1, None])
    ends = np.minimum(pixels + 1, edges[1:, None])
    shares: Pictures = (np.clip(ends - begins, 0, None) * _SIDE / size).astype(np.float32)
    return shares


def _copies(small: Pixels) -> tuple[Rows, Rows]:
    """`(n,)` the first row of the same small picture, and those first rows."""
    flat = np.ascontiguousarray(small.reshape(len(small), -1))
    keys = flat.view(np.dtype((np.void, flat.shape[1]))).ravel()
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    return first[inverse], np.sort(first)


def _of_copies(of_copy: Rows, contrast: Pictures) -> Rows:
    rows = np.flatnonzero((of_copy != np.arange(len(of_copy))) & (contrast >= _BLANK))
    return np.stack([rows, of_copy[rows]])


def _alike(centred: Pictures, contrast: Pictures, shape: tuple[int, ...]) -> tuple[Rows, Rows]:
    """Pairs of pictures that are nearly the same, none of them copies."""
    from scipy.fft import dctn
    from scipy.spatial import cKDTree

    if len(centred) < 2:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    unit = centred / contrast[:, None]
    grey = unit.reshape(-1, *shape).mean(axis=3)
    low = dctn(grey, axes=(1, 2), norm="ortho")[:, :_FREQUENCIES, :_FREQUENCIES]
    low = low.reshape(len(low), -1)[:, 1:]
    # The transform keeps distances, and the errors of a copy are not all of low frequency.
    radius = _MOST_RELATIVE * np.sqrt(shape[0] * shape[1]) / 2
    near = min(_NEIGHBOURS, len(low))
    _, right = cKDTree(low).query(low, k=near, distance_upper_bound=radius, workers=-1)
    left = np.repeat(np.arange(len(low)), near)
    right = right.ravel()
    ordered = (right < len(low)) & (left != right)
    return _same(centred, contrast, left[ordered], right[ordered])


def _same(centred: Pictures, contrast: Pictures, left: Rows, right: Rows) -> tuple[Rows, Rows]:
    kept = np.zeros(len(left), bool)
    step = max(1, _AT_A_TIME // centred.shape[1])
    for begin in range(0, len(left), step):
        part = slice(begin, begin + step)
        difference = centred[left[part]] - centred[right[part]]
        least = np.minimum(contrast[left[part]], contrast[right[part]])
        relative = np.sqrt(np.square(difference).mean(axis=1)) / least
        kept[part] = (np.abs(difference).mean(axis=1) <= _MOST_DIFFERENCE) & (
            relative <= _MOST_RELATIVE
        )
    return left[kept], right[kept]
