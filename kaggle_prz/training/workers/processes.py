"""The worker of several processes: a device each, folds of a stage side by side.

    this process  --Prepare, Train-->  a process a device
    this process  <--Done, lines, bars--

A process that dies is started again and its fold trained again.
"""

import contextlib
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection, wait

from kaggle_prz.core.console import Advance, Console
from kaggle_prz.core.devices import Place
from kaggle_prz.core.errors import PausedError, RunError
from kaggle_prz.core.image_store import Store
from kaggle_prz.core.process.child import Child
from kaggle_prz.models.backbones import Backbone
from kaggle_prz.runs import Run
from kaggle_prz.runs.fold_files import FoldDone
from kaggle_prz.schedule.recipe import Stage
from kaggle_prz.tasks.image_rows import Rows
from kaggle_prz.training.workers import NextSlot, Prepared, messages
from kaggle_prz.training.workers.messages import Job

MOST_TRIES = 3  # of a fold whose process dies
CHILD = "kaggle_prz.training.workers.child"


class _EndedError(Exception):
    """A process has ended."""


class _Device:
    """A place, the process there if one runs, and what it says and does."""

    def __init__(self, place: Place, job: Job, run: Run, console: Console, module: str):
        self.place, self._job, self._console, self._module = place, job, console, module
        self._log = run.path / "logs" / f"{place.name.replace(' ', '-')}.log"
        self._child: Child | None = None
        self._bars: dict[int, tuple[contextlib.ExitStack, Advance]] = {}
        self._prepared: Stage | None = None
        self.fold: int | None = None  # that is trained there

    @property
    def link(self) -> "Connection[object, object]":
        """What `multiprocessing.connection.wait` waits for."""
        return self._running.link

    @property
    def _running(self) -> Child:
        if self._child is None:
            place = self.place
            self._child = Child(
                self._module, self._log, settings=place.settings, processors=place.processors
            )
            self._child.send(self._job)
        return self._child

    def prepare(self, wanted: messages.Prepare) -> None:
        """Let the process build the network of a stage, unless it has."""
        if self._prepared != wanted.stage:
            self._running.send(wanted)
            self._prepared = wanted.stage

    def train(self, wanted: messages.Train) -> None:
        """Let the process train a fold of the prepared stage."""
        self.fold = wanted.fold
        self._running.send(wanted)

    def heard(self) -> Iterator[object]:
        """Yield messages of the process that are here; None at its end."""
        try:
            while self._child is not None and self._child.link.poll():
                message = self._child.link.recv()
                if not self._shown(message):
                    yield message
        except (EOFError, OSError):
            yield None

    def buried(self) -> str:
        """Forget a process that has ended; return how, as a clause."""
        how = self._running.ending()
        self.stop()
        return how

    def stop(self) -> None:
        """End the process."""
        for stack, _ in self._bars.values():
            with contextlib.suppress(_EndedError), stack:
                raise _EndedError  # a bar that is not at its end says nothing
        if self._child is not None:
            self._child.stop()
        self._child, self._prepared, self.fold, self._bars = None, None, None, {}

    def _shown(self, message: object) -> bool:
        """Show what is for people; return whether it was."""
        match message:
            case messages.Said(text):
                self._console.say(text)
            case messages.Table(title, columns, rows):
                self._console.table(title, columns, rows)
            case messages.Bar(number, label, total):
                stack = contextlib.ExitStack()
                self._bars[number] = stack, stack.enter_context(self._console.bar(label, total))
            case messages.Advanced(number, steps, note, ended):
                stack, advance = self._bars[number]
                advance(steps, note=note)
                if ended:
                    self._bars.pop(number)
                    stack.close()
            case _:
                return False
        return True


class _Once:
    """A console that says once what several processes say."""

    def __init__(self, console: Console):
        self._console, self._said = console, set[str]()
        self.table, self.bar = console.table, console.bar

    def say(self, text: str) -> None:
        """Say a line, unless it was said."""
        if text not in self._said:
            self._said.add(text)
            self._console.say(text)


