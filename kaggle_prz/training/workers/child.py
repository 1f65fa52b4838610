"""A process that trains folds for another one, see `processes`."""

import contextlib
import functools
import itertools
import pickle
import sys
from collections.abc import Iterator, Sequence
from typing import cast

from kaggle_prz.core import environment
from kaggle_prz.core.console import Advance
from kaggle_prz.core.errors import RunError
from kaggle_prz.core.process import allocator, child
from kaggle_prz.core.process.child import Line
from kaggle_prz.core.process.leaving import traceback_of
from kaggle_prz.images import by_reference
from kaggle_prz.schedule.cost import Slot
from kaggle_prz.training.workers import messages


class Remote:
    """The console of the other process."""

    def __init__(self, line: Line):
        self._line, self._numbers = line, itertools.count()

    def say(self, text: str) -> None:
        """Send the line."""
        self._line.send(messages.Said(text))

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Send the table."""
        self._line.send(messages.Table(title, columns, rows))

    @contextlib.contextmanager
    def bar(self, label: str, total: int) -> Iterator[Advance]:
        """Send how far it is."""
        number = next(self._numbers)
        self._line.send(messages.Bar(number, label, total))

        def advance(steps: int, *, note: str = "") -> None:
            self._line.send(messages.Advanced(number, steps, note, ended=False))

        yield advance
        self._line.send(messages.Advanced(number, 0, "", ended=True))


def main(arguments: list[str]) -> None:
    """Do what the other process says, until it ends."""
    line = child.attach(arguments)
    try:
        _serve(line)
    except Exception as error:
        print(traceback_of(error), file=sys.stderr, flush=True)
        line.send(messages.Failed(_to_be_sent(error)))
        line.receive()  # the other process ends this one


def _serve(line: Line) -> None:
    job = cast(messages.Job, line.receive())
    allocator.keep_freed_memory()
    with environment.without_banner():
        from kaggle_prz.training.workers.in_process import InProcess

    worker = InProcess(
        job.run, job.backbone(), job.rows, by_reference.opened(job.stores), Remote(line)
    )
    while True:
        match line.receive():
            case messages.Prepare(stage, before, measure, batch):
                prepared = worker.prepare(stage, before, measure=measure, batch=batch)
                line.send(messages.Ready(prepared))
            case messages.Train(stage, fold, slot):
                with allocator.networks_not_searched():
                    [done] = worker.train(stage, [fold], functools.partial(_given, slot))
                line.send(messages.Done(done))


def _given(slot: Slot, _fold: int) -> Slot:
    return slot


def _to_be_sent(error: Exception) -> Exception:
    """Return an error that another process can read, which has the same sentence."""
    if type(error).__module__.partition(".")[0] in {"builtins", "kaggle_prz"}:
        with contextlib.suppress(Exception):
            pickle.loads(pickle.dumps(error))
            return error
    return RunError(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
