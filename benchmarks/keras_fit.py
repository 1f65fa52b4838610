"""One run of `staged.py` with plain Keras: `fit` at one size, as Keras's guide fine-tunes.

    python benchmarks/keras_fit.py split.json --sizes 192 --epochs 5 --json run.json

An epoch trains the head on the frozen network, at Adam's own learning rate; then everything is
trained at a lower one, with batch normalization in inference mode. Photographs are decoded and
resized by tf.data in every epoch. Network and weights are those of kaggle-prz's runs, and so are
the flips.
"""

import json
from pathlib import Path
from typing import Any

import click
import curves
import keras
import numpy as np
import tensorflow as tf

from kaggle_prz import build_model

_BATCH = 32
_HEAD_RATE = 1e-3


class Watch(keras.callbacks.Callback):
    """Evaluates the held-out rows at equal distances, with the clock stopped."""

    def __init__(
        self, clock: curves.Clock, held_out: tf.data.Dataset, labels: np.ndarray, size: int
    ):
        super().__init__()
        self.curve: list[dict[str, float]] = []
        self._clock, self._held_out, self._labels, self._size = clock, held_out, labels, size
        self._step, self._wanted = 0, set[int]()

    def plan(self, steps: int, points: int) -> None:
        """How many steps come, in every `fit` together."""
        self._wanted = curves.spread(steps, points)

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        self._step += 1
        if self._step in self._wanted:
            with self._clock.stopped():
                given = [self.model.predict_on_batch(images) for images in self._held_out]
                self.curve.append(
                    curves.point(self._clock, self._size, np.concatenate(given), self._labels)
                )


def image_of(file: tf.Tensor, size: int) -> tf.Tensor:
    """`(size, size, 3)` float32 pixels from 0 to 255."""
    decoded = tf.io.decode_image(tf.io.read_file(file), channels=3, expand_animations=False)
    return tf.image.resize(decoded, (size, size), antialias=True)


def images_of(files: list[str], size: int) -> tf.data.Dataset:
    """Batches of pixels, decoded in parallel whenever they pass."""
    rows = tf.data.Dataset.from_tensor_slices(files)
    return rows.map(lambda file: image_of(file, size), tf.data.AUTOTUNE).batch(_BATCH)


def batches(split: dict[str, Any], size: int, seed: int) -> tf.data.Dataset:
    """The rows that are trained on: shuffled before they are decoded, flipped, in whole batches."""
    files, labels = (list(column) for column in zip(*split["train"], strict=True))
    flips = [
        flip
        for allowed, flip in (
            ("horizontal", tf.image.random_flip_left_right),
            ("vertical", tf.image.random_flip_up_down),
        )
        if allowed in split["flips"]
    ]

    def example(file: tf.Tensor, label: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        pixels = image_of(file, size)
        for flip in flips:
            pixels = flip(pixels)
        return pixels, label

    rows = tf.data.Dataset.from_tensor_slices((files, labels)).shuffle(len(files), seed=seed)
    return rows.map(example, tf.data.AUTOTUNE).batch(_BATCH, True).prefetch(tf.data.AUTOTUNE)


def run(
    split: dict[str, Any],
    *,
    size: int,
    epochs: int,
    seed: int,
    points: int,
    rate: float,
    backbone: Any = "efficientnet_lite0",
) -> list[dict[str, float]]:
    """Fit the head, then everything; returns the curve."""
    keras.utils.set_random_seed(seed)
    files, labels = (list(column) for column in zip(*split["held_out"], strict=True))
    clock = curves.Clock()
    trained = batches(split, size, seed)
    model = build_model(backbone, size, len(split["classes"]), seed=seed)
    watch = Watch(clock, images_of(files, size), np.array(labels), size)
    watch.plan((1 + epochs) * len(trained), points)
    head = model.get_layer("head")
    fine_tuned = [layer for layer in model.layers if layer is not head and layer.trainable]
    for layers, count, adam in ((False, 1, _HEAD_RATE), (True, epochs, rate)):
        for layer in fine_tuned:
            _set_trainable(layer, layers)
        model.compile(keras.optimizers.Adam(adam), "sparse_categorical_crossentropy")
        model.fit(trained, epochs=count, shuffle=False, verbose=0, callbacks=[watch])
    return watch.curve


def _set_trainable(layer: keras.Layer, trainable: bool) -> None:
    """All but batch normalization, whose pretrained statistics stay as they are."""
    if not isinstance(layer, keras.Model):
        layer.trainable = trainable
        return
    for inner in layer.layers:
        if not isinstance(inner, keras.layers.BatchNormalization):
            _set_trainable(inner, trainable)


@click.command()
@click.argument("split", type=click.Path(path_type=Path))
@click.option("--mode", default="single", show_default=True)
@click.option("--sizes", "size", type=int, default=192, show_default=True)
@click.option("--epochs", type=float, default=5, show_default=True, help="After that of the head.")
@click.option("--seed", default=0, show_default=True)
@click.option("--points", default=5, show_default=True)
@click.option("--learning-rate", "rate", default=1e-4, show_default=True)
@click.option("--json", "json_file", type=click.Path(path_type=Path), required=True)
def main(
    split: Path,
    *,
    mode: str,
    size: int,
    epochs: float,
    seed: int,
    points: int,
    rate: float,
    json_file: Path,
) -> None:
    """Write the run as JSON."""
    rows = json.loads(split.read_text("utf-8"))
    curve = run(rows, size=size, epochs=int(epochs), seed=seed, points=points, rate=rate)
    found = {"tool": "keras", "mode": mode, "seed": seed, "sizes": [size], "epochs": [int(epochs)]}
    found |= {"learning_rate": rate, "curve": curve}
    json_file.write_text(json.dumps(found) + "\n", "utf-8")


if __name__ == "__main__":
    main()
