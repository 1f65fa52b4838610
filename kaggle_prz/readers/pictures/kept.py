"""Files that many images are read from: opened once, for all threads."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from kaggle_prz.core.errors import DataError
from kaggle_prz.readers.formats import File

T = TypeVar("T")
_Key = tuple[Path, int, int]


class Kept(Generic[T]):
    """What `read` makes of a file, kept until the file changes or is forgotten.

    Args:
        read: opens a file. Its error is kept as well, so that a damaged file of a million rows
            is not read a million times.
        most: files kept; the one opened first goes first.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile() as file:
        ...     names = Kept(lambda path: path.suffix + str(len(path.read_bytes())))
        ...     names(Path(file.name))
        '0'
    """

    def __init__(self, read: Callable[[Path], T], most: int = 8):
        self._read, self._most = read, most
        self._lock = threading.Lock()
        self._kept: dict[_Key, T | DataError] = {}

    def __call__(self, file: File) -> T:
        """Return what was read from `file`.

        Raises:
            DataError: it could not be read, or is no file.
        """
        if not isinstance(file, Path):
            raise DataError("a file of many pictures within another one is not read")
        status = file.stat()
        key = (file, status.st_size, status.st_mtime_ns)
        with self._lock:
            if key not in self._kept:
                while len(self._kept) >= self._most:
                    self._kept.pop(next(iter(self._kept)))
                self._kept[key] = self._attempt(file)
            found = self._kept[key]
        if isinstance(found, DataError):
            raise DataError(str(found))
        return found

    def forget(self) -> None:
        """Give the memory back."""
        with self._lock:
            self._kept.clear()

    def _attempt(self, file: Path) -> T | DataError:
        try:
            return self._read(file)
        except DataError as error:
            return error
        except MemoryError:
            raise
        except Exception as error:  # damaged files raise errors of every kind
            return DataError(f"{type(error).__name__}: {error}")
