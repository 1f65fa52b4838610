"""A file -> Kaggle's storage: tried again, and gone on where it was cut."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from kaggle_prz.errors import SubmissionError
from kaggle_prz.hosts.kaggle.door import Door
from kaggle_prz.hosts.kaggle.failures import (
    ExpiredLinkError,
    UnreadableAnswerError,
    check_stored,
    kind_of,
)

_WHAT = "Uploading the submission to"
_INCOMPLETE = 308
_RECEIVED = re.compile(r"bytes=0-(\d+)")


def upload(door: Door, slug: str, csv: Path) -> str:
    """Bring a file to Kaggle; nothing is submitted by that.

    Returns:
        The token that stands for the file in a submission.

    Raises:
        SubmissionError: Kaggle refuses it, such as after the deadline.
        HostError: and its children.
    """

    def start() -> dict[str, Any]:
        return door.once(
            "StartSubmissionUpload",
            competition_name=slug,
            file_name=csv.name,
            content_length=csv.stat().st_size,
            last_modified_epoch_seconds=int(csv.stat().st_mtime),
        )

    sent = _Upload(door, csv, start)
    try:
        door.patience.call(sent.step, door.console)
    except requests.RequestException as error:
        raw = error
    else:
        return sent.token
    # Outside of the handler: what failed holds a link that is as good as a credential.
    failure = door.failure(raw, _WHAT, slug)
    raise SubmissionError(str(failure)) if kind_of(raw) == "refused" else failure


def upload_blob(door: Door, file: Path) -> str:
    """Bring a file of a dataset to Kaggle; no dataset changes by that.

    Returns:
        The token that stands for the file in a version of a dataset.

    Raises:
        HostError: and its children.
    """

    def start() -> dict[str, Any]:
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
    start: Callable[[], dict[str, Any]] = field(repr=False)
    token: str = field(default="", repr=False)
    _link: str = field(default="", repr=False)
    _begun: bool = False

    def step(self) -> None:
        """Send what Kaggle does not have yet."""
        size = self.file.stat().st_size
        if not self._link:
            self._begin()
        start = self._received(size) if self._begun else 0
        if start == size:
            return
        self._begun = True
        with self.file.open("rb") as file:
            file.seek(start)
            headers = {"Content-Range": f"bytes {start}-{size - 1}/{size}"} if start else {}
            response = self.door.storage.put(self._link, data=file, headers=headers)
        if self._is_incomplete(response):
            raise UnreadableAnswerError("not all of it arrived", response=response)

    def _begin(self) -> None:
        answer = self.start()
        self.token, self._link = str(answer.get("token", "")), str(answer.get("createUrl", ""))
        self._begun = False
        if not self.token or not self._link:
            self._link = ""
            raise UnreadableAnswerError("no token")

    def _received(self, size: int) -> int:
        """Bytes that arrived before the upload was cut."""
        asked = {"Content-Range": f"bytes */{size}"}
        response = self.door.storage.put(self._link, headers=asked)
        if not self._is_incomplete(response):
            return size
        match = _RECEIVED.fullmatch(response.headers.get("Range", ""))
        return int(match[1]) + 1 if match else 0

    def _is_incomplete(self, response: requests.Response) -> bool:
        """Whether the storage waits for more.

        Raises:
            requests.RequestException: it does not say so, nor that it has everything.
        """
        if response.status_code == _INCOMPLETE:
            return True
        try:
            check_stored(response)
        except ExpiredLinkError:
            self._link = ""
            raise
        return False
