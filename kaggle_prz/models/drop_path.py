"""How often residual branches are dropped in training, as a stage wants it and not as a network."""

import keras


def set_rate(network: keras.Model, rate: float) -> str:
    """Set the share of residual branches that a step drops, image by image; return a sentence.

    It rises linearly with depth up to `rate` at the last block (Huang et al., arXiv:1603.09382).
    KerasCV's and Keras's EfficientNets bring 0.2, meant for hundreds of epochs from scratch: on
    a pretrained network that is fine-tuned for a few, the first steps then mend what dropping
    broke.
    """
    layers = [layer for layer in network.layers if _drops_branches(layer)]
    for place, layer in enumerate(layers, start=1):
        layer.rate = rate * place / len(layers)
    if not layers:
        has = "has no drop-path layers, and is not changed"
        return f"stochastic depth: {network.name} {has}" if rate else ""
    if not rate:
        return f"stochastic depth: none; {len(layers)} blocks support it"
    return f"stochastic depth: up to {rate:g}, in {len(layers)} blocks"


def _drops_branches(layer: keras.layers.Layer) -> bool:
    if not isinstance(layer, keras.layers.Dropout) or not layer.noise_shape:
        return False
    return layer.rate > 0 and set(layer.noise_shape[1:]) == {1}
