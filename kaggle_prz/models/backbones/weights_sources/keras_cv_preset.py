"""Weights that KerasCV publishes at Kaggle Models: downloaded, or attached to a kernel."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kaggle_prz.core import environment
from kaggle_prz.models.backbones.weights_sources import load, local_presets
from kaggle_prz.models.backbones.weights_sources.kaggle_model import KaggleModel

if TYPE_CHECKING:
    import keras

_FILE = "model.weights.h5"
_VERSION = 2  # of every preset that KerasCV names


@dataclass(frozen=True)
class KerasCVPreset:
    """A preset of KerasCV, such as `resnet50_imagenet`; a `WeightsSource`."""

    preset: str
    class_name: str  # of KerasCV's backbone
    model: str  # its name at Kaggle Models, below the owner keras

    @property
    def at_kaggle(self) -> KaggleModel:
        """Return the Kaggle Model that holds it."""
        return KaggleModel(f"keras/{self.model}/keras/{self.preset}/{_VERSION}")

    @property
    def way(self) -> str:
        """Return what to do: be online, or attach the model."""
        return self.at_kaggle.way

    @property
    def brings(self) -> str:
        """Return who brings the file."""
        return "downloaded by KerasCV"

    def find(self) -> Path | None:
        """Return the file in kagglehub's cache, or among the inputs of a kernel."""
        places = local_presets.of_kaggle(self.at_kaggle.source)
        return next((each / _FILE for each in places if local_presets.has(each, _FILE)), None)

    def check(self) -> None:
        """Ask Kaggle where the preset is, as kagglehub does, and download nothing."""
        self.at_kaggle.check(_FILE)

    def fetch(self) -> Path:
        """Let KerasCV download the preset, and return its file of weights."""
        return self.at_kaggle.fetch(self._download, self.find)

    def load(self, path: Path, network: "keras.Model", /) -> None:
        """Set the weights; the preset's own network differs in its scaling of pixels alone."""
        with self.at_kaggle.discarding(path):
            load(network, path, f"the preset {self.preset}")

    @property
    def kaggle_model(self) -> str:
        """Return the model that a kernel attaches."""
        return self.at_kaggle.handle

    def carried(self) -> dict[str, Path]:
        """Return the file of weights."""
        return {f"{self.preset}/{_FILE}": self.fetch()}

    def _download(self) -> None:
        with environment.without_banner():
            import keras_cv

        with warnings.catch_warnings():  # Keras would leave layers at random weights, and warn
            warnings.filterwarnings("error", "Skipping nested container", UserWarning)
            getattr(keras_cv.models, self.class_name).from_preset(self.preset)
