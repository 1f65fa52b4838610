"""One walk through a competition's directory: images, arrays and tables, by role."""

import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kaggle_prz.core.errors import DataError, printable
from kaggle_prz.readers import formats, json_tables

_EXTRA = ("old_", "mask", "segment", "annotat", "thumbnail", "additional", "semi", "supp", "sample")
_MAY_BE_CLASSES = ("mask", "masks", "masked", "thumbnail", "sample")
_PLAIN = ("image", "img", "pic", "photo", "jp", "png", "tif", "data", "original", "raw", "scan")
_ANNOTATIONS = "annotat"  # a folder that is called so may hold the labels
_MOST_TABLES = 100
_DEEPEST_TABLE = 3
_TEXT = ".txt"
_MOST_TEXTS = 10  # tables in a folder; of more, each belongs to an image
_SAME_KEYS = 0.5  # of the keys of two JSON files that describe an image each
_VALIDATION = ("valid", "validation", "val", "dev")
_TEST = re.compile(r"(?<![A-Za-z])test|(?<![A-Z])Test|TEST")
_TRAIN = re.compile(r"(?<![A-Za-z])train|(?<![A-Z])Train|TRAIN")


@dataclass
class Scan:
    """What a directory holds; all paths relative, POSIX, in order."""

    # (kind, see `readers.formats`; role, `""` where the folders do not say) -> paths
    files: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    # CSV and JSON files, those of the outermost folders first, then texts
    tables: list[str] = field(default_factory=list)
    # JSON files that describe an image each
    described: list[str] = field(default_factory=list)
    # suffix -> files that have it and are not read
    unread: Counter[str] = field(default_factory=Counter)

    def of(self, kind: str, role: str) -> list[str]:
        """Return paths of a kind and role."""
        return self.files.get((kind, role), [])


def scan(root: Path, *, with_extra: bool = False) -> Scan:
    """Walk through `root`, hidden files and folders left out."""
    found = Scan()
    kinds = {suffix: each.kind for suffix, each in formats.by_suffix().items()}
    pending = [("", "", False)]
    followed = {os.path.realpath(root)}
    while pending:
        prefix, role, tables_only = pending.pop()
        folders, names = _listed(root / prefix, followed)
        for name in folders:
            extra = not with_extra and _is_extra(name, role, folders)
            if not extra or _ANNOTATIONS in name.lower():
                inside = role or role_of(name)
                pending.append((f"{prefix}{name}/", inside, tables_only or extra))
        depth = prefix.count("/")
        annotated = sum(name.lower().endswith(_TEXT) for name in names) > _MOST_TEXTS
        for name in names:
            kind = kinds.get(formats.suffix_of(name), "")
            if kind == formats.TABLES:
                if depth <= _DEEPEST_TABLE and not (annotated and name.lower().endswith(_TEXT)):
                    found.tables.append(prefix + name)
            elif not kind:
                found.unread[formats.suffix_of(name)] += 1
            elif not tables_only:
                says = kind == formats.RECORDS or (kind == formats.ARRAYS.kind and not depth)
                place = role or (role_of(name) if says else "")
                found.files.setdefault((kind, place), []).append(prefix + name)
    for paths in found.files.values():
        paths.sort()
    found.described = _described(root, found.tables)
    each = set(found.described)
    found.tables = [path for path in found.tables if path not in each]
    found.tables.sort(key=lambda path: (path.lower().endswith(_TEXT), path.count("/"), path))
    del found.tables[_MOST_TABLES:]
    return found


def _described(root: Path, tables: list[str]) -> list[str]:
    """Return JSON files of an image each: many in a folder, or below one, with the same keys."""
    by_folder: dict[str, list[str]] = {}
    for path in tables:
        if path.lower().endswith(".json"):
            by_folder.setdefault(path.rpartition("/")[0], []).append(path)
    groups: dict[str, list[str]] = {}
    for folder, paths in by_folder.items():
        many = len(paths) > _MOST_TEXTS or not folder
        groups.setdefault(f"{folder}/" if many else folder.rpartition("/")[0], []).extend(paths)
    found: list[str] = []
    for paths in groups.values():
        if len(paths) <= _MOST_TEXTS:
            continue
        paths.sort()
        first, last = (set(json_tables.described(root / paths[k]) or ()) for k in (0, -1))
        if first and len(first & last) >= _SAME_KEYS * len(first | last):
            found += paths
    return sorted(found)


def role_of(name: str) -> str:
    """`"train"`, `"test"`, or `""` where a name says neither or both; labels of `valid` train."""
    test = bool(_TEST.search(name))
    train = bool(_TRAIN.search(name)) or name.lower() in _VALIDATION
    return "" if test == train else "test" if test else "train"


def _without_odd(folder: Path, folders: list[str], names: list[str]) -> list[str]:
    """Return names of files without those that are not UTF-8, which no table can name."""
    odd = [name for name in [*folders, *names] if not _is_utf8(name)]
    if odd and (odd[0] in folders or len(odd) > 0.5 * len(names)):
        raise DataError(
            f"{printable(str(folder / odd[0]))} has a name that is not UTF-8, probably from an "
            "archive. Rename it and similar names; the tool convmv does so for whole folders."
        )
    return [name for name in names if _is_utf8(name)] if odd else names


def _is_utf8(name: str) -> bool:
    return name.isascii() or not any("\ud800" <= sign <= "\udfff" for sign in name)


def _listed(folder: Path, followed: set[str]) -> tuple[list[str], list[str]]:
    """Folders and files in a folder; a link to a folder is followed once, as it may be a loop."""
    folders, names = [], []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith((".", "__MACOSX", "~$")):
                continue
            if not entry.is_dir():
                names.append(entry.name)
            elif not entry.is_symlink():
                folders.append(entry.name)
            elif (real := os.path.realpath(entry.path)) not in followed:
                followed.add(real)
                folders.append(entry.name)
    return folders, _without_odd(folder, folders, names)


def _is_extra(name: str, role: str, beside: Sequence[str]) -> bool:
    """Return whether a folder has no images to train on or to predict, such as masks.

    Below `train/` a class may be called `mask`: then there are folders of other classes `beside`.
    """
    low = name.lower()
    if not role:
        return any(word in low for word in _EXTRA)
    if not low.startswith(_EXTRA):
        return False
    others = [other for other in beside if not other.lower().startswith((*_EXTRA, *_PLAIN))]
    return not others or low not in _MAY_BE_CLASSES
