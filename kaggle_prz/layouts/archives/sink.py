"""Where the members of an archive are written: safe paths, counted bytes, no junk."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol, Self

from kaggle_prz import workdir
from kaggle_prz.errors import DataError, PrzError
from kaggle_prz.layouts.archives.meter import BY_HAND, Meter

CHUNK = 1 << 20  # bytes
_DEEPEST = 100  # folders; Python walks a tree by recursion
_DRIVE = re.compile(r"[A-Za-z]:")


class Readable(Protocol):
    """A stream to read."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end."""


class Sink:
    """Writes the members of one archive below `folder`, an empty directory.

    Args:
        folder: nothing is ever written outside of it.
        archive: the archive's name, for messages.
        meter: counts what is written.
    """

    def __init__(self, folder: Path, archive: str, meter: Meter):
        self.folder = folder
        self.archive = archive
        self._meter = meter
        self._made: set[tuple[str, ...]] = {()}

    def make_folder(self, name: str) -> None:
        """Make the folder of a member.

        Raises:
            DataError: the path is unsafe or taken.
        """
        parts = self.parts(name)
        if not is_junk(parts):
            self._make(parts)

    def open(self, name: str) -> "Output":
        """Begin the file of a member; a second one of exactly that name replaces the first.

        Raises:
            DataError: the path is unsafe, or taken by a name that differs by case only.
        """
        parts = self.parts(name)
        if not parts:
            raise DataError(f"{self.archive} is damaged: a file in it has no name. Fetch it again.")
        if is_junk(parts):
            return Output(self, None, name)
        self._make(parts[:-1])
        path = self.folder.joinpath(*parts)
        with self.guarded(name):
            try:
                file = path.open("xb")
            except FileExistsError:
                if path.is_dir() or parts[-1] not in os.listdir(path.parent):  # noqa: PTH208 - text
                    raise self._taken(name) from None
                file = path.open("wb")
        self._meter.files += 1
        return Output(self, file, name)

    def copy(self, name: str, stream: Readable) -> None:
        """Write a member from a stream, a chunk at a time."""
        with self.open(name) as output:
            while chunk := stream.read(CHUNK):
                output.write(chunk)

    def count(self, size: int) -> None:
        """Count bytes that are about to be written."""
        self._meter.count(size)

    @contextmanager
    def guarded(self, name: str) -> Iterator[None]:
        """Turn what a file system refuses while `name` is written into a sentence."""
        try:
            with workdir.room_for(self.folder):
                yield
        except PrzError:
            raise
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "a name this file system cannot hold"
            raise DataError(
                f"{_short(name)} of {self.archive} cannot be written below {self.folder.parent} "
                f"({reason}). Name another home with KAGGLE_PRZ_HOME, or {BY_HAND}"
            ) from error

    def parts(self, name: str) -> tuple[str, ...]:
        """The folders and the file that a member's name means, below `folder`.

        Raises:
            DataError: absolute, with `..` or a drive, or too deep.
        """
        path = name.replace("\\", "/")
        parts = [part for part in path.split("/") if part not in ("", ".")]
        unsafe = any(part == ".." or _DRIVE.match(part) for part in parts) or "\0" in path
        if unsafe or path.startswith("/"):
            raise DataError(
                f"{self.archive} holds {_short(name)}, a path that may lead out of the archive's "
                f"folder: such an archive is not unpacked. If you trust it, {BY_HAND}"
            )
        if len(parts) > _DEEPEST:
            raise DataError(
                f"{self.archive} holds {_short(name)}, more than {_DEEPEST} folders deep: such an "
                f"archive is not unpacked. If you trust it, {BY_HAND}"
            )
        return tuple(parts)

    def _make(self, parts: tuple[str, ...]) -> None:
        # The folder began empty: what is there but was not made here has another spelling.
        for depth in range(1, len(parts) + 1) if parts not in self._made else ():
            folder = parts[:depth]
            if folder not in self._made:
                name = "/".join(folder)
                with self.guarded(name):
                    try:
                        self.folder.joinpath(*folder).mkdir()
                    except FileExistsError:
                        raise self._taken(name) from None
                self._made.add(folder)

    def _taken(self, name: str) -> DataError:
        return DataError(
            f"{self.archive} holds {_short(name)} beside a member whose name differs by case only, "
            "or is a file where this one is a folder: the file system under "
            f"{self.folder.parent} keeps only one of them. Name a home on another with "
            "KAGGLE_PRZ_HOME."
        )


class Output:
    """The file of one member, or nothing where the member is junk; a context manager."""

    def __init__(self, sink: Sink, file: IO[bytes] | None, name: str):
        self._sink = sink
        self._file = file
        self._name = name

    def write(self, data: bytes) -> int:
        """Write a chunk.

        Raises:
            DataError: over a limit, or the file system refuses.
            DiskFullError: no room.
        """
        if self._file is not None:
            self._sink.count(len(data))
            with self._sink.guarded(self._name):
                self._file.write(data)
        return len(data)

    def close(self) -> None:
        """Close the file; what was buffered is written."""
        if self._file is not None:
            with self._sink.guarded(self._name):
                self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def is_junk(parts: tuple[str, ...]) -> bool:
    """Whether a path is what macOS and Windows leave in folders.

    Example:
        >>> is_junk(("__MACOSX", "train", "._a.png")), is_junk(("train", "a.png"))
        (True, False)
    """
    return any(p in ("__MACOSX", ".DS_Store", "Thumbs.db") or p.startswith("._") for p in parts)


def _short(name: str) -> str:
    return repr(name if len(name) <= 80 else f"{name[:60]}…{name[-19:]}")
