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
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from kaggle_prz import workdir
from kaggle_prz.console import Advance, Console
from kaggle_prz.errors import DiskFullError, RunError

WHOLE = 2**30  # bytes; of larger files blocks are read
BLOCK, STEP = 2**18, 2**22  # bytes of a block, and from one to the next: a sixteenth of the file

_LENGTH = 16  # bytes; no two of any number of files have the same by chance
_SETTLED = 2 * 10**9  # ns; the coarsest times that file systems keep, FAT's, are 2 s apart
_FAR = 2**63 - 1  # ns; some file systems keep times after the year 2262
_MANY_FILES, _MANY_BYTES = 20_000, 10 * 2**30  # of which a bar is shown
_AT_ONCE = 64  # files a thread takes at most
_THREADS = max(8, os.cpu_count() or 1)  # more than processors: files of a network are waited for

_HEAD = b"kaggle-prz digests 1\n"
_MOST = 2_000_000  # files that an index knows besides those of the last look
# The facts are a size, -1 of what is no file, and the times at which content and inode changed.
_ENTRY = np.dtype([("name", "<u8"), ("facts", "<i8", 3), ("digest", f"V{_LENGTH}")])

Entries = NDArray[np.void]
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
    time, too. What is no index, or damaged, is made anew.

    Args:
        root: directory of the files.
        names: relative to `root`.
        index: a file, made where it is missing; several processes may share it.
        console: gets a bar where very much has to be read.

    Returns:
        `(names,)` of 16 bytes each; zeros where a file cannot be read, or is none.

    Example:
        >>> import tempfile
        >>> from kaggle_prz.console import Silent
        >>> with tempfile.TemporaryDirectory() as place:
        ...     root, index = Path(place), Path(place, "digests")
        ...     _ = (root / "a.png").write_bytes(b"one")
        ...     found = of(root, ["a.png", "b.png"], index, Silent())
        >>> [digest.tobytes().hex()[:6] for digest in found]
        ['7692c3', '000000']
    """
    begun = time.time_ns()
    entries = np.zeros(len(names), _ENTRY)
    here = root.absolute()
    entries["name"] = [_number(f"{here}\n{name}") for name in names]
    facts = entries["facts"]
    for row, found in enumerate(_in_threads(lambda name: _facts(root / name), names)):
        facts[row] = found
    known = _filled_in(entries, _read(index))
    rows = np.flatnonzero(~known & (facts[:, 0] >= 0)).tolist()
    digests = _in_threads(lambda row: _digest(root / names[row], facts[row, 0]), rows)
    read = np.zeros(len(names), bool)
    try:
        with _bar(facts[rows, 0], console) as advance:
            for row, digest in zip(rows, digests, strict=True):
                if digest:
                    entries["digest"][row], read[row] = np.void(digest), True
                advance(1)
    finally:  # what was read before an interrupt need not be read again
        settled = begun - facts[:, 1:].max(axis=1) > _SETTLED
        _add(index, entries[read & settled])
    return entries["digest"]


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


def _number(name: str) -> int:
    """What stands for a name in the index, where a file takes few bytes."""
    named = name.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(named, digest_size=8).digest())


def _facts(file: Path) -> tuple[int, int, int]:
    try:
        status = file.stat()
    except (OSError, ValueError):  # such as a name with a null
        return -1, 0, 0
    if not stat.S_ISREG(status.st_mode):  # a pipe would be waited for without end
        return -1, 0, 0
    return status.st_size, min(status.st_mtime_ns, _FAR), min(status.st_ctime_ns, _FAR)


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


@contextlib.contextmanager
def _bar(sizes: NDArray[np.int64], console: Console) -> Iterator[Advance]:
    if len(sizes) < _MANY_FILES and sizes.sum() < _MANY_BYTES:
        yield lambda _steps, **_note: None
        return
    with console.bar("compare files with earlier runs", len(sizes)) as advance:
        yield advance


def _filled_in(entries: Entries, known: Entries) -> NDArray[np.bool_]:
    """Take over the digests of files that are as they were; which they are."""
    if not len(known):
        return np.zeros(len(entries), bool)
    at = np.searchsorted(known["name"], entries["name"]).clip(max=len(known) - 1)
    same: NDArray[np.bool_] = known["name"][at] == entries["name"]
    same &= (known["facts"][at] == entries["facts"]).all(axis=1)
    entries["digest"][same] = known["digest"][at[same]]
    return same


def _read(index: Path) -> Entries:
    """Entries in the order of their names' numbers; none of what is no index."""
    try:
        found = index.read_bytes()
    except OSError:
        found = b""
    if not found.startswith(_HEAD) or (len(found) - len(_HEAD)) % _ENTRY.itemsize:
        return np.zeros(0, _ENTRY)
    return np.frombuffer(found, _ENTRY, offset=len(_HEAD))


def _add(index: Path, entries: Entries) -> None:
    if not len(entries):
        return
    # Without an index files are read again, and a full disk is told where stores are written.
    with (
        contextlib.suppress(DiskFullError, RunError, OSError),
        workdir.exclusive(index.with_name(".lock")),
    ):
        known = _read(index)  # again: another process may have added to it
        others = known[~np.isin(known["name"], entries["name"])]
        both = np.concatenate([others if len(others) <= _MOST else others[:0], entries])
        workdir.write_atomic(index, _HEAD + both[np.argsort(both["name"])].tobytes())
