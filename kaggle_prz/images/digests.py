"""Files by their content: what they hold as a digest, read anew only where a file changed."""

import contextlib
import hashlib
import io
import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from kaggle_prz.console import Advance, Console
from kaggle_prz.images.digest_index import DigestIndex, Facts

WHOLE = 2**30  # bytes; of larger files blocks are read
BLOCK, STEP = 2**18, 2**22  # bytes of a block, and from one to the next: a sixteenth of the file

_LENGTH = 16  # bytes; no two of any number of files have the same by chance
_SETTLED = 2 * 10**9  # ns; the coarsest times that file systems keep, FAT's, are 2 s apart
_NO_FILE = Facts(-1, 0, 0)
_FAR = 2**63 - 1  # ns; some file systems keep times after the year 2262
_MANY_FILES, _MANY_BYTES = 20_000, 10 * 2**30  # of which a bar is shown
_AT_ONCE = 64  # files a thread takes at most
_THREADS = max(8, os.cpu_count() or 1)  # more than processors: files of a network are waited for
_A_BLOCK = 8192  # files whose facts are held at once

_T = TypeVar("_T")
_Given = TypeVar("_Given")


def of(root: Path, names: Sequence[str], index: Path, console: Console) -> NDArray[np.void]:
    """What files hold, each as a digest.

    Every change of a file of at most 1 GiB is noticed. Of a larger one its size is compared, its
    last 256 KiB, and the first 256 KiB of every 4 MiB: what is written anew, made longer, or
    changed for 4 MiB in a row is noticed; a single row changed in place most likely is not.

    Digests are kept in an index by name, size, time of change, and on POSIX the inode's, which no
    program sets back. A file that is as the index says is not read. One that changed less than two
    seconds ago, or in the future, could change again at the same time, so it is read the next
    time, too.

    Args:
        root: directory of the files.
        names: relative to `root`.
        index: a file, see `kaggle_prz.images.digest_index.DigestIndex`.
        console: gets a bar where very much has to be read.

    Returns:
        `(names,)` of 16 bytes each; zeros where a file cannot be read, or is none.

    Example:
        >>> import tempfile
        >>> from kaggle_prz.console import Silent
        >>> with tempfile.TemporaryDirectory() as place:
        ...     root, index = Path(place), Path(place, "digests.sqlite")
        ...     _ = (root / "a.png").write_bytes(b"one")
        ...     found = of(root, ["a.png", "b.png"], index, Silent())
        >>> [digest.tobytes().hex()[:6] for digest in found]
        ['7692c3', '000000']
    """
    found = np.zeros(len(names), f"V{_LENGTH}")
    with DigestIndex(index) as known, _BarWhereMuchIsRead(len(names), console) as bar:
        for begin in range(0, len(names), _A_BLOCK):
            block = names[begin : begin + _A_BLOCK]
            for row, digest in enumerate(_of_block(root, block, known, bar), start=begin):
                if digest:
                    found[row] = np.void(digest)
    return found


class _BarWhereMuchIsRead:
    """A bar of all files, once those that are read are very many, or very large."""

    def __init__(self, files: int, console: Console):
        self._files, self._console = files, console
        self._passed = self._read = self._bytes = 0
        self._shown = contextlib.ExitStack()
        self._advance: Advance | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._shown.close()

    def expect(self, sizes: Sequence[int]) -> None:
        """Files of these sizes are read next."""
        self._read += len(sizes)
        self._bytes += sum(sizes)
        if self._advance is None and (self._read >= _MANY_FILES or self._bytes >= _MANY_BYTES):
            bar = self._console.bar("compare files with earlier runs", self._files)
            self._advance = self._shown.enter_context(bar)
            if self._passed:
                self._advance(self._passed)

    def advance(self, files: int) -> None:
        """So many files more are known."""
        self._passed += files
        if self._advance is not None and files:
            self._advance(files)


def _of_block(
    root: Path, names: Sequence[str], known: DigestIndex, bar: _BarWhereMuchIsRead
) -> list[bytes]:
    """Digests of a few files; empty where a file cannot be read, or is none."""
    begun, here = time.time_ns(), root.absolute()
    facts = list(_in_threads(lambda name: _facts(root / name), names))
    named = [(f"{here}\n{name}", each) for name, each in zip(names, facts, strict=True)]
    digests = [digest or b"" for digest in known.of(named)]
    rows = [row for row, each in enumerate(facts) if each.is_file and not digests[row]]
    bar.expect([facts[row].size for row in rows])
    bar.advance(len(names) - len(rows))
    settled = {}
    made = _in_threads(lambda row: _digest(root / names[row], facts[row].size), rows)
    try:
        for row, digest in zip(rows, made, strict=True):
            digests[row] = digest
            if digest and begun - max(facts[row].modified, facts[row].changed) > _SETTLED:
                settled[named[row]] = digest
            bar.advance(1)
    finally:  # what was read before an interrupt need not be read again
        known.add(settled)
    return digests


def content(file: io.RawIOBase, size: int) -> bytes:
    """Digest of an open file's content; of a large one, of its size and of blocks of it.

    Args:
        file: opened to read bytes, at its beginning.
        size: bytes.

    Returns:
        16 bytes.
    """
    if size <= WHOLE:
        return hashlib.file_digest(file, "sha256").digest()[:_LENGTH]
    digest = hashlib.sha256(f"blocks of {size}\n".encode())
    for begin in (*range(0, size - BLOCK, STEP), size - BLOCK):
        file.seek(begin)
        digest.update(file.read(BLOCK) or b"")
    return digest.digest()[:_LENGTH]


def _facts(file: Path) -> Facts:
    try:
        status = file.stat()
    except (OSError, ValueError):  # such as a name with a null
        return _NO_FILE
    if not stat.S_ISREG(status.st_mode):  # a pipe would be waited for without end
        return _NO_FILE
    return Facts(status.st_size, min(status.st_mtime_ns, _FAR), min(status.st_ctime_ns, _FAR))


def _digest(file: Path, size: int) -> bytes:
    """Empty where the file cannot be read."""
    try:
        with file.open("rb", buffering=0) as opened:
            return content(opened, size)
    except OSError:
        return b""


def _in_threads(task: Callable[[_Given], _T], given: Sequence[_Given]) -> Iterator[_T]:
    """Results in the order of `given`."""
    step = min(_AT_ONCE, len(given) // (4 * _THREADS) + 1)
    parts = (given[begin : begin + step] for begin in range(0, len(given), step))
    pool = ThreadPoolExecutor(_THREADS)
    try:
        for results in pool.map(lambda part: [task(each) for each in part], parts):
            yield from results
    finally:
        pool.shutdown(cancel_futures=True)
