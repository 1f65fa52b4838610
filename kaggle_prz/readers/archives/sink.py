"""Where the members of an archive are written: safe paths, counted bytes, no junk."""

import io
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NoReturn

from kaggle_prz.core import filesystem
from kaggle_prz.core.errors import DataError, PrzError
from kaggle_prz.readers.archives.meter import BY_HAND, Meter

CHUNK = 1 << 20  # bytes
_DEEPEST = 100  # folders; Python walks a tree by recursion
_DRIVE = re.compile(r"[A-Za-z]:")
_JUNK = ("__MACOSX", ".DS_Store", "Thumbs.db")


class Sink:
    """Writes the members of one archive below `folder`, an empty directory, and nowhere else.

    Every format writes through this class, which makes all the checks of paths.
    """

    def __init__(self, folder: Path, archive: str, meter: Meter):
        self.folder, self.archive, self.meter = folder, archive, meter
        self._made: set[tuple[str, ...]] = {()}

    def make_folder(self, name: str) -> None:
        """Make the folder of a member; see `parts`."""
        parts = self.parts(name)
        if not is_junk(parts):
            self._make(parts)

    def open(self, name: str) -> "Output":
        """Open the file of a member; a second one of exactly that name replaces the first."""
        parts = self.parts(name)
        if not parts:
            raise DataError(
                f"{self.archive} is damaged: a file in it has no name. Download it again."
            )
        if is_junk(parts):
            return Output(self, Path(os.devnull).open("wb"), name)
        self._make(parts[:-1])
        path = self.folder.joinpath(*parts)
        self.meter.count_entry()
        with self.guarded(name):
            try:
                file = path.open("xb")
            except FileExistsError:
                if path.is_dir() or parts[-1] not in os.listdir(path.parent):  # noqa: PTH208 - text
                    raise self._taken(name) from None
                file = path.open("wb")
        return Output(self, file, name)

    def copy(self, name: str, stream: IO[bytes] | io.BufferedIOBase) -> None:
        """Write a member from a stream, a chunk at a time."""
        with self.open(name) as output:
            while chunk := stream.read(CHUNK):
                output.write(chunk)

    @contextmanager
    def guarded(self, name: str) -> Iterator[None]:
        """Turn what a file system refuses while `name` is written into a sentence."""
        try:
            with filesystem.room_for(self.folder):
                yield
        except PrzError:
            raise
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or (
                "a name that this file system does not allow"
            )
            raise DataError(
                f"{_short(name)} of {self.archive} cannot be written in {self.folder.parent} "
                f"({reason}). Set KAGGLE_PRZ_HOME to another directory, or {BY_HAND}"
            ) from error

    def parts(self, name: str) -> tuple[str, ...]:
        """Return the folders and the file that a member's name means, below `folder`."""
        path = name.replace("\\", "/")
        parts = [part for part in path.split("/") if part not in ("", ".")]
        unsafe = any(part == ".." or _DRIVE.match(part) for part in parts) or "\0" in path
        if unsafe or path.startswith("/"):
            self.refuse(name, "a path that may lead out of the archive's folder")
        if len(parts) > _DEEPEST:
            self.refuse(name, f"more than {_DEEPEST} folders deep")
        return tuple(parts)

    def refuse(self, name: str, what: str) -> NoReturn:
        """Refuse the archive for a member that nobody should trust."""
        raise DataError(
            f"{self.archive} contains {_short(name)}, {what}: such an archive is not unpacked. "
            f"If you trust it, {BY_HAND}"
        )

    def _make(self, parts: tuple[str, ...]) -> None:
        # The folder was empty at first: what is there but was not made here has another spelling.
        if parts in self._made:
            return
        self._make(parts[:-1])
        name = "/".join(parts)
        self.meter.count_entry()
        with self.guarded(name):
            try:
                self.folder.joinpath(*parts).mkdir()
            except FileExistsError:
                raise self._taken(name) from None
        self._made.add(parts)

    def _taken(self, name: str) -> DataError:
        return DataError(
            f"{self.archive} contains {_short(name)} and another member whose name differs only "
            "in case, or that is a file where this one is a folder: the file system of "
            f"{self.folder.parent} can keep only one of them. Set KAGGLE_PRZ_HOME to a directory "
            "on another file system."
        )


class Output(io.RawIOBase):
    """The file of one member; every write is counted first."""

    def __init__(self, sink: Sink, file: IO[bytes], name: str):
        self._sink, self._file, self._name = sink, file, name

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Write a chunk; refused over a limit, or by the file system."""
        self._sink.meter.count(len(data))
        with self._sink.guarded(self._name):
            self._file.write(data)
        return len(data)

    def close(self) -> None:
        """Close the file; what was buffered is written."""
        with self._sink.guarded(self._name):
            self._file.close()
        super().close()


def is_junk(parts: tuple[str, ...]) -> bool:
    """Return whether a path is what macOS and Windows leave in folders."""
    return any(part in _JUNK or part.startswith("._") for part in parts)


def _short(name: str) -> str:
    return repr(name if len(name) <= 80 else f"{name[:60]}…{name[-19:]}")
