"""The C library's allocator, told to keep what a training step frees for the next step."""

import contextlib
import ctypes
import gc
import sys
from collections.abc import Iterator

# Numbers of glibc's malloc.h.
_TRIM_THRESHOLD, _MMAP_MAX, _ARENA_MAX = -1, -4, -8
_NEVER = 2**31 - 1


def keep_freed_memory() -> bool:
    """Keep freed memory in the process; return whether that could be set, as with glibc.

    A training step on processors frees and takes again the same hundreds of megabytes. By default
    glibc maps each large array again, and the system clears its pages: 20,000 of them a step of
    EfficientNet-Lite 0, and up to a third of the processor time of a run.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library
        return False
    settings = ((_MMAP_MAX, 0), (_TRIM_THRESHOLD, _NEVER), (_ARENA_MAX, 1))
    taken = [mallopt(option, value) == 1 for option, value in settings]
    return all(taken)


@contextlib.contextmanager
def networks_not_searched() -> Iterator[None]:
    """Let Python search only objects that are made from now on for cycles that nobody holds.

    A search of traced networks took eight seconds at a time, in the middle of training.
    """
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
