"""Layers of a network by their depth: which of them are trained, and how fast."""

from collections.abc import Iterator
from typing import Any

BANDS = 12


def kernels(network: Any) -> list[list[Any]]:
    """The layers that hold weights, from the input on, in groups that belong together.

    A group begins with a layer that holds a kernel (a weight of two axes or more); what follows
    without one, such as a normalization, belongs to it. So a rule by depth never parts a
    convolution from its normalization, whatever the network's blocks are called.

    Args:
        network: a `keras.Model`; of models within it, and of layers made of layers, the parts.

    Example:
        >>> tiny = build_model("tiny", image_size=32, classes=4)
        >>> [[layer.name for layer in group] for group in kernels(tiny)[-2:]]
        [['block4_conv', 'block4_norm'], ['head']]
    """
    groups: list[list[Any]] = []
    for layer in _with_weights(network, set()):
        if not groups or any(len(weight.shape) > 1 for weight in _own(layer)):
            groups.append([])
        groups[-1].append(layer)
    return groups


def backbone_of(classifier: Any) -> list[list[Any]]:
    """`kernels` of the network within a classifier, without its head."""
    networks = [layer for layer in classifier.layers if hasattr(layer, "layers")]
    return [group for network in networks for group in kernels(network)]


def freeze(classifier: Any, share: float) -> str:
    """Leave the first layers of a classifier's backbone untrained, before it is compiled.

    Args:
        classifier: see `kaggle_prz.model.Classifier`.
        share: of the layers with a kernel; what follows such a layer goes with it.

    Returns:
        What was done, as a sentence; empty where nothing is frozen.
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


def rates(classifier: Any, decay: float) -> dict[str, float]:
    """Learning rate of every weight of a classifier's backbone ÷ that of the head.

    Layers are divided into at most twelve bands of equal numbers of kernels, so that a decay
    means much the same in networks of 20 layers and of 200 (Clark et al., arXiv:2003.10555, of
    the blocks of a transformer).

    Args:
        classifier: see `kaggle_prz.model.Classifier`.
        decay: learning rate of a band ÷ that of the band after it; the head comes after the last.

    Returns:
        Weights' paths -> share of the rate.

    Example:
        >>> tiny = build_model("tiny", image_size=32, classes=4)
        >>> [share for path, share in rates(tiny, 0.5).items() if "conv" in path]
        [0.0625, 0.125, 0.25, 0.5]
    """
    groups = backbone_of(classifier)
    bands = min(BANDS, len(groups))
    return {
        weight.path: decay ** (bands - place * bands // len(groups))
        for place, group in enumerate(groups)
        for layer in group
        for weight in _own(layer)
    }


def _with_weights(layer: Any, seen: set[int]) -> Iterator[Any]:
    """A layer and those within it that hold weights of their own, each once, in order."""
    if id(layer) in seen:
        return
    seen.add(id(layer))
    if _own(layer):
        yield layer
    for part in layer._layers:
        yield from _with_weights(part, seen)


def _own(layer: Any) -> list[Any]:
    return [*layer._trainable_variables, *layer._non_trainable_variables]
