"""What a network computes, as a value: two that differ in it are never taken for each other."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_SAME = 0.01  # of the largest output: machines and precisions differ by less


@dataclass(frozen=True)
class Identity:
    """What tells a network that was handed over from every other.

    Attributes:
        structure: digest of layers, their settings and the user's code, at every size; names of
            layers do not count.
        weights: digest of the initial weights; empty where they are others at every call.
        outputs: size in px -> some of the features of two made-up pictures.
    """

    structure: str
    weights: str
    outputs: Mapping[str, tuple[float, ...]]

    @property
    def digest(self) -> str:
        """Structure and weights in one text, for names of runs."""
        return self.structure + self.weights

    def to_json(self) -> dict[str, Any]:
        """Return the identity as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, facts: Any) -> "Identity | None":
        """Return an identity that was written down, or None where that cannot be read."""
        try:
            outputs = {size: tuple(map(float, some)) for size, some in facts["outputs"].items()}
            return cls(str(facts["structure"]), str(facts["weights"]), outputs)
        except (TypeError, KeyError, ValueError, AttributeError):
            return None

    def difference(self, other: "Identity | None") -> str:
        """Return in which way the networks differ, as a clause; empty where they do not.

        Outputs are compared with a tolerance of 1 %, since devices compute a little differently.
        """
        if other is None:
            return "it was trained by an earlier version, which did not record what is computed"
        if self.structure != other.structure:
            return "its layers, their settings or the functions in them are others"
        if self.weights != other.weights:
            return "its initial weights are others"
        if self.weights and not _all_close(self.outputs, other.outputs):
            return "it computes other features of the same pictures"
        return ""


def _all_close(
    ours: Mapping[str, tuple[float, ...]], theirs: Mapping[str, tuple[float, ...]]
) -> bool:
    if ours.keys() != theirs.keys():
        return False
    return all(_close(np.array(some), np.array(theirs[size])) for size, some in ours.items())


def _close(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> bool:
    if ours.shape != theirs.shape:
        return False
    return bool(np.all(np.abs(ours - theirs) <= _SAME * np.abs(ours).max()))
