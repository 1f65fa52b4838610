"""Folds side by side against folds in turn: the same run with one process and with several.

    python -m benchmarks.side_by_side [PROCESSES] [REPEATS]

Every process has one processor. A line a pair: seconds of the folds of all stages, from the first
that begins to the last that ends; at the end the median of the ratio, and of ratio ÷ processes.
"""

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from kaggle_prz import images
from kaggle_prz.commands.inspect import inspect
from kaggle_prz.competitions.embedded.shapes import Shapes
from kaggle_prz.core.console import Silent
from kaggle_prz.core.devices import Place
from kaggle_prz.models.backbones import resolve
from kaggle_prz.runs import fold_files
from kaggle_prz.runs.run import Run
from kaggle_prz.schedule.cost import Slot
from kaggle_prz.schedule.recipe import Recipe, Stage
from kaggle_prz.tasks import folds, image_rows
from kaggle_prz.training.workers.processes import Processes

THREADS = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS")
FOLDS = 4
SIZES = (32, 48)


def seconds(run: Run, rows: image_rows.Rows, decoded: images.Decoded, count: int) -> float:
    """Return the seconds of the folds of all stages, networks already built."""
    processors = sorted(os.sched_getaffinity(0))
    places = [Place(f"process {n}", {}, frozenset({processors[n]})) for n in range(count)]
    worker = Processes(run, resolve("tiny"), rows, decoded.stores, Silent(), places=places)
    spent, before = 0.0, None
    try:
        for index, size in enumerate(SIZES, 1):
            stage = Stage(
                index=index, image_size=size, epochs=4.0, batch_size=16, learning_rate=1e-3
            )
            worker.prepare(stage, before, measure=False)
            # A fold on every process builds its network; it is trained again below.
            list(worker.train(stage, range(count), lambda _: Slot(0.1)))
            started = time.monotonic()
            for done in worker.train(stage, range(FOLDS), lambda _: Slot(4.0)):
                fold_files.keep(run, done)
            spent += time.monotonic() - started
            before = stage
    finally:
        worker.close()
    return spent


def main(count: int, repeats: int) -> None:
    """Measure pairs, the order turned about."""
    os.environ.update(dict.fromkeys(THREADS, "1"))
    with tempfile.TemporaryDirectory() as text:
        place = Path(text)
        os.environ["KAGGLE_PRZ_HOME"] = f"{place}/home"
        Shapes(seed=5, train=400, test=40).materialise(place / "drawn")
        task = inspect(str(place / "drawn"))
        decoded = images.decode(
            task.root, image_rows.files_of(task), SIZES, place / "stores", Silent()
        )
        drawn = folds.draw(task, FOLDS, seed=0)
        rows = image_rows.place(task, decoded.readable, drawn)
        ratios = []
        for repeat in range(repeats):
            taken = {}
            for each in (1, count) if repeat % 2 else (count, 1):
                run = Run(place / f"run{repeat}-{each}", Recipe(sizes=SIZES, folds=FOLDS), task)
                run.path.mkdir()
                taken[each] = seconds(run, rows, decoded, each)
            ratios.append(taken[1] / taken[count])
            print(f"{taken[1]:7.1f} s  {taken[count]:7.1f} s  {ratios[-1]:.2f}", flush=True)
    median = statistics.median(ratios)
    print(f"median {median:.2f}, {median / count:.0%} of {count}")


if __name__ == "__main__":
    arguments = [int(word) for word in sys.argv[1:]]
    main(*(arguments + [2, 5][len(arguments) :]))
