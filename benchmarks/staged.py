"""Does progressive resizing reach the log loss of training at one size, and sooner?

    python benchmarks/staged.py --competition elpv
    python benchmarks/staged.py --competition elpv --against fastai --against keras
    python benchmarks/staged.py --quick

A staged run uses progressive resizing; a single run trains at the last size only. All runs train
the same fold of the same photographs, with the same initial weights and flips. Staged and single
runs alternate, each in a process of its own. The clock of a run starts after the imports, when its
list of files is read. It includes decoding, building, tracing, computing features for the head, and
writing weights between stages. It stops while held-out rows are evaluated. `peers/fastai_run.py`
and `keras_fit.py` use the same clock.

The target is the final log loss of the single run with the same seed. A run reaches the target at
its first recorded point that is at least as good; all runs have the same number of points. From its
second stage on, the staged run predicts the mean over its stages, as the blend of `fit` does if
that is better. The single run trains for as many epochs as improve its result.

The single run of fastai is one call of `fine_tune`; its resized run is three calls, one per size.
Both begin with an epoch that trains only the head, and so does plain Keras. kaggle-prz has no such
epoch: it fits the head as a linear probe on features that are computed once.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import recording
import target

Run = dict[str, Any]
HERE = Path(__file__).parent
KEY = ("competition", "rows", "tool", "mode", "seed")
QUICK = {"competition": "shapes", "sizes": "16,24", "epochs": "2,1", "single_epochs": 2.0}


def modes(
    sizes: str, epochs: str, single_epochs: float, against: Sequence[str], peer_epochs: float
) -> Iterator[tuple[str, str, list[str]]]:
    """Tool, mode and options of every run of a seed, in the order in which they are made."""
    largest = sizes.rpartition(",")[2]
    single = ["--sizes", largest, "--epochs", f"{single_epochs:g}"]
    staged = ["--sizes", sizes, "--epochs", epochs]
    yield "kaggle-prz", "staged", staged
    yield "kaggle-prz", "single", single
    for tool in against:
        yield tool, "single", ["--sizes", largest, "--epochs", f"{peer_epochs:g}"]
        if tool == "fastai":
            yield tool, "resized", staged


def command_of(tool: str, peers: Path) -> list[str]:
    """The script that makes a tool's runs, with its interpreter."""
    if tool == "fastai":
        return [str(peers / "bin/python"), str(HERE / "peers/fastai_run.py")]
    script = "keras_fit.py" if tool == "keras" else "staged_run.py"
    return [sys.executable, str(HERE / script)]


def measure(command: Sequence[str], file: Path) -> Run:
    """Make one run in a process of its own."""
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    begun = time.monotonic()
    child = subprocess.run(
        [*command, "--json", str(file)], env=environment, stdout=subprocess.DEVNULL, check=False
    )
    if child.returncode:
        raise click.ClickException(f"A run ended with {child.returncode}: {' '.join(command)}")
    found: Run = json.loads(file.read_text("utf-8"))
    return found | {"process_seconds": round(time.monotonic() - begun, 1)}


def told(run: Run) -> str:
    """A run's end in one line."""
    last, best = run["curve"][-1], min(point["log_loss"] for point in run["curve"])
    return (
        f"{run['tool']} {run['mode']}, seed {run['seed']}: log loss {last['log_loss']:.4f} (best "
        f"{best:.4f}), accuracy {last['accuracy']:.4f} after {last['seconds']:.1f} s"
    )


def conclude(runs: Sequence[Run], say: Callable[[str], object]) -> None:
    """Say when each tool and mode reached the target, over the seeds."""
    for (tool, mode), found in target.compare(runs).items():
        shares = [each.share for each in found if each.share is not None]
        missed = (
            f"; {len(found) - len(shares)} of {len(found)} seeds never"
            if len(shares) < len(found)
            else ""
        )
        reached = (
            f"median {statistics.median(shares):.2f} ({min(shares):.2f}–{max(shares):.2f})"
            if shares
            else "never"
        )
        say(f"{tool} {mode}: time to the target ÷ time of the single run {reached}{missed}")
    for (tool, mode), best in target.beside_best(runs).items():
        shown = ", ".join("never" if b.share is None else f"{b.share:.2f}" for b in best)
        say(f"{tool} {mode}: our time to its best log loss ÷ its own time {shown}")


@click.command()
@click.option("--competition", default="elpv", show_default=True)
@click.option("--sizes", default="96,144,192", show_default=True)
@click.option("--epochs", default="4,2,1", show_default=True, help="Of the staged run, a stage.")
@click.option("--single-epochs", default=4.0, show_default=True, help="At the largest size.")
@click.option("--peer-epochs", default=5.0, show_default=True, help="Of peers at that size.")
@click.option("--seeds", default="0,1,2", show_default=True)
@click.option("--points", default=5, show_default=True, help="Evaluations a stage.")
@click.option("--base-lr", help="Of fastai's fine_tune, instead of its default.")
@click.option("--rows", type=int, help="Labelled rows to use; default: all.")
@click.option("--against", multiple=True, type=click.Choice(["fastai", "keras"]))
@click.option("--only", multiple=True, help="Tools whose runs are made: kaggle-prz, fastai, keras.")
@click.option("--set", "settings", multiple=True, help="KEY=VALUE of kaggle-prz's recipe.")
@click.option("--peers", default=".venv-peers", show_default=True, type=click.Path(path_type=Path))
@click.option("--quick", is_flag=True, help="Tiny networks on drawn shapes, one seed.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Add the runs to it.")
def main(
    competition: str,
    *,
    sizes: str,
    epochs: str,
    single_epochs: float,
    peer_epochs: float,
    seeds: str,
    points: int,
    base_lr: str | None,
    rows: int | None,
    against: tuple[str, ...],
    only: tuple[str, ...],
    settings: tuple[str, ...],
    peers: Path,
    quick: bool,
    json_file: Path | None,
) -> None:
    """Print what every run ended with, and when it reached the target."""
    if quick:
        competition, sizes, epochs, single_epochs = QUICK.values()
        seeds, points, peer_epochs = "0", 2, single_epochs
    runs: list[Run] = []
    with tempfile.TemporaryDirectory() as place:
        split = Path(place, "split.json")
        command = [sys.executable, str(HERE / "split.py"), str(split), "--competition", competition]
        subprocess.run(command + (["--rows", str(rows)] if rows else []), check=True)
        for seed in seeds.split(","):
            for tool, mode, options in modes(sizes, epochs, single_epochs, against, peer_epochs):
                if only and tool not in only:
                    continue
                command = [*command_of(tool, peers), str(split), "--mode", mode, *options]
                each = points * (1 if mode != "single" else 1 + sizes.count(","))
                command += ["--seed", seed, "--points", str(each)]
                if tool == "kaggle-prz":
                    command += [word for pair in settings for word in ("--set", pair)]
                if tool == "fastai" and base_lr:
                    command += ["--base-lr", base_lr]
                run = {"competition": competition, "rows": rows}
                runs.append(run | measure(command, Path(place, "run.json")))
                click.echo(told(runs[-1]))
                if json_file:
                    recording.merge(json_file, "staged", runs[-1:], KEY)
    if json_file:
        runs = json.loads(json_file.read_text("utf-8"))["runs"]
    conclude(runs, click.echo)


if __name__ == "__main__":
    main()
