"""What every handler is given: the state, the faults, the journal of requests, and one call."""

import json
import threading
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from .faults import Faults
from .state import State


class Journal:
    """Every request with the status it got, kept below the state's folder as well."""

    def __init__(self, state: State) -> None:
        self._lock = threading.Lock()
        self._file = state.root / "requests.jsonl"
        lines = self._file.read_text("utf-8").splitlines() if self._file.exists() else []
        self._entries: list[dict[str, Any]] = [json.loads(line) for line in lines]

    def add(self, entry: dict[str, Any]) -> None:
        """Write one down, before its answer is sent."""
        with self._lock, self._file.open("a", encoding="utf-8") as file:
            self._entries.append(entry)
            file.write(json.dumps(entry) + "\n")

    def read(self) -> list[dict[str, Any]]:
        """All of them, oldest first."""
        with self._lock:
            return list(self._entries)

    def clear(self) -> None:
        """Forget them."""
        with self._lock:
            self._entries.clear()
            self._file.unlink(missing_ok=True)


@dataclass
class World:
    """The server without its sockets."""

    state: State
    port: int = 0
    faults: Faults = field(default_factory=Faults)
    processes: set[int] = field(default_factory=set)  # ids of kernels that run
    journal: Journal = field(init=False)

    def __post_init__(self) -> None:
        self.journal = Journal(self.state)

    def later(self, seconds: float, task: Callable[[], None]) -> None:
        """Do something in a thread of its own after a while."""

        def run() -> None:
            try:
                task()
            except Exception:
                traceback.print_exc()

        timer = threading.Timer(seconds, run)
        timer.daemon = True
        timer.start()


@dataclass(frozen=True)
class Call:
    """One call of the API by the account: `body` is its JSON, `host` the name it came to."""

    world: World
    body: dict[str, Any]
    host: str

    @property
    def state(self) -> State:
        """The world's."""
        return self.world.state

    def page(self, items: Iterable[Any], size: int = 20) -> tuple[list[Any], str]:
        """The page of some items that the call asks for, and the token of the next."""
        everything = list(items)
        size = self.body.get("pageSize") or size
        token = self.body.get("pageToken")
        start = int(token) if token else (self.body.get("page", 1) - 1) * size
        following = start + size
        return everything[start:following], str(following) if following < len(everything) else ""
