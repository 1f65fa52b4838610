"""Which files of a directory are archives to unpack, and which are plain."""

import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NoReturn

from kaggle_prz.core.errors import DataError
from kaggle_prz.readers.archives.sink import is_junk

TABLE = re.compile(r".\.(csv|tsv|json|jsonl|txt)$", re.IGNORECASE)
_PART = re.compile(r"(.+)\.(\d{3})")
_PACKED_TABLE = re.compile(r"(.+\.(?:csv|tsv|json|jsonl|txt))\.gz", re.IGNORECASE)
_PACKED = re.compile(r"(.+?)\.(zip|7z|tar|tar\.gz|tgz|tar\.bz2|tbz2?|tar\.xz|txz)", re.IGNORECASE)
_PREFERRED = ("zip", "tar", "gz", "7z")  # of archives with one content: the quickest to read
_WHOLE = -1  # in place of the number of a part


@dataclass(frozen=True)
class Archive:
    """An archive to unpack: its relative POSIX path without the number of a part, and its parts."""

    name: str
    paths: tuple[Path, ...]

    @cached_property
    def size(self) -> int:
        """Bytes of all parts."""
        return sum(path.stat().st_size for path in self.paths)

    @property
    def file_name(self) -> str:
        """Name without folders."""
        return self.name.rpartition("/")[2]


@dataclass(frozen=True)
class Survey:
    """What a directory holds."""

    archives: tuple[Archive, ...]  # those to unpack, by name
    plain: tuple[str, ...]  # relative POSIX paths of all other files and of links to directories
    notes: tuple[str, ...]  # sentences on archives that are passed over for another


def kind_of(name: str) -> str | None:
    """Return `"zip"`, `"tar"`, `"gz"` or `"7z"` by the name of a file, without part; else None."""
    if name.startswith("."):
        return None
    if _PACKED_TABLE.fullmatch(name):
        return "gz"
    found = _PACKED.fullmatch(name)
    return None if found is None else {"zip": "zip", "7z": "7z"}.get(found[2].lower(), "tar")


def stem_of(name: str) -> str:
    """Return the name of an archive without any of its suffixes."""
    found = _PACKED_TABLE.fullmatch(name) or _PACKED.fullmatch(name)
    return stem_of(found[1]) if found else name


def survey(root: Path) -> Survey:
    """Look through `root`, hidden files and folders left out.

    An archive whose unpacked folder or file stands beside it counts as plain, and so do all but
    one of several archives that would unpack to the same name.
    """
    archives: list[Archive] = []
    plain: list[str] = []
    notes: list[str] = []
    for folder, subfolders, names in os.walk(root, onerror=_unreadable):
        place = Path(folder)
        prefix = "" if place == root else f"{place.relative_to(root).as_posix()}/"
        seen = [name for name in subfolders if _is_seen(name)]
        linked = {name for name in seen if (place / name).is_symlink()}
        subfolders[:] = sorted(set(seen) - linked)
        pieces = _pieces(place, names)
        chosen = _chosen(place, pieces, prefix, notes)
        packed = {path.name for base in chosen for path in pieces[base].values()}
        archives += [Archive(prefix + b, _ordered(prefix + b, pieces[b])) for b in chosen]
        plain += [prefix + name for name in sorted({*names, *linked} - packed) if _is_seen(name)]
    return Survey(tuple(archives), tuple(plain), tuple(notes))


def _is_seen(name: str) -> bool:
    return not name.startswith(".") and not is_junk((name,))


def _pieces(place: Path, names: list[str]) -> dict[str, dict[int, Path]]:
    """Archives by their names without the number of a part, and their parts by number."""
    found: dict[str, dict[int, Path]] = {}
    for name in names:
        part = _PART.fullmatch(name)
        base, number = (part[1], int(part[2])) if part else (name, _WHOLE)
        if kind_of(base) and (place / name).is_file():
            found.setdefault(base, {})[number] = place / name
    return found


def _chosen(
    place: Path, pieces: dict[str, dict[int, Path]], prefix: str, notes: list[str]
) -> list[str]:
    by_stem: dict[str, str] = {}
    for base in sorted(pieces, key=lambda base: (_PREFERRED.index(kind_of(base) or ""), base)):
        stem = stem_of(base)
        if stem in by_stem:
            notes.append(
                f"{prefix}{base} is skipped: {by_stem[stem]} beside it unpacks to {stem} too."
            )
        elif not _stands(place / stem):
            by_stem[stem] = base
    return sorted(by_stem.values())


def _stands(path: Path) -> bool:
    return path.is_file() or any(
        not name.startswith(".") for _, _, names in os.walk(path) for name in names
    )


def _ordered(name: str, pieces: dict[int, Path]) -> tuple[Path, ...]:
    if _WHOLE in pieces:
        return (pieces[_WHOLE],)
    if missing := set(range(1, max(pieces))) - set(pieces):
        raise DataError(
            f"{name} comes in parts, and {name}.{min(missing):03d} is missing beside "
            f"{pieces[max(pieces)].name}. Download it."
        )
    return tuple(pieces[number] for number in sorted(pieces))


def _unreadable(error: OSError) -> NoReturn:
    raise DataError(
        f"{error.filename} cannot be opened ({error.strerror}). Change its permissions."
    ) from error
