"""How many pixels an image may have: our limit, in the place of Pillow's."""

import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from PIL import Image

from kaggle_prz.core.errors import DataError

LARGEST_PIXELS = 200_000_000
_lock = threading.Lock()
_lifted: list[int | None] = []


@contextmanager
def pillow_limit_lifted() -> Iterator[None]:
    """Let Pillow open images of any size, as `refuse_larger` looks at them before they decode.

    Pillow's limit is a global of the process: the first thread to come lifts it, the last to
    leave puts it back.
    """
    with _lock:
        _lifted.append(Image.MAX_IMAGE_PIXELS if not _lifted else _lifted[0])
        Image.MAX_IMAGE_PIXELS = None
    try:
        yield
    finally:
        with _lock:
            before = _lifted.pop()
            if not _lifted:
                Image.MAX_IMAGE_PIXELS = before


def needed(reasons: Iterable[str]) -> int | None:
    """Return the limit that allows all images that `refuse_larger` refused with these reasons."""
    found = (re.search(r"--largest-pixels (\d+)$", reason) for reason in reasons)
    return max((int(each[1]) for each in found if each), default=None)


def refuse_larger(width: int, height: int, largest_pixels: int) -> None:
    """Refuse to decode an image that would hold too many pixels in memory."""
    if width * height > largest_pixels:
        raise DataError(
            f"an image can have up to {largest_pixels:,} pixels; this one has {width:,} × "
            f"{height:,} = {width * height:,}. Allow it with --largest-pixels {width * height}"
        )
