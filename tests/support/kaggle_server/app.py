"""The HTTP of it: reads a request, finds who answers, meets the faults, sends."""

import json
import socket
import struct
import sys
import time
import traceback
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from . import accounts, control, downloads, logs, uploads
from .answers import Answer, Flow, Part, Refusal, as_html, as_json
from .faults import REPLACING, Fault, sending
from .methods import METHODS
from .world import Call, World

_API = ("/api/v1/", "/v1/")
_LOGS = "kernels/logs/stream/"


class Handler(BaseHTTPRequestHandler):
    """One connection; `world` is set on a subclass."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    world: World

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the journal has it."""

    def _serve(self) -> None:
        # a request through a proxy names the whole URL
        url = urlsplit(self.path)
        self.host = url.netloc or self.headers.get("Host", "")
        self.route, self.query = url.path, url.query
        self.unread = int(self.headers.get("Content-Length") or 0)
        self.content: Any = None
        if self.route.startswith(control.PREFIX):
            self._send(self._guarded(self._controlled), None)
            return
        name = self._name()
        fault = self.world.faults.due(name)
        answer = self._met(fault)
        self._written(name, answer, fault)
        if answer is None:
            self._reset()
        else:
            self._send(answer, fault)

    do_GET = do_POST = do_PUT = do_HEAD = do_CONNECT = _serve  # noqa: N815 - names of the base

    def _name(self) -> str:
        if self.route.startswith(downloads.PREFIX):
            return "upload" if self.command == "PUT" else "download"
        return "logs" if _LOGS in self.route else self.route.rsplit("/", 1)[-1]

    def _met(self, fault: Fault | None) -> Answer | None:
        """The answer under a fault, or None where the connection is to be reset."""
        if fault is None or fault.kind not in REPLACING:
            if fault is not None and fault.kind == "stall":
                time.sleep(fault.seconds)
            if fault is not None and fault.kind == "cut" and self.command == "PUT":
                self.unread = self.unread // 2 if fault.size is None else fault.size
                self._guarded(self._answered)
                return None
            return self._guarded(self._answered)
        if fault.after:
            self._guarded(self._answered)
        elif fault.kind != "reset":
            for _ in self._body():
                pass
        return None if fault.kind == "reset" else fault.answer()

    def _guarded(self, make: Any) -> Answer:
        try:
            answer: Answer = make()
        except Refusal as refusal:
            answer = refusal.answer()
        except Exception:
            traceback.print_exc(file=sys.stderr)
            answer = Refusal(500, "Internal Server Error").answer()
        return answer

    def _controlled(self) -> Answer:
        order = json.loads(b"".join(self._body()) or b"{}")
        action = self.route.removeprefix(control.PREFIX)
        return as_json(control.act(self.world, action, self.headers.get("X-Control"), order))

    def _answered(self) -> Answer:
        if self.route.startswith(downloads.PREFIX):
            return self._stored()
        found = [prefix for prefix in _API if self.route.startswith(prefix)]
        if not found:
            for _ in self._body():
                pass
            return as_html(404, "Kaggle: page not found")
        path = self.route.removeprefix(found[0])
        self.content = json.loads(b"".join(self._body()) or b"{}")
        if path == "security.OAuthService/IntrospectToken":
            token, self.content = self.content, {}  # a token stays out of the journal
            return as_json(accounts.introspect(self.world.state, token))
        accounts.check(self.world.state, self.headers.get("Authorization"))
        if path.startswith(_LOGS):
            return logs.stream(self.world, path.removeprefix(_LOGS))
        if path not in METHODS:
            raise Refusal(404, f"This server has no {path}.")
        result = METHODS[path](Call(self.world, self.content, self.host))
        return result if isinstance(result, Answer) else as_json(result)

    def _stored(self) -> Answer:
        try:
            name = downloads.opened(self.world, self.route, self.query)
            if self.headers.get("Authorization"):
                raise Refusal(400, "A signed URL takes no Authorization header.")
            token = uploads.token_of(self.route)
            if self.command == "PUT" and token is not None:
                asked = self.headers.get("Content-Range")
                return uploads.receive(self.world.state, token, asked, self._body())
            path = downloads.stored(self.world.state, name)
        except Refusal:
            for _ in self._body():
                pass
            raise
        return downloads.served(path, self.headers.get("Range"), self.headers.get("If-Range"))

    def _body(self) -> Iterator[bytes]:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return uploads.chunked(self.rfile)
        left, self.unread = self.unread, 0
        return uploads.plain(self.rfile, left)

    def _written(self, name: str, answer: Answer | None, fault: Fault | None) -> None:
        """Write the request down; of its credentials, only their kind."""
        self.world.journal.add(
            {
                "time": self.world.state.now().timestamp(),
                "verb": self.command,
                "host": self.host,
                "path": self.route,
                "name": name,
                "body": self.content,
                "range": self.headers.get("Range") or self.headers.get("Content-Range"),
                "authorization": (self.headers.get("Authorization") or "").split(" ")[0] or None,
                "status": answer.status if answer else None,
                "fault": fault.kind if fault else None,
            }
        )

    def _send(self, answer: Answer, fault: Fault | None) -> None:
        plan = sending(fault, answer.length)
        self.send_response(answer.status)
        for header, value in answer.headers.items():
            self.send_header(header, value)
        flows = isinstance(answer.body, Flow)
        if not flows:
            self.send_header("Content-Length", str(plan.declared))
        if plan.ends or flows:
            self.close_connection = True
            self.send_header("Connection", "close")
        try:
            self.end_headers()
            if self.command != "HEAD":
                self._write(answer.body, plan.sent, plan.rate)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _write(self, body: bytes | Part | Flow, left: int, rate: int | None) -> None:
        size = max(1, rate // 10) if rate else uploads.CHUNK
        for chunk in _chunks(body, left, size):
            self.wfile.write(chunk)
            if rate:
                time.sleep(len(chunk) / rate)

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()


def _chunks(body: bytes | Part | Flow, left: int, size: int) -> Iterator[bytes]:
    if isinstance(body, Flow):
        yield from body.chunks
        return
    if isinstance(body, bytes):
        for start in range(0, left, size):
            yield body[start : min(start + size, left)]
        return
    with body.path.open("rb") as file:
        file.seek(body.start)
        while left > 0 and (chunk := file.read(min(size, left))):
            left -= len(chunk)
            yield chunk


class Server(ThreadingHTTPServer):
    """Listens on 127.0.0.1 alone."""

    daemon_threads = True
    request_queue_size = 64


def listen(world: World, port: int) -> Server:
    """A server of a world; port 0 takes a free one."""
    server = Server(("127.0.0.1", port), type("Bound", (Handler,), {"world": world}))
    world.port = server.server_address[1]
    return server
