"""KerasCV's EfficientNet-Lite0 built directly, with the shape left open or fixed: the twins."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import keras

LITE: dict[str, Any] = {
    "stackwise_kernel_sizes": [3, 3, 5, 3, 5, 5, 3],
    "stackwise_num_repeats": [1, 2, 2, 3, 3, 4, 1],
    "stackwise_input_filters": [32, 16, 24, 40, 80, 112, 192],
    "stackwise_output_filters": [16, 24, 40, 80, 112, 192, 320],
    "stackwise_expansion_ratios": [1, 6, 6, 6, 6, 6, 6],
    "stackwise_strides": [1, 2, 2, 2, 1, 2, 1],
    "width_coefficient": 1.0,
    "depth_coefficient": 1.0,
    "include_rescaling": False,
}


def lite(size: int | None) -> "keras.Model":
    """EfficientNet-Lite0 with random weights; `None` leaves the size open."""
    import keras_cv

    model: keras.Model = keras_cv.models.EfficientNetLiteBackbone(
        **LITE, input_shape=(size, size, 3)
    )
    return model


def features(network: "keras.Model", images: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean of the feature map, `(batch, channels)`."""
    import keras

    mapped: NDArray[np.float32] = keras.ops.convert_to_numpy(network(images, training=False))
    return mapped.mean(axis=(1, 2))
