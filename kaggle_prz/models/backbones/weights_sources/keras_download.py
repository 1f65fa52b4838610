"""Weights that Keras publishes for keras.applications: its file, its cache, its digest."""

import contextlib
import functools
import hashlib
import os
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from kaggle_prz.core import environment
from kaggle_prz.models.backbones.weights_sources import (
    WeightsError,
    is_of_the_disk,
    load,
    local_presets,
)
from kaggle_prz.models.backbones.weights_sources.clients import quiet, said

if TYPE_CHECKING:
    import keras

_SECONDS = 20.0  # without an answer
_SECONDS_TO_CHECK = 3.0
_MD5 = 32  # digits in hex


@dataclass(frozen=True)
class KerasDownload:
    """A file that `keras.utils.get_file` fetches; a `WeightsSource`."""

    name: str  # of the file
    url: str
    digest: str = ""  # SHA-256 or MD5 in hex, as Keras has it

    @property
    def way(self) -> str:
        """Return what to do: be online, or bring the file."""
        return (
            f"connect to the internet, or put {self.url} into {_directory()} or the directory "
            "KAGGLE_PRZ_WEIGHTS"
        )

    @property
    def brings(self) -> str:
        """Return who brings the file."""
        return "downloaded by Keras"

    def find(self) -> Path | None:
        """Return the file, if it is whole by its digest: in Keras's cache, or among the inputs."""
        places = [_directory() / self.name, *local_presets.files(self.name)]
        return next((path for path in places if path.is_file() and self._is_whole(path)), None)

    def check(self) -> None:
        """Ask for the file's first byte."""
        import requests

        try:
            answer = requests.get(
                self.url, headers={"Range": "bytes=0-0"}, timeout=_SECONDS_TO_CHECK, stream=True
            )
            answer.close()
            answer.raise_for_status()
        except (requests.RequestException, OSError) as error:
            raise WeightsError(self._failed(error)) from None

    def fetch(self) -> Path:
        """Download the file to a place of its own, compare its digest, and move it into the cache.

        A file that was cut is never taken for a whole one, and two processes fetch it once.
        """
        directory = _directory()
        try:
            directory.mkdir(parents=True, exist_ok=True)
            with (
                FileLock(directory / f".{self.name}.lock"),
                tempfile.TemporaryDirectory(dir=directory, prefix=".fetching-") as place,
            ):
                return self.find() or self._moved(Path(place), directory / self.name)
        except OSError as error:
            raise WeightsError(
                f"{directory} cannot be written to ({error.strerror or error}); set KERAS_HOME to "
                "another directory"
            ) from None

    @property
    def kaggle_model(self) -> str:
        """Return nothing: Keras publishes these files elsewhere."""
        return ""

    def carried(self) -> dict[str, Path]:
        """Return the file."""
        return {self.name: self.fetch()}

    def load(self, path: Path, network: "keras.Model", /) -> None:
        """Set the weights as keras.applications does."""
        load(network, path, f"the file {self.name}")

    def _moved(self, place: Path, target: Path) -> Path:
        with environment.without_banner():
            import keras

        try:
            with quiet(), _impatient():
                got = keras.utils.get_file(
                    self.name,
                    self.url,
                    cache_dir=str(place),
                    cache_subdir="",
                    file_hash=self.digest or None,
                )
        except Exception as error:  # Keras raises bare ones
            if is_of_the_disk(error):
                raise
            raise WeightsError(self._failed(error)) from None
        if not self._is_whole(Path(got)):
            raise WeightsError(self._failed(ValueError("what came is no file of weights")))
        Path(got).replace(target)
        return target

    def _is_whole(self, path: Path) -> bool:
        if self.digest:
            return self.digest == _digest(path, len(self.digest), path.stat().st_mtime_ns)
        return local_presets.is_hdf5(path)

    def _failed(self, error: BaseException) -> str:
        host = self.url.split("/")[2]
        places = [_directory() / self.name, *local_presets.files(self.name)]
        wrong = [place for place in places if place.is_file()]
        there = "".join(f"{place} is not the file that Keras publishes, and " for place in wrong)
        return f"{there}{self.name} cannot be downloaded from {host} ({said(error)})"


@functools.lru_cache
def _digest(path: Path, length: int, changed: int) -> str:  # noqa: ARG001 - a key of the cache
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5" if length == _MD5 else "sha256").hexdigest()


def _directory() -> Path:
    """Return the directory of weights in Keras's cache, which KERAS_HOME moves."""
    home = os.environ.get("KERAS_HOME")
    return (Path(home) if home else Path("~/.keras").expanduser()) / "models"


@contextlib.contextmanager
def _impatient() -> Iterator[None]:
    """Give up a connection that is silent."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
