"""What a network computes, read from the built model: layers, code, weights and features."""

import functools
import hashlib
import json
import re
import types
import warnings
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kaggle_prz.models.backbones.own.code import digest_of, is_of_a_library

if TYPE_CHECKING:
    import keras

_KEPT = 64  # outputs a size
_REFERENCES = {"name", "keras_history", "input_layers", "output_layers"}
_CONSTANTS = (bool, int, float, str, type(None))
_FUNCTIONS = (types.FunctionType, types.MethodType, functools.partial)
_IGNORED = re.compile(r".*_initializer|shared_object_id|build_config|compile_config")


def structure_of(model: "keras.Model") -> str:
    """Return the digest of a model's layers, their settings, and the user's code in them."""
    layers = list(_layers(model))
    named = (layer.name for layer in (model, *layers))
    ranks = {name: place for place, name in enumerate(dict.fromkeys(named))}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*includes a `lambda`", UserWarning)  # is read by itself
        # Of layers within layers a model's config says nothing, and of some models it says less.
        described = [_described(model, ranks), *(_of_layer(layer, ranks) for layer in layers)]
    return _digest([described, [digest_of(*_code_of(layer)) for layer in layers]])


def initializers_of(model: "keras.Model") -> str:
    """Return the digest of how a model's weights are drawn, for what draws others at every call."""
    drawn = [
        {key: value for key, value in sorted(vars(layer).items()) if key.endswith("_initializer")}
        for layer in model._flatten_layers(include_self=False, recursive=True)
    ]
    return _digest(drawn)


def _digest(facts: object) -> str:
    text = json.dumps(facts, sort_keys=True, default=digest_of)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def weights_of(model: "keras.Model") -> str:
    """Return the digest of a model's weights, in order, without the state of random generators."""
    digest = hashlib.sha256()
    for variable in model.variables:
        if "seed_generator" not in variable.path:
            array = np.asarray(variable)
            digest.update(f"{array.shape} {array.dtype}".encode() + array.tobytes())
    return digest.hexdigest()[:16]


def outputs_of(model: "keras.Model", *, training: bool = False) -> NDArray[np.float32]:
    """Return the features of two made-up pictures: `(2, width)`, pooled where they are maps.

    As in `training`, statistics of batch normalization move.
    """
    import keras

    _, height, width, channels = model.input_shape
    random = np.random.default_rng(0)
    coarse = random.uniform(0, 255, (2, 8, 8, channels))
    rows, columns = np.arange(height) * 8 // height, np.arange(width) * 8 // width
    pictures = 0.7 * coarse[:, rows][:, :, columns]
    pictures += 0.3 * random.uniform(0, 255, pictures.shape)
    outputs = keras.ops.convert_to_numpy(model(pictures.astype(np.float32), training=training))
    axes = tuple(range(1, outputs.ndim - 1))
    with np.errstate(invalid="ignore", over="ignore"):  # refused by who asked for them
        pooled: NDArray[np.float32] = outputs.astype(np.float32).mean(axis=axes)
    return pooled


def sampled(outputs: NDArray[np.float32]) -> tuple[float, ...]:
    """Return some of the outputs, evenly spaced, and the mean of all sizes of them."""
    flat = outputs.ravel()
    places = np.unique(np.linspace(0, len(flat) - 1, _KEPT).astype(int))
    return tuple(float(f"{value:.6g}") for value in [*flat[places], np.abs(flat).mean()])


def _described(model: "keras.Model", ranks: dict[str, int]) -> object:
    """Return a model's config with layers numbered; layer by layer where one cannot say its own."""
    try:
        return _numbered(model.get_config(), ranks)
    except Exception:  # a layer without get_config: layers, their connections and code have to tell
        return [_inputs_of(layer, ranks) for layer in getattr(model, "operations", ())]


def _inputs_of(layer: "keras.Layer", ranks: dict[str, int]) -> list[object]:
    """Return the names of a layer and of the layers that it reads, and its constants."""
    nodes = layer._inbound_nodes
    read = [tensor._keras_history.operation.name for node in nodes for tensor in node.input_tensors]
    constants = [
        argument
        for node in nodes
        for argument in (*node.arguments.args, *node.arguments.kwargs.values())
        if isinstance(argument, _CONSTANTS)
    ]
    return [ranks.get(name, name) for name in (layer.name, *read)] + constants


def _of_layer(layer: "keras.Layer", ranks: dict[str, int]) -> object:
    try:
        return type(layer).__name__, _numbered(layer.get_config(), ranks)
    except Exception:  # see above
        return (type(layer).__name__,)


def _numbered(value: object, ranks: dict[str, int], key: str = "") -> object:
    """Return a config with names of layers as numbers, and without what computes nothing."""
    if isinstance(value, str) and value in ranks and key in _REFERENCES:
        return ranks[value]
    if isinstance(value, Mapping):
        if value.get("class_name") == "__lambda__":
            return "lambda"  # with its file and line; its code is read by itself
        return {
            str(name): _numbered(item, ranks, str(name))
            for name, item in value.items()
            if not _IGNORED.fullmatch(str(name))
        }
    if isinstance(value, list | tuple):
        return [_numbered(item, ranks, key) for item in value]
    return value


def _layers(model: "keras.Model") -> Iterator["keras.Layer"]:
    """Yield all that a model computes with, in networks within it too."""
    yield from getattr(model, "operations", ())
    yield from model._flatten_layers(include_self=False, recursive=True)


def _code_of(layer: "keras.Layer") -> Iterator[object]:
    """Yield the user's code in a layer, and the values that it holds."""
    import keras

    own = not is_of_a_library(type(layer))
    if own:
        yield type(layer)
    usual = vars(keras.layers.Layer())
    for name, value in sorted(vars(layer).items()):
        if isinstance(value, keras.layers.Layer | keras.Variable):
            continue  # a part, or a weight, which is read by itself
        if (
            isinstance(value, _FUNCTIONS)
            or not is_of_a_library(type(value))
            or (own and name not in usual)
        ):
            yield name, value
