"""How often residual branches are dropped in training, as a stage wants it and not as a network."""

from collections.abc import Iterator

import keras

# The attribute that holds the rate, by class: of Keras, KerasCV and KerasHub. KerasHub's
# `DINOV2DropPath` and `DINOV3DropPath` are left out: they scale branches at random and drop none.
_CLASSES = {"DropPath": ("rate", "drop_prob"), "StochasticDepth": ("rate", "drop_path_rate")}


def set_rate(network: keras.Model, rate: float) -> str:
    """Set the share of residual branches that a step drops, image by image; return a sentence.

    It rises linearly with depth up to `rate` at the last block (Huang et al., arXiv:1603.09382).
    KerasCV's and Keras's EfficientNets bring 0.2, meant for hundreds of epochs from scratch: on
    a pretrained network that is fine-tuned for a few, the first steps then mend what dropping
    broke. Blocks that are layers or models of their own count as well.
    """
    found = list(_that_drop(network, set()))
    for place, (layer, attribute) in enumerate(found, start=1):
        setattr(layer, attribute, rate * place / len(found))
    if not found:
        has = "has no drop-path layers, and is not changed"
        return f"stochastic depth: {network.name} {has}" if rate else ""
    if not rate:
        return f"stochastic depth: none; {len(found)} blocks support it"
    return f"stochastic depth: up to {rate:g}, in {len(found)} blocks"


def _that_drop(layer: keras.Layer, seen: set[int]) -> Iterator[tuple[keras.Layer, str]]:
    """Yield the layers that drop branches, in order, and their attribute of the rate."""
    if id(layer) in seen:
        return
    seen.add(id(layer))
    attribute = _attribute_of_rate(layer)
    if attribute:
        yield layer, attribute
    for part in layer._layers:
        yield from _that_drop(part, seen)


def _attribute_of_rate(layer: keras.Layer) -> str:
    if isinstance(layer, keras.layers.Dropout):
        # A Dropout of no rate was built without what draws.
        drops = layer.noise_shape and layer.rate > 0 and set(layer.noise_shape[1:]) == {1}
        return "rate" if drops else ""
    known = _CLASSES.get(type(layer).__name__, ())
    return next((name for name in known if hasattr(layer, name)), "")
