"""A competition's files -> the tool's home, once; or where a kernel has them already.

The archive is unpacked whole or not at all, and every member's checksum is tested.
"""

import os
import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from kaggle_prz.competitions.kaggle import metadata, paths
from kaggle_prz.competitions.kaggle.client import Door
from kaggle_prz.competitions.kaggle.download.fetching import Fetch, check_room, megabytes
from kaggle_prz.core.console import Console
from kaggle_prz.core.errors import DataError, HostError
from kaggle_prz.core.filesystem import exclusive, room_for

_TRIES = 3
_PAGE = 200


class DamagedError(Exception):
    """An archive that is cut short, or is none, or whose checksums do not agree."""


def download(slug: str, door: Door, console: Console) -> Path:
    """Bring the files here, where they are not yet, and return their directory.

    What a kernel has mounted is read where it is. Otherwise one archive is fetched, in as many
    pieces as the network makes of it, tested and unpacked. What has arrived is kept.
    """
    mounted = paths.mounted(slug)
    if mounted is not None:
        return mounted
    if not paths.has_files(slug):
        waiting = f"Another process is downloading {slug}; waiting for it."
        with exclusive(paths.state(slug) / ".download.lock", lambda: console.say(waiting)):
            if not paths.has_files(slug):  # or another process has just brought them
                _bring(slug, door, console)
    return paths.files(slug)


def _bring(slug: str, door: Door, console: Console) -> None:
    metadata.get(slug, door)
    archive = paths.state(slug) / "files.zip.part"
    fetch = Fetch(door, slug, archive, room=_unpacked_bytes(slug, door))
    for _ in range(_TRIES):
        fetch.run(console)
        try:
            if not fetch.is_sound():
                raise DamagedError("its digest differs from the one that Kaggle announced")
            unpack(archive, paths.files(slug), console)
        except DamagedError:
            fetch.forget()
            continue
        fetch.forget()
        return
    raise HostError(
        f"Downloading the files of {slug!r} failed {_TRIES} times: what arrived was not a "
        "complete zip archive. Nothing of it was kept; try again later."
    )


def _unpacked_bytes(slug: str, door: Door) -> int:
    """Return the bytes of the files, where one page lists them all; 0 where it does not."""
    answer = door.ask(
        "ListDataFiles", "Listing the files of", slug, competition_name=slug, page_size=_PAGE
    )
    if answer.get("nextPageToken"):
        return 0
    return sum(metadata.whole(file.get("totalBytes")) for file in answer.get("files") or [])


def unpack(archive: Path, directory: Path, console: Console) -> None:
    """Unpack `archive` so that `directory` appears whole or not at all; refuse a damaged one."""
    place = directory.with_name(f".part-{directory.name}")
    shutil.rmtree(place, ignore_errors=True)
    with room_for(place):
        place.mkdir(parents=True)
        try:
            with zipfile.ZipFile(archive) as opened:
                members = [_checked(member, archive) for member in opened.infolist()]
                _write(opened, members, place, console)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            shutil.rmtree(place, ignore_errors=True)
            raise DamagedError(str(error)) from None
        place.replace(directory)


def _write(
    opened: zipfile.ZipFile, members: list[zipfile.ZipInfo], place: Path, console: Console
) -> None:
    total = sum(member.file_size for member in members)
    check_room("Unpacking the archive", total, place.parent)
    with console.bar("unpack", max(total, 1)) as advance:
        for member in members:
            opened.extract(member, place)  # reading to the end tests the checksum
            advance(member.file_size, note=f"{megabytes(total)}, {len(members)} files")


def _checked(member: zipfile.ZipInfo, archive: Path) -> zipfile.ZipInfo:
    name = PurePosixPath(member.filename.replace("\\", "/"))
    link = stat.S_ISLNK(member.external_attr >> 16)
    if name.is_absolute() or ".." in name.parts or os.path.splitdrive(member.filename)[0] or link:
        raise DataError(
            f"{archive.name} contains {member.filename!r}, which would be written outside the "
            "directory. Nothing was unpacked."
        )
    if member.flag_bits & 1:
        raise DataError(
            f"{archive.name} needs a password: {member.filename!r} cannot be read. The "
            "competition's page says how to open it. Unpack it, then give the path of the "
            "directory."
        )
    return member
