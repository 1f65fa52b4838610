"""Whether Kaggle's own client is one that requests can be made with, and what mends it."""

import importlib.metadata
from collections.abc import Iterator

from packaging.requirements import Requirement
from packaging.version import Version

from kaggle_prz import neighbours
from kaggle_prz.errors import HostError

_PACKAGE, _CLIENT = "kagglesdk", "kaggle"
_OURS = "kaggle-prz"
_LOWER = {">=", "==", "~=", "==="}  # operators whose version itself is wanted


class ClientError(HostError):
    """Kaggle's client is not installed, or in a version that requests cannot be made with."""


def check() -> None:
    """Refuse a client in another version than `kaggle` wants; asks no network.

    Raises:
        ClientError: names the versions, who pins them, and the command that mends it.
    """
    for each in neighbours.contradictions([_CLIENT]):
        if each.wanted.name == _PACKAGE:
            raise unusable(str(each))


def unusable(reason: str) -> ClientError:
    """Return the error of a client that cannot be used.

    Args:
        reason: a clause without a full stop.
    """
    wanted = _wanted()
    pins = [f"{name} asks for {pin}" for name, pin in _pins(wanted)]
    pinned = f" {' and '.join(pins)}, and kaggle-prz does not need it." if pins else ""
    apart = "".join(f" && pip uninstall {name.split()[0]}" for name, _ in _pins(wanted))
    return ClientError(
        f"Kaggle's client cannot be used: {reason}.{pinned} Mend it with: "
        f"pip install --upgrade '{wanted}'{apart}"
    )


def _wanted() -> Requirement:
    """What `kaggle` wants of the client, or that it be installed with what this package wants."""
    for name in (_CLIENT, _OURS):
        if neighbours.version(name) is not None:
            for wanted in neighbours.requirements(name):
                if wanted.name in {_PACKAGE, _CLIENT}:
                    return wanted
    return Requirement(_CLIENT)


def _pins(wanted: Requirement) -> Iterator[tuple[str, Requirement]]:
    """Other packages that do not take the version that is wanted, with what they ask for."""
    named = [each.version for each in wanted.specifier if each.operator in _LOWER]
    lowest = [Version(each.removesuffix(".*")) for each in named]
    for dist in importlib.metadata.distributions():
        mentioned = any(wanted.name in line for line in dist.requires or [])
        if dist.name in {_CLIENT, _OURS} or not mentioned:
            continue
        for asked in neighbours.requirements(dist.name):
            takes = all(asked.specifier.contains(each) for each in lowest)
            if asked.name == wanted.name and not takes:
                yield f"{dist.name} {dist.version}", asked
