"""A small convolutional network that trains from scratch in seconds, for `shapes` and tests."""

from typing import TYPE_CHECKING

from kaggle_prz.models.backbones import Backbone

if TYPE_CHECKING:
    import keras


def build(image_size: int, channels: int = 3) -> "keras.Model":
    """Return four 3×3 convolutions, batch-normalised; the map is an eighth of the size."""
    import keras
    from keras import layers

    images = layers.Input((image_size, image_size, channels))
    x = images
    for block, (filters, pooled) in enumerate([(16, True), (32, True), (48, True), (64, False)]):
        name = f"block{block + 1}"
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False, name=f"{name}_conv")(x)
        x = layers.BatchNormalization(name=f"{name}_norm")(x)
        x = layers.Activation("relu", name=f"{name}_relu")(x)
        if pooled:
            x = layers.MaxPooling2D(name=f"{name}_pool")(x)
    return keras.Model(images, x, name="tiny")


tiny = Backbone("tiny", build, scale=1 / 127.5, offset=-1.0, minimum=8, from_scratch=True)
