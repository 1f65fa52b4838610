"""A host of weights on the loopback, whole or with a fault."""

import contextlib
import http.server
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from support import loopback

FAULTS = {
    "404": "404",
    "403": "403",
    "500": "500",
    "cut": "in the middle the connection ends",
    "silent": "no byte comes",
    "stalled": "bytes stop in the middle",
    "page": "a login page in place of the file",
    "other": "another file of the same size",
    "loop": "redirected to itself",
}


@dataclass
class WeightsHost:
    """What is served at `/NAME`, and what went wrong with it so far."""

    files: dict[str, bytes]
    fault: str = ""
    asked: list[str] = field(default_factory=list)  # whole files, not first bytes
    address: str = ""

    def url(self, name: str) -> str:
        """Return where a file is served."""
        return f"{self.address}/{name}"


@contextlib.contextmanager
def serving(files: dict[str, bytes]) -> Iterator[WeightsHost]:
    """Serve files from the loopback while the context is open."""
    host = WeightsHost(files)
    closing = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.lstrip("/")
            content, fault = host.files.get(name, b""), host.fault
            first_byte = self.headers.get("Range") == "bytes=0-0"
            if not first_byte:
                host.asked.append(name)
            if fault.isdigit() or name not in host.files:
                self.send_error(int(fault or 404))
                return
            if fault == "loop":
                self.send_response(302)
                self.send_header("Location", host.url(name))
                self.end_headers()
                return
            if fault == "silent":
                closing.wait(30)
                return
            if fault == "page":
                content = b"<html>Please log in</html>"
            if fault == "other":
                content = bytes(255 - byte for byte in content)
            self._send(content[:1] if first_byte else content, first_byte, fault)

        def _send(self, content: bytes, first_byte: bool, fault: str) -> None:
            self.send_response(206 if first_byte else 200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if first_byte or fault not in {"cut", "stalled"}:
                self.wfile.write(content)
                return
            self.wfile.write(content[: len(content) // 2])
            self.wfile.flush()
            if fault == "stalled":
                closing.wait(30)

        def log_message(self, *_: object) -> None:
            pass

    with loopback.serving(Handler, closing) as host.address:
        yield host
