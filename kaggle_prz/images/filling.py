"""Rows -> stores: by threads, in bounded memory, so that a later process can go on."""

import time
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from kaggle_prz.core import environment
from kaggle_prz.core.console import Advance
from kaggle_prz.core.image_store import Pixels
from kaggle_prz.images.parts import Filling
from kaggle_prz.readers.pictures import sources
from kaggle_prz.readers.pictures.limits import pillow_limit_lifted

Work = Callable[[int], tuple[Mapping[int, Pixels], str]]
Rows = NDArray[np.int64]

_SAVED_EVERY = 5.0  # seconds; what a killed process loses
_A_BLOCK = 16  # rows a thread takes at once, at most
_BLOCKS_AT_LEAST = 16  # a thread: none works alone for long at the end
_BLOCKS_WAITING = 4  # a thread


def in_order(files: Sequence[str]) -> Rows:
    """Return rows of a file of many one after the other, as they are read by blocks."""
    if not any("#" in reference for reference in files):
        return np.arange(len(files))

    def place(row: int) -> tuple[str, str, int]:
        file, member, number = sources.place_of(files[row])
        return ("", "", 0) if number is None else (file, member, number)

    return np.array(sorted(range(len(files)), key=place), np.int64)


def fill(filling: Filling, order: Rows, work: Work, advance: Advance) -> None:
    """Do the rows of `order` that are not done, and save every few seconds."""
    rows = order[filling.done :]
    advance(filling.done)
    start = saved = time.monotonic()
    count = 0

    def some(block: Rows) -> tuple[Rows, dict[int, str]]:
        return block, _done(filling, block, work)

    # Warnings and Pillow's limit are the process's, so they are set around the threads.
    with warnings.catch_warnings(), pillow_limit_lifted(), sources.kept():
        warnings.simplefilter("ignore")
        for block, reasons in _in_threads(some, in_blocks(rows, environment.processors())):
            filling.done += len(block)
            filling.reasons.update(reasons)
            count += len(block)
            now = time.monotonic()
            advance(len(block), note=f"{count / max(now - start, 1e-3):,.0f} images/s")
            if now - saved > _SAVED_EVERY:
                filling.save()
                saved = time.monotonic()


def in_blocks(rows: Rows, threads: int) -> Iterator[Rows]:
    """Parts of `rows`, in their order, for `threads` threads to take one after the other."""
    length = min(_A_BLOCK, max(1, len(rows) // (_BLOCKS_AT_LEAST * threads)))
    return (rows[at : at + length] for at in range(0, len(rows), length))


def _done(filling: Filling, block: Rows, work: Work) -> dict[int, str]:
    reasons = {}
    for row in block.tolist():
        made, reason = work(row)
        if reason:
            reasons[row] = reason
        elif filling.parts:
            for size, pixels in made.items():
                filling.parts[size].put(row, pixels)
    return reasons


def _in_threads(
    task: Callable[[Rows], tuple[Rows, dict[int, str]]], blocks: Iterator[Rows]
) -> Iterator[tuple[Rows, dict[int, str]]]:
    """Yield results in the order of `blocks`; only a few wait at a time."""
    threads = environment.processors()
    waiting: deque[Future[tuple[Rows, dict[int, str]]]] = deque()
    pool = ThreadPoolExecutor(threads)
    try:
        for block in blocks:
            waiting.append(pool.submit(task, block))
            if len(waiting) > _BLOCKS_WAITING * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
