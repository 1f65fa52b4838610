"""Real processes that train trees in place of networks: the same files, and nothing is lost."""

import os
import pickle
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from support.light_worker import LightWorker

from kaggle_prz import images
from kaggle_prz.commands.inspect import inspect
from kaggle_prz.competitions.embedded.shapes import Shapes
from kaggle_prz.core import filesystem
from kaggle_prz.core.console import Silent
from kaggle_prz.core.devices import Place
from kaggle_prz.core.errors import PausedError, RunError, UsageError
from kaggle_prz.models.backbones import Backbone, Origin, resolve
from kaggle_prz.runs import fold_files
from kaggle_prz.runs.run import Run
from kaggle_prz.schedule.cost import Slot
from kaggle_prz.schedule.recipe import Recipe, Stage
from kaggle_prz.tasks import folds, image_rows
from kaggle_prz.training.workers import messages
from kaggle_prz.training.workers.processes import MOST_TRIES, Processes

TESTS = Path(__file__).parents[2]
FIRST = Stage(index=1, image_size=16, epochs=1.0, batch_size=8, learning_rate=1e-3)
SECOND = FIRST.model_copy(update={"index": 2, "image_size": 24})
TWO = (Place("process 1"), Place("process 2"))


class Heard(Silent):
    def __init__(self):
        self.lines, self.bars = [], []

    def say(self, text):
        self.lines.append(text)

    def bar(self, label, total):
        self.bars.append(label)
        return super().bar(label, total)


@dataclass
class Parts:
    """What every worker is made from."""

    run: Run
    rows: image_rows.Rows
    stores: dict

    def light(self) -> LightWorker:
        return LightWorker(self.run, resolve("tiny"), self.rows, self.stores, Silent())

    def processes(self, console=None, places=TWO, network=None) -> Processes:
        return Processes(
            self.run,
            network or resolve("tiny"),
            self.rows,
            self.stores,
            console or Silent(),
            places=places,
            module="support.light_child",
        )


@pytest.fixture(scope="module")
def competition(tmp_path_factory):
    place = tmp_path_factory.mktemp("processes")
    Shapes(seed=5, train=40, test=10).materialise(place / "drawn")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KAGGLE_PRZ_HOME", str(place / "home"))
        task = inspect(str(place / "drawn"))
    decoded = images.decode(
        task.root, image_rows.files_of(task), (16, 24), place / "stores", Silent()
    )
    return task, decoded


@pytest.fixture
def parts(competition, tmp_path):
    def make(name, count=3):
        task, decoded = competition
        run = Run(tmp_path / name, Recipe(sizes=(16, 24), folds=count), task)
        run.path.mkdir()
        rows = image_rows.place(task, decoded.readable, folds.draw(task, count, seed=0))
        return Parts(run, rows, dict(decoded.stores))

    return make


def train(parts, worker, stages=(FIRST, SECOND), slot=lambda _: Slot(1.0)):
    """Train stages and seal their folds; return what was done, in order."""
    done, before = [], None
    try:
        for stage in stages:
            worker.prepare(stage, before, measure=before is None)
            pending = [
                n for n in range(parts.run.recipe.folds) if not parts.run.fold_is_sealed(stage, n)
            ]
            for fold in worker.train(stage, pending, slot):
                fold_files.keep(parts.run, fold)
                done.append(fold)
            before = stage
    finally:
        worker.close()
    return done


def answers(run):
    """Predictions of every fold of every stage."""
    files = sorted(run.path.glob("stage*/fold*/*.npz"))
    return {
        file.relative_to(run.path).as_posix(): [
            filesystem.read_arrays(file)[name].tolist() for name in filesystem.read_arrays(file)
        ]
        for file in files
    }


def pids(worker):
    return [device._running.process.pid for device in worker._devices]


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return b"Z" not in Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2][:3]


def test_folds_side_by_side_are_folds_in_turn(parts):
    alone, together = parts("alone"), parts("together")
    train(alone, alone.light())
    console = Heard()
    done = train(together, together.processes(console))
    assert answers(together.run) == answers(alone.run) != {}
    assert {fold.device for fold in done} == {"process 1", "process 2"}
    recorded = together.run.measured(FIRST).devices
    assert set(recorded) == {"process 1", "process 2"}
    assert all(seconds > 0 for seconds in recorded.values())
    assert console.lines == ["Decided: trees on thumbnails."]
    assert len(console.bars) == 6
    assert sorted(file.name for file in (together.run.path / "logs").iterdir()) == [
        "process-1.log",
        "process-2.log",
    ]


def test_a_fold_whose_process_is_killed_is_trained_again(parts, monkeypatch):
    monkeypatch.setenv("LIGHT_SECONDS", "0.4")
    alone, killed = parts("alone"), parts("killed")
    train(alone, alone.light())
    console = Heard()
    worker = killed.processes(console)
    started = []

    def slot(fold):
        started.append(fold)
        if len(started) == 2:  # the first fold is under way
            os.kill(pids(worker)[0], signal.SIGKILL)
        return Slot(1.0)

    done = train(killed, worker, slot=slot)
    assert sorted((fold.stage.index, fold.fold) for fold in done) == [
        (stage, fold) for stage in (1, 2) for fold in range(3)
    ]
    assert answers(killed.run) == answers(alone.run)
    assert len(started) == 7
    (note,) = [line for line in console.lines if "killed" in line]
    assert note == (
        "Note: The process of process 1 was killed by SIGKILL while it trained fold 1; trying "
        "again (1 of 2)."
    )


