"""Weights of a network on RGB -> the same network on another number of channels."""

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kaggle_prz.core.errors import UsageError

if TYPE_CHECKING:
    import keras


def adapt(donor: "keras.Model", network: "keras.Model") -> None:
    """Set every weight of `network` from `donor`, the same built for three channels."""
    channels = network.input_shape[-1]
    given, wanted = donor.get_weights(), network.get_weights()
    pairs = zip(given, wanted, strict=False)
    made = [_fitted(one, other.shape, channels) for one, other in pairs]
    if [one.shape for one in made] != [one.shape for one in wanted]:
        raise UsageError(
            f"{network.name} with {channels} input channels cannot take pretrained weights for 3 "
            "channels. Use --weights none."
        )
    network.set_weights(made)


def _fitted(
    kernel: NDArray[np.float32], shape: tuple[int, ...], channels: int
) -> NDArray[np.float32]:
    if kernel.shape == shape or kernel.ndim != 4 or kernel.shape[2] % 3:
        return kernel
    groups = kernel.shape[2] // 3  # some networks fold neighbouring pixels into channels first
    height, width, _, filters = kernel.shape
    split = kernel.reshape(height, width, groups, 3, filters)
    fitted = adapted_kernel(split, channels)
    return fitted.reshape(height, width, groups * channels, filters)


def adapted_kernel(kernel: NDArray[np.float32], channels: int) -> NDArray[np.float32]:
    """Return a kernel `(…, 3, filters)` for other channels, as timm's `adapt_input_conv` does.

    One channel gets the sum over the three, so that grey gives what it gave as RGB; more get
    the filters in turn, scaled by 3 / channels.
    """
    if channels == 1:
        summed: NDArray[np.float32] = kernel.sum(axis=-2, keepdims=True)
        return summed
    repeated = np.concatenate([kernel] * math.ceil(channels / 3), axis=-2)
    return repeated[..., :channels, :] * np.float32(3 / channels)


def colours(channels: int) -> list[int]:
    """Return the colour that each channel is taken for: that whose filters it gets in `adapt`."""
    return [place % 3 for place in range(channels)]
