"""A file of weights that Keras wrote -> a network; of a whole classifier, its backbone's part."""

import re
import shutil
import tempfile
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import h5py

if TYPE_CHECKING:
    import keras

# What Keras raises for a file that does not fit, or is damaged.
MISMATCHES = (ValueError, OSError, KeyError, zipfile.BadZipFile)
_NUMBERED = re.compile(r"(.*?)(?:_(\d+))?")
_Layers = dict[str, list[h5py.Dataset]]  # name -> weights, in the order of `_variables`


def load(network: "keras.Model", path: Path) -> None:
    """Load a `.keras`, `.weights.h5` or `.h5` file; raise one of `MISMATCHES` if it does not fit.

    The file is of the network, or of a classifier that has the network as its first layers or as
    an inner model.
    """
    try:
        _load(network, path)
    except MISMATCHES:
        with tempfile.TemporaryDirectory() as folder:
            if not _load_part(network, path, Path(folder)):
                raise


def _load(network: "keras.Model", path: Path) -> None:
    from kaggle_prz.models import weights

    weights.load(network, path)


def _load_part(network: "keras.Model", path: Path, folder: Path) -> bool:
    """Load the one part of a file that is a file of the network; return whether there is one."""
    with ExitStack() as stack:
        if zipfile.is_zipfile(path):
            archive = stack.enter_context(zipfile.ZipFile(path))
            if "model.weights.h5" not in archive.namelist():
                return False
            path = folder / "whole.weights.h5"
            with archive.open("model.weights.h5") as packed, path.open("wb") as unpacked:
                shutil.copyfileobj(packed, unpacked)
        elif not h5py.is_hdf5(path):
            return False
        file = stack.enter_context(h5py.File(path, "r"))
        whole = file.get("model_weights", file)
        parts = _legacy_parts if "layer_names" in whole.attrs else _inner_models
        fitting = [part for part in parts(whole, network, folder) if _fits(network, part)]
        if len(fitting) > 1:
            raise ValueError(f"It has {len(fitting)} such networks.")
    return bool(fitting)


def _fits(network: "keras.Model", part: Path) -> bool:
    try:
        _load(network, part)
    except MISMATCHES:
        return False
    return True


def _inner_models(file: h5py.Group, network: "keras.Model", folder: Path) -> Iterator[Path]:  # noqa: ARG001
    """Write every inner model to a file of its own."""
    inner: list[h5py.Group] = []

    def visit(_: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Group) and "layers" in item:
            inner.append(item)

    file.visititems(visit)
    for place, model in enumerate(inner):
        part = folder / f"{place}.weights.h5"
        with h5py.File(part, "w") as written:
            for name, item in model.items():
                model.copy(item, written, name)
        yield part


def _legacy_parts(file: h5py.Group, network: "keras.Model", folder: Path) -> Iterator[Path]:
    """Write the layers of the network to files of their own, as Keras 2 and 3 write `.h5`."""
    layers = {
        name: {weight: group[weight] for weight in _names(group, "weight_names")}
        for name in _names(file, "layer_names")
        if _names(group := file[name], "weight_names")
    }
    found = [_first(layers, network), *(_inner(one, network) for one in layers.values())]
    for place, part in enumerate(found):
        if part:
            yield _written(part, folder / f"{place}.h5")


def _first(layers: Mapping[str, Mapping[str, h5py.Dataset]], network: "keras.Model") -> _Layers:
    """Return as many layers as the network has, if those that are left can be a head.

    A head has no convolutions: a deeper network is not taken for this one.
    """
    count = sum(bool(layer.weights) for layer in network.layers)
    each = [(name, [*weights.values()]) for name, weights in layers.items()]
    if any(len(weight.shape) > 2 for _, weights in each[count:] for weight in weights):
        return {}
    return dict(each[:count])


def _inner(weights: Mapping[str, h5py.Dataset], network: "keras.Model") -> _Layers:
    """Return the layers of an inner model, by name: Keras writes frozen weights after all others.

    Numbers at the end of a name that Keras gave, such as `conv2d_94`, only count in their order.
    """
    wanted = {layer.name: [one.path for one in _variables(layer)] for layer in network.layers}
    known = _by_rank(weights)
    ranked = _by_rank([path for paths in wanted.values() for path in paths])
    if known.keys() != ranked.keys():
        return {}
    of_path = {path: weights[known[rank]] for rank, path in ranked.items()}
    return {name: [of_path[path] for path in paths] for name, paths in wanted.items() if paths}


def _variables(layer: "keras.Layer") -> list["keras.Variable"]:
    return [*layer.trainable_weights, *layer.non_trainable_weights]


def _by_rank(paths: Iterable[str]) -> dict[tuple[str, int, str], str]:
    """Return paths by the layer's name without number, its rank among these, and the rest."""
    split = {path: path.removesuffix(":0").partition("/")[::2] for path in paths}
    numbers: dict[str, set[int]] = defaultdict(set)
    for layer, _ in split.values():
        name, number = _name_and_number(layer)
        numbers[name].add(number)
    ranks = {name: sorted(every) for name, every in numbers.items()}
    named = {path: (*_name_and_number(layer), rest) for path, (layer, rest) in split.items()}
    return {
        (name, ranks[name].index(number), rest): path
        for path, (name, number, rest) in named.items()
    }


def _name_and_number(layer: str) -> tuple[str, int]:
    match = _NUMBERED.fullmatch(layer)
    return (match[1], int(match[2] or -1)) if match else (layer, -1)


def _names(group: h5py.Group, attribute: str) -> list[str]:
    """Return an attribute of names, which Keras splits if it is long."""
    split = (f"{attribute}{place}" for place in range(len(group.attrs)))
    places = [attribute, *split] if attribute not in group.attrs else [attribute]
    names = [name for place in places if place in group.attrs for name in group.attrs[place]]
    return [name.decode() if isinstance(name, bytes) else str(name) for name in names]


def _written(layers: _Layers, path: Path) -> Path:
    with h5py.File(path, "w") as file:
        file.attrs.create("layer_names", [*layers], dtype=h5py.string_dtype())
        for name, weights in layers.items():
            group = file.create_group(name)
            names = [str(place) for place in range(len(weights))]
            group.attrs.create("weight_names", names, dtype=h5py.string_dtype())
            for place, weight in zip(names, weights, strict=True):
                group[place] = weight[()]
    return path
