"""Small pictures, and what trains on them in a second."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kaggle_prz.models.backbones import Backbone, resolve
from kaggle_prz.schedule.recipe import Stage

if TYPE_CHECKING:
    import keras

SIZE = 16
_MOVED = "ones"  # as training moves biases, so that the network counts as pretrained


def pictures(count: int, size: int = SIZE, classes: int = 4, seed: int = 0) -> tuple[Any, Any]:
    """`(count, size, size, 3)` uint8 noise, brighter in the corner of the class; the classes."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    pixels = random.integers(0, 120, (count, size, size, 3), dtype=np.uint8)
    half = size // 2
    for row, label in enumerate(labels.tolist()):
        top, left = half * (label // 2 % 2), half * (label % 2)
        pixels[row, top : top + half, left : left + half, label // 4 % 3] += 100
    return pixels, labels


def stage(**changes: Any) -> Stage:
    """The first stage, one epoch of batches of 8."""
    given: dict[str, Any] = {
        "index": 1, "image_size": SIZE, "epochs": 1.0, "batch_size": 8, "learning_rate": 1e-3,
    }  # fmt: skip
    return Stage(**(given | changes))


def plain_net(size: int) -> "keras.Model":
    """A network without batch normalization, so that a step depends on its own images only."""
    import keras

    return keras.Sequential(
        [
            keras.Input((size, size, 3)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Conv2D(
                6, 3, strides=2, activation="relu", name="conv", bias_initializer=_MOVED
            ),
        ],
        name="plain",
    )


def plain() -> Backbone:
    """The same, as a backbone that counts as pretrained."""
    return resolve(plain_net)


def equal(one: list[NDArray[Any]], other: list[NDArray[Any]]) -> bool:
    """Whether two lists of weights are the same, bit by bit."""
    return len(one) == len(other) and all(map(np.array_equal, one, other))


def transformer(size: int) -> "keras.Model":
    """A vision transformer of one block on patches of 8 px, each with a place of its own."""
    import keras
    from keras import layers

    class Positions(layers.Layer):  # type: ignore[misc]
        def build(self, shape: tuple[int, ...]) -> None:
            self.vectors = self.add_weight(shape=shape[1:], name="vectors")

        def call(self, x: Any) -> Any:
            return x + self.vectors

    images = keras.Input((size, size, 3))
    patches = layers.Conv2D(8, 8, strides=8, name="patches")(layers.Rescaling(1 / 255)(images))
    x = layers.Reshape((-1, 8), name="rows")(patches)
    x = Positions(name="position_embedding")(x)
    x = x + layers.MultiHeadAttention(2, 4, name="attention")(x, x)
    return keras.Model(images, layers.GlobalAveragePooling1D()(x), name="transformer")
