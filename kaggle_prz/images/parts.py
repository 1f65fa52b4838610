"""Stores while they are filled: what is done is kept, so that another process can continue."""

import contextlib
import hashlib
import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from kaggle_prz.core import filesystem
from kaggle_prz.core.image_store import Pixels
from kaggle_prz.images import lazy_store, stores
from kaggle_prz.images.stores import Kind

_PROGRESS = ".filled.json"


@dataclass(frozen=True)
class _Progress:
    """What was done: by which filling, one bit per row, and rows without pixels with the reason."""

    key: str
    done: int
    reasons: list[tuple[int, str]]


class _Part(ABC):
    """The file of one size, later in `final`; several threads write rows in any order."""

    def __init__(self, final: Path):
        self.final, self.file = final, _part(final)
        self._lock = threading.Lock()

    @abstractmethod
    def put(self, row: int, pixels: Pixels) -> None:
        """Write one picture."""

    def flush(self) -> None:
        """Return when everything that was put is on disk."""
        with self._lock:
            self._opened.flush()
            os.fsync(self._opened.fileno())

    def finish(self) -> None:
        """Move the file to its place."""
        self._opened.close()
        self.file.replace(self.final)

    def close(self) -> None:
        """Leave the file as it is."""
        with contextlib.suppress(OSError):  # what does not fit is written again at the next try
            self._opened.close()

    def _open(self) -> None:
        self._opened = self.file.open("r+b")


class _Raw(_Part):
    """An array; written to and not mapped, so that it takes no memory of the process."""

    def __init__(self, final: Path, shape: tuple[int, ...], resumed: bool):
        super().__init__(final)
        if not resumed:
            np.lib.format.open_memmap(self.file, "w+", np.uint8, shape)
            _claim_room(self.file)
        self._stride = int(np.prod(shape[1:]))
        self._begin = self.file.stat().st_size - shape[0] * self._stride
        self._open()

    def put(self, row: int, pixels: Pixels) -> None:
        with self._lock:
            self._opened.seek(self._begin + row * self._stride)
            self._opened.write(np.ascontiguousarray(pixels).data)


class _Encoded(_Part):
    """JPEGs in the order in which they come, and where each is."""

    def __init__(self, final: Path, index: Path, count: int, resumed: bool):
        super().__init__(final)
        self._index = _Raw(index, (count, 2, 8), resumed)
        if not resumed:
            self.file.write_bytes(b"")
        self._open()
        self._end = self._opened.seek(0, os.SEEK_END)

    def put(self, row: int, pixels: Pixels) -> None:
        content = lazy_store.written(pixels)
        with self._lock:
            self._opened.write(content)
            place = np.array([self._end, len(content)], np.uint64)
            self._end += len(content)
        self._index.put(row, place.view(np.uint8))

    def flush(self) -> None:
        super().flush()
        self._index.flush()

    def finish(self) -> None:
        super().finish()
        self._index.finish()  # last: it says that the store is there

    def close(self) -> None:
        super().close()
        self._index.close()


class Filling:
    """Stores of several sizes, and which of their rows are done, in the order of `filling.fill`.

    Of the kind `"none"` rows are counted, and nothing is written.
    """

    def __init__(self, place: Path, kind: Kind, sizes: Sequence[int], shape: tuple[int, int]):
        self._place, self._progress = place, place / _PROGRESS
        self._key = hashlib.sha256(repr((kind, sorted(sizes), shape)).encode()).hexdigest()[:16]
        self.done, self.reasons = 0, dict[int, str]()
        self.parts: dict[int, _Part] = {}
        self._kind, self._sizes, self._shape = kind, sizes, shape

    def open(self) -> None:
        """Open the files, those of an earlier process where it was at work on the same."""
        place, count = self._place, self._shape[0]
        sizes = [size for size in self._sizes if self._kind != "none"]
        finals = [stores.path(place, size, self._kind) for size in sizes]
        resumed = all(_part(file).is_file() for file in finals) and self._read()
        if not resumed:
            self.remove()
        for size, final in zip(sizes, finals, strict=True):
            if self._kind == "raw":
                self.parts[size] = _Raw(final, (count, size, size, self._shape[1]), resumed)
            else:
                self.parts[size] = _Encoded(final, stores.index(place, size), count, resumed)
        self.save()  # so that rows of another try are never taken for those of this one

    def save(self) -> None:
        """Flush what was put, and then mark it as done for good."""
        for part in self.parts.values():
            part.flush()
        progress = _Progress(self._key, self.done, list(self.reasons.items()))
        filesystem.write_json(self._progress, asdict(progress))

    def finish(self) -> None:
        """Move every store to its place."""
        for part in self.parts.values():
            part.flush()
            part.finish()
        self._progress.unlink(missing_ok=True)

    def close(self) -> None:
        """Leave everything for another process to continue."""
        for part in self.parts.values():
            part.close()

    def remove(self) -> None:
        """Leave nothing."""
        self.close()
        for file in (*self._place.glob(".part-*"), self._progress):
            file.unlink(missing_ok=True)

    def _read(self) -> bool:
        """Read how far an earlier process came; whether it was at work on the same."""
        if not self._progress.is_file():
            return False
        found = filesystem.read_json_as(self._progress, _Progress)
        if found.key != self._key:
            return False
        self.done, self.reasons = found.done, dict(found.reasons)
        return True


@contextlib.contextmanager
def filled(
    place: Path, kind: Kind, sizes: Sequence[int], shape: tuple[int, int]
) -> Iterator[Filling]:
    """Fill stores from where an earlier process stopped; see `Filling`.

    They are moved to their places at the end. An interrupt leaves what is done under hidden
    names, and any error leaves nothing.
    """
    with filesystem.room_for(place):
        place.mkdir(parents=True, exist_ok=True)
        filling = Filling(place, kind, sizes, shape)
        try:
            filling.open()
            yield filling
            filling.finish()
        except Exception:
            filling.remove()
            raise
        except BaseException:
            try:
                filling.save()
            finally:
                filling.close()
            raise


def _part(final: Path) -> Path:
    return final.with_name(f".part-{final.name}")


def _claim_room(file: Path) -> None:
    """Reserve the blocks now, so that a full disk is met before the work and not after it."""
    if hasattr(os, "posix_fallocate"):
        with file.open("r+b") as opened:
            os.posix_fallocate(opened.fileno(), 0, file.stat().st_size)
