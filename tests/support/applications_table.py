"""Write the table of keras.applications, as the installed Keras has them, into the package.

    cd tests && python -m support.applications_table

Each network is built once, and asked what it would download; nothing is downloaded. Accuracies are
those of https://keras.io/api/applications/, of MobileNetV3 those of its page there.
"""

import inspect
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import numpy as np

PAGE = Path(__file__).parents[2] / "kaggle_prz" / "models" / "backbones" / "applications.toml"
TOP_1 = {
    "ConvNeXtBase": 85.3, "ConvNeXtLarge": 86.3, "ConvNeXtSmall": 82.3, "ConvNeXtTiny": 81.3,
    "ConvNeXtXLarge": 86.7, "DenseNet121": 75.0, "DenseNet169": 76.2, "DenseNet201": 77.3,
    "EfficientNetB0": 77.1, "EfficientNetB1": 79.1, "EfficientNetB2": 80.1, "EfficientNetB3": 81.6,
    "EfficientNetB4": 82.9, "EfficientNetB5": 83.6, "EfficientNetB6": 84.0, "EfficientNetB7": 84.3,
    "EfficientNetV2B0": 78.7, "EfficientNetV2B1": 79.8, "EfficientNetV2B2": 80.5,
    "EfficientNetV2B3": 82.0, "EfficientNetV2L": 85.7, "EfficientNetV2M": 85.3,
    "EfficientNetV2S": 83.9, "InceptionResNetV2": 80.3, "InceptionV3": 77.9, "MobileNet": 70.4,
    "MobileNetV2": 71.3, "MobileNetV3Large": 75.6, "MobileNetV3Small": 68.1, "NASNetLarge": 82.5,
    "NASNetMobile": 74.4, "ResNet101": 76.4, "ResNet101V2": 77.2, "ResNet152": 76.6,
    "ResNet152V2": 78.0, "ResNet50": 74.9, "ResNet50V2": 76.0, "VGG16": 71.3, "VGG19": 71.3,
    "Xception": 79.0,
}  # fmt: skip


class Row(NamedTuple):
    """What the table has of a network."""

    parameters: int  # without its head
    minimum: int  # smallest image size, px
    scale: tuple[float, ...]  # of red, green and blue from 0 to 255 …
    offset: tuple[float, ...]  # … to what the network takes
    bgr: bool  # whether it takes blue, green and red
    top_1: float  # accuracy on ImageNet, %
    file: str
    url: str
    digest: str  # of the file: SHA-256 or MD5; empty where Keras has none


def functions() -> dict[str, Callable[..., Any]]:
    """Return what builds each network that keras.applications lists."""
    import keras

    made = vars(keras.applications).items()
    return {name: each for name, each in sorted(made) if name[0].isupper() and callable(each)}


def row(name: str, build: Callable[..., Any]) -> Row:
    """Build a network with pretrained weights, but for the download and the reading of its file."""
    import keras
    from keras.src.utils import file_utils

    module = sys.modules[build.__module__]
    (minimum,) = set(re.findall(r"min_size=(\d+)", inspect.getsource(module))) or {"32"}
    with (
        mock.patch.object(file_utils, "get_file", return_value="") as asked,
        mock.patch.object(keras.Model, "load_weights"),
    ):
        built = build(include_top=False, weights="imagenet", input_shape=(224, 224, 3))
    ((file, url), more) = asked.call_args
    scale, offset, bgr = _pixels(module.preprocess_input)
    digest = more.get("file_hash") or ""
    return Row(
        built.count_params(), int(minimum), scale, offset, bgr, TOP_1[name], file, url, digest
    )


def _pixels(preprocess: Callable[..., Any]) -> tuple[tuple[float, ...], tuple[float, ...], bool]:
    """Return how a function scales and shifts each channel, and whether it reverses them."""
    black = np.asarray(preprocess(np.zeros((1, 1, 3)), data_format="channels_last"))[0, 0]
    matrix = np.stack(
        [
            np.asarray(preprocess(255.0 * unit[None, None], data_format="channels_last"))[0, 0]
            for unit in np.eye(3)
        ]
    )
    matrix = (matrix - black) / 255
    bgr = matrix[0, 0] == 0
    if bgr:
        matrix, black = matrix[:, ::-1], black[::-1]
    assert not matrix[~np.eye(3, dtype=bool)].any()
    scale, offset = np.diag(matrix), black
    return tuple(scale.round(9).tolist()), tuple(offset.round(7).tolist()), bool(bgr)


def _lines() -> Iterator[str]:
    yield "# Written by tests/support/applications_table.py."
    for name, build in functions().items():
        print(name, flush=True)
        found = row(name, build)
        yield f"\n[{name}]"
        yield f"parameters = {found.parameters}"
        yield f"minimum = {found.minimum}"
        if (set(found.scale), set(found.offset)) != ({1.0}, {0.0}):
            yield f"scale = {list(found.scale)}"
            yield f"offset = {list(found.offset)}"
        if found.bgr:
            yield "bgr = true"
        yield f"top_1 = {found.top_1}"
        yield f'file = "{found.file}"'
        yield f'url = "{found.url}"'
        if found.digest:
            yield f'digest = "{found.digest}"'


if __name__ == "__main__":
    PAGE.write_text("\n".join(_lines()) + "\n", "utf-8")
