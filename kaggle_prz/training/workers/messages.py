"""What the process of a run and those that train its folds say to each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from kaggle_prz.core.errors import UsageError
from kaggle_prz.core.image_store import Store
from kaggle_prz.images import by_reference
from kaggle_prz.models import backbones
from kaggle_prz.models.backbones import Backbone
from kaggle_prz.runs import Run
from kaggle_prz.runs.fold_files import FoldDone
from kaggle_prz.schedule.cost import Slot
from kaggle_prz.schedule.recipe import Stage
from kaggle_prz.tasks.image_rows import Rows
from kaggle_prz.training.workers import Prepared

_SURVEYED = (
    "name",
    "channels",
    "identity",
    "kind",
    "minimum",
    "multiple",
    "normalization",
    "parameters",
)


def is_object(network: Backbone) -> bool:
    """Return whether a network is an object of this process, which no text names."""
    return network.handed_over is not None and network.origin is None


def refusal(network: Backbone) -> UsageError:
    """Return the error for a network that is an object of this process."""
    return UsageError(
        f"The backbone {network.name} is an object of this process, so only this process can train "
        "it. Write its function into a file and pass FILE.py:FUNCTION, save the model and pass "
        "FILE.keras, or pass workers=1."
    )


@dataclass(frozen=True, eq=False)
class Job:
    """A run as another process gets it: files by their paths, the network by its name or text."""

    run: Run
    network: str
    directory: Path | None  # where the text of a network of the user's own is looked for
    facts: Mapping[str, Any]  # on such a network, once surveyed
    rows: Rows
    stores: Mapping[int, by_reference.MappedFile | Store]

    @classmethod
    def of(cls, run: Run, network: Backbone, rows: Rows, stores: Mapping[int, Store]) -> "Job":
        """Return a run's job.

        Raises:
            UsageError: the network is an object of this process.
        """
        if is_object(network):
            raise refusal(network)
        origin = network.origin
        facts = {name: getattr(network, name) for name in _SURVEYED} if origin else {}
        return cls(
            run,
            origin.written if origin else network.name,
            origin.directory if origin else run.path,
            facts,
            rows,
            by_reference.referred(stores),
        )

    def backbone(self) -> Backbone:
        """Return the network that the run trains."""
        return replace(backbones.resolve(self.network, self.directory), **self.facts)


class Prepare(NamedTuple):
    """Build the network of a stage."""

    stage: Stage
    before: Stage | None
    measure: bool
    batch: tuple[int, int] | None  # settled by another process


class Train(NamedTuple):
    """Train a fold of the prepared stage."""

    stage: Stage
    fold: int
    slot: Slot


class Ready(NamedTuple):
    """The network of a stage is built."""

    prepared: Prepared


class Done(NamedTuple):
    """A fold is whole."""

    fold: FoldDone


class Failed(NamedTuple):
    """Something went wrong that would go wrong again."""

    error: Exception


class Said(NamedTuple):
    """A line for people."""

    text: str


class Bar(NamedTuple):
    """A bar began."""

    number: int
    label: str
    total: int


class Advanced(NamedTuple):
    """A bar is further, or at its end."""

    number: int
    steps: int
    note: str
    ended: bool


class Table(NamedTuple):
    """A table for people."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
