"""A competition's files -> the tool's home, once; or where a kernel has them already."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import filelock

from kaggle_prz.console import Console
from kaggle_prz.errors import HostError
from kaggle_prz.hosts.kaggle import facts, mounts, places
from kaggle_prz.hosts.kaggle.door import Door
from kaggle_prz.hosts.kaggle.fetching import Fetch
from kaggle_prz.hosts.kaggle.unpacking import DamagedError, unpack
from kaggle_prz.workdir import room_for

_TRIES = 3
_PAGE = 200


def download(slug: str, door: Door, console: Console) -> Path:
    """Bring the files here, where they are not yet, and return their directory.

    What a kernel has mounted is read where it is. Otherwise one archive is fetched, in as many
    pieces as the network makes of it, tested and unpacked.

    Raises:
        HostError: and its children; what has arrived is kept, and the next call goes on.
        CompetitionNotFoundError: Kaggle knows no such competition.
        DiskFullError: there is no room.
    """
    mounted = mounts.find(slug)
    if mounted is not None:
        return mounted
    if not places.has_files(slug):
        with _alone(slug, console):
            if not places.has_files(slug):  # or another process has just brought them
                _bring(slug, door, console)
    return places.files(slug)


def _bring(slug: str, door: Door, console: Console) -> None:
    facts.get(slug, door)
    archive = places.state(slug) / "files.zip.part"
    fetch = Fetch(door, "DownloadDataFiles", slug, archive, room=_unpacked_bytes(slug, door))
    for _ in range(_TRIES):
        fetch.run(console)
        try:
            if not fetch.is_sound():
                raise DamagedError("its digest is not the one that was announced")
            unpack(archive, places.files(slug), console)
        except DamagedError:
            fetch.forget()
            continue
        fetch.forget()
        return
    raise HostError(
        f"Downloading the files of {slug!r} failed: what arrived was not a whole zip archive, "
        f"{_TRIES} times. Nothing of it was kept; try again later."
    )


def _unpacked_bytes(slug: str, door: Door) -> int:
    """Bytes of the files, where one page lists them all; 0 where it does not."""
    answer = door.ask(
        "ListDataFiles", "Listing the files of", slug, competition_name=slug, page_size=_PAGE
    )
    if answer.get("nextPageToken"):
        return 0
    return sum(facts.whole(file.get("totalBytes")) for file in answer.get("files") or [])


@contextlib.contextmanager
def _alone(slug: str, console: Console) -> Iterator[None]:
    path = places.state(slug) / ".download.lock"
    with room_for(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(path)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        console.say(f"Another process is downloading {slug}; waiting for it.")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
