"""What the server knows, in a folder, so that the process may end and begin again."""

import json
import secrets
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

SETTINGS: dict[str, Any] = {
    "clock_seconds": 0.0,  # added to the time of day
    "dataset_seconds": 0.0,  # until a dataset is READY
    "errors_count": True,  # a submission in error uses up one of the day
    "kernel_environment": {},  # more variables for kernels
    "layout": "new",  # of /kaggle/input: "new" or "old" (flat)
    "namespaces": "auto",  # "auto" or "off": kernels in namespaces of their own where they work
    "python": sys.executable,  # runs the kernels
    "queue_seconds": 0.05,  # until a kernel runs
    "root_variable": "KAGGLE_ROOT",  # names the tree that stands for /kaggle without namespaces
    "scoring_seconds": 0.1,
    "session_seconds": 12 * 3600.0,
    "signature_seconds": 600.0,  # until a signed URL expires
}


class State:
    """Everything that survives the process.

    `root` holds `state.json` and the files that were uploaded or made; `data` is read under
    `lock` and changed inside `change()` only.
    """

    def __init__(self, root: Path, username: str = "loopback-user") -> None:
        self.root = root
        self.lock = threading.RLock()
        self._file = root / "state.json"
        root.mkdir(parents=True, exist_ok=True)
        if self._file.exists():
            self.data: dict[str, Any] = json.loads(self._file.read_text(encoding="utf-8"))
        else:
            self.data = _fresh(username)
            self._save()

    @contextmanager
    def change(self) -> Iterator[dict[str, Any]]:
        """The data, alone, and saved afterwards."""
        with self.lock:
            yield self.data
            self._save()

    def _save(self) -> None:
        draft = self._file.with_suffix(".draft")
        draft.write_text(json.dumps(self.data, indent=1), encoding="utf-8")
        draft.replace(self._file)

    def reset(self, username: str | None = None) -> None:
        """Forget everything, and take a new account; numbers go on."""
        with self.change() as data:
            fresh = _fresh(username or data["account"]["username"])
            fresh["account"]["control"] = data["account"]["control"]
            data |= {**fresh, "last": data["last"]}
        for path in self.root.iterdir():
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)

    def number(self) -> int:
        """A number never given before."""
        with self.change() as data:
            data["last"] += 1
            return int(data["last"])

    def setting(self, name: str) -> Any:
        """One of `SETTINGS`."""
        with self.lock:
            return self.data["settings"][name]

    def now(self) -> datetime:
        """The time in UTC, as the server's clock shows it."""
        return datetime.now(UTC) + timedelta(seconds=self.setting("clock_seconds"))

    def folder(self, *names: str | int) -> Path:
        """A folder below the root, made if it is not there."""
        path = self.root.joinpath(*map(str, names))
        path.mkdir(parents=True, exist_ok=True)
        return path


def _fresh(username: str) -> dict[str, Any]:
    account = {
        "username": username,
        "key": secrets.token_hex(16),
        "token": f"KGAT_{secrets.token_hex(16)}",
        "signing": secrets.token_hex(16),
        "control": secrets.token_hex(16),
        "user_secrets_token": secrets.token_urlsafe(32),
        "data_proxy_token": secrets.token_urlsafe(32),
    }
    rooms: dict[str, Any] = {
        name: {} for name in ("competitions", "submissions", "uploads", "kernels", "datasets")
    }
    return {"account": account, "settings": dict(SETTINGS), "last": 1000, **rooms}


def stamp(moment: datetime) -> str:
    """A moment as the API writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "Z"


def moment(text: str) -> datetime:
    """A moment as the API or a user wrote it; without a zone it is UTC."""
    read = datetime.fromisoformat(text)
    return read if read.tzinfo else read.replace(tzinfo=UTC)
