"""Image files of a competition by role, and ids -> files."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from kaggle_prz.errors import DataError
from kaggle_prz.task import Text

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff")
_EXTRA = ("old_", "mask", "segment", "annotat", "thumbnail", "additional", "semi", "supp", "sample")
ENOUGH = 0.95


@dataclass(frozen=True)
class Role:
    """Files of one role under each of the names an id may use.

    Attributes:
        name: `"train"` or `"test"`.
        paths: relative POSIX paths, sorted.
        by_key: rule -> key -> path.
    """

    name: str
    paths: tuple[str, ...]
    by_key: Mapping[str, Mapping[str, str]]

    def folders(self) -> str:
        """The folders that hold the files, for people."""
        parents = sorted({str(PurePosixPath(path).parent) for path in self.paths})
        shown = [f"{'' if parent == '.' else parent}/" for parent in parents[:3]]
        return ", ".join(shown) + (" …" if len(parents) > 3 else "")


@dataclass(frozen=True)
class Index:
    """A competition's image files: those to train on and those to predict."""

    train: Role
    test: Role

    def folders(self, role: str) -> str:
        """Folders of a role, for people."""
        return self._role(role).folders()

    def count(self, role: str) -> int:
        """Number of files of a role."""
        return len(self._role(role).paths)

    def _role(self, role: str) -> Role:
        return self.train if role == "train" else self.test


def index(root: Path) -> Index:
    """Find the image files below `root`; a folder with `test` in its name holds the test set.

    Raises:
        DataError: no image file for one of the roles.
    """
    train: list[str] = []
    test: list[str] = []
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = sorted(s for s in subfolders if not s.lower().startswith((".", *_EXTRA)))
        relative = Path(folder).relative_to(root)
        is_test = any("test" in part.lower() for part in relative.parts)
        for name in sorted(names):
            if name.lower().endswith(SUFFIXES) and not name.startswith("."):
                (test if is_test else train).append((relative / name).as_posix())
    for role, found in (("train", train), ("test", test)):
        if not found:
            raise DataError(
                f"{root} has no {role} images ({', '.join(SUFFIXES)}): the test images are those "
                "below a folder with 'test' in its name, the training images all others."
            )
    return Index(_role("train", train), _role("test", test))


def _role(name: str, paths: list[str]) -> Role:
    keys: dict[str, Callable[[str], str]] = {
        "file name": lambda path: PurePosixPath(path).name,
        "stem": lambda path: PurePosixPath(path).stem,
        "relative path": str,
    }
    by_key = {rule: {key(path): path for path in reversed(paths)} for rule, key in keys.items()}
    return Role(name, tuple(paths), by_key)


def match(ids: Text, role: Role) -> tuple[Text, str]:
    """The file of every id, by the rule that finds most.

    Returns:
        `(len(ids),)` paths, empty where there is none, and the rule in words.
    """
    rule, table = max(role.by_key.items(), key=lambda item: hits(ids, item[1]))
    found = [table.get(name, "") for name in ids.tolist()]
    matched = sum(path != "" for path in found)
    return np.array(found, dtype=str), f"id is the {rule} ({matched} of {len(ids)} found)"


def hits(ids: Text, table: Mapping[str, str]) -> int:
    """How many ids have a file."""
    return sum(name in table for name in ids.tolist())


def best_share(ids: Text, role: Role) -> float:
    """Share of ids with a file, by the rule that finds most."""
    return max(hits(ids, table) for table in role.by_key.values()) / max(1, len(ids))
