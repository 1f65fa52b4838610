"""Archives among a competition's files: unpacked once into a cache, whole or not at all."""

import hashlib
import itertools
import json
import shutil
from collections.abc import Callable
from pathlib import Path

from kaggle_prz.core import filesystem
from kaggle_prz.core.console import Console, Silent
from kaggle_prz.core.errors import DataError
from kaggle_prz.readers.archives import readers, tree
from kaggle_prz.readers.archives.meter import Meter
from kaggle_prz.readers.archives.sink import Sink
from kaggle_prz.readers.archives.survey import Archive, Survey, survey

_DEEPEST = 3  # an archive in an archive in an archive
_RULES = 1  # of what an archive unpacks to; a new number makes what is cached unknown


def unpacked(
    root: Path, cache: Path, console: Console | None = None, *, limit_bytes: int = 500_000_000_000
) -> Path:
    """Return a competition's files with every archive unpacked; `root` itself where there is none.

    `X.zip` unpacks into a folder `X`, and `X/X` is folded into it; `labels.csv.zip` into the file
    `labels.csv`; archives in archives likewise. An archive whose folder or file stands beside it
    is passed over. Plain files become links. Nothing is written to `root`: a directory in `cache`
    is made once for the same archives (names, sizes, times of change). `limit_bytes` counts
    archives within archives; 1 GB of the disk is kept free in any case.
    """
    found = survey(root)
    if not found.archives:
        return root
    if cache.resolve().is_relative_to(root.resolve()):
        raise DataError(
            f"Archives of {root} cannot be unpacked into {cache}, which is inside it: the "
            "competition's directory is never changed. Set KAGGLE_PRZ_HOME to another directory."
        )
    home = cache / f"{root.resolve().name}-{_key(root, found.archives)}"
    with filesystem.exclusive(cache / f".{home.name}.lock"):
        if home.is_dir():
            tree.refresh(home, root, found.plain)
        else:
            _build(home, root, found, console=console or Silent(), limit_bytes=limit_bytes)
    return home


def _key(root: Path, archives: tuple[Archive, ...]) -> str:
    facts: list[object] = [_RULES, str(root.resolve())]
    for archive in archives:
        for path in archive.paths:
            status = path.stat()
            facts.append([archive.name, path.name, status.st_size, status.st_mtime_ns])
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def _build(home: Path, root: Path, found: Survey, *, console: Console, limit_bytes: int) -> None:
    # Only the holder of the lock comes here: what is there is left of a process that was killed.
    temporary = home.with_name(f".part-{home.name}").absolute()
    filesystem.make_empty(temporary)
    try:
        with filesystem.room_for(temporary):
            whole = temporary / "tree"
            whole.mkdir()
            tree.link(whole, root, found.plain)
            for note in found.notes:
                console.say(note)
            _Unpacking(temporary, Meter(limit_bytes, temporary)).all(found.archives, whole, console)
            whole.rename(home)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


class _Unpacking:
    """Unpacks archives by way of directories of their own below `temporary`."""

    def __init__(self, temporary: Path, meter: Meter):
        self._meter = meter
        self._places = (temporary / f"members-{number}" for number in itertools.count())

    def all(self, archives: tuple[Archive, ...], whole: Path, console: Console) -> None:
        """Unpack archives into a tree, with a bar of their bytes."""
        with console.bar("unpack", sum(archive.size for archive in archives)) as advance:
            for archive in archives:
                left = archive.size

                def read(size: int, name: str = archive.name) -> None:
                    nonlocal left
                    step = min(size, left)  # what is read a second time is no progress
                    left -= step
                    advance(step, note=name)

                self._meter.begin(archive.name, archive.size)
                self._one(archive, whole, archive.name, read)
                megabytes = self._meter.total / 1e6
                advance(left, note=f"{self._meter.entries} files and folders, {megabytes:.0f} MB")

    def _one(
        self,
        archive: Archive,
        whole: Path,
        label: str,
        read: Callable[[int], None] = lambda _size: None,
        *,
        depth: int = 1,
    ) -> None:
        members = next(self._places)
        members.mkdir()
        readers.unpack(archive, Sink(members, label, self._meter), read)
        if depth < _DEEPEST:
            for inner in survey(members).archives:
                self._one(inner, members, f"{label}/{inner.name}", depth=depth + 1)
                for path in inner.paths:
                    self._meter.give_back(path.stat().st_size)
                    path.unlink()
        tree.place(members, whole, archive, label)
