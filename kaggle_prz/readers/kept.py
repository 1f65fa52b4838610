"""What is read once for many images, and by all threads: whole files, and blocks of rows."""

import threading
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Generic, TypeVar

from kaggle_prz.core.errors import DataError
from kaggle_prz.readers.formats import File

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")
_Version = tuple[Path, int, int]  # a file, its size and time of change


class Kept(Generic[K, T]):
    """What `read` makes of a key, kept until there are more than `most`, the oldest first.

    An error is kept as well, so that a damaged file of a million rows is not read a million times.
    """

    def __init__(self, read: Callable[[K], T], most: int = 8):
        self._read, self._most = read, most
        self._lock = threading.Lock()
        self._kept: dict[K, T | DataError] = {}

    def __call__(self, key: K) -> T:
        """Return what was read."""
        with self._lock:
            if key not in self._kept:
                while len(self._kept) >= self._most:
                    self._kept.pop(next(iter(self._kept)))
                self._kept[key] = self._attempt(key)
            found = self._kept[key]
        if isinstance(found, DataError):
            raise DataError(str(found))
        return found

    def forget(self) -> None:
        """Give the memory back."""
        with self._lock:
            self._kept.clear()

    def _attempt(self, key: K) -> T | DataError:
        try:
            return self._read(key)
        except DataError as error:
            return error
        except MemoryError:
            raise
        except Exception as error:  # damaged files raise errors of every kind
            return DataError(f"{type(error).__name__}: {error}")


class KeptFiles(Generic[T]):
    """What `read` makes of a file, kept until the file changes; see `Kept`."""

    def __init__(self, read: Callable[[Path], T], most: int = 8):
        def read_version(version: _Version) -> T:
            return read(version[0])

        self._kept = Kept(read_version, most)
        self.forget = self._kept.forget

    def __call__(self, file: File) -> T:
        """Return what was read from a file; refuse one that is within another."""
        if not isinstance(file, Path):
            raise DataError("a file of many images inside another such file is not supported")
        status = file.stat()
        return self._kept((file, status.st_size, status.st_mtime_ns))
