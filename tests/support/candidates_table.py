"""Write what `--backbone auto` knows of its candidates, counted and timed here, into the package.

    cd tests && python -m support.candidates_table

Each network is built once at 224 px: multiply-adds of its convolutions and dense layers, and the
values that its layers put out. Its speed on one processor core is the median of three training
steps of 8 images of 96 px, in processor time, which other work on the machine hardly changes.

The speed on a graphics card is not measured here. It is what timm publishes for training with
automatic mixed precision on an RTX 3090: results/benchmark-train-amp-nhwc-pt112-cu113-rtx3090.csv
at https://github.com/huggingface/pytorch-image-models.
"""

import math
import os
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

TABLE = Path(__file__).parents[2] / "kaggle_prz" / "schedule" / "choice" / "networks.toml"
SIZE, TIMED_SIZE = 224, 96  # px
BATCH, STEPS = 8, 3
# Images a second in training on an RTX 3090, and the size at which they were taken, px.
PUBLISHED = {
    "efficientnet_lite0": (2134.89, 224),
    "MobileNetV3Large": (2907.93, 224),
    "EfficientNetV2B0": (3428.08, 192),
    "EfficientNetV2B2": (1951.52, 208),
    "ConvNeXtTiny": (819.24, 224),
    "EfficientNetV2S": (488.25, 300),
    "EfficientNetV2M": (173.37, 384),
}
# Of float32 weights: https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite
TOP_1 = {"efficientnet_lite0": 75.1}


def multiply_adds(network: "keras.Model") -> int:
    """Return the products that convolutions and dense layers add up for one image.

    Each weight of a kernel is used once at every place of the layer's output.
    """
    kernels = (layer for layer in _layers(network) if hasattr(layer, "kernel"))
    return sum(math.prod(one.kernel.shape) * math.prod(one.output.shape[1:-1]) for one in kernels)


def values(network: "keras.Model") -> int:
    """Return how many numbers the layers put out for one image."""
    return sum(math.prod(layer.output.shape[1:]) for layer in _layers(network))


def _layers(network: "keras.Model") -> "list[keras.Layer]":
    """Return the layers that compute, those of inner networks too."""
    import keras

    inner = (keras.Model, keras.layers.InputLayer)
    layers = network._flatten_layers(include_self=False)
    return [layer for layer in layers if not isinstance(layer, inner)]


def timed(name: str) -> tuple[float, float]:
    """Return images a second in training at 96 px on one core, and seconds to build and trace."""
    import keras
    import numpy as np

    from kaggle_prz.models import backbones

    started = time.process_time()
    network = backbones.resolve(name).build(TIMED_SIZE)
    for layer in _layers(network):
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False  # as a pretrained one stays
    seen = network.output
    if len(seen.shape) == 4:
        seen = keras.layers.GlobalAveragePooling2D()(seen)
    model = keras.Model(network.input, keras.layers.Dense(3)(seen))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adamw", loss, jit_compile=False)
    random = np.random.default_rng(0)
    pixels = random.uniform(0, 255, (BATCH, TIMED_SIZE, TIMED_SIZE, 3)).astype("float32")
    labels = random.integers(0, 3, BATCH)
    seconds = [time.process_time() - started]
    for _ in range(STEPS + 1):
        started = time.process_time()
        model.train_on_batch(pixels, labels)
        seconds.append(time.process_time() - started)
    start = sum(seconds[:2])
    return BATCH / statistics.median(seconds[2:]), start


def _lines() -> Iterator[str]:
    from kaggle_prz.models import backbones

    yield "# Written by tests/support/candidates_table.py, which says what was measured."
    for name, (published, size) in PUBLISHED.items():
        backbone = backbones.resolve(name)
        network = backbone.build(SIZE)
        work = multiply_adds(network)
        here, start = timed(name)
        yield f"\n[{name}]"
        yield f"top_1 = {TOP_1.get(name, backbone.top_1)}"
        yield f"parameters = {backbone.parameters}"
        yield f"multiply_adds = {work}"
        yield f"values = {values(network)}"
        yield f"start = {start:.1f}"
        yield f"cpu = {_rate(here, work, TIMED_SIZE):.3g}"
        yield f"gpu = {_rate(published, work, size):.3g}"


def _rate(images: float, work: int, size: int) -> float:
    """Return multiply-adds a second; a training step takes three times those of a prediction."""
    return images * 3 * work * (size / SIZE) ** 2


if __name__ == "__main__":
    for threads in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
        os.environ[threads] = "1"
    found = []
    for line in _lines():
        print(line, flush=True)
        found.append(line)
    TABLE.write_text("\n".join(found) + "\n", "utf-8")
