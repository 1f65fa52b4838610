"""Blobs: an upload begins with a token and a URL, arrives by PUT, and may be resumed."""

import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from .answers import Answer, Refusal
from .downloads import PREFIX, signed
from .state import State
from .world import Call

CHUNK = 1 << 20


def begin(call: Call, name: str) -> dict[str, str]:
    """A token, and the URL that takes the bytes."""
    token = secrets.token_urlsafe(24)
    entry = {"name": name, "length": call.body.get("contentLength", 0)}
    with call.state.change() as data:
        data["uploads"][token] = entry
    call.state.folder("uploads")
    return {"token": token, "createUrl": signed(call.world, call.host, "uploads", token)}


def start_blob_upload(call: Call) -> dict[str, str]:
    """`BlobApiService/StartBlobUpload`."""
    return begin(call, call.body.get("name", ""))


def receive(state: State, token: str, content_range: str | None, body: Iterator[bytes]) -> Answer:
    """Take bytes of an upload: 200 when all are there, else 308 with the range that is.

    Raises:
        Refusal: the token is unknown, or the range does not follow what is there.
    """
    entry = _entry(state, token)
    path = state.root / "uploads" / token
    held = path.stat().st_size if path.exists() else 0
    found = re.fullmatch(r"bytes (\*|(\d+)-\d+)/(\d+)", content_range or "")
    if content_range and not found:
        raise Refusal(400, f"Invalid Content-Range {content_range!r}.")
    if found is None or found[2]:
        start = int(found[2]) if found else 0
        if start > held:
            raise Refusal(400, f"The range begins at {start}, but {held} bytes are there.")
        with path.open("r+b" if path.exists() else "wb") as file:
            file.seek(start)
            file.truncate()
            for chunk in body:
                file.write(chunk)
                file.flush()
        held = path.stat().st_size
    if held < entry["length"]:
        return Answer(308, b"", {"Range": f"bytes=0-{held - 1}"} if held else {})
    return Answer(200, b"{}", {"Content-Type": "application/json"})


def _entry(state: State, token: str) -> dict[str, Any]:
    with state.lock:
        if token not in state.data["uploads"]:
            raise Refusal(404, "Not Found")
        entry: dict[str, Any] = state.data["uploads"][token]
    return entry


def complete(state: State, token: str) -> tuple[str, Path]:
    """Name and file of an upload that is all there.

    Raises:
        Refusal: it is unknown or incomplete.
    """
    try:
        entry = _entry(state, token)
    except Refusal:
        raise Refusal(400, "Invalid blob file token.") from None
    path = state.root / "uploads" / token
    if not path.exists() or path.stat().st_size != entry["length"]:
        raise Refusal(400, "The upload is not complete.")
    return entry["name"], path


def plain(source: BinaryIO, length: int) -> Iterator[bytes]:
    """The body of a request with a length."""
    while length > 0 and (chunk := source.read1(min(CHUNK, length))):  # type: ignore[attr-defined]
        length -= len(chunk)
        yield chunk


def chunked(source: BinaryIO) -> Iterator[bytes]:
    """The body of a request in chunks."""
    while size := int(source.readline().split(b";")[0].strip() or b"0", 16):
        yield from plain(source, size)
        source.readline()
    while source.readline().strip():
        pass


def token_of(path: str) -> str | None:
    """The token in the path of an upload, if it is one."""
    return path.removeprefix(f"{PREFIX}uploads/") if path.startswith(f"{PREFIX}uploads/") else None
