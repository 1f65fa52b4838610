"""What a network computes, read from the built model: layers, code, weights and features."""

import functools
import hashlib
import json
import re
import types
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kaggle_prz.backbones.code import digest_of, is_of_a_library

if TYPE_CHECKING:
    import keras

_KEPT = 64  # outputs a size
_REFERENCES = {"keras_history", "input_layers", "output_layers"}
_NAMES = {"name"}
_FUNCTIONS = (types.FunctionType, types.MethodType, functools.partial)
_IGNORED = re.compile(r".*_initializer|shared_object_id|build_config|compile_config")


def structure_of(model: "keras.Model") -> str:
    """Return the digest of a model's layers, their settings, and the user's code in them.

    Example:
        ```python
        structure_of(model) == structure_of(keras.models.clone_model(model))  # True
        ```
    """
    ranks: dict[str, int] = {}
    described = [_described(model, ranks)]
    code = [digest_of(*_code_of(layer)) for layer in _layers(model)]
    text = json.dumps([described, code], sort_keys=True, default=digest_of)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def weights_of(model: "keras.Model") -> str:
    """Return the digest of a model's weights, in order, without the state of random generators."""
    digest = hashlib.sha256()
    for variable in model.variables:
        if "seed_generator" not in variable.path:
            array = np.asarray(variable)
            digest.update(f"{array.shape} {array.dtype}".encode() + array.tobytes())
    return digest.hexdigest()[:16]


def outputs_of(model: "keras.Model") -> NDArray[np.float32]:
    """Return the features of two made-up pictures: `(2, width)`, pooled where they are maps."""
    import keras

    _, height, width, channels = model.input_shape
    random = np.random.default_rng(0)
    coarse = random.uniform(0, 255, (2, 8, 8, channels))
    rows, columns = np.arange(height) * 8 // height, np.arange(width) * 8 // width
    pictures = 0.7 * coarse[:, rows][:, :, columns]
    pictures += 0.3 * random.uniform(0, 255, pictures.shape)
    outputs = keras.ops.convert_to_numpy(model(pictures.astype(np.float32), training=False))
    axes = tuple(range(1, outputs.ndim - 1))
    with np.errstate(invalid="ignore", over="ignore"):  # refused by who asked for them
        pooled: NDArray[np.float32] = outputs.astype(np.float32).mean(axis=axes)
    return pooled


def sampled(outputs: NDArray[np.float32]) -> tuple[float, ...]:
    """Return some of the outputs, evenly spaced, and the mean of all sizes of them."""
    flat = outputs.ravel()
    places = np.unique(np.linspace(0, len(flat) - 1, _KEPT).astype(int))
    return tuple(float(f"{value:.6g}") for value in [*flat[places], np.abs(flat).mean()])


def _described(model: "keras.Model", ranks: dict[str, int]) -> Any:
    """Return a model's config with layers numbered; layer by layer where one cannot say its own."""
    try:
        return _numbered(model.get_config(), ranks)
    except Exception:  # a layer without get_config, whose code and outputs have to tell
        return [_of_layer(layer, ranks) for layer in _layers(model)]


def _of_layer(layer: Any, ranks: dict[str, int]) -> Any:
    try:
        return type(layer).__name__, _numbered(layer.get_config(), ranks)
    except Exception:  # see above
        return (type(layer).__name__,)


def _numbered(value: Any, ranks: dict[str, int], key: str = "") -> Any:
    """Return a config with names of layers as numbers, and without what computes nothing."""
    if isinstance(value, str) and (key in _NAMES or key in _REFERENCES):
        return ranks.setdefault(value, len(ranks))
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


def _layers(model: "keras.Model") -> Iterator[Any]:
    """Yield all that a model computes with, in networks within it too."""
    yield from getattr(model, "operations", ())
    yield from model._flatten_layers(include_self=False, recursive=True)


def _code_of(layer: Any) -> Iterator[Any]:
    """Yield the user's code in a layer: its class, functions that it holds, plain settings."""
    import keras

    own = not is_of_a_library(type(layer))
    if own:
        yield type(layer)
    usual = vars(keras.layers.Layer())
    for name, value in sorted(vars(layer).items()):
        if isinstance(value, _FUNCTIONS) or (own and name not in usual and _is_plain(value)):
            yield name, value
        elif not is_of_a_library(type(value)) and hasattr(value, "__dict__"):
            yield name, type(value), {k: v for k, v in vars(value).items() if _is_plain(v)}


def _is_plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return isinstance(value, bool | int | float | str | type(None))
