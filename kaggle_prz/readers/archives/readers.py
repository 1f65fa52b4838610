"""The members of an archive into a sink: zip, tar (plain, gzip, bzip2, xz), gzip, 7z."""

import bz2
import contextlib
import gzip
import io
import lzma
import stat
import tarfile
import zipfile
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from pathlib import Path
from typing import IO, NoReturn

from kaggle_prz.core.errors import DataError, MissingExtraError, PrzError
from kaggle_prz.readers.archives.meter import BY_HAND
from kaggle_prz.readers.archives.sink import CHUNK, Output, Sink
from kaggle_prz.readers.archives.survey import Archive, kind_of, stem_of

_LINK = "which is a link or a device, not a file"
_LONGEST_HEADER = 64_000_000  # bytes; tarfile reads the header of a member as a whole


def unpack(archive: Archive, sink: Sink, advance: Callable[[int], None]) -> None:
    """Write every member of an archive into a sink."""
    name = archive.file_name
    read = {"zip": _zip, "tar": _tar, "gz": _gz, "7z": _seven_zip}[kind_of(name) or ""]
    try:
        with io.BufferedReader(_Parts(archive.paths, advance), CHUNK) as source:
            read(source, sink, stem_of(name))
    except PrzError:
        raise
    except NotImplementedError as error:
        raise DataError(
            f"{sink.archive} uses a compression method that is not supported ({error}): {BY_HAND}"
        ) from error
    except PermissionError as error:
        raise DataError(
            f"{sink.archive} cannot be read ({error.strerror}). Change its permissions."
        ) from error
    except Exception as error:
        # Readers of foreign bytes raise whatever the bytes lead them to.
        raise DataError(
            f"{sink.archive} is damaged or incomplete ({str(error) or type(error).__name__}). "
            "Remove it and download it again."
        ) from error


class _Parts(io.RawIOBase):
    """The parts of an archive as one file to read, which reports every read."""

    def __init__(self, paths: Sequence[Path], advance: Callable[[int], None]):
        self._paths, self._advance = paths, advance
        self._starts = [0, *accumulate(path.stat().st_size for path in paths)]
        self._position, self._number = 0, -1
        self._file: IO[bytes] = io.BytesIO()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        position = (0, self._position, self._starts[-1])[whence] + offset
        if position < 0:
            raise ValueError("a place before the start of the file")
        self._position = position
        return position

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        if self._position >= self._starts[-1]:
            return 0
        number = bisect_right(self._starts, self._position) - 1
        if number != self._number:
            self._file.close()
            self._number, self._file = number, self._paths[number].open("rb", buffering=0)
        self._file.seek(self._position - self._starts[number])
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        self._position += len(data)
        self._advance(len(data))
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()


def _zip(source: IO[bytes], sink: Sink, _stem: str) -> None:
    with zipfile.ZipFile(source) as archive:
        for member in sorted(archive.infolist(), key=lambda member: member.header_offset):
            name = member.filename.replace("\\", "/")
            if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
                sink.refuse(name, _LINK)
            if member.flag_bits & 1:
                _refuse_encrypted(sink)
            if name.endswith("/"):
                sink.make_folder(name)
            else:
                with archive.open(member) as stream:
                    sink.copy(name, stream)


def _gz(source: IO[bytes], sink: Sink, stem: str) -> None:
    if not source.read(1):  # gzip takes nothing for the packed form of nothing
        raise EOFError("it is empty")
    source.seek(0)
    with gzip.open(source) as stream:
        sink.copy(stem, stream)


def _tar(source: IO[bytes], sink: Sink, _stem: str) -> None:
    magic = source.read(6)
    source.seek(0)
    stream: IO[bytes] | io.BufferedIOBase = source
    if magic.startswith(b"\x1f\x8b"):
        stream = gzip.open(source)  # noqa: SIM115 - closed below
    elif magic.startswith(b"BZh"):
        stream = bz2.open(source)  # noqa: SIM115 - closed below
    elif magic == b"\xfd7zXZ\0":
        stream = lzma.open(source)  # noqa: SIM115 - closed below
    forward = _Forward(stream)
    with stream, tarfile.TarFile(fileobj=forward, mode="r") as archive:  # type: ignore[arg-type]
        while (member := archive.next()) is not None:
            if member.isdir():
                sink.make_folder(member.name)
            elif not member.isreg() or (data := archive.extractfile(member)) is None:
                sink.refuse(member.name, _LINK)
            else:
                with data:
                    sink.copy(member.name, data)
            archive.members.clear()  # type: ignore[attr-defined]  # else memory grows with members
        # A header that is damaged or cut short counts as the end there; the end is all zeros.
        if forward.last.count(0) != tarfile.BLOCKSIZE:
            raise EOFError("its end is missing")
        while stream.read(CHUNK):  # the checksum comes last
            pass


class _Forward:
    """A stream that goes forward only, in reads of a size that memory can bear."""

    def __init__(self, stream: IO[bytes] | io.BufferedIOBase):
        self._stream, self._position, self.last = stream, 0, b""

    def read(self, size: int) -> bytes:
        if size > _LONGEST_HEADER:
            raise tarfile.ReadError(f"a header of {size} bytes")
        self.last = self._stream.read(size)
        self._position += len(self.last)
        return self.last

    def tell(self) -> int:
        return self._position

    def seek(self, position: int) -> None:
        if position < self._position:
            raise tarfile.ReadError("members overlap")
        while self._position < position and self.read(min(CHUNK, position - self._position)):
            pass


def _seven_zip(source: IO[bytes], sink: Sink, _stem: str) -> None:
    try:
        import py7zr
    except ModuleNotFoundError as error:
        raise MissingExtraError(f"Unpacking {sink.archive}", "py7zr", "archives") from error
    try:
        with py7zr.SevenZipFile(source) as archive, _Files(sink) as files:
            members = archive.list()
            if len({member.filename for member in members}) < len(members):
                raise ValueError("two members with one name")
            for member in members:
                sink.parts(member.filename)  # before py7zr mends it in its own way
                if member.is_directory:
                    sink.make_folder(member.filename)
                elif not member.is_file:
                    sink.refuse(member.filename, _LINK)
            archive.extractall(sink.folder, factory=files)
    except py7zr.PasswordRequired:
        _refuse_encrypted(sink)
    except py7zr.exceptions.CrcError as error:
        raise ValueError("a checksum differs") from error
    except py7zr.UnsupportedCompressionMethodError as error:
        raise NotImplementedError(error) from error


class _Files(contextlib.ExitStack):
    """Gives py7zr a file for every member, one at a time."""

    def __init__(self, sink: Sink):
        super().__init__()
        self._sink = sink

    def create(self, path: str) -> Output:
        self.close()
        name = Path(path).relative_to(self._sink.folder).as_posix()
        return self.enter_context(self._sink.open(name))


def _refuse_encrypted(sink: Sink) -> NoReturn:
    raise DataError(f"{sink.archive} is encrypted: {BY_HAND}")
