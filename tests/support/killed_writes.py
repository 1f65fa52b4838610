"""A command that is killed at its n-th write to disk, in a process that is forked from a warm one.

A write is whatever changes a directory or what is in it: a file opened to be written or flushed to
the disk, a name made, moved or removed. A process is killed right before it, or right after it.
"""

import importlib
import json
import os
import shutil
import signal
import sys
import time
import traceback
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from kaggle_prz.commands import cli
from kaggle_prz.competitions.kaggle import retry

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_STEPS = (
    "jinja2",
    "kaggle_prz.commands.fit",
    "kaggle_prz.competitions.kaggle.leaderboard",
    "kaggle_prz.competitions.kaggle.submissions.sending",
    "kaggle_prz.competitions.kaggle.sdk",
    "kaggle_prz.report.run_page",
    "matplotlib.pyplot",
)
_FEW = ("/submissions.json", "/receipt.json")  # moved to their places
# Event -> where its path is among the arguments, and the directory that it is relative to.
_CHANGES = {
    "os.link": (1, 3),
    "os.mkdir": (0, 2),
    "os.remove": (0, 1),
    "os.rename": (1, 3),
    "os.rmdir": (0, 1),
    "os.symlink": (1, 2),
    "os.truncate": (0, None),
}


@dataclass
class Writes:
    """Counts this process's writes below some directories, and may end it at one of them.

    Args:
        roots: the directories.
        at: number of the write that kills, from 1; 0 for none.
        after: whether it is carried out first.
        seen: the writes so far.
    """

    roots: Sequence[Path]
    at: int = 0
    after: bool = False
    seen: list[str] = field(default_factory=list)
    _armed: bool = False

    def watch(self) -> None:
        """Count from now on, for as long as the process lives."""
        sys.addaudithook(self._hear)
        os.fsync = self._flushing(os.fsync)  # of which there is no event
        self._listen_for_the_end()

    def _listen_for_the_end(self) -> None:
        """Let Python tell when calls return, which slows it down, from before the last write on."""
        if self.after and len(self.seen) == self.at - 1:
            sys.setprofile(self._profile)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if flags & _WRITES:
                self._write("open", path)
        elif event in _CHANGES:
            place, directory = _CHANGES[event]
            at = -1 if directory is None else arguments[directory]
            self._write(event, arguments[place], at)

    def _flushing(self, flush: Callable[[int], None]) -> Callable[[int], None]:
        def watched(descriptor: int) -> None:
            self._write("os.fsync", descriptor)
            flush(descriptor)

        return watched

    def _profile(self, frame: FrameType, event: str, argument: object) -> None:
        if self._armed and event in {"c_return", "c_exception"}:
            os.kill(os.getpid(), signal.SIGKILL)

    def _write(self, event: str, path: Any, directory: int = -1) -> None:
        place = _held(path) if isinstance(path, int) else Path(os.fsdecode(path))
        if isinstance(directory, int) and directory >= 0:
            place = _held(directory) / place
        there = place.is_symlink() or place.exists()
        changes = not there if event == "os.mkdir" else there or event != "os.remove"
        if not changes or not any(place.absolute().is_relative_to(root) for root in self.roots):
            return
        self.seen.append(f"{event} {place}")
        if len(self.seen) == self.at:
            if not self.after:
                os.kill(os.getpid(), signal.SIGKILL)
            self._armed = True
        self._listen_for_the_end()


def _held(descriptor: int) -> Path:
    return Path(f"/proc/self/fd/{descriptor}").readlink()


def forked(do: Callable[[], object]) -> int:
    """The exit status of a process of its own that does something, or minus its signal."""
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            do()
            status = 0
        except SystemExit as ending:
            status = ending.code if isinstance(ending.code, int) else bool(ending.code)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@dataclass(frozen=True)
class Road:
    """A command that is killed at each of its writes, and then run again as if nothing were.

    Attributes:
        words: the command's.
        place: the directory it runs in, put back before every case.
        kept: what `place` is put back from.
        control: address and key of the loopback Kaggle, which then forgets what was submitted.
    """

    words: Sequence[str]
    place: Path
    kept: Path
    control: tuple[str, str]

    def run_once(self) -> None:
        """Run the command to its end, where `place` is now."""
        if status := self._run(Writes([])):
            raise RuntimeError(f"{self.words} ended with {status}: {self._said()}")

    def writes(self) -> list[str]:
        """What the command writes where nobody kills it, in order."""
        self._restore()
        told = self.place.with_name("writes.json")
        self._run(Writes([self.place]), told)
        return [line.replace(f"{self.place}/", "") for line in json.loads(told.read_text("utf-8"))]

    def case(self, at: int, reader: Sequence[str], *, after: bool) -> dict[str, Any]:
        """How the killed command ended, a reader of what it left, and the command run again."""
        self._restore()
        ends = [self._run(Writes([self.place], at, after))]
        if reader:
            ends.append(self._run(Writes([]), words=reader))
        if not any(ends[1:]):
            ends.append(self._run(Writes([])))
        receipts = [json.loads(each.read_text("utf-8")) for each in self._receipts()]
        return {
            "at": at,
            "after": after,
            "ends": ends,
            "scores": [receipt["public_score"] for receipt in receipts],
            "submissions": len(self._ask("state", room="submissions")),
            "said": self._said(),
        }

    def _receipts(self) -> Iterator[Path]:
        return self.place.glob("runs/*/*/receipt.json")

    def _said(self) -> str:
        return self.place.with_name("said").read_text("utf-8")[-2000:]

    def _restore(self) -> None:
        shutil.rmtree(self.place, ignore_errors=True)
        shutil.copytree(self.kept, self.place)
        self._ask("forget")

    def _ask(self, action: str, **order: Any) -> Any:
        address, key = self.control
        request = urllib.request.Request(
            f"{address}/control/{action}", json.dumps(order).encode(), {"X-Control": key}
        )
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(request, timeout=30) as answer:
            return json.load(answer)

    def _run(self, writes: "Writes", told: Path | None = None, *, words: Sequence[str] = ()) -> int:
        def command() -> None:
            os.chdir(self.place)
            out = os.open(self.place.with_name("said"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(out, 1)
            os.dup2(out, 2)
            writes.watch()
            try:
                cli.main(list(words or self.words))
            finally:
                if told is not None:
                    told.write_text(json.dumps(writes.seen), "utf-8")

        return forked(command)


def warm() -> None:
    """Import what commands do, but Keras; and wait for nothing."""
    for name in _STEPS:
        importlib.import_module(name)
    assert "keras" not in sys.modules
    retry.pause = lambda _seconds: time.sleep(0.01)


def main(order: dict[str, Any]) -> None:
    """Carry out an order of a test: a line of JSON a road, then one a case of it."""
    warm()
    place, kept, control = Path(order["place"]), Path(order["kept"]), tuple(order["control"])
    if order["prepare"]:
        Road(order["prepare"], place, kept, control).run_once()
    shutil.copytree(place, kept)
    for words in order["roads"]:
        road = Road(words, place, kept, control)
        writes = road.writes()
        print(json.dumps(writes), flush=True)
        for at, line in enumerate(writes, start=1):
            for after in (False, True):
                if order["every"] or line.endswith(_FEW):
                    reader = order["reader"] if after and "receipt.json" in line else []
                    print(json.dumps(road.case(at, reader, after=after)), flush=True)


if __name__ == "__main__":
    main(json.load(sys.stdin))
