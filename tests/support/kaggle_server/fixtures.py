"""A loopback Kaggle for a test: a process of its own, with a handle on it."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from . import client

if TYPE_CHECKING:
    from support.competitions import Drawn

TESTS = Path(__file__).parents[2]


class Faults:
    """Orders failures; `faults.Fault` says what there is."""

    def __init__(self, control: Callable[..., Any]) -> None:
        self._control = control

    def add(self, method: str, kind: str | int, **order: Any) -> None:
        """Let calls of a method fail: `kind` is a kind of fault, or a status."""
        which = {"kind": "status", "status": kind} if isinstance(kind, int) else {"kind": kind}
        self._control("fault", method=method, **which, **order)

    def clear(self) -> None:
        """No call fails any more."""
        self._control("clear-faults")


# Every server that was started in this process, for the search for secrets that were written.
STARTED: "list[Loopback]" = []


class Loopback:
    """A running server.

    Attributes:
        root: folder of its state.
        port: where it listens on 127.0.0.1.
        account: `username`, `key`, `token` and other secrets: made up, new for every state.
        key: of the door for tests, which `control` opens.
        faults: orders failures.
    """

    def __init__(self, root: Path, **options: str) -> None:
        self.root = root
        self.options = options
        self.faults = Faults(self.control)
        self.port = 0
        self._process: subprocess.Popen[str] | None = None
        self.start()
        STARTED.append(self)

    def start(self) -> None:
        """Begin, or begin again with the same state and port; nothing where it runs."""
        if self._process is not None and self._process.poll() is None:
            return
        command = [sys.executable, "-m", "support.kaggle_server", "--state", str(self.root)]
        command += ["--attached", "--port", str(self.port)]
        command += [word for name, value in self.options.items() for word in (f"--{name}", value)]
        with (self.root.parent / f"{self.root.name}.log").open("a") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, "PYTHONPATH": str(TESTS)},
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"The server did not start; see {self.root}.log.")
        found = json.loads(line)
        self.port = found["port"]
        self.key = found["control"]
        self.account = found["account"]

    def reset(self) -> None:
        """A fresh state in the same process."""
        self.account = self.control("reset")

    def stop(self) -> None:
        """End the process; the state stays."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(10)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    @property
    def pid(self) -> int:
        """Of its process."""
        assert self._process is not None
        return self._process.pid

    @property
    def url(self) -> str:
        """Where the API is."""
        return f"http://127.0.0.1:{self.port}"

    def control(self, action: str, **order: Any) -> Any:
        """An order to the server, as `control.ACTIONS` knows them."""
        request = urllib.request.Request(
            f"{self.url}/control/{action}",
            json.dumps(order).encode(),
            {"X-Control": self.key, "Content-Type": "application/json"},
        )
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(request, timeout=30) as answer:
            return json.load(answer)

    def competition(self, slug: str, files: Path, **fields: Any) -> None:
        """Add or change one; `competitions.DEFAULTS` names the fields."""
        plain = {n: str(v) if isinstance(v, Path) else v for n, v in fields.items()}
        self.control("competition", slug=slug, files=str(files), **plain)

    def drawn(self, drawn: "Drawn", slug: str, seed: int = 0, **fields: Any) -> None:
        """Add a drawn competition, graded by its own grader, under its own slug."""
        arguments = {"folder": str(self.root), "slug": slug, "seed": seed}
        known = {
            "evaluationMetric": drawn.metric,
            "maximize": drawn.maximize,
            "grader": "support.kaggle_server.grading:redrawn",
            "arguments": arguments,
        }
        self.competition(slug, drawn.root, **{**known, **fields})

    def settings(self, **values: Any) -> None:
        """Change `state.SETTINGS`."""
        self.control("settings", **values)

    def requests(self, name: str | None = None) -> list[dict[str, Any]]:
        """Requests so far, all or of one method."""
        found = self.control("requests")
        return [each for each in found if name is None or each["name"] == name]

    def api(self, by: str = "key") -> Any:
        """The official client in this process."""
        return client.api(self.port, self.account, by)

    def environment(self) -> dict[str, str]:
        """Environment in which the official client talks to this server."""
        return client.environment(self.root.parent / "client-home", self.port, self.account)

    def cli(
        self, *words: str | Path, cwd: Path | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """The official command line, unmodified, in a process of its own."""
        return subprocess.run(
            [sys.executable, "-m", "kaggle", *map(str, words)],
            env=self.environment(),
            cwd=cwd or self.root,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def until(self, ready: Callable[[], Any], seconds: float = 30.0) -> Any:
        """What `ready` returns as soon as that is true."""
        end = time.monotonic() + seconds
        while not (found := ready()):
            if time.monotonic() > end:
                raise TimeoutError("It did not come about.")
            time.sleep(0.02)
        return found


@contextmanager
def running(root: Path, **options: str) -> Iterator[Loopback]:
    """A server that ends with the block."""
    root.mkdir(parents=True, exist_ok=True)
    server = Loopback(root, **options)
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def loopback_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loopback]:
    """One process for all tests, which has loaded its graders after the first score."""
    with running(tmp_path_factory.mktemp("loopback") / "state") as server:
        yield server


@pytest.fixture
def loopback(loopback_process: Loopback) -> Iterator[Loopback]:
    """A fresh loopback Kaggle; a test may stop and start it."""
    loopback_process.reset()
    yield loopback_process
    loopback_process.start()
