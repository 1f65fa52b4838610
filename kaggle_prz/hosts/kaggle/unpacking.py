"""A zip archive -> a directory, whole or not at all; every member's checksum is tested."""

import os
import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from kaggle_prz.console import Console
from kaggle_prz.errors import DataError, DiskFullError
from kaggle_prz.hosts.kaggle.fetching import megabytes
from kaggle_prz.workdir import room_for

_PIECE = 1 << 20


class DamagedError(Exception):
    """An archive that is cut short, or is none, or whose checksums do not agree."""


def unpack(archive: Path, directory: Path, console: Console) -> None:
    """Unpack `archive` so that `directory` appears whole or not at all.

    Raises:
        DamagedError: it is not a whole zip archive.
        DataError: it is locked with a password, or a member would leave the directory.
        DiskFullError: there is no room for what is in it.
    """
    place = directory.with_name(f".part-{directory.name}")
    shutil.rmtree(place, ignore_errors=True)
    with room_for(place):
        place.mkdir(parents=True)
        try:
            with zipfile.ZipFile(archive) as opened:
                members = [_checked(member, archive) for member in opened.infolist()]
                _check_room(members, place)
                _write(opened, members, place, console)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            shutil.rmtree(place, ignore_errors=True)
            raise DamagedError(str(error)) from None
        place.replace(directory)


def _write(
    opened: zipfile.ZipFile, members: list[zipfile.ZipInfo], place: Path, console: Console
) -> None:
    total = sum(member.file_size for member in members)
    with console.bar("unpack", max(total, 1)) as advance:
        for member in members:
            target = place / member.filename
            if member.is_dir():
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            with opened.open(member) as source, target.open("wb") as sink:
                shutil.copyfileobj(source, sink, _PIECE)  # reading to the end tests the checksum
            advance(member.file_size, note=f"{megabytes(total)}, {len(members)} files")


def _checked(member: zipfile.ZipInfo, archive: Path) -> zipfile.ZipInfo:
    name = PurePosixPath(member.filename.replace("\\", "/"))
    link = stat.S_ISLNK(member.external_attr >> 16)
    if name.is_absolute() or ".." in name.parts or os.path.splitdrive(member.filename)[0] or link:
        raise DataError(
            f"{archive.name} holds {member.filename!r}, which would be written outside of its "
            "directory. Nothing was unpacked."
        )
    if member.flag_bits & 1:
        raise DataError(
            f"{archive.name} is locked with a password: {member.filename!r} cannot be read. "
            "The competition's page says how to open it; then name the directory by its path."
        )
    return member


def _check_room(members: list[zipfile.ZipInfo], place: Path) -> None:
    needed = sum(member.file_size for member in members)
    free = shutil.disk_usage(place).free
    if needed > free:
        raise DiskFullError(
            f"Unpacking to {place.parent} takes {megabytes(needed)}, and {megabytes(free)} are "
            "free. The archive is kept: make room, or name another home with KAGGLE_PRZ_HOME, and "
            "run the same command again."
        )
