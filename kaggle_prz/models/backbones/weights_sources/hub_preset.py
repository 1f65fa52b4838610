"""Presets of KerasHub: downloaded by it, attached to a kernel, or a directory."""

import contextlib
import functools
import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kaggle_prz.core import environment
from kaggle_prz.core.errors import UsageError
from kaggle_prz.models.backbones.weights_sources import WeightsError, local_presets
from kaggle_prz.models.backbones.weights_sources.clients import impatient, quiet, said
from kaggle_prz.models.backbones.weights_sources.kaggle_model import KaggleModel

if TYPE_CHECKING:
    import keras

_KAGGLE, _HUGGING_FACE = "kaggle://", "hf://"
_SECONDS = 20.0  # without an answer
_SECONDS_TO_CHECK = 1.5  # to connect, and as many to answer


@dataclass(frozen=True)
class HubPreset:
    """What KerasHub's `from_preset` takes; a `WeightsSource`."""

    preset: str  # a name, an address, or a directory
    model: str = ""  # at Kaggle Models, as owner/model/framework/variation/version
    kept: str = ""  # directory with the settings that a run kept of it

    @property
    def at_kaggle(self) -> KaggleModel | None:
        """Return the Kaggle Model that holds it, if any does."""
        handle = self.preset.removeprefix(_KAGGLE) if self.preset.startswith(_KAGGLE) else ""
        return KaggleModel(self.model or handle) if self.model or handle else None

    @property
    def way(self) -> str:
        """Return what to do: be online, or attach the model."""
        return self.at_kaggle.way if self.at_kaggle else "connect to the internet"

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
        return self._with_config() or self._downloaded(self._with_config, load_weights=False)

    def check(self) -> None:
        """Raise `WeightsError` if the preset is not here and its host has none."""
        import requests

        self._refuse_part_of_a_preset()
        if self.at_kaggle is not None:
            self.at_kaggle.check(local_presets.CONFIG)
        elif self.preset.startswith(_HUGGING_FACE):
            host = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
            repository = self.preset.removeprefix(_HUGGING_FACE)
            try:
                answer = requests.head(
                    f"{host}/{repository}/resolve/main/{local_presets.CONFIG}",
                    timeout=(_SECONDS_TO_CHECK, _SECONDS_TO_CHECK),
                )
                answer.raise_for_status()
            except (requests.RequestException, OSError) as error:
                raise WeightsError(self._failed(error)) from None

    def fetch(self) -> Path:
        """Let KerasHub download the preset, and return its file of weights."""
        self._refuse_part_of_a_preset()
        return self.find() or self._downloaded(self.find, load_weights=True)

    def load(self, path: Path, network: "keras.Model", /) -> None:
        """Set the weights, position embeddings interpolated to the size of the network."""
        from kaggle_prz.models.backbones.hub import network as networks

        of_kaggle = self.at_kaggle.discarding(path) if self.at_kaggle else contextlib.nullcontext()
        with of_kaggle:
            networks.load(path, network, f"the preset {self.preset}")

    @property
    def kaggle_model(self) -> str:
        """Return the model that a kernel attaches, if one has the preset."""
        return self.at_kaggle.handle if self.at_kaggle else ""

    @property
    def name(self) -> str:
        """Return what the preset is called, wherever it comes from."""
        return self.at_kaggle.preset if self.at_kaggle else Path(self.preset).name

    def carried(self) -> dict[str, Path]:
        """Return the files of the preset's directory."""
        return self._within(self.fetch().parent.iterdir())

    def settings(self) -> dict[str, Path]:
        """Return the files that build the network, without weights."""
        return self._within(self.directory().glob("*.json"))

    def _within(self, files: Iterable[Path]) -> dict[str, Path]:
        return {f"{self.name}/{file.name}": file for file in files if file.is_file()}

    def _downloaded(self, find: Callable[[], Path | None], *, load_weights: bool) -> Path:
        download = functools.partial(self._download, load_weights=load_weights)
        if self.at_kaggle is not None:
            return self.at_kaggle.fetch(download, find)
        try:
            with quiet(), impatient(_SECONDS):
                download()
            if (found := find()) is None:
                raise FileNotFoundError("it is not in the client's cache")
        except Exception as error:  # of huggingface_hub, requests, h5py and Keras
            raise WeightsError(self._failed(error)) from None
        return found

    def _download(self, *, load_weights: bool) -> None:
        with environment.without_banner():
            import keras_hub

        keras_hub.models.Backbone.from_preset(self.preset, load_weights=load_weights)
        with contextlib.suppress(ValueError, FileNotFoundError):  # some scale no pixels
            keras_hub.layers.ImageConverter.from_preset(self.preset)

    def _with_config(self) -> Path | None:
        wanted = local_presets.CONFIG
        return next((d for d in self._directories() if local_presets.has(d, wanted)), None)

    def _directories(self) -> Iterator[Path]:
        if self.kept:
            yield Path(self.kept)
        if self.at_kaggle is not None:
            yield from local_presets.of_kaggle(self.at_kaggle.source)
            return
        yield from local_presets.brought(self.name)
        if self.preset.startswith(_HUGGING_FACE):
            yield from local_presets.of_hugging_face(self.preset.removeprefix(_HUGGING_FACE))
        else:
            yield Path(self.preset).expanduser()

    def _refuse_part_of_a_preset(self) -> None:
        """Refuse a directory that is none of a preset; a name may be of a newer KerasHub."""
        place = Path(self.preset).expanduser()
        if "://" not in self.preset and place.is_dir() and self.find() is None:
            raise UsageError(
                f"A directory of a KerasHub preset has {local_presets.CONFIG} and all files of "
                f"weights; received {place}, which lacks some. Download the preset again."
            )

    def _failed(self, error: BaseException) -> str:
        return f"the preset {self.preset} cannot be downloaded ({said(error)})"
