"""Which backbone a recipe gets that leaves it open: the candidates, and what a choice says."""

import functools
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pydantic

AUTO = "auto"  # a recipe's backbone that is left open
SIZE = 224  # px, at which candidates were counted
Kind = Literal["cpu", "gpu"]

_SHARE_OF_MEMORY = 0.8
_BYTES_A_PARAMETER = 20  # float32: the weight, its gradient, two moments of AdamW, and the EMA


@dataclass(frozen=True)
class Candidate:
    """What is known of a network without building it; `networks.toml` says how."""

    name: str
    top_1: float  # published accuracy on ImageNet, %
    parameters: int
    multiply_adds: int  # for one image of 224 px
    values: int  # that its layers put out for one image of 224 px
    start: float  # seconds to build and trace it
    cpu: float  # multiply-adds a second in training, on a core of the table's processor …
    gpu: float  # … and on its graphics card

    def rate(self, kind: Kind) -> float:
        """Return multiply-adds a second in training, on the table's device of a kind."""
        return self.cpu if kind == "cpu" else self.gpu

    def batch(self, image_size: int, memory: int, bytes_a_value: int) -> int:
        """Return how many images a training step can take with so many bytes of memory."""
        image = self.values * bytes_a_value * (image_size / SIZE) ** 2
        left = memory * _SHARE_OF_MEMORY - self.parameters * _BYTES_A_PARAMETER
        return max(0, int(left // image))


@dataclass(frozen=True)
class Device:
    """What trains."""

    name: str
    kind: Kind
    memory: int | None = None  # bytes; None where it is not known
    bytes_a_value: int = 4  # of what layers put out


@dataclass(frozen=True)
class Weights:
    """Whether a candidate's first weights can be had, and in words."""

    can_be_had: bool
    words: str


class Considered(pydantic.BaseModel):
    """One candidate, and what became of it."""

    model_config = pydantic.ConfigDict(frozen=True)

    name: str
    top_1: float
    weights: str
    batch: int | None  # images that a step can take at the largest size; None: not known
    epoch_seconds: float  # of one epoch at the largest size, all folds together
    seconds: float  # of the whole recipe
    verdict: str


class Choice(pydantic.BaseModel):
    """The backbone of a run, why, and what else was considered."""

    model_config = pydantic.ConfigDict(frozen=True)

    name: str
    why: str  # a sentence
    device: str
    speeds: str  # where the predicted times come from
    image_size: int  # the largest, px
    candidates: tuple[Considered, ...]


@functools.cache
def candidates() -> tuple[Candidate, ...]:
    """Return the networks that are considered."""
    table = tomllib.loads(Path(__file__).with_name("networks.toml").read_text("utf-8"))
    return tuple(Candidate(name, **row) for name, row in table.items())
