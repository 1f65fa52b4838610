"""Presets of KerasHub: downloaded by it, attached to a kernel, or a directory."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kaggle_prz.core import environment
from kaggle_prz.core.errors import UsageError
from kaggle_prz.models.backbones.weights_sources import WeightsError, local_presets
from kaggle_prz.models.backbones.weights_sources.quiet import quiet

if TYPE_CHECKING:
    import keras

_KAGGLE, _HUGGING_FACE = "kaggle://", "hf://"
_HOSTS = {_KAGGLE: "https://www.kaggle.com", _HUGGING_FACE: "https://huggingface.co"}
_SECONDS_TO_CHECK = 3.0


@dataclass(frozen=True)
class HubPreset:
    """What KerasHub's `from_preset` takes; a `WeightsSource`."""

    preset: str  # a name, an address, or a directory
    model: str = ""  # at Kaggle Models, as owner/model/framework/variation/version

    @property
    def way(self) -> str:
        """Return what to do: be online, or attach the model."""
        model = "/".join(self._model.split("/")[:4])
        attach = f", or attach the Kaggle Model {model} to the kernel" if model else ""
        return f"connect to the internet{attach}"

    @property
    def brings(self) -> str:
        """Return who brings the file."""
        return "downloaded by KerasHub"

    def find(self) -> Path | None:
        """Return the file of the preset's weights if it is on this machine, whole."""
        found = (local_presets.weights_of(each) for each in self._directories())
        return next((file for file in found if file is not None), None)

    def config(self) -> dict[str, object]:
        """Return what builds the network; empty if the preset is not on this machine."""
        directory = self._with_config()
        if directory is None:
            return {}
        try:
            config = json.loads((directory / local_presets.CONFIG).read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise UsageError(
                f"{directory / local_presets.CONFIG} is damaged ({error}). Delete {directory}, "
                "and run the command again."
            ) from None
        return config if isinstance(config, dict) else {}

    def directory(self) -> Path:
        """Return a directory with the preset's settings, downloaded if they are not here."""
        found = self.find()
        if found is not None:
            return found.parent
        directory = self._with_config()
        return directory or self._downloaded(load_weights=False)

    def check(self) -> None:
        """Raise `WeightsError` if the preset is not here and its host does not answer."""
        import requests

        self._refuse_no_preset()
        scheme = _HUGGING_FACE if self.preset.startswith(_HUGGING_FACE) else _KAGGLE
        try:
            requests.head(_HOSTS[scheme], timeout=_SECONDS_TO_CHECK, allow_redirects=False)
        except (requests.RequestException, OSError) as error:
            raise WeightsError(self._failed(error)) from None

    def fetch(self) -> Path:
        """Let KerasHub download the preset, and return its file of weights."""
        self._refuse_no_preset()
        self._downloaded(load_weights=True)
        found = self.find()
        if found is None:
            raise WeightsError(self._failed(FileNotFoundError("its files are not in the cache")))
        return found

    def load(self, path: Path, network: "keras.Model", /) -> None:
        """Set the weights, position embeddings interpolated to the size of the network."""
        from kaggle_prz.models.backbones.hub import network as networks

        networks.load(path.parent, network)

    def _downloaded(self, *, load_weights: bool) -> Path:
        with environment.without_banner():
            import keras_hub

        try:
            with quiet("kagglehub", "huggingface_hub", "absl"):
                keras_hub.models.Backbone.from_preset(self.preset, load_weights=load_weights)
                keras_hub.layers.ImageConverter.from_preset(self.preset)
        except Exception as error:  # of kagglehub, requests, h5py and Keras
            raise WeightsError(self._failed(error)) from None
        directory = self._with_config()
        if directory is None:
            raise WeightsError(self._failed(FileNotFoundError("it is not in the client's cache")))
        return directory

    def _with_config(self) -> Path | None:
        wanted = local_presets.CONFIG
        return next((d for d in self._directories() if local_presets.has(d, wanted)), None)

    def _directories(self) -> Iterator[Path]:
        if self._model:
            yield from local_presets.of_kaggle(self._model)
        elif self.preset.startswith(_HUGGING_FACE):
            yield from local_presets.of_hugging_face(self.preset.removeprefix(_HUGGING_FACE))
        else:
            yield Path(self.preset).expanduser()

    @property
    def _model(self) -> str:
        handle = self.model or self.preset.removeprefix(_KAGGLE)
        return handle if self.model or self.preset.startswith(_KAGGLE) else ""

    def _refuse_no_preset(self) -> None:
        """Refuse a directory that is none of a preset; a name may be of a newer KerasHub."""
        place = Path(self.preset).expanduser()
        if "://" not in self.preset and place.is_dir() and self.find() is None:
            raise UsageError(
                f"A directory of a KerasHub preset has {local_presets.CONFIG} and all files of "
                f"weights; received {place}, which lacks some. Download the preset again."
            )

    def _failed(self, error: BaseException) -> str:
        said = " ".join(str(error).split())[:200]
        return f"the preset {self.preset} cannot be downloaded ({type(error).__name__}: {said})"
