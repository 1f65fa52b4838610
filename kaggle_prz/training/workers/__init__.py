"""What trains the folds of a stage, as a protocol: in this process, or elsewhere.

The caller owns time and records; a worker writes a fold's files and says what is in them. A fold
starts from the file of weights of the stage before, never from a network in memory, so a worker
may be in another process or on another machine. Only the first stage starts from initial weights.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from kaggle_prz.runs.fold_files import FoldDone
from kaggle_prz.schedule.cost import Slot, Speed
from kaggle_prz.schedule.recipe import Stage

NextSlot = Callable[[int], Slot | None]


@dataclass(frozen=True)
class Prepared:
    """A stage whose network is built."""

    stage: Stage  # with the batch size and learning rate that it is trained with
    speed: Speed | None  # of a few steps, or None where none was asked for
    batch: tuple[int, int] | None = None  # images a step, and steps whose gradients are averaged


class Worker(Protocol):
    """Trains the folds of one stage after the other.

    Example:
        ```python
        prepared = worker.prepare(stage, before, measure=True)
        for done in worker.train(stage, range(5), lambda fold: Slot(epochs=2.0)):
            fold_files.keep(run, done)
        ```
    """

    def prepare(self, stage: Stage, before: Stage | None, *, measure: bool) -> Prepared:
        """Build the network of a stage whose folds start from the stage `before`, or from None.

        With `measure`, time a few steps of training and of predicting.
        """
        ...

    def train(self, stage: Stage, folds: Sequence[int], slot: NextSlot) -> Iterator[FoldDone]:
        """Train folds of the prepared stage, with its epochs settled; yield each when it is whole.

        Call `slot(fold)` right before a fold starts: it returns the time for that fold, or None to
        end the stage. When a fold is yielded, all its files but the seal are in its directory.
        """
        ...

    def close(self) -> None:
        """Let go of what is held: networks, processes, devices."""
        ...
