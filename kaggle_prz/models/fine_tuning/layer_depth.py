"""Layers of a network by their depth: which of them are trained, and how fast."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

BANDS = 12


def kernels(network: "keras.Model") -> "list[list[keras.Layer]]":
    """Return the layers that hold weights, from the input on, in groups that belong together.

    A group begins with a layer that holds a kernel (a weight of two axes or more); what follows
    without one, such as a normalization, belongs to it. So a rule by depth never parts a
    convolution from its normalization, whatever the network's blocks are called. Of models within
    the network, and of layers made of layers, the parts count.
    """
    groups: list[list[keras.Layer]] = []
    for layer in _with_weights(network, set()):
        if not groups or any(len(weight.shape) > 1 for weight in _own(layer)):
            groups.append([])
        groups[-1].append(layer)
    return groups


def backbone_of(classifier: "keras.Model") -> "list[list[keras.Layer]]":
    """`kernels` of the network within a classifier, without its head."""
    networks = [layer for layer in classifier.layers if hasattr(layer, "layers")]
    return [group for network in networks for group in kernels(network)]


def freeze(classifier: "keras.Model", share: float) -> str:
    """Leave the first layers of a classifier's backbone untrained; return a sentence, or "".

    `share` is that of the layers with a kernel; what follows such a layer goes with it. The
    classifier is not compiled yet.
    """
    groups = backbone_of(classifier)
    count = round(share * len(groups))
    for layer in (layer for group in groups[:count] for layer in group):
        if layer._layers:  # a layer made of layers, some of which may be trained
            for weight in _own(layer):
                weight.trainable = False
        else:
            layer.trainable = False
    return f"frozen: the first {count} of {len(groups)} layers of the backbone" if count else ""


def rates(classifier: "keras.Model", decay: float) -> dict[str, float]:
    """Return the learning rate of every weight of the backbone, by its path, ÷ that of the head.

    Layers are divided into at most twelve bands of equal numbers of kernels, so that a decay
    from a band to the one before it means much the same in networks of 20 layers and of 200 (Clark
    et al., arXiv:2003.10555, of the blocks of a transformer).
    """
    groups = backbone_of(classifier)
    bands = min(BANDS, len(groups))
    return {
        weight.path: decay ** (bands - place * bands // len(groups))
        for place, group in enumerate(groups)
        for layer in group
        for weight in _own(layer)
    }


def _with_weights(layer: "keras.Layer", seen: set[int]) -> "Iterator[keras.Layer]":
    """Yield a layer and its inner layers that have weights, each once, in order."""
    if id(layer) in seen:
        return
    seen.add(id(layer))
    if _own(layer):
        yield layer
    for part in layer._layers:
        yield from _with_weights(part, seen)


def _own(layer: "keras.Layer") -> "list[keras.Variable]":
    return [*layer._trainable_variables, *layer._non_trainable_variables]
