"""A file -> Kaggle's storage: tried again, and gone on where it was cut."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import requests

from kaggle_prz.competitions.kaggle.client import Door
from kaggle_prz.competitions.kaggle.failures import (
    Answer,
    ExpiredLinkError,
    UnreadableAnswerError,
    check_stored,
)

_INCOMPLETE = 308
_RECEIVED = re.compile(r"bytes=0-(\d+)")


def announced(door: Door, slug: str, name: str, size: int, changed: int) -> Answer:
    """Return Kaggle's answer to a file that is about to be uploaded for a submission."""
    return door.once(
        "StartSubmissionUpload",
        competition_name=slug,
        file_name=name,
        content_length=size,
        last_modified_epoch_seconds=changed,
    )


def upload(door: Door, slug: str, csv: Path) -> str:
    """Bring a file to Kaggle, and return the token that stands for it in a submission."""
    about = csv.stat()
    sent = _Upload(
        door, csv, lambda: announced(door, slug, csv.name, about.st_size, int(about.st_mtime))
    )
    failed = door.tried(lambda: door.patience.call(sent.step, door.console))
    if failed is not None:
        raise door.refusal(failed, "Uploading the submission to", slug)
    return sent.token


def upload_blob(door: Door, file: Path) -> str:
    """Bring a file to Kaggle, and return the token that stands for it in a dataset."""

    def start() -> Answer:
        return door.once(
            "StartBlobUpload",
            "blobs",
            type="DATASET",
            name=file.name,
            content_length=file.stat().st_size,
            last_modified_epoch_seconds=int(file.stat().st_mtime),
        )

    sent = _Upload(door, file, start)
    door.patiently(sent.step, f"Uploading {file.name}")
    return sent.token


@dataclass
class _Upload:
    door: Door
    file: Path
    start: Callable[[], Answer] = field(repr=False)
    token: str = field(default="", repr=False)
    _link: str = field(default="", repr=False)
    _started: bool = False

    def step(self) -> None:
        """Send what Kaggle does not have yet."""
        size = self.file.stat().st_size
        if not self._link:
            self._begin()
        start = self._received(size) if self._started else 0
        if start == size:
            return
        self._started = True
        with self.file.open("rb") as file:
            file.seek(start)
            headers = {"Content-Range": f"bytes {start}-{size - 1}/{size}"} if start else {}
            response = self.door.storage.put(self._link, data=file, headers=headers)
        if self._is_incomplete(response):
            raise UnreadableAnswerError("it arrived incomplete", response=response)

    def _begin(self) -> None:
        answer = self.start()
        self.token, self._link = str(answer.get("token", "")), str(answer.get("createUrl", ""))
        self._started = False
        if not self.token or not self._link:
            self._link = ""
            raise UnreadableAnswerError("no token")

    def _received(self, size: int) -> int:
        """Return how many bytes arrived before the upload was cut."""
        asked = {"Content-Range": f"bytes */{size}"}
        response = self.door.storage.put(self._link, headers=asked)
        if not self._is_incomplete(response):
            return size
        match = _RECEIVED.fullmatch(response.headers.get("Range", ""))
        return int(match[1]) + 1 if match else 0

    def _is_incomplete(self, response: requests.Response) -> bool:
        """Return whether the storage waits for more; raise where it does not say."""
        if response.status_code == _INCOMPLETE:
            return True
        try:
            check_stored(response)
        except ExpiredLinkError:
            self._link = ""
            raise
        return False
