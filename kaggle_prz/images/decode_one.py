"""One image -> its pixels at every size, or why there are none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kaggle_prz.core.errors import DataError, MissingExtraError, UsageError
from kaggle_prz.core.image_store import Pixels
from kaggle_prz.images import resize
from kaggle_prz.images.resize import Aspect
from kaggle_prz.readers.pictures import sources
from kaggle_prz.readers.pictures.modes import Span

NO_FILE = "no file"


@dataclass(frozen=True)
class How:
    """What makes pixels of an image, besides its size; part of a store's fingerprint."""

    channels: int
    aspect: Aspect
    largest_pixels: int
    span: Span | None = None  # the range of all images, where they have one

    def __post_init__(self) -> None:
        resize.check(self.aspect)
        for name in ("channels", "largest_pixels"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} must be at least 1; received {getattr(self, name)}.")

    @property
    def key(self) -> str:
        """In one line."""
        span = "" if self.span is None else f" {self.span.low!r} {self.span.high!r}"
        return f"{self.aspect} {self.channels} {self.largest_pixels}{span}"


def decode(
    root: Path, reference: str, sizes: Sequence[int], how: How
) -> tuple[Mapping[int, Pixels], str]:
    """Read an image once: size in px -> `(size, size, channels)`; or nothing, and the reason."""
    if not reference:
        return {}, NO_FILE
    try:
        planes = sources.planes(
            root / reference, max(sizes), how.channels, how.largest_pixels, how.span
        )
        return resize.every(planes, sizes, how.aspect), ""
    except (MemoryError, MissingExtraError):
        raise
    except DataError as error:
        return {}, str(error)
    except Exception as error:  # decoders meet damaged files with errors of every kind
        return {}, f"{type(error).__name__}: {error}"
