"""Read damaged files, and say what came of it: a task, a sentence, or a fault of ours."""

import os
import resource
import shutil
import signal
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import numpy as np

from kaggle_prz import competitions, images
from kaggle_prz.core import filesystem
from kaggle_prz.core.console import Silent
from kaggle_prz.core.errors import PrzError
from kaggle_prz.readers.archives import meter
from kaggle_prz.report import terminal
from kaggle_prz.tasks import infer

from . import bases
from .bases import Files

SECONDS = 5.0
_LONGEST = 2500  # characters of a message
_MEMORY = 500_000_000  # bytes
_UNPACKED = 20_000_000  # bytes
_RATIO_FROM = 1_000_000  # bytes, so that small bombs are bombs
ELSEWHERE = Path(tempfile.gettempdir(), "kaggle-prz-fuzz-elsewhere")


class Hang(BaseException):
    """It took too long; no handler of `Exception` may keep it."""


class Fault(AssertionError):  # noqa: N818 - of ours, and none that is handled
    """What must never come of a file."""


@contextmanager
def _alarm() -> Iterator[None]:
    def ring(*_: object) -> None:
        raise Hang(f"more than {SECONDS:g} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _snapshot(place: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(place)): path.read_bytes() if path.is_file() else None
        for path in place.rglob("*")
    }


@contextmanager
def written(files: Files) -> Iterator[Path]:
    """A directory `root` with these files, beside a home; nothing else may change there."""
    place = Path(tempfile.mkdtemp(prefix="fuzz-"))
    root, home = place / "root", place / "home"
    try:
        for name, content in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(content)
        before = _snapshot(root)
        with (
            mock.patch.dict(os.environ, {"KAGGLE_PRZ_HOME": str(home)}),
            mock.patch.object(os, "fsync", return_value=None),
            mock.patch.object(meter, "_RATIO_FROM", _RATIO_FROM),
        ):
            yield root
        if _snapshot(root) != before:
            raise Fault("the competition's files were changed")
        _only_in_home(place, root, home)
    finally:
        shutil.rmtree(place)


def _only_in_home(place: Path, root: Path, home: Path) -> None:
    strangers = {path.name for path in place.iterdir()} - {"root", "home"}
    if strangers or ELSEWHERE.exists():
        raise Fault(f"something was written outside of the cache: {strangers or ELSEWHERE}")
    within = (home.resolve(), root.resolve())
    for path in home.rglob("*"):
        if path.is_symlink() and not any(path.resolve().is_relative_to(base) for base in within):
            raise Fault(f"{path} leads out of the cache")
        if path.name.startswith(".part-"):
            raise Fault(f"{path} was left behind")


def outcome(work: Callable[[], str]) -> str:
    """What came of `work`: its own word, or the kind of error that a user is told.

    Raises:
        Fault: another exception, a warning, no paragraph, much memory, or no end.
    """
    begun, peak = time.monotonic(), _peak()
    try:
        with warnings.catch_warnings(), _alarm():
            warnings.simplefilter("error")
            word = work()
        if _peak() > peak + _MEMORY:
            raise Fault(f"{(_peak() - peak) / 1e6:.0f} MB more than ever before")
        return word
    except PrzError as error:
        _check(str(error))
        return type(error).__name__
    except Fault:
        raise
    except (Exception, Hang) as error:
        spent = time.monotonic() - begun
        raise Fault(f"{type(error).__name__} after {spent:.1f} s: {str(error)[:300]}") from error


def _peak() -> int:
    """The most memory that this process ever held, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # Linux: kB


def _check(message: str) -> None:
    one = message and all(line and line.isprintable() for line in message.split("\n"))
    if not one or len(message) > _LONGEST:
        raise Fault(f"no paragraph, {len(message)} characters: {message[:300]!r}")


def inspected(files: Files) -> str:
    """Inspect a competition of these files."""

    def work() -> str:
        source = competitions.find(str(root))
        task = infer.read(source.download(), slug=source.slug, limit_bytes=_UNPACKED)
        terminal.show_task(task, Silent())
        terminal.show_classes(task, Silent())
        said = [*task.warnings, *(f"{one.value}{one.rule}" for one in task.evidence)]
        if not all(map(str.isprintable, said)):
            raise Fault(f"a note that is no paragraph: {said!r}")
        rows = len(task.train_ids), len(task.test_ids)
        if rows != (len(task.labels), len(task.test_files)) or not min(rows):
            raise Fault(f"a task of {rows} rows has {len(task.labels)} labels")
        if not all((task.root / file).exists() for file in task.train_files if "#" not in file):
            raise Fault("a training file that is not there")
        return "Task"

    with written(files) as root:
        return outcome(work)


def decoded(name: str, content: bytes, channels: int) -> str:
    """Decode a file among sound ones, which have to come out as they are."""

    def work() -> str:
        # Few pixels may be decoded, so that what claims to be huge cannot fill memory.
        made = images.decode(
            root,
            ["a.npy", name, "b.npy"] if channels == 5 else ["a.png", name, "b.png"],
            (8, 5),
            filesystem.home() / "images",
            Silent(),
            channels=channels,
            largest_pixels=4_000_000,
        )
        if made.readable.tolist()[::2] != [True, True]:
            raise Fault("sound files count as unreadable")
        if not np.array_equal(made.stores[8][0], made.stores[8][2]):
            raise Fault("sound files came out different")
        if not made.readable[1] and made.stores[8][1].any():
            raise Fault("pixels of an unreadable file")
        return "decoded" if made.readable[1] else "unreadable"

    sound = dict.fromkeys(["a.png", "b.png"], bases.picture())
    sound |= dict.fromkeys(["a.npy", "b.npy"], bases.stack(8, 8, 5))
    with written({**sound, name.partition("#")[0]: content}) as root:
        return outcome(work)
