"""How public files come to disk: the directory appears whole, or not at all.

The files are written into a hidden sibling that takes the directory's name at the end, under a
lock, so that a crash, a full disk or a second process leaves nothing half written behind.
"""

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pandas as pd

from kaggle_prz.competitions.competition import Answers
from kaggle_prz.core.errors import RunError
from kaggle_prz.core.filesystem import exclusive, room_for, write_atomic

MARKER = ".published.json"


def publish(directory: Path, edition: str, write: Callable[[Path], None]) -> None:
    """Make `directory` hold one edition of a competition's public files.

    Does nothing where it already does; takes the place of another edition, or of one that lost
    files since. `write` is called with an empty directory to fill. Foreign files are refused.
    """
    directory = directory.absolute()
    if is_published(directory, edition):
        return
    with room_for(directory), exclusive(directory.with_name(f".{directory.name}.lock")):
        if not is_published(directory, edition):
            _refuse_foreign(directory)
            _replace(directory, edition, write)


def is_published(directory: Path, edition: str) -> bool:
    """Return whether `directory` holds that edition, and every file still has its size."""
    try:
        marker = json.loads((directory / MARKER).read_text("utf-8"))
        return bool(marker["edition"] == edition) and all(
            (directory / name).stat().st_size == size for name, size in marker["files"].items()
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def _refuse_foreign(directory: Path) -> None:
    ours = (directory / MARKER).is_file() or not directory.exists()
    if not ours and (not directory.is_dir() or any(directory.iterdir())):
        raise RunError(
            f"{directory} already exists and was not written by kaggle-prz, so it is not "
            "changed. Move it away, or choose another directory."
        )


def _replace(directory: Path, edition: str, write: Callable[[Path], None]) -> None:
    part = directory.with_name(f".{directory.name}.part")
    old = directory.with_name(f".{directory.name}.old")
    with contextlib.ExitStack() as cleanup:
        for leftover in (part, old):
            shutil.rmtree(leftover, ignore_errors=True)
            cleanup.callback(shutil.rmtree, leftover, ignore_errors=True)
        part.mkdir()
        write(part)
        files = sorted(path for path in part.rglob("*") if path.is_file())
        sizes = {path.relative_to(part).as_posix(): path.stat().st_size for path in files}
        content = json.dumps({"edition": edition, "files": sizes}, indent=0)
        write_atomic(part / MARKER, content)
        if directory.exists():
            directory.rename(old)
        try:
            part.rename(directory)
        except OSError:
            if old.exists():
                old.rename(directory)
            raise


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file with `\\n` line ends, the same bytes on every platform."""
    table = pd.DataFrame(list(rows), columns=list(header))
    table.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")


def write_test_tables(directory: Path, answers: Answers) -> None:
    """Write `test.csv` and `sample_submission.csv`, which gives every class the same chance."""
    chance = 1 / len(answers.classes)
    ids = answers.ids.tolist()
    write_table(directory / "test.csv", ["id"], ([row] for row in ids))
    write_table(
        directory / "sample_submission.csv",
        ["id", *answers.classes],
        ([row, *[chance] * len(answers.classes)] for row in ids),
    )


def link_or_copy(source: Path, target: Path) -> None:
    """Give `source` a second name, or a copy where the file system cannot."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
