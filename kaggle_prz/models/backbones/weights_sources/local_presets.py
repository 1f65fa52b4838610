"""Directories of presets on this machine: in caches of their clients, or mounted in a kernel."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

from kaggle_prz.core.errors import UsageError

CONFIG = "config.json"
_HDF5 = b"\x89HDF\r\n\x1a\n"  # how its files begin
_WEIGHTS = ("model.weights.h5", "model.safetensors")
_INDEXES = ("model.weights.json", "model.safetensors.index.json")  # of weights in several files


def of_kaggle(model: str) -> Iterator[Path]:
    """Yield where versions of a Kaggle Model are, `owner/model/framework/variation`: newest first.

    What kagglehub has not downloaded to its end is left out.
    """
    owner, name, framework, variation = model.split("/")
    yield from brought(variation)
    framework = f"[{framework[0].lower()}{framework[0].upper()}]{framework[1:]}"
    inside = f"{name}/{framework}/{variation}/*"
    for root in (kagglehub() / "models" / owner, inputs() / "models" / owner, inputs()):
        yield from _newest_first(root.glob(inside))


def of_hugging_face(repository: str) -> Iterator[Path]:
    """Yield where a repository of Hugging Face is in its client's cache."""
    home = os.environ.get("HF_HOME") or "~/.cache/huggingface"
    hub = Path(os.environ.get("HF_HUB_CACHE") or f"{home}/hub").expanduser()
    cached = hub / f"models--{repository.replace('/', '--')}"
    reference = cached / "refs" / "main"
    if reference.is_file():
        yield cached / "snapshots" / reference.read_text("utf-8").strip()


def weights_of(preset: Path) -> Path | None:
    """Return the file of a preset's weights, or their index, if all of them are there and whole."""
    if not has(preset, CONFIG):
        return None
    for name in _WEIGHTS:
        if has(preset, name):
            return preset / name
    for name in _INDEXES:
        if has(preset, name) and all(has(preset, part) for part in _parts(preset / name)):
            return preset / name
    return None


def has(preset: Path, name: str) -> bool:
    """Return whether a preset's directory has a file, downloaded to its end, of its kind."""
    file = preset / name
    if not file.is_file() or (file.suffix == ".h5" and not is_hdf5(file)):
        return False
    if not preset.is_relative_to(kagglehub()):
        return True
    version, variation = preset.name, preset.parent
    markers = (f"{version}.complete", f".complete/{version}/{name}.complete")
    return any((variation / marker).exists() for marker in markers)


def is_hdf5(path: Path) -> bool:
    """Return whether a file begins as HDF5 does, and not for example as a login page."""
    with path.open("rb") as file:
        return file.read(len(_HDF5)) == _HDF5


def _parts(index: Path) -> set[str]:
    parts: set[str] = set()
    for named in json.loads(index.read_text("utf-8"))["weight_map"].values():
        parts.update([named] if isinstance(named, str) else named)
    return parts


def _newest_first(directories: Iterator[Path]) -> list[Path]:
    return sorted(
        (each for each in directories if each.is_dir()),
        key=lambda each: (int(each.name) if each.name.isdigit() else 0, each.name),
        reverse=True,
    )


def kagglehub() -> Path:
    """Return the cache of kagglehub."""
    return Path(os.environ.get("KAGGLEHUB_CACHE") or "~/.cache/kagglehub").expanduser()


def brought(name: str) -> Iterator[Path]:
    """Yield where a directory of weights has a file or a preset: of a person, or of a bundle.

    Raises:
        UsageError: KAGGLE_PRZ_WEIGHTS names no directory.
    """
    if place := os.environ.get("KAGGLE_PRZ_WEIGHTS"):
        directory = Path(place).expanduser()
        if not directory.is_dir():
            raise UsageError(
                f"KAGGLE_PRZ_WEIGHTS names the directory that holds weights, and {place} is none. "
                f"Correct the variable, or unset it"
            )
        yield directory / name


def files(name: str) -> Iterator[Path]:
    """Yield where files of a name are, in a directory of weights or attached to a kernel."""
    yield from brought(name)
    for within in ("*", "datasets/*/*", "models/*/*/*/*/*"):
        yield from inputs().glob(f"{within}/{name}")


def inputs() -> Path:
    """Return where a kernel has what is attached to it."""
    return Path(os.environ.get("KAGGLE_PRZ_INPUT") or "/kaggle/input")
