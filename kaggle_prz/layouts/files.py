"""Pictures of a competition by role, and ids -> files."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from kaggle_prz.errors import DataError
from kaggle_prz.layouts.scan import KINDS, SUFFIXES, Scan, scan
from kaggle_prz.task import Text

__all__ = ["ENOUGH", "SUFFIXES", "Index", "Role", "best_share", "index", "match"]

ENOUGH = 0.95
Finder = Callable[[str], str | None]


@dataclass(frozen=True)
class Role:
    """Pictures of one role, and the names that an id may use for them.

    Attributes:
        name: `"train"` or `"test"`.
        paths: relative POSIX paths, sorted; of rows of arrays and tables, `file#row`.
        named: an id's file by a table instead of by the paths, as `rule -> id -> path`.
    """

    name: str
    paths: tuple[str, ...]
    named: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    _made: dict[Any, dict[str, str]] = field(default_factory=dict, compare=False, repr=False)

    def folders(self) -> str:
        """The folders that hold the files, for people."""
        if self.named:
            return ", ".join(sorted({path.partition("#")[0] for path in self.paths})[:3])
        parents = sorted({path.rpartition("/")[0] for path in self.paths})
        shown = [f"{parent}/" for parent in parents[:3]]
        return ", ".join(shown) + (" …" if len(parents) > 3 else "")

    def without(self, paths: set[str]) -> "Role":
        """The same role, less some paths."""
        return Role(self.name, tuple(path for path in self.paths if path not in paths), self.named)

    def finders(self) -> Iterator[tuple[str, Finder]]:
        """Rules in their order, each as a phrase and an id's file."""
        for rule, table in self.named.items():
            yield rule, table.get
        if self.named:
            return
        yield "file name", self._by("name").get
        yield "stem", self._by("stem").get
        yield "relative path", self._by_path("name")
        yield "relative path without suffix", self._by_path("stem")
        yield "folder of one file", self._by("folder").get
        for rule, key in (("file name", "name"), ("stem", "stem")):
            yield f"{rule}, case apart", self._by_low(key)
        yield (
            "end of a longer path",
            lambda name: self._by("name").get(name.rpartition("/")[2]) if "/" in name else None,
        )

    def _by_low(self, key: str) -> Finder:
        table = self._by(f"low {key}")
        return lambda name: table.get(name.lower())

    def _by(self, key: str, parts: int = 1) -> dict[str, str]:
        """Keys -> paths. Of several paths the first counts; of none for folders and cases."""
        if (key, parts) in self._made:
            return self._made[key, parts]
        table: dict[str, str] = {}
        several: set[str] = set()
        for path in reversed(self.paths):
            name = _key(path, key, parts)
            if name in table:
                several.add(name)
            table[name] = path
        if key == "folder" or key.startswith("low"):
            table = {name: path for name, path in table.items() if name not in several}
        self._made[key, parts] = table
        return table

    def _by_path(self, key: str) -> Finder:
        def find(name: str) -> str | None:
            parts = name.count("/") + 1
            return self._by(key, parts).get(name) if parts > 1 else None

        return find


def _key(path: str, key: str, parts: int) -> str:
    if key == "folder":
        return path.rpartition("/")[0].rpartition("/")[2]
    name = path.rpartition("/")[2] if parts == 1 else "/".join(path.split("/")[-parts:])
    if key.startswith("low"):
        name = name.lower()
    return name.rpartition(".")[0] if key.endswith("stem") else name


@dataclass(frozen=True)
class Index:
    """A competition's pictures: those to train on and those to predict.

    Attributes:
        train: pictures that a table of labels may name.
        test: pictures that the sample submission may name.
        tables: relative paths of CSV and JSON files.
        shared: the two roles are not told apart by folders, so a picture may be of either.
        kind: `"images"`, `"arrays"`, `"scans"`, `"stacks"` or `"pixels"`.
    """

    train: Role
    test: Role
    tables: tuple[str, ...] = ()
    shared: bool = False
    kind: str = "images"

    def folders(self, role: str) -> str:
        """Folders of a role, for people."""
        return self._role(role).folders()

    def count(self, role: str) -> int:
        """Number of files of a role."""
        return len(self._role(role).paths)

    def _role(self, role: str) -> Role:
        return self.train if role == "train" else self.test


def index(root: Path) -> Index:
    """Find the pictures below `root`; a folder with `test` in its name holds the test set.

    Where no folder is called so, images whose folders say nothing are of either role. Image files
    are preferred to arrays, and these to DICOM, whose copies they are.

    Raises:
        DataError: no image file for one of the roles.
    """
    found = of_scan(scan(root))
    if found is None:
        found = of_scan(scan(root, with_extra=True))
    if found is None:
        raise no_images(root, scan(root))
    return found


def no_images(root: Path, seen: Scan) -> DataError:
    """The error for a directory that lacks a role."""
    some = any(role != "test" for _, role in seen.files)
    return DataError(
        f"{root} has no {'test' if some else 'train'} images ({', '.join(SUFFIXES)}): the test "
        "images are those below a folder with 'test' in its name, the training images all others."
    )


def of_scan(seen: Scan) -> Index | None:
    """Pictures of the first kind that both roles have, if any."""
    for kind in KINDS:
        train, test, unsaid = (seen.of(kind, role) for role in ("train", "test", ""))
        if (train or unsaid) and (test or unsaid):
            return Index(
                Role("train", tuple(sorted([*train, *unsaid]))),
                Role("test", tuple(test or unsaid)),
                tuple(seen.tables),
                shared=not test,
                kind=kind,
            )
    return None


def match(ids: Text, role: Role) -> tuple[Text, str]:
    """The file of every id, by the first rule that finds 95 %, else by several rules.

    Returns:
        `(len(ids),)` paths, empty where there is none, and the rule in words.
    """
    names = _cleaned(ids)
    best: tuple[int, str, list[str]] = (-1, "", [])
    others: list[list[str]] = []
    for rule, find in role.finders():
        found = [find(name) or "" for name in names]
        count = len(found) - found.count("")
        others.append(found)
        if count > best[0]:
            best = count, rule, found
        if count >= ENOUGH * len(ids) and not role.named:
            break  # numbers of rows from 0 and from 1 differ by one hit only
    count, rule, paths = best
    if count < ENOUGH * len(ids) and not role.named:
        mixed = [next(filter(None, row), "") for row in zip(paths, *others, strict=True)]
        if mixed != paths:
            paths, rule = mixed, f"{rule}, else another name"
    hits = len(paths) - paths.count("")
    return np.array(paths, dtype=str), f"id is the {rule} ({hits} of {len(ids)} found)"


def best_share(ids: Text, role: Role) -> float:
    """Share of ids with a file, by the rule that finds most."""
    return int(np.count_nonzero(match(ids, role)[0] != "")) / max(1, len(ids))


def _cleaned(ids: Text) -> list[str]:
    """Ids as paths are written here: slashes, not from the root, no dot before the first."""
    names: list[str] = ids.tolist()
    if not any("/" in name or "\\" in name for name in names):
        return names
    return [_relative(name) for name in names]


def _relative(name: str) -> str:
    return str(PurePosixPath(name.strip().replace("\\", "/"))).lstrip("/")
