"""What files held when they were last read: a small database beside the image stores."""

import contextlib
import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

MOST = 2_000_000  # files that are known besides those of the last look

_BUSY = 30.0  # seconds that another process is waited for
_TABLE = """
    CREATE TABLE IF NOT EXISTS files (
        name INTEGER PRIMARY KEY, size INTEGER, modified INTEGER, changed INTEGER, digest BLOB
    )
"""
_LOOK = "SELECT size, modified, changed, digest FROM files WHERE name = ?"
_KEEP = "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)"
_LET_GO = "DELETE FROM files WHERE name IN (SELECT name FROM files LIMIT ?)"


class Facts(NamedTuple):
    """What tells that a file changed.

    Attributes:
        size: bytes; -1 of what is no file.
        modified, changed: when its content and its inode did, ns.
    """

    size: int
    modified: int
    changed: int

    @property
    def is_file(self) -> bool:
        """Whether there is something to read."""
        return self.size >= 0


class DigestIndex:
    """Digests of files by name and facts; within `with`.

    Several processes may share a file. What is no index, or damaged, is made anew; where there can
    be none, nothing is known and nothing is kept, which costs time alone.

    Args:
        file: made where it is missing.
    """

    def __init__(self, file: Path):
        self._file = file
        self._connection: sqlite3.Connection | None = None
        self._looked_at = 0
        self._grew = self._damaged = False

    def __enter__(self) -> Self:
        self._connection = _opened(self._file)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._connection is None:
            return
        with self._trying():
            self._let_go_of_some()
        self._connection.close()
        self._connection = None
        if self._damaged:
            with contextlib.suppress(OSError):
                self._file.unlink()

    def of(self, files: Iterable[tuple[str, Facts]]) -> Iterator[bytes | None]:
        """Digests of files that are as they were; None of every other.

        Args:
            files: absolute names and facts.
        """
        for name, facts in files:
            self._looked_at += 1
            yield self._of(name, facts)

    def add(self, digests: Mapping[tuple[str, Facts], bytes]) -> None:
        """Keep digests of files, by absolute name and facts, instead of what was known of them."""
        if self._connection is None or not digests:
            return
        rows = [(_number(name), *facts, digest) for (name, facts), digest in digests.items()]
        with self._trying(), self._connection:
            self._connection.executemany(_KEEP, rows)
            self._grew = True

    def _of(self, name: str, facts: Facts) -> bytes | None:
        found = None
        if self._connection is not None:
            with self._trying():
                found = self._connection.execute(_LOOK, (_number(name),)).fetchone()
        if found is None or found[:3] != facts or not isinstance(found[3], bytes):
            return None
        return found[3]

    @contextlib.contextmanager
    def _trying(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            self._damaged |= _is_damage(error)

    def _let_go_of_some(self) -> None:
        """Names are numbered by chance, so the first are as good as any."""
        if self._connection is None or not self._grew:
            return
        with self._connection:
            (count,) = self._connection.execute("SELECT COUNT(*) FROM files").fetchone()
            if count > MOST + self._looked_at:
                self._connection.execute(_LET_GO, (count - MOST - self._looked_at,))


def _number(name: str) -> int:
    """What stands for a name, which takes more room."""
    named = name.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(named, digest_size=8).digest(), signed=True)


def _opened(file: Path) -> sqlite3.Connection | None:
    for _ in range(2):
        connection = None
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(file, timeout=_BUSY)
            connection.execute(_TABLE)
            connection.execute(_LOOK, (0,)).fetchone()
        except (sqlite3.Error, OSError) as error:
            if connection is not None:
                connection.close()
            if not _is_damage(error):
                return None
            with contextlib.suppress(OSError):
                file.unlink()
        else:
            return connection
    return None


def _is_damage(error: Exception) -> bool:
    """Whether the file is no index; one that is busy, or for which there is no room, may be."""
    return type(error) is sqlite3.DatabaseError
