"""Kaggle Models on the loopback, as kagglehub asks it: Kaggle's answer, then a file of the storage.

The unmodified client comes here by its environment alone (`environment_of`): its Kaggle is
http://localhost, and this server is the proxy on the way.
"""

import base64
import contextlib
import hashlib
import http.server
import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from support import loopback

from kaggle_prz.models.backbones.weights_sources import kaggle_model

ASKED = "/api/v1/models.ModelApiService/DownloadModelInstanceVersion"
KAGGLE, STORAGE = "kaggle", "storage"


@dataclass
class ModelsHost:
    """The files of presets, by `model/preset/version/file`, and what goes wrong."""

    files: dict[str, bytes]
    fault: str = ""  # one of `weights_server.FAULTS` …
    at: tuple[str, str] = (STORAGE, "")  # … of Kaggle or the storage, for the file of this name
    hashes: bool = True  # whether the storage says what a file's digest is
    asked: list[str] = field(default_factory=list)  # of the storage: file, and range if any
    address: str = ""

    def publish(self, preset: Path, model: str, name: str, version: int = 2) -> None:
        """Serve the files of a folder as a preset."""
        for file in preset.iterdir():
            self.files[f"{model}/{name}/{version}/{file.name}"] = file.read_bytes()


def environment_of(address: str, home: Path) -> dict[str, str]:
    """Return the environment in which kagglehub, as it is, talks to a server, without account."""
    return {
        "HOME": str(home),
        "KAGGLE_API_ENVIRONMENT": "LOCALHOST",
        "http_proxy": address,
        "https_proxy": address,
    }


@contextlib.contextmanager
def serving(files: Mapping[str, bytes] | None = None) -> Iterator[ModelsHost]:
    """Serve presets from the loopback while the context is open."""
    host, closing = ModelsHost(dict(files or {})), threading.Event()
    handler = type("Handler", (_Handler,), {"host": host, "closing": closing})
    with loopback.serving(handler, closing) as host.address:
        yield host


@contextlib.contextmanager
def in_place_of_kaggle(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelsHost]:
    """Serve presets to kagglehub in this process, with its places below `home`; waits are short."""
    for name in list(os.environ):
        if name.startswith("KAGGLE") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(home / "cache"))
    monkeypatch.setenv("KAGGLE_PRZ_INPUT", str(home / "input"))
    monkeypatch.setattr(kaggle_model, "_SECONDS", 0.5)
    monkeypatch.setattr(kaggle_model, "_SECONDS_TO_CHECK", 0.5)
    with serving() as host:
        for name, value in environment_of(host.address, home).items():
            monkeypatch.setenv(name, value)
        yield host


def in_a_thread(fetch: Callable[[], Path]) -> Path:
    """Fetch in a thread: kagglehub reads its whole call stack, and pytest's is deep."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(fetch).result()


class _Handler(http.server.BaseHTTPRequestHandler):
    host: ModelsHost
    closing: threading.Event

    def do_POST(self) -> None:
        wanted = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert urlsplit(self.path).path == ASKED
        assert (wanted["ownerSlug"], wanted["framework"]) == ("keras", "MODEL_FRAMEWORK_KERAS")
        parts = (wanted["modelSlug"], wanted["instanceSlug"], wanted["versionNumber"])
        name = "/".join(map(str, (*parts, wanted["path"])))
        if self._fails(KAGGLE, name):
            return
        if name not in self.host.files:
            self._refuse(404)
            return
        self._lead_to(f"http://storage.localhost/{name}")

    def do_GET(self) -> None:
        name = urlsplit(self.path).path.lstrip("/")
        asked = self.headers.get("Range", "")
        self.host.asked.append(f"{name} {asked}".rstrip())
        at = urlsplit(self.path).hostname.split(".")[0]
        if not self._fails(at, name):
            self._send(self.host.files[name], asked, "")

    def _fails(self, at: str, name: str) -> bool:
        fault = self.host.fault
        if not fault or at != self.host.at[0] or not name.endswith(self.host.at[1]):
            return False
        if fault.isdigit():
            self._refuse(int(fault))
        elif fault == "silent":
            self.closing.wait(30)
        elif fault == "loop":
            self._lead_to(f"http://{at}.localhost/{name}")
        elif fault == "page":
            self._page()
        else:
            content = self.host.files[name]
            if fault == "other":
                content = bytes(255 - byte for byte in content)
            self._send(content, "", fault, digest_of=self.host.files[name])
        return True

    def _send(self, content: bytes, asked: str, fault: str, digest_of: bytes | None = None) -> None:
        begin = int(asked.removeprefix("bytes=").rstrip("-") or 0)
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(content) - begin))
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Accept-Ranges", "bytes")
        if self.host.hashes:
            digest = base64.b64encode(hashlib.md5(digest_of or content).digest()).decode()
            self.send_header("x-goog-hash", f"crc32c=n03x6A==,md5={digest}")
        self.end_headers()
        if fault not in {"cut", "stalled"}:
            self.wfile.write(content[begin:])
            return
        self.wfile.write(content[: len(content) // 2])
        self.wfile.flush()
        if fault == "stalled":
            self.closing.wait(30)

    def _page(self) -> None:
        content = b"<html>Please log in</html>"
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(content)

    def _refuse(self, code: int) -> None:
        content = json.dumps({"code": code, "message": "refused"}).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(content)

    def _lead_to(self, address: str) -> None:
        self.send_response(302)
        self.send_header("Location", address)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass
