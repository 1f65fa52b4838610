"""The devices that folds are trained on side by side, found without loading a framework."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from kaggle_prz.core import environment
from kaggle_prz.core.errors import UsageError

AUTO = "auto"
Workers = int | Literal["auto"]
_VISIBLE = "CUDA_VISIBLE_DEVICES"
# TensorFlow and JAX take all memory of a card otherwise, and several processes see the same.
_AS_NEEDED = {"TF_FORCE_GPU_ALLOW_GROWTH": "true", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
_CARDS = Path("/proc/driver/nvidia/gpus")
_NODES = Path("/dev")


@dataclass(frozen=True)
class Place:
    """Where one process of a run trains."""

    name: str  # for people: `GPU 0`, `process 1`
    settings: Mapping[str, str] = field(default_factory=dict)  # of its environment
    processors: frozenset[int] = frozenset()  # that it may use; none: those of this process


def graphics_cards() -> tuple[str, ...]:
    """Return what CUDA calls the graphics cards that this process may use."""
    visible = os.environ.get(_VISIBLE)
    if visible is not None:
        names = tuple(filter(None, map(str.strip, visible.split(","))))
        return names[: names.index("-1")] if "-1" in names else names
    cards = list(_CARDS.glob("*/information")) or list(_NODES.glob("nvidia[0-9]*"))
    return tuple(map(str, range(len(cards))))


def share_memory() -> None:
    """Let frameworks take the memory of graphics cards as they need it, where there are several.

    Then this process, which may build a network before others train it, leaves them room. What the
    environment says already stays; a framework that is loaded already is not changed.
    """
    if len(graphics_cards()) > 1:
        for name, value in _AS_NEEDED.items():
            os.environ.setdefault(name, value)


def places(workers: Workers, folds: int) -> tuple[Place, ...]:
    """Return where folds are trained side by side: a graphics card each, or some processors each.

    One place is this process.

    Args:
        workers: how many; `"auto"`: as many as there are graphics cards, else one.
        folds: of the run; more places than folds are not used.

    Raises:
        UsageError: there are not that many graphics cards or processors.

    Example:
        >>> [place.name for place in places(1, folds=5)]
        ['this process']
    """
    if workers != AUTO and (not isinstance(workers, int) or workers < 1):
        raise UsageError(f"--workers takes a number from 1, or auto; received {workers!r}.")
    cards = graphics_cards()
    wanted = max(1, len(cards)) if workers == AUTO else int(workers)
    there = len(cards) or environment.processors()
    if wanted > there:
        what = "graphics cards" if cards else "processors"
        raise UsageError(
            f"--workers may be at most the number of {what}, {there}; received {wanted}."
        )
    count = min(wanted, folds)
    if count == 1:
        return (Place("this process"),)
    if cards:
        return tuple(
            Place(f"GPU {card}", {_VISIBLE: card}, own)
            for card, own in zip(cards[:count], _shares(count), strict=True)
        )
    return tuple(Place(f"process {n}", {}, own) for n, own in enumerate(_shares(count), 1))


def _shares(count: int) -> Sequence[frozenset[int]]:
    """Return the processors of this process in as many parts of about one size."""
    if not hasattr(os, "sched_getaffinity"):
        return [frozenset()] * count
    own = sorted(os.sched_getaffinity(0))
    return [frozenset(own[part::count]) for part in range(count)]