class Processes:
    """Trains the folds of a stage side by side, a process a place, see `workers.Worker`.

    Raises:
        UsageError: the network is an object of this process.
    """

    def __init__(
        self,
        run: Run,
        backbone: Backbone,
        rows: Rows,
        stores: Mapping[int, Store],
        console: Console,
        *,
        places: Sequence[Place],
        module: str = CHILD,
    ):
        job = Job.of(run, backbone, rows, stores)
        self._console = console
        once = _Once(console)
        self._devices = [_Device(place, job, run, once, module) for place in places]
        self._wanted: messages.Prepare | None = None

    def prepare(self, stage: Stage, before: Stage | None, *, measure: bool) -> Prepared:
        """Build the network of a stage on the first device; the others do once they have a fold."""
        first = self._devices[0]
        for attempt in range(1, MOST_TRIES + 1):
            first.prepare(messages.Prepare(stage, before, measure, None))
            while (message := self._next([first])) is not None:
                if isinstance(message, messages.Ready):
                    prepared = message.prepared
                    self._wanted = messages.Prepare(stage, before, False, prepared.batch)
                    return prepared
            self._again_or_raise(first, f"{stage.name} was built", attempt)
        raise AssertionError("the last attempt returns or raises")

    def train(self, stage: Stage, folds: Sequence[int], slot: NextSlot) -> Iterator[FoldDone]:
        """Train folds of the prepared stage wherever a device is free; yield each when it is whole.

        Folds come in the order in which they are whole.
        """
        waiting, tries, paused = deque(folds), Counter[int](), None
        while True:
            free = [device for device in self._devices if device.fold is None]
            # What needs no training is shared: one network sees the features of all folds.
            for device in free[: None if stage.epochs else max(0, 1 - len(self._busy()))]:
                if not waiting:
                    break
                try:
                    given = slot(waiting[0])
                except PausedError as error:
                    given, paused = None, error
                if given is None:
                    waiting.clear()
                    break
                fold = waiting.popleft()
                device.prepare(self._prepare)
                device.train(messages.Train(stage, fold, given))
            busy = self._busy()
            if not busy:
                break
            device, message = self._any(busy)
            if isinstance(message, messages.Done):
                device.fold = None
                yield replace(message.fold, device=device.place.name)
            elif message is None and device.fold is not None:
                fold = device.fold
                tries[fold] += 1
                self._again_or_raise(device, f"it trained fold {fold + 1}", tries[fold])
                waiting.appendleft(fold)
        if paused is not None:
            raise paused

    def close(self) -> None:
        """End all processes."""
        for device in self._devices:
            device.stop()

    @property
    def _prepare(self) -> messages.Prepare:
        if self._wanted is None:
            raise RuntimeError("prepare() comes before train()")
        return self._wanted

    def _busy(self) -> list[_Device]:
        return [device for device in self._devices if device.fold is not None]

    def _next(self, devices: Sequence[_Device]) -> object:
        """Return the next message of a device that is no line for people; None at its end."""
        return self._any(devices)[1]

    def _any(self, devices: Sequence[_Device]) -> tuple[_Device, object]:
        """Return the next message of any device, and the device."""
        while True:
            ready = wait([device.link for device in devices])
            for device in devices:
                if device.link not in ready:
                    continue
                for message in device.heard():
                    if isinstance(message, messages.Failed):
                        raise message.error
                    return device, message

    def _again_or_raise(self, device: _Device, what: str, tries: int) -> None:
        """Forget a process that has died; raise where it did so too often."""
        how = device.buried()
        where = f"The process of {device.place.name} {how} while {what}"
        if tries >= MOST_TRIES:
            raise RunError(
                f"{where}, {tries} times. Finished folds are kept. If memory ran out, use fewer "
                "--workers or a smaller --batch-size, and run the same command again."
            )
        self._console.say(f"Note: {where}; trying again ({tries} of {MOST_TRIES - 1}).")
