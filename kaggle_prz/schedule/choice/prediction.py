"""Speeds of all candidates: measured ones as they are, the others in proportion to them."""

import re
import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from kaggle_prz.schedule.choice import SIZE, Candidate, Kind, candidates
from kaggle_prz.schedule.cost import Measured, Speed, Speeds

TRAINING = 3  # multiply-adds of a training step ÷ those of a prediction
_CORES, _BANDWIDTH = 1, 936  # of the table's processor, and of its graphics card in GB/s


@dataclass(frozen=True)
class Card:
    """A graphics card."""

    bandwidth: int  # of its memory, GB/s
    memory: float  # GiB
    half: bool = True  # computes fast in half precision


# By the makers' data sheets.
CARDS = {
    "T4": Card(320, 15),
    "P100": Card(732, 16, half=False),
    "V100": Card(900, 16),
    "L4": Card(300, 22),
    "A100": Card(1555, 40),
    "H100": Card(3350, 80),
    "H200": Card(4800, 141),
    "3090": Card(936, 24),
}
_WITHOUT_HALF = 0.25  # of the speed of a card of the same bandwidth that has half precision


def card(machine: str) -> Card | None:
    """Return the graphics card that a machine is named after, or None.

    Example:
        >>> card("2 × Tesla T4").memory
        15
        >>> card("1 × NVIDIA A100-SXM4-80GB").memory
        80
    """
    known = next((CARDS[word] for word in re.findall(r"\w+", machine) if word in CARDS), None)
    named = re.search(r"(\d+) ?GB", machine)
    return replace(known, memory=int(named[1])) if known and named else known


def foreseen(kind: Kind, measured: Mapping[str, Speeds], otherwise: float) -> dict[str, Measured]:
    """Return the speeds of all candidates on one machine.

    What is measured of some says how fast the machine is, compared with that of the table. Where
    none is, it is `otherwise` times as fast.
    """
    known = [one for one in candidates() if one.name in measured]
    ratios = [ratio for one in known for ratio in _ratios(one, kind, measured[one.name])]
    times = statistics.median(ratios) if ratios else otherwise
    return {one.name: measured.get(one.name) or _of(one, kind, times) for one in candidates()}


def without_measurement(kind: Kind, machine: str, cores: int) -> float:
    """Return how fast a machine is, compared with that of the table, from data sheets.

    Most layers of these networks wait for memory, so its bandwidth says more than the arithmetic.
    """
    if kind == "cpu":
        return cores / _CORES
    known = card(machine)
    if known is None:
        return 1.0
    return known.bandwidth / _BANDWIDTH * (1.0 if known.half else _WITHOUT_HALF)


def _ratios(candidate: Candidate, kind: Kind, speeds: Speeds) -> Iterator[float]:
    for speed in speeds.measured.values():
        yield speed.train_images / _of(candidate, kind, 1.0).at(speed.image_size).train_images


def _of(candidate: Candidate, kind: Kind, times: float) -> Speed:
    predicted = times * candidate.rate(kind) / candidate.multiply_adds
    return Speed(SIZE, predicted / TRAINING, predicted, candidate.start)