def test_a_process_that_dies_every_time_ends_the_run(parts, monkeypatch):
    monkeypatch.setenv("LIGHT_FAULT", "1:exit")
    own = parts("dies")
    with pytest.raises(RunError, match=rf"ended with status 7.*trained fold 2, {MOST_TRIES} times"):
        train(own, own.processes())
    assert own.run.sealed(FIRST) == [0, 2]


def test_a_process_that_dies_while_it_builds_is_tried_again(parts, monkeypatch):
    own = parts("builds")
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(RunError, match="stage1-16 was built, 3 times"):
        train(own, own.processes())


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [("1:error", "The trees do not grow."), ("1:own", "OwnError: of another package")],
)
def test_an_error_of_a_process_is_raised_here(parts, monkeypatch, fault, sentence):
    monkeypatch.setenv("LIGHT_FAULT", fault)
    own = parts("fails")
    worker = own.processes()
    with pytest.raises(RunError) as caught:
        train(own, worker)
    assert str(caught.value) == sentence


def test_a_pause_waits_for_folds_under_way(parts, monkeypatch):
    monkeypatch.setenv("LIGHT_SECONDS", "0.2")
    own = parts("pauses")

    def slot(fold):
        if fold == 2:
            raise PausedError("The session ends.")
        return Slot(1.0)

    with pytest.raises(PausedError):
        train(own, own.processes(), slot=slot)
    assert own.run.sealed(FIRST) == [0, 1]
    train(own, own.processes())
    assert own.run.is_sealed(SECOND)


def test_a_fold_without_time_ends_the_stage(parts):
    own = parts("ends")
    done = train(own, own.processes(), (FIRST,), slot=lambda fold: None if fold else Slot(1.0))
    assert [fold.fold for fold in done] == [0]


def test_what_trains_nothing_is_left_to_one_device(parts):
    own = parts("heads")
    done = train(own, own.processes(), (FIRST.model_copy(update={"epochs": 0.0}),))
    assert [(fold.fold, fold.device) for fold in done] == [(n, "process 1") for n in range(3)]


def test_no_process_is_left(parts, monkeypatch):
    monkeypatch.setenv("LIGHT_SECONDS", "30")
    own = parts("left")
    worker = own.processes()
    started = []

    def slot(fold):
        started.extend(pids(worker) if not started else [])
        if fold == 1:
            raise KeyboardInterrupt
        return Slot(1.0)

    with pytest.raises(KeyboardInterrupt):
        train(own, worker, slot=slot)
    assert len(started) == 2
    assert not any(map(is_alive, started))


_DRIVER = """
import pickle, sys
from kaggle_prz.core.console import Silent
from kaggle_prz.core.devices import Place
from kaggle_prz.models.backbones import resolve
from kaggle_prz.schedule.cost import Slot
from kaggle_prz.training.workers.processes import Processes
from kaggle_prz.images import by_reference
run, rows, stores, stage = pickle.load(sys.stdin.buffer)
worker = Processes(run, resolve("tiny"), rows, by_reference.opened(stores), Silent(),
                   places=(Place("a"), Place("b")), module="support.light_child")
worker.prepare(stage, None, measure=False)
print(*[device._running.process.pid for device in worker._devices], flush=True)
list(worker.train(stage, range(3), lambda _: Slot(1.0)))
"""


def test_processes_end_with_the_one_that_started_them(parts):
    own = parts("orphans")
    job = messages.Job.of(own.run, resolve("tiny"), own.rows, own.stores)
    with subprocess.Popen(
        [sys.executable, "-c", _DRIVER],
        cwd=TESTS,
        env={**os.environ, "LIGHT_SECONDS": "60"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as driver:
        driver.stdin.write(pickle.dumps((job.run, job.rows, job.stores, FIRST)))
        driver.stdin.close()
        children = list(map(int, driver.stdout.readline().split()))
        assert all(map(is_alive, children))
        driver.kill()
    for _ in range(600):  # one of them may still be importing
        if not any(map(is_alive, children)):
            return
        time.sleep(0.1)
    pytest.fail("a process is left")


def test_a_network_that_is_an_object_is_refused(parts):
    own = parts("object")
    network = Backbone("mine", build=lambda size, channels=3: None, handed_over=lambda size: None)
    with pytest.raises(UsageError, match=r"mine is an object.*FILE\.py:FUNCTION.*workers=1"):
        own.processes(network=network)


def test_a_network_of_a_file_is_read_again(parts, tmp_path):
    (tmp_path / "net.py").write_text("def net(size):\n    raise NotImplementedError\n")
    own = parts("file")
    origin = Origin("net.py:net", tmp_path, tmp_path / "net.py", "net")
    network = Backbone(
        "net.py:net",
        build=lambda size, channels=3: None,
        handed_over=lambda size: None,
        origin=origin,
        normalization="layer",
    )
    job = pickle.loads(pickle.dumps(messages.Job.of(own.run, network, own.rows, own.stores)))
    again = job.backbone()
    assert (again.name, again.normalization) == ("net.py:net", "layer")
    assert again.origin.file == tmp_path / "net.py"
    np.testing.assert_array_equal(job.rows.ids, own.rows.ids)
