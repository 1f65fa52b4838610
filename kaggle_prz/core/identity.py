"""What a network computes, as a value: two that differ in it are never taken for each other."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

ANY = "any"
_SAME = 0.01  # of the largest output: machines and precisions differ by less


@dataclass(frozen=True)
class Identity:
    """What tells a network that was handed over from every other."""

    # Digest of layers, their settings and the user's code, at every size; names do not count.
    structure: str
    # Digest of the initial weights; `ANY`, and how they are drawn, where calls draw others.
    weights: str
    outputs: tuple[float, ...]  # some features of two made-up pictures, at the first size

    @property
    def digest(self) -> str:
        """Structure and weights in one text, for names of runs."""
        return self.structure + self.weights

    def difference(self, other: "Identity | None") -> str:
        """Return in which way the networks differ, as a clause; empty where they do not.

        Outputs are compared with a tolerance of 1 %, since devices compute a little differently.
        """
        if other is None:
            return "it was trained by an earlier version, which did not record the network"
        if self.structure != other.structure:
            return "its layers, their settings or their functions differ"
        if self.weights != other.weights:
            return "its initial weights differ"
        if not self.weights.startswith(ANY) and not _are_close(self.outputs, other.outputs):
            return "it computes different features for the same images"
        return ""


def other_network(known: Identity | str, identity: Identity | None) -> str:
    """Return how a run's network differs from one in hand, as a clause; empty where it does not."""
    if not known or identity is None:
        then, now = ("as an object" if given else "by name" for given in (known, identity))
        return "" if then == now else f"it was passed {then} before, and {now} now"
    return identity.difference(known if isinstance(known, Identity) else None)


def _are_close(ours: Sequence[float], theirs: Sequence[float]) -> bool:
    if len(ours) != len(theirs):
        return False
    here, there = np.array(ours), np.array(theirs)
    return bool(np.all(np.abs(here - there) <= _SAME * np.abs(here).max()))
