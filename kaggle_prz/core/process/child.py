"""A process beside this one, with a line between both; it ends when either end of the line does."""

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Collection, Mapping
from multiprocessing.connection import Connection, Pipe
from pathlib import Path

from kaggle_prz.core.errors import UsageError

_PATIENCE = 5.0  # seconds that a process has to end


class Child:
    """A module of Python that runs in a process of its own and answers messages.

    Its module calls `attach()`. Its standard output and errors go to `log`.
    """

    def __init__(
        self,
        module: str,
        log: Path,
        *,
        settings: Mapping[str, str],
        processors: Collection[int] = (),
    ):
        if os.name != "posix":
            raise UsageError("--workers above 1 needs Linux or macOS. Use --workers 1.")
        self.link, theirs = Pipe()
        self._log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        wanted = ",".join(map(str, sorted(processors)))
        found = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **settings}
        with log.open("ab") as output, theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", module, str(theirs.fileno()), wanted],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=(theirs.fileno(),),
                env={**os.environ, **found},
            )

    def send(self, message: object) -> None:
        """Send a message; one to a process that has ended is lost, and `ending` tells."""
        with contextlib.suppress(OSError):
            self.link.send(message)

    def ending(self) -> str:
        """Return how the process has ended, as a clause: `was killed by SIGKILL`."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(_PATIENCE)
        status = self.process.poll()
        if status is None:
            return "does not answer"
        if status < 0:
            return f"was killed by {signal.Signals(-status).name}"
        return f"ended with status {status}; its output is in {self._log}"

    def stop(self) -> None:
        """End the process, whatever it does."""
        self.link.close()
        try:
            self.process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Line:
    """The child's end of the line; where the other end is gone, this process ends at once."""

    def __init__(self, number: int):
        self._link = Connection(number)
        self._inbox: queue.SimpleQueue[object] = queue.SimpleQueue()
        self._sending = threading.Lock()
        threading.Thread(target=self._read, name="line", daemon=True).start()

    def receive(self) -> object:
        """Return the next message, once there is one."""
        return self._inbox.get()

    def send(self, message: object) -> None:
        """Send a message."""
        with self._sending, contextlib.suppress(OSError):  # the reader ends this process
            self._link.send(message)

    def _read(self) -> None:
        try:
            while True:
                self._inbox.put(self._link.recv())
        except (EOFError, OSError):
            os._exit(1)  # what is half written is not sealed


def attach(arguments: list[str]) -> Line:
    """Return the line to the process that started this one; Ctrl-C is left to that one."""
    number, processors = arguments
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if processors and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, set(map(int, processors.split(","))))
    return Line(int(number))
