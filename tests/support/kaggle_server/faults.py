"""Failures on order: which call fails, and how."""

import fnmatch
import threading
from dataclasses import dataclass
from typing import Any, Literal

from .answers import Answer, Refusal, as_html, as_json

Kind = Literal[
    "status",  # an error of `status`; 429 carries Retry-After of `seconds`
    "rules",  # 403: the rules are not accepted
    "answer",  # 200 with `content` as JSON
    "html",  # 200 with a page
    "reset",  # the connection is reset without an answer
    "stall",  # `seconds` pass before the call is carried out
    "truncated",  # the first `size` bytes, half if None, with a length that agrees
    "cut",  # the connection ends after `size` bytes, half if None
    "wrong-length",  # a Content-Length that is `size` bytes off
    "slow",  # `size` bytes a second
]
REPLACING = ("status", "rules", "answer", "html", "reset")
RULES = "You must accept this competition's rules before you'll be able to download files."
_WORDS = {
    401: "Unauthenticated",
    403: "Permission 'competitions.get' was denied",
    404: "Not Found",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
}


@dataclass
class Fault:
    """What goes wrong with the `nth` call from now on, `times` in a row (0: for ever).

    `method` is the name of an API method, `download` (of a signed URL), `upload` (a PUT), `logs`,
    or a pattern of these. With `after` the call is carried out and only its answer is lost.
    """

    method: str
    kind: Kind
    nth: int = 1
    times: int = 1
    after: bool = False
    status: int = 500
    seconds: float = 1.0
    size: int | None = None
    content: Any = None
    seen: int = 0

    def strikes(self, method: str) -> bool:
        """Count a call; true where it is one that fails."""
        if not fnmatch.fnmatchcase(method, self.method):
            return False
        self.seen += 1
        return self.seen >= self.nth and (not self.times or self.seen < self.nth + self.times)

    def answer(self) -> Answer:
        """Instead of the right one."""
        if self.kind == "rules":
            return Refusal(403, RULES).answer()
        if self.kind == "answer":
            return as_json(self.content)
        if self.kind == "html":
            return as_html(200, "Kaggle: Your Home for Data Science")
        words = _WORDS.get(self.status, "Error")
        if self.status in (502, 503):
            return as_html(self.status, words)
        made = Refusal(self.status, words).answer()
        wait = {"Retry-After": f"{self.seconds:g}"} if self.status == 429 else {}
        return Answer(made.status, made.body, {**made.headers, **wait})


@dataclass(frozen=True)
class Sending:
    """How a body goes out: its declared length, the bytes sent, and bytes a second."""

    declared: int
    sent: int
    rate: int | None = None

    @property
    def ends(self) -> bool:
        """The connection cannot be used for another request."""
        return self.declared != self.sent


def sending(fault: Fault | None, length: int) -> Sending:
    """What a fault makes of a body of some length."""
    if fault is None:
        return Sending(length, length)
    least = length // 2 if fault.size is None else min(fault.size, length)
    if fault.kind == "truncated":
        return Sending(least, least)
    if fault.kind == "cut":
        return Sending(length, least)
    if fault.kind == "wrong-length":
        return Sending(max(0, length + (fault.size or 10)), length)
    return Sending(length, length, fault.size if fault.kind == "slow" else None)


class Faults:
    """The faults on order; each call meets at most one, the oldest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: list[Fault] = []

    def add(self, **order: Any) -> None:
        """Order one; see `Fault`."""
        with self._lock:
            self._orders.append(Fault(**order))

    def clear(self) -> None:
        """Take all orders back."""
        with self._lock:
            self._orders.clear()

    def due(self, method: str) -> Fault | None:
        """Count a call of a method, and say what goes wrong with it."""
        with self._lock:
            struck = [fault for fault in self._orders if fault.strikes(method)]
        return struck[0] if struck else None
