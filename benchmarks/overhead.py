"""How much of a fit's wall time is pure training and prediction?

    python benchmarks/overhead.py --competition elpv
    python benchmarks/overhead.py --competition shapes --quick

The numerator is what the same numbers of training and prediction steps cost on arrays that are
already in memory, on models that are already traced: the median step of each kind at each size,
measured right after every fit, times the number of steps that the fit did. The denominator is
the wall time of the whole process of `kaggle-prz fit`: imports, decoding, tracing, seals,
ensemble and report included.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click

from kaggle_prz import runs
from kaggle_prz.runs import Run

_STEPS = 10


def fit_in_a_process(competition: str, options: list[str], place: Path) -> tuple[Run, float]:
    """Run the command in a home of its own; returns the run and the seconds it took."""
    environment = os.environ | {"KAGGLE_PRZ_HOME": str(place / "home")}
    command = [sys.executable, "-m", "kaggle_prz.cli", "fit", "--competition", competition]
    command += ["--output-dir", str(place / "runs"), "--run", "measured", *options]
    begun = time.monotonic()
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    return runs.load_run(next((place / "runs").glob("*/measured"))), time.monotonic() - begun


def step_seconds(run: Run) -> dict[str, float]:
    """Median seconds of a training, prediction and feature step at every size of the run."""
    import numpy as np

    from kaggle_prz import backbones, model, precision, training

    policy = precision.decide(run.recipe.precision).policy
    network = backbones.resolve(run.recipe.backbone)
    seconds: dict[str, float] = {}
    random = np.random.default_rng(0)
    for stage in run.stages:
        built = model.build(
            network, stage.image_size, len(run.task.classes),
            weights=run.recipe.weights, policy=policy, dropout=run.recipe.dropout,
        )  # fmt: skip
        training.StageTrainer(built, stage, run.recipe)
        shape = (stage.batch_size, stage.image_size, stage.image_size, 3)
        images = random.integers(0, 256, shape, dtype=np.uint8)
        labels = random.integers(0, len(run.task.classes), stage.batch_size)
        steps = {
            "train": lambda m=built.model, x=images, y=labels: m.train_on_batch(x, y),
            "predict": lambda m=built.model, x=images: m.predict_on_batch(x),
        }
        if stage.index == 1 and built.pretrained:
            steps["features"] = lambda m=built.features, x=images: m.predict_on_batch(x)
        for kind, step in steps.items():
            seconds[f"{kind} {stage.name}"] = median_seconds(step)
    return seconds


def median_seconds(step: Callable[[], object]) -> float:
    """Median of ten calls, after two that trace and warm up."""
    taken = []
    for call in range(_STEPS + 2):
        begun = time.monotonic()
        step()
        if call >= 2:
            taken.append(time.monotonic() - begun)
    return statistics.median(taken)


def steps_done(run: Run) -> dict[str, float]:
    """How many steps of each kind a run did, read from its files."""
    import pandas as pd

    done: dict[str, float] = {}
    for stage in run.stages:
        histories = sorted((run.path / stage.name).glob("fold*/history.csv"))
        done[f"train {stage.name}"] = sum(int(pd.read_csv(h)["step"].iloc[-1]) for h in histories)
        record = json.loads((run.path / stage.name / "stage.json").read_text())
        done[f"predict {stage.name}"] = record["predicted_images"] / stage.batch_size
        if record["seconds"]["features"]:
            done[f"features {stage.name}"] = len(run.task.train_ids) / stage.batch_size
    return done


@click.command()
@click.option("--competition", default="elpv", show_default=True)
@click.option("--repeats", default=3, show_default=True, help="Fits; medians are reported.")
@click.option("--epochs", default="3,1", show_default=True, help="One number a stage.")
@click.option("--quick", is_flag=True, help="One fit of one epoch a stage.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures.")
def main(competition: str, repeats: int, epochs: str, quick: bool, json_file: Path | None) -> None:
    """Print pure step time ÷ wall time of a fit, with its spread."""
    options = [] if quick and competition == "shapes" else ["--epochs", epochs]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for repeat in range(1 if quick else repeats):
            run, wall = fit_in_a_process(competition, options, Path(folder) / str(repeat))
            after = step_seconds(run)
            pure = sum(count * after[kind] for kind, count in steps_done(run).items())
            rows.append({"wall": round(wall, 1), "pure": round(pure, 1), "ratio": pure / wall})
            click.echo(f"fit {wall:6.1f} s   pure steps {pure:6.1f} s   ratio {pure / wall:.3f}")
    ratios = [row["ratio"] for row in rows]
    result = {"competition": competition, "options": options, "fits": rows}
    result |= {"median": statistics.median(ratios), "min": min(ratios), "max": max(ratios)}
    click.echo(f"pure ÷ wall: median {result['median']:.3f} ({min(ratios):.3f}–{max(ratios):.3f})")
    if json_file:
        json_file.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
