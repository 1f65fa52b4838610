"""What a handler hands back: an answer with its body, or a refusal in Kaggle's form."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Part:
    """Bytes of a file from `start` on, read when they are sent."""

    path: Path
    start: int
    length: int


@dataclass(frozen=True)
class Flow:
    """Bytes as they come about; the connection ends with them."""

    chunks: Iterator[bytes]


@dataclass(frozen=True)
class Answer:
    """Status, headers without the length, and a body."""

    status: int
    body: bytes | Part | Flow = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def length(self) -> int:
        """Bytes of the body; 0 where they are not known."""
        if isinstance(self.body, Flow):
            return 0
        return self.body.length if isinstance(self.body, Part) else len(self.body)


class Refusal(Exception):  # noqa: N818 - it is the server's answer, not its failure
    """A call that Kaggle does not carry out, with the status and the sentence it answers."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message

    def answer(self) -> Answer:
        """As the API words it."""
        return as_json({"code": self.status, "message": self.message}, self.status)


def as_json(content: Any, status: int = 200) -> Answer:
    """An answer of the API."""
    body = json.dumps(content).encode()
    return Answer(status, body, {"Content-Type": "application/json; charset=utf-8"})


def as_html(status: int, title: str) -> Answer:
    """A page as gateways and login walls send it."""
    page = f"<!doctype html><html><head><title>{title}</title></head><body>{title}</body></html>"
    return Answer(status, page.encode(), {"Content-Type": "text/html; charset=utf-8"})


def redirect(url: str) -> Answer:
    """302 to a URL."""
    return Answer(302, b"", {"Location": url})
