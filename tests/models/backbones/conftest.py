"""Real photographs, as scikit-learn ships them, and a network that knows what is on them."""

from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_sample_image
from support.sizes import lite

from kaggle_prz.models.backbones import resolve

if TYPE_CHECKING:
    import keras


def square(name: str, size: int) -> NDArray[np.float32]:
    """The middle of `china.jpg` or `flower.jpg`, `(size, size, 3)` pixels 0–255."""
    picture = Image.fromarray(load_sample_image(name))
    margin = (picture.width - picture.height) // 2
    middle = picture.crop((margin, 0, margin + picture.height, picture.height))
    return np.asarray(middle.resize((size, size), Image.Resampling.BICUBIC), np.float32)


@pytest.fixture(scope="session")
def photographs() -> NDArray[np.float32]:
    """A temple and a flower, `(2, 224, 224, 3)` pixels 0–255."""
    return np.stack([square(name, 224) for name in ("china.jpg", "flower.jpg")])


@pytest.fixture(scope="session")
def photographs_240() -> NDArray[np.float32]:
    """The same, `(2, 240, 240, 3)`, scaled as EfficientNet-Lite expects them."""
    pair = [square(name, 240) for name in ("china.jpg", "flower.jpg")]
    return (np.stack(pair) - 127) / 128


@pytest.fixture(scope="session")
def imagenet_lite_240() -> "keras.Model":
    """KerasCV's network built directly for 240 px, with ImageNet weights; not to be changed."""
    network = lite(240)
    (package,) = resolve("efficientnet_lite0").sources
    path = package.find()
    assert path is not None
    package.load(path, network)
    return network
