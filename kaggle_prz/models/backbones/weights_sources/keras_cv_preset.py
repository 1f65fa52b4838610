"""Weights that KerasCV publishes at Kaggle Models: downloaded, or attached to a kernel."""

import contextlib
import io
import logging
import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from kaggle_prz.core import environment
from kaggle_prz.core.errors import CredentialsError
from kaggle_prz.models.backbones.weights_sources import (
    WeightsError,
    every_layer,
    is_hdf5,
    is_of_the_disk,
)

if TYPE_CHECKING:
    import keras
    import requests

_FILE = "model.weights.h5"
_VERSION = 2  # of every preset that KerasCV names
_SECONDS = 20.0  # without an answer
_SECONDS_TO_CHECK = 1.5  # to connect, and as many to answer
_ONE_AT_A_TIME = threading.Lock()  # `_quiet` and `_impatient` change the process


@dataclass(frozen=True)
class KerasCVPreset:
    """A preset of KerasCV, such as `resnet50_imagenet`; a `WeightsSource`."""

    preset: str
    class_name: str  # of KerasCV's backbone
    model: str  # its name at Kaggle Models, below the owner keras

    @property
    def way(self) -> str:
        """Return what to do: be online, or attach the model."""
        return (
            "connect to the internet, or attach the Kaggle Model "
            f"keras/{self.model}/keras/{self.preset} to the kernel"
        )

    @property
    def brings(self) -> str:
        """Return who brings the file."""
        return "downloaded by KerasCV"

    @property
    def page(self) -> str:
        """Return the model's page, where its terms are accepted."""
        return f"https://www.kaggle.com/models/keras/{self.model}"

    def find(self) -> Path | None:
        """Return the file in kagglehub's cache, or among the inputs of a kernel."""
        inside = f"{self.model}/[kK]eras/{self.preset}/*"
        places = [(_cache(), f"models/keras/{inside}")]
        places += [(_inputs(), f"models/keras/{inside}"), (_inputs(), inside)]
        for root, pattern in places:
            for file in sorted(root.glob(f"{pattern}/{_FILE}"), reverse=True):
                if (root != _cache() or _is_whole(file)) and is_hdf5(file):
                    return file
        return None

    def check(self) -> None:
        """Ask Kaggle where the preset is, as kagglehub does, and download nothing."""
        import requests

        from kaggle_prz.competitions.kaggle import sdk
        from kaggle_prz.competitions.kaggle.credentials import credentials

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
                    owner_slug="keras",
                    model_slug=self.model,
                    framework="MODEL_FRAMEWORK_KERAS",
                    instance_slug=self.preset,
                    version_number=_VERSION,
                    path=_FILE,
                )
        except (requests.RequestException, OSError) as error:
            raise WeightsError(self._failed(error)) from None

    def fetch(self) -> Path:
        """Let KerasCV download the preset, and return its file of weights.

        KerasCV builds the preset's network with it: what cannot be read does not stay in the cache.
        """
        cache = _cache()
        try:
            cache.mkdir(parents=True, exist_ok=True)
            with _ONE_AT_A_TIME, FileLock(cache / f".{self.preset}.lock"):
                return self.find() or self._downloaded()
        except OSError as error:
            raise WeightsError(
                f"{cache} cannot be written to ({error.strerror or error}); free some space, "
                "or set KAGGLEHUB_CACHE to another directory"
            ) from None

    def load(self, path: Path, network: "keras.Model", /) -> None:
        """Set the weights; the preset's own network differs in its scaling of pixels alone."""
        from kaggle_prz.models import weights

        try:
            weights.load(network, path)
        except (ValueError, OSError, KeyError) as error:
            if path.is_relative_to(_cache()):
                self._discard()
            raise WeightsError(
                f"{path} does not have the weights of the preset {self.preset} ({_said(error)})"
            ) from None

    def _downloaded(self) -> Path:
        left = self._folder().exists()  # by a download that was interrupted
        try:
            return self._asked()
        except WeightsError:
            if not left or self._folder().exists():
                raise
        return self._asked()

    def _asked(self) -> Path:
        with environment.without_banner():
            import keras_cv

        try:
            with _quiet(), _impatient(), every_layer():
                getattr(keras_cv.models, self.class_name).from_preset(self.preset)
            if (found := self.find()) is None:
                raise FileNotFoundError(f"{_FILE} is not in {_cache()}")
        except Exception as error:  # of kagglehub, requests, h5py and Keras
            if not _passes(error):
                self._discard()
            if is_of_the_disk(error):
                raise
            raise WeightsError(self._failed(error)) from None
        return found

    def _folder(self) -> Path:
        return _cache() / "models" / "keras" / self.model / "keras" / self.preset

    def _discard(self) -> None:
        """Remove what kagglehub would take for the preset; it has no whole one beside it."""
        shutil.rmtree(self._folder(), ignore_errors=True)

    def _failed(self, error: BaseException) -> str:
        answer = getattr(error, "response", None)
        if answer is not None and answer.status_code in {401, 403}:
            return (
                f"Kaggle does not hand out the preset {self.preset} ({answer.status_code}): accept "
                f"the terms of the model at {self.page}, and have an access token on this machine"
            )
        return f"the preset {self.preset} cannot be downloaded from Kaggle Models ({_said(error)})"


def _cache() -> Path:
    home = os.environ.get("KAGGLEHUB_CACHE")
    return Path(home) if home else Path("~/.cache/kagglehub").expanduser()


def _inputs() -> Path:
    return Path(os.environ.get("KAGGLE_PRZ_INPUT") or "/kaggle/input")


def _is_whole(file: Path) -> bool:
    """Return whether kagglehub finished a download: it then writes a marker beside its folder."""
    version, variation = file.parent.name, file.parent.parent
    markers = (f"{version}.complete", f".complete/{version}/{file.name}.complete")
    return any((variation / marker).exists() for marker in markers)


def _passes(error: BaseException) -> bool:
    """Return whether a later download may go on with what came."""
    import requests

    if not isinstance(error, requests.RequestException):
        return False
    return error.response is None or error.response.status_code >= 500


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep kagglehub's progress and notes off the screen."""
    logger = logging.getLogger("kagglehub")
    before, logger.disabled = logger.disabled, True
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        logger.disabled = before


@contextlib.contextmanager
def _impatient() -> Iterator[None]:
    """Give up a connection that is silent: kagglehub asks Kaggle without a timeout."""
    from requests.adapters import HTTPAdapter

    send = HTTPAdapter.send

    def in_time(
        self: HTTPAdapter,
        request: "requests.PreparedRequest",
        stream: bool = False,
        timeout: object = None,
        **more: object,
    ) -> "requests.Response":
        return send(self, request, stream, timeout or _SECONDS, **more)  # type: ignore[arg-type]

    HTTPAdapter.send = in_time  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        HTTPAdapter.send = send  # type: ignore[method-assign]
