"""One large file behind a signed link -> the disk, whole: resumed, renewed, counted.

Beside the growing file lies a record: how long the whole is, and what tells it from a newer one.
The link itself is never kept. A process that is killed leaves both, and the next one goes on.
"""

import base64
import binascii
import contextlib
import hashlib
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pydantic
import requests

from kaggle_prz.competitions.kaggle import retry
from kaggle_prz.competitions.kaggle.client import Door
from kaggle_prz.competitions.kaggle.failures import (
    PASSING,
    ExpiredLinkError,
    UnreadableAnswerError,
    check_stored,
    kind_of,
)
from kaggle_prz.core.console import Console
from kaggle_prz.core.errors import DiskFullError
from kaggle_prz.core.filesystem import write_atomic

_PIECE = 1 << 16  # bytes; no more are lost where a connection is cut
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")
_WHAT = "Downloading the files of"


@dataclass(frozen=True)
class Whole:
    """What is known of a whole file."""

    total: int = 0  # bytes; 0 where they are not known
    tag: str = ""
    md5: str = ""  # in hexadecimal


_WHOLE = pydantic.TypeAdapter(Whole)


@dataclass
class Fetch:
    """A competition's files on their way, as one archive."""

    door: Door
    slug: str
    part: Path  # where the archive grows
    room: int = 0  # bytes that are needed besides, once it is there
    _link: str = field(default="", repr=False)
    _finished: bool = False
    _furthest: int = 0

    def run(self, console: Console) -> None:
        """Fetch what is missing; what arrived is kept where patience is at its end."""
        self.part.parent.mkdir(parents=True, exist_ok=True)
        whole = self._kept()
        self._furthest = self._size()
        if 0 < whole.total == self._size():
            return
        while not self._finished:
            self.door.patiently(lambda: self._step(console), _WHAT, self.slug)

    def is_sound(self) -> bool:
        """Return whether the file has the length and the digest that were announced."""
        whole = self._kept()
        if whole.total and self._size() != whole.total:
            return False
        if not whole.md5:
            return True
        with self.part.open("rb") as file:
            return hashlib.file_digest(file, "md5").hexdigest() == whole.md5

    def forget(self) -> None:
        """Remove what arrived, so that the next fetch starts from nothing."""
        self._drop()
        self._finished, self._furthest = False, 0

    def _step(self, console: Console) -> None:
        """Fetch until the end or a cut; a cut after any progress is no failure."""
        try:
            self._link = self._link or self.door.http.link(
                "competitions", "DownloadDataFiles", competition_name=self.slug
            )
            self._finished = self._receive(console)
        except requests.RequestException as error:
            if isinstance(error, ExpiredLinkError | UnreadableAnswerError):
                self._link = ""
            if not (self._has_come_further() and kind_of(error) in PASSING):
                raise
            retry.pause(self.door.patience.wait(1, error))

    def _has_come_further(self) -> bool:
        """Return whether more is there than ever before, so that trying on must come to an end."""
        before, self._furthest = self._furthest, max(self._furthest, self._size())
        return self._furthest > before and self._kept().total > 0

    def _receive(self, console: Console) -> bool:
        """Append what one answer brings; return whether the file is whole then."""
        known, offset = self._kept(), self._size()
        if offset and not known.total:
            self._drop()
            offset = 0
        headers = {"Range": f"bytes={offset}-"} if offset else {}
        with self.door.storage.get(self._link, headers=headers, stream=True) as response:
            if response.status_code == requests.codes.requested_range_not_satisfiable:
                return self._is_all(response, known)
            check_stored(response)
            found = _whole(response)
            if offset and (_start(response) != offset or _differ(known, found)):
                self._drop()  # it answers from the start, or with another file
                if _start(response):
                    raise UnreadableAnswerError("another part", response=response)
                offset = 0
            if not offset:
                self._keep(found)
            doing = f"Downloading and unpacking {self.slug!r}"
            check_room(doing, found.total - offset + self.room, self.part.parent)
            bar = console.bar(f"download {self.slug}", found.total)
            of = f" of {megabytes(found.total)}" if found.total else ""
            with bar as advance, self.part.open("ab") as file:
                advance(offset)
                for piece in response.iter_content(_PIECE):
                    offset += file.write(piece)
                    advance(len(piece), note=f"{megabytes(offset)}{of}")
        return not found.total or self._size() >= found.total

    def _is_all(self, response: requests.Response, known: Whole) -> bool:
        """Return True where what is here is all; raise where it is another file."""
        if response.headers.get("Content-Range") != f"bytes */{self._size()}":
            self._drop()
            raise UnreadableAnswerError("beyond its end", response=response)
        self._keep(replace(known, total=self._size()))
        return True

    def _drop(self) -> None:
        self.part.unlink(missing_ok=True)
        self._record.unlink(missing_ok=True)

    def _keep(self, whole: Whole) -> None:
        write_atomic(self._record, _WHOLE.dump_json(whole))

    def _kept(self) -> Whole:
        try:
            return _WHOLE.validate_json(self._record.read_bytes())
        except (OSError, ValueError):
            return Whole()

    @property
    def _record(self) -> Path:
        return self.part.with_suffix(".json")

    def _size(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0


def check_room(doing: str, needed: int, place: Path) -> None:
    """Refuse to fill a disk that lacks room for what is missing."""
    free = shutil.disk_usage(place).free
    if needed > free:
        raise DiskFullError(
            f"{doing} needs {megabytes(needed)} more, and {megabytes(free)} are free in {place}. "
            "What was downloaded is kept. Free some space, or set KAGGLE_PRZ_HOME to another "
            "directory, and run the same command again."
        )


def megabytes(size: float) -> str:
    """Return bytes as people read them."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"


def _start(response: requests.Response) -> int:
    """Return at which byte an answer begins."""
    match = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
    return int(match[1]) if match and response.status_code == requests.codes.partial else 0


def _whole(response: requests.Response) -> Whole:
    match = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
    length = match[2] if match else response.headers.get("Content-Length", "0")
    digests = ",".join(_digests(response.headers.get("x-goog-hash", "")))
    return Whole(int(length), response.headers.get("ETag", ""), digests)


def _digests(header: str) -> Iterator[str]:
    for part in header.split(","):
        name, _, value = part.strip().partition("=")
        if name == "md5":
            with contextlib.suppress(binascii.Error):
                yield base64.b64decode(value, validate=True).hex()


def _differ(known: Whole, found: Whole) -> bool:
    tags = bool(known.tag and found.tag and known.tag != found.tag)
    return tags or known.total != found.total
