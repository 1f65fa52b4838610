"""Where does the time of a fit go, part by part?

    python benchmarks/parts.py --competition shapes
    python benchmarks/parts.py --competition elpv --sizes 96,144,192 --folds 2 --epochs 0.5,0.3,0.2

Every part counts what it does itself, without the parts inside it, in seconds of the clock and of
the processor. Seconds of the processor hold on a machine with other work; they count all threads,
so that a training step on two cores has about two for each second of the clock.
"""

import contextlib
import functools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

# What is timed: a part, and what does it, as `module:function` or `module:Class.method`.
EARLY = {
    "read the competition": ["commands.inspect:read"],
    "decode": ["images:decode"],
    "near-duplicates": ["images.duplicates:find"],
    "report": ["report:write_if_possible"],
    "blend": ["runs.blending:blend"],
    "seal": ["core.filesystem:seal"],
    "write arrays": ["core.filesystem:write_arrays"],
    "digest of weights": ["core.filesystem:sha256"],
}
LATE = {
    "build a model": ["training.workers.in_process:build"],
    "compile": ["training.stage_trainer:StageTrainer.__init__"],
    "prepare": ["training.workers.in_process:InProcess.prepare"],
    "features": ["training.starting_point:FirstWeights._features_of"],
    "fit the head": ["training.starting_point:fit_head"],
    "measure prediction": ["training.workers.in_process:InProcess._measure_prediction"],
    "measure training": ["training.stage_trainer:StageTrainer.measure"],
    "set first weights": ["training.starting_point:FirstWeights.set"],
    "around training steps": ["training.stage_trainer:StageTrainer.train"],
    "training steps": ["training.stage_trainer:StageTrainer.train/steps"],
    "predict": ["training.workers.in_process:InProcess._predict"],
    "around a fold": ["training.workers.in_process:InProcess._trained"],
}


class Parts:
    """Seconds of every part, without those of the parts inside it."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = {}
        self.calls: dict[str, int] = {}
        self._inside: list[list[float]] = []

    @contextlib.contextmanager
    def timed(self, part: str) -> Iterator[None]:
        """Count what goes on as `part`."""
        self._inside.append([0.0, 0.0])
        begun = time.monotonic(), time.process_time()
        try:
            yield
        finally:
            taken = [time.monotonic() - begun[0], time.process_time() - begun[1]]
            inside = self._inside.pop()
            if self._inside:
                self._inside[-1] = [a + b for a, b in zip(self._inside[-1], taken, strict=True)]
            own = [a - b for a, b in zip(taken, inside, strict=True)]
            so_far = self.seconds.get(part, [0.0, 0.0])
            self.seconds[part] = [a + b for a, b in zip(so_far, own, strict=True)]
            self.calls[part] = self.calls.get(part, 0) + 1

    def watch(self, parts: dict[str, list[str]]) -> None:
        """Time these functions from now on."""
        import importlib

        for part, places in parts.items():
            for place in places:
                module, _, name = place.partition(":")
                if name.endswith("/steps"):
                    self._watch_steps(part)
                    continue
                owner: Any = importlib.import_module(f"kaggle_prz.{module}")
                *path, last = name.split(".")
                for step in path:
                    owner = getattr(owner, step)
                setattr(owner, last, self._around(part, getattr(owner, last)))

    def _around(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def timed(*given: Any, **named: Any) -> Any:
            with self.timed(part):
                return function(*given, **named)

        return timed

    def _watch_steps(self, part: str) -> None:
        """Between the callbacks before and after a step lies the step."""
        from kaggle_prz.training.callbacks.callbacks import Pace

        begin, end, open_steps = Pace.on_train_batch_begin, Pace.on_train_batch_end, []

        def begun(pace: Any, batch: int, logs: Any = None) -> None:
            begin(pace, batch, logs)
            open_steps.append(self.timed(part))
            open_steps[-1].__enter__()

        def ended(pace: Any, batch: int, logs: Any = None) -> None:
            open_steps.pop().__exit__(None, None, None)
            end(pace, batch, logs)

        Pace.on_train_batch_begin, Pace.on_train_batch_end = begun, ended


def fit_and_time(competition: str, runs_dir: str, options: dict[str, Any]) -> dict[str, Any]:
    """The child's work: one fit; the seconds of every part."""
    parts = Parts()
    with parts.timed("import kaggle_prz"):
        from kaggle_prz.commands import fit
        from kaggle_prz.core import environment
        from kaggle_prz.core.process import allocator

        parts.watch(EARLY)
    trained = fit._train

    def train(*given: Any, **named: Any) -> None:
        allocator.keep_freed_memory()
        with parts.timed("import Keras"), environment.without_banner():
            from kaggle_prz.training.workers import in_process  # noqa: F401
        with parts.timed("import KerasCV"), contextlib.suppress(ImportError):
            if competition == "elpv":
                import keras_cv  # noqa: F401
        parts.watch(LATE)
        trained(*given, **named)

    fit._train = train
    with parts.timed("rest"):
        fit.fit(competition, output_dir=runs_dir, **options)
    return {"seconds": parts.seconds, "calls": parts.calls, "processor": time.process_time()}


def measure(competition: str, home: Path | None, options: dict[str, Any]) -> dict[str, Any]:
    """One fit in a process and, unless `home` says otherwise, a home of its own."""
    with tempfile.TemporaryDirectory() as place:
        command = [sys.executable, __file__, "--competition", competition, "--child", place]
        command += ["--options", json.dumps(options)]
        environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
        environment |= {"KAGGLE_PRZ_HOME": str(home or f"{place}/home")}
        begun = time.monotonic()
        child = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
        wall = time.monotonic() - begun
    return {"wall": wall, **json.loads(child.stdout.splitlines()[-1])}


def show(found: dict[str, Any]) -> None:
    """A table, the longest part first."""
    click.echo(f"{'part':<24}{'calls':>7}{'clock s':>10}{'processor s':>13}{'share':>8}")
    for part, (clock, processor) in sorted(found["seconds"].items(), key=lambda one: -one[1][0]):
        share = clock / found["wall"]
        calls = found["calls"][part]
        click.echo(f"{part:<24}{calls:>7}{clock:>10.2f}{processor:>13.2f}{share:>8.1%}")
    click.echo(f"{'in all':<31}{found['wall']:>10.2f}{found['processor']:>13.2f}")


@click.command()
@click.option("--competition", default="shapes", show_default=True)
@click.option("--sizes", help="Default: the competition's own; so are folds and epochs.")
@click.option("--folds", type=int)
@click.option("--epochs", help="One number a stage.")
@click.option("--home", type=click.Path(path_type=Path), help="With decoded images, to be kept.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures.")
@click.option("--options", default="{}", hidden=True)
@click.option("--child", hidden=True)
def main(
    competition: str,
    *,
    sizes: str | None,
    folds: int | None,
    epochs: str | None,
    home: Path | None,
    json_file: Path | None,
    options: str,
    child: str | None,
) -> None:
    """Print the seconds of every part of a fit."""
    given = json.loads(options)
    if child is not None:
        given = {key: tuple(v) if isinstance(v, list) else v for key, v in given.items()}
        return click.echo(json.dumps(fit_and_time(competition, f"{child}/runs", given)))
    given |= {"sizes": [int(size) for size in sizes.split(",")]} if sizes else {}
    given |= {"epochs": [float(number) for number in epochs.split(",")]} if epochs else {}
    given |= {"folds": folds} if folds else {}
    found = measure(competition, home, given)
    show(found)
    if json_file:
        json_file.write_text(json.dumps(found, indent=2) + "\n")
    return None


if __name__ == "__main__":
    main()
