"""AdamW for pretrained networks, whose normalization statistics stay fixed in fine-tuning."""

import math
from typing import Any

import keras

_TYPICAL_FAN_IN = 320
_MOST = 10.0


class FineTuningAdamW(keras.optimizers.AdamW):  # type: ignore[misc]
    """AdamW with centred gradients and a learning rate that falls with a layer's inputs.

    Adam's first steps move every weight by the learning rate. Inputs after a ReLU are all
    positive, so the weights of an output move the same way, and it shifts by the sum of its
    inputs; batch statistics would take the shift out again, fixed ones let it through to
    everything behind. Centring a gradient over the inputs of each output (Yong et al.,
    arXiv:2004.01461) takes the shift out, and a learning rate in proportion to 1 / inputs (Yang
    et al., arXiv:2203.03466) makes layers move alike: that of a layer with 320 inputs is the one
    given, and at most ten times as much.

    Example:
        >>> FineTuningAdamW(2e-4, name="of_heads").name
        'of_heads'
    """

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable."""
        inputs = inputs_of(tuple(variable.shape))
        if inputs:
            gradient = gradient - keras.ops.mean(gradient, axis=inputs, keepdims=True)
        rate = learning_rate * share_of_rate(tuple(variable.shape))
        super().update_step(gradient, variable, rate)


def inputs_of(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Axes of a convolution's kernel that one output sums over; none for other weights.

    Args:
        shape: `(height, width, inputs, outputs)`, or `(height, width, channels, 1)` of a
            depthwise convolution.

    Example:
        >>> inputs_of((1, 1, 96, 24)), inputs_of((3, 3, 96, 1)), inputs_of((1280, 4))
        ((0, 1, 2), (0, 1), ())
    """
    if len(shape) != 4:
        return ()
    return (0, 1) if shape[-1] == 1 else (0, 1, 2)


def share_of_rate(shape: tuple[int, ...]) -> float:
    """A variable's learning rate ÷ the one given.

    Example:
        >>> share_of_rate((1, 1, 640, 24)), share_of_rate((3, 3, 96, 1)), share_of_rate((4,))
        (0.5, 10.0, 10.0)
    """
    axes = inputs_of(shape) or range(len(shape) - 1)
    return min(_MOST, _TYPICAL_FAN_IN / math.prod(shape[axis] for axis in axes))
