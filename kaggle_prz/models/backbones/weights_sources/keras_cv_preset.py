"""Weights that KerasCV publishes at Kaggle Models: downloaded, or attached to a kernel."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kaggle_prz.core import environment
from kaggle_prz.models.backbones.weights_sources import WeightsError, is_hdf5, local_presets
from kaggle_prz.models.backbones.weights_sources.clients import said
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
        for directory in local_presets.of_kaggle(self.at_kaggle.source):
            if local_presets.has(directory, _FILE) and is_hdf5(directory / _FILE):
                return directory / _FILE
        return None

    def check(self) -> None:
        """Ask Kaggle where the preset is, as kagglehub does, and download nothing."""
        self.at_kaggle.check(_FILE)

    def fetch(self) -> Path:
        """Let KerasCV download the preset, and return its file of weights."""
        return self.at_kaggle.fetch(self._download, self.find)

    def load(self, path: Path, network: "keras.Model", /) -> None:
        """Set the weights; the preset's own network differs in its scaling of pixels alone."""
        from kaggle_prz.models import weights

        try:
            weights.load(network, path)
        except (ValueError, OSError, KeyError) as error:
            if path.is_relative_to(local_presets.kagglehub()):
                self.at_kaggle.discard()
            raise WeightsError(
                f"{path} does not have the weights of the preset {self.preset} ({said(error)})"
            ) from None

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

        getattr(keras_cv.models, self.class_name).from_preset(self.preset)
