"""The tree of what was unpacked and of links to plain files."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from kaggle_prz.core import filesystem
from kaggle_prz.core.errors import DataError
from kaggle_prz.readers.archives.survey import TABLE, Archive, stem_of


def place(unpacked: Path, tree: Path, archive: Archive, label: str) -> None:
    """Move what came out of an archive, called `label` in messages, to where it belongs."""
    folder, stem = (tree / archive.name).parent, stem_of(archive.file_name)
    entries = list(unpacked.iterdir())
    is_file = len(entries) == 1 and entries[0].is_file()
    if is_file and (TABLE.search(stem) or entries[0].name == stem):
        _move(entries[0], folder / stem, label)
        unpacked.rmdir()
        return
    name = stem.rpartition(".")[0] if TABLE.search(stem) else stem
    _fold(unpacked, name)
    _move(unpacked, folder / name, label)


def _fold(folder: Path, name: str) -> None:
    # Several folders are more likely classes, and one happens to have the archive's name.
    while (inner := folder / name).is_dir():
        others = [path for path in folder.iterdir() if path.name != name]
        if any(path.is_dir() or os.path.lexists(inner / path.name) for path in others):
            return
        aside = folder.with_name(f"{folder.name}-fold")
        inner.rename(aside)
        for path in others:
            path.rename(aside / path.name)
        folder.rmdir()
        aside.rename(folder)


def _move(source: Path, target: Path, archive: str) -> None:
    if not os.path.lexists(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        source.rename(target)
    elif source.is_dir() and target.is_dir() and not target.is_symlink():
        for child in list(source.iterdir()):
            _move(child, target / child.name, archive)
        source.rmdir()
    else:
        raise DataError(
            f"{archive} unpacks to {target.name}, but another file or folder of that name "
            "exists. Rename or remove one of the two."
        )


def link(tree: Path, root: Path, names: Sequence[str]) -> None:
    """Make files of `root` reachable in `tree`, where nothing of their names is there yet.

    Symbolic links, because they follow a file that is replaced; hard links or copies on a file
    system without them.
    """
    root = root.resolve()
    for name in names:
        source, target = root / name, tree / name
        if source.exists() and not os.path.lexists(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                target.symlink_to(source, target_is_directory=source.is_dir())
            except OSError:
                _link_or_copy(source.resolve(), target)


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except OSError:
        (shutil.copytree if source.is_dir() else shutil.copyfile)(source, target)


def refresh(tree: Path, root: Path, names: Sequence[str]) -> None:
    """Link files that came to `root` since the tree was made, unlink those that went."""
    for folder, subfolders, files in os.walk(tree):
        for entry in (Path(folder, name) for name in [*subfolders, *files]):
            if entry.is_symlink() and not entry.exists():
                entry.unlink()
    with filesystem.room_for(tree):
        link(tree, root, names)
