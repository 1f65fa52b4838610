"""A model at Kaggle Models, as KerasCV and KerasHub have kagglehub download it, but whole."""

import contextlib
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from kaggle_prz.core.errors import CredentialsError
from kaggle_prz.models.backbones.weights_sources import (
    WeightsError,
    is_of_the_disk,
    local_presets,
)
from kaggle_prz.models.backbones.weights_sources.clients import impatient, quiet, said

_SECONDS = 20.0  # without an answer
_SECONDS_TO_CHECK = 1.5  # to connect, and as many to answer
_ONE_AT_A_TIME = threading.Lock()  # `quiet` and `impatient` change the process


@dataclass(frozen=True)
class KaggleModel:
    """One version of a model, which holds one preset."""

    handle: str  # owner/model/framework/variation/version

    @property
    def source(self) -> str:
        """Return what a kernel attaches: the handle without its version."""
        return self.handle.rpartition("/")[0]

    @property
    def preset(self) -> str:
        """Return the name of the preset."""
        return self.handle.split("/")[3]

    @property
    def page(self) -> str:
        """Return the model's page, where its terms are accepted."""
        owner, name, *_ = self.handle.split("/")
        return f"https://www.kaggle.com/models/{owner}/{name}"

    @property
    def way(self) -> str:
        """Return what to do to have the preset."""
        return (
            f"connect to the internet, or put the preset into KAGGLE_PRZ_WEIGHTS/{self.preset}, or "
            f"in a kernel attach the Kaggle Model {self.source}"
        )

    def check(self, file: str) -> None:
        """Ask Kaggle where a file is, as kagglehub does, and download nothing."""
        import requests

        from kaggle_prz.competitions.kaggle import sdk
        from kaggle_prz.competitions.kaggle.credentials import credentials

        owner, model, framework, variation, version = self.handle.split("/")
        try:
            credential = credentials()
        except CredentialsError:  # most presets need none
            credential = None
        try:
            with sdk.Http(credential) as kaggle:
                kaggle.link(
                    "models",
                    "DownloadModelInstanceVersion",
                    timeout=(_SECONDS_TO_CHECK, _SECONDS_TO_CHECK),
                    owner_slug=owner,
                    model_slug=model,
                    framework=f"MODEL_FRAMEWORK_{framework.upper()}",
                    instance_slug=variation,
                    version_number=int(version),
                    path=file,
                )
        except (requests.RequestException, OSError) as error:
            raise WeightsError(self._failed(error)) from None

    def fetch(self, download: Callable[[], object], find: Callable[[], Path | None]) -> Path:
        """Let a library download the preset, and return what `find` then finds.

        The library builds the preset's network with it: what cannot be read does not stay in the
        cache. Two processes download it once.
        """
        cache = local_presets.kagglehub()
        try:
            cache.mkdir(parents=True, exist_ok=True)
            with _ONE_AT_A_TIME, FileLock(cache / f".{self.preset}.lock"):
                return find() or self._downloaded(download, find)
        except OSError as error:
            raise WeightsError(
                f"{cache} cannot be written to ({error.strerror or error}); set KAGGLEHUB_CACHE to "
                "another directory"
            ) from None

    @contextlib.contextmanager
    def discarding(self, path: Path) -> Iterator[None]:
        """Remove the preset from kagglehub's cache if its file, read within, has other weights."""
        try:
            yield
        except WeightsError:
            if path.is_relative_to(local_presets.kagglehub()):
                self._discard()
            raise

    def _discard(self) -> None:
        """Remove what kagglehub would take for the preset; it has no whole one beside it."""
        shutil.rmtree(self._folder(), ignore_errors=True)

    def _downloaded(self, download: Callable[[], object], find: Callable[[], Path | None]) -> Path:
        left = self._folder().exists()  # by a download that was interrupted
        try:
            return self._asked(download, find)
        except WeightsError:
            if not left or self._folder().exists():
                raise
        return self._asked(download, find)

    def _asked(self, download: Callable[[], object], find: Callable[[], Path | None]) -> Path:
        try:
            with quiet(), impatient(_SECONDS):
                download()
            if (found := find()) is None:
                raise FileNotFoundError(f"its files are not in {local_presets.kagglehub()}")
        except Exception as error:  # of kagglehub, requests, h5py and Keras
            if not _passes(error):
                self._discard()
            if is_of_the_disk(error):
                raise
            raise WeightsError(self._failed(error)) from None
        return found

    def _folder(self) -> Path:
        return local_presets.kagglehub() / "models" / Path(self.source)

    def _failed(self, error: BaseException) -> str:
        answer = getattr(error, "response", None)
        if answer is not None and answer.status_code in {401, 403}:
            return (
                f"Kaggle does not hand out the preset {self.preset} ({answer.status_code}): accept "
                f"the terms of the model at {self.page}, and have an access token on this machine"
            )
        return f"the preset {self.preset} cannot be downloaded from Kaggle Models ({said(error)})"


def _passes(error: BaseException) -> bool:
    """Return whether a later download may go on with what came."""
    import requests

    if not isinstance(error, requests.RequestException):
        return False
    return error.response is None or error.response.status_code >= 500
