"""Padding by hand: whether a network that was built for one size is right at another.

Networks after TensorFlow's first ones pad before a convolution of stride 2, by one side only where
the feature map is even, by both where it is odd. The padding is a constant of the built layer.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from kaggle_prz.core.errors import UsageError

if TYPE_CHECKING:
    import keras


def refuse_other_padding(model: "keras.Model", rebuilt: "keras.Model", image_size: int) -> None:
    """Refuse a model whose padding suits its own size, and not the size that it was rebuilt for."""
    for before, after in zip(model.layers, rebuilt.layers, strict=True):
        if type(before).__name__ == "ZeroPadding2D":
            fits = _suits_both(before, after)
        else:
            fits = not any(_pads_for_even(inner) for inner in _layers_within(before))
        if not fits:
            raise UsageError(
                f"The backbone {model.name!r} pads by hand ({before.name}) for the size it was "
                f"built with, and {image_size} px may need another padding. Hand over a function "
                "from image size to keras.Model, so that every stage is built for its size."
            )


def _suits_both(before: "keras.Layer", after: "keras.Layer") -> bool:
    made_for, needed_for = (
        [0 if side is None else side % 2 for side in layer.input.shape[1:3]]
        for layer in (before, after)
    )
    # Both sides alike on an even map: it is padded so at every size, as in ResNets.
    constant = _is_symmetric(before) and made_for == [0, 0]
    return made_for == needed_for or constant or _is_followed_by_stride_one(before)


def _is_symmetric(layer: "keras.Layer") -> bool:
    return all(one == other for one, other in layer.padding)


def _is_followed_by_stride_one(layer: "keras.Layer") -> bool:
    """Return whether all that reads a padded map moves by one pixel, whatever the map's parity."""
    consumers = [node.operation for node in layer._outbound_nodes]
    return bool(consumers) and all(
        set(getattr(consumer, "strides", (2,))) == {1} for consumer in consumers
    )


def _layers_within(layer: "keras.Layer") -> Iterator["keras.Layer"]:
    """Yield the layers of a model within the model; a clone leaves their shapes as they were."""
    for inner in getattr(layer, "layers", ()):
        yield inner
        yield from _layers_within(inner)


def _pads_for_even(layer: "keras.Layer") -> bool:
    """Return whether a layer of any input size pads one side only, as suits an even map."""
    return (
        type(layer).__name__ == "ZeroPadding2D"
        and layer.input.shape[1] is None
        and not _is_symmetric(layer)
    )
