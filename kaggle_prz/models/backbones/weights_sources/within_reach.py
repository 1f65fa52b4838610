"""Which of several networks can begin with pretrained weights, asking each host once."""

from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kaggle_prz.core import environment
from kaggle_prz.models.backbones.weights_sources import (
    WeightsError,
    WeightsPackage,
    WeightsSource,
)
from kaggle_prz.schedule.choice import Weights

if TYPE_CHECKING:
    from kaggle_prz.models.backbones import Backbone

NEEDS_TENSORFLOW = Weights(False, "needs TensorFlow")


def of(networks: "Sequence[Backbone]", weights: str) -> dict[str, Weights]:
    """Return whether each network's weights can be had; `weights` is that of a recipe.

    What one host answers is taken for all files that it has.
    """
    hosts: dict[str, bool] = {}
    return {network.name: _of(network, weights, hosts) for network in networks}


def _of(network: "Backbone", weights: str, hosts: dict[str, bool]) -> Weights:
    if network.wants_tensorflow and not environment.is_installed("tensorflow"):
        return NEEDS_TENSORFLOW
    if weights == "none":
        return Weights(True, "random")
    if any(source.find() for source in network.sources):
        return Weights(True, "here")
    for source in network.sources:
        host = _host(source)
        if host not in hosts:
            hosts[host] = _answers(source)
        if hosts[host]:
            return Weights(True, source.brings)
    packages = [source.way for source in network.sources if isinstance(source, WeightsPackage)]
    return Weights(False, " or ".join(packages) or "not here, and cannot be downloaded now")


def _host(source: WeightsSource) -> str:
    return urlsplit(getattr(source, "url", "")).netloc or source.way


def _answers(source: WeightsSource) -> bool:
    try:
        source.check()
    except WeightsError:
        return False
    return True
