"""Weights that KerasCV publishes at Kaggle Models: downloaded, or attached to a kernel."""

import contextlib
import io
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kaggle_prz.core import environment
from kaggle_prz.models.backbones.weights_sources import WeightsError

if TYPE_CHECKING:
    import keras

_FILE = "model.weights.h5"
_SECONDS_TO_CHECK = 3.0


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

    def find(self) -> Path | None:
        """Return the file in kagglehub's cache, or among the inputs of a kernel."""
        inside = f"{self.model}/[kK]eras/{self.preset}/*"
        places = [(_cache(), f"models/keras/{inside}")]
        places += [(_inputs(), f"models/keras/{inside}"), (_inputs(), inside)]
        for root, pattern in places:
            for file in sorted(root.glob(f"{pattern}/{_FILE}"), reverse=True):
                if root != _cache() or _is_whole(file):
                    return file
        return None

    def check(self) -> None:
        """Ask whether Kaggle answers."""
        import requests

        try:
            requests.head(_host(), timeout=_SECONDS_TO_CHECK, allow_redirects=False)
        except (requests.RequestException, OSError) as error:
            raise WeightsError(self._failed(error)) from None

    def fetch(self) -> Path:
        """Let KerasCV download the preset, and return its file of weights."""
        with environment.without_banner():
            import keras_cv

        try:
            with _quiet():
                getattr(keras_cv.models, self.class_name).from_preset(self.preset)
        except Exception as error:  # of kagglehub, requests, h5py and Keras
            raise WeightsError(self._failed(error)) from None
        found = self.find()
        if found is None:
            raise WeightsError(self._failed(FileNotFoundError(f"{_FILE} is not in {_cache()}")))
        return found

    def load(self, path: Path, network: "keras.Model", /) -> None:
        """Set the weights; the preset's own network differs in its scaling of pixels alone."""
        network.load_weights(path)

    def _failed(self, error: BaseException) -> str:
        said = " ".join(str(error).split())[:200]
        return (
            f"the preset {self.preset} cannot be downloaded from Kaggle Models "
            f"({type(error).__name__}: {said})"
        )


def _cache() -> Path:
    home = os.environ.get("KAGGLEHUB_CACHE")
    return Path(home) if home else Path("~/.cache/kagglehub").expanduser()


def _inputs() -> Path:
    return Path(os.environ.get("KAGGLE_PRZ_INPUT") or "/kaggle/input")


def _host() -> str:
    return os.environ.get("KAGGLE_API_ENDPOINT", "https://www.kaggle.com")


def _is_whole(file: Path) -> bool:
    """Return whether kagglehub finished a download: it then writes a marker beside its folder."""
    version, variation = file.parent.name, file.parent.parent
    markers = (f"{version}.complete", f".complete/{version}/{file.name}.complete")
    return any((variation / marker).exists() for marker in markers)


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
