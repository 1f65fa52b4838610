"""How much of the wall time of a fit is pure training and prediction?

    python benchmarks/overhead.py --competition elpv --sizes 96,144,192
    python benchmarks/overhead.py --competition shapes --quick

Pure time is the time of the training and prediction steps alone, with the arrays in memory and the
model traced. The speed of a machine drifts during a fit. So a few steps of each kind are timed
after every fold, on the model of that fold, and their mean is multiplied by the number of steps of
the fold. Wall time is that of the whole process, from the imports to the report, without the time
for these measurements. The ratio is pure time divided by wall time; the other figures are seconds.
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

_STEPS = 8


def mean_seconds(step: Callable[[], object]) -> float:
    """Mean of eight calls, after two that trace and warm up."""
    taken = []
    for call in range(_STEPS + 2):
        begun = time.monotonic()
        step()
        if call >= 2:
            taken.append(time.monotonic() - begun)
    return statistics.fmean(taken)


class Sampler:
    """Stands beside a worker and times pure steps after each of its folds."""

    def __init__(self) -> None:
        self.pure = {"features": 0.0, "train": 0.0, "predict": 0.0}
        self.spent = 0.0

    def attach(self) -> None:
        """Sample after every fold of every worker of this process."""
        from kaggle_prz.training.workers import in_process

        trained = in_process.InProcess._trained

        def train(worker, stage, work, advance):
            done = trained(worker, stage, work, advance)
            begun = time.monotonic()
            self.sample(worker, stage, work.fold)
            self.spent += time.monotonic() - begun
            return done

        in_process.InProcess._trained = train

    def sample(self, worker, stage, fold) -> None:
        """Add what the fold's steps cost, at the speed that the machine has now."""
        import pandas as pd

        run, rows = worker._run, worker._rows
        model, features = worker._classifier.model, worker._classifier.features
        chosen = rows.train[: stage.batch_size]
        images = worker._stores[stage.image_size][chosen]
        labels = run.task.labels[: len(chosen)]
        steps = int(pd.read_csv(run.directory(stage, fold) / "history.csv")["step"].iloc[-1])
        predicted = (len(rows.held_out(fold)) + len(rows.test)) * len(worker._views)
        self.pure["train"] += steps * mean_seconds(lambda: model.train_on_batch(images, labels))
        self.pure["predict"] += (
            predicted / len(chosen) * mean_seconds(lambda: features.predict_on_batch(images))
        )
        featured = self.featured(worker, stage, fold)
        if featured:
            step = mean_seconds(lambda: features.predict_on_batch(images))
            self.pure["features"] += featured / len(chosen) * step

    def featured(self, worker, stage, fold) -> int:
        """Images whose features a head was fitted to: of all folds at once, or of this one."""
        if stage.index == 1:
            once = fold == 0 and bool(worker._first._shared)
            return len(worker._rows.train) if once else 0
        refits = worker._classifier.pretrained and worker._run.recipe.refit_head
        return len(worker._rows.trained_on(fold)) if refits else 0


def fit_and_sample(competition: str, epochs: str | None, sizes: str | None, runs_dir: str) -> None:
    """The child's work: one fit; prints pure seconds by kind and seconds spent on sampling."""
    from kaggle_prz.commands import fit

    options = {"epochs": tuple(map(float, epochs.split(",")))} if epochs else {}
    options |= {"sizes": tuple(map(int, sizes.split(",")))} if sizes else {}
    sampler = Sampler()
    sampler.attach()
    fit.fit(competition, output_dir=runs_dir, **options)
    click.echo(json.dumps({"pure": sampler.pure, "sampling": sampler.spent}))


def measure(competition: str, epochs: str | None, sizes: str | None) -> dict[str, float]:
    """One fit in a process and a home of its own."""
    with tempfile.TemporaryDirectory() as place:
        command = [sys.executable, __file__, "--competition", competition, "--child", place]
        command += ["--epochs", epochs] if epochs else []
        command += ["--sizes", sizes] if sizes else []
        environment = os.environ | {"KAGGLE_PRZ_HOME": f"{place}/home", "TF_CPP_MIN_LOG_LEVEL": "3"}
        begun = time.monotonic()
        child = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
        whole = time.monotonic() - begun
    found = json.loads(child.stdout.splitlines()[-1])
    pure, wall = sum(found["pure"].values()), whole - found["sampling"]
    return {"wall": round(wall, 1), **found["pure"], "ratio": pure / wall}


@click.command()
@click.option("--competition", default="elpv", show_default=True)
@click.option("--repeats", default=3, show_default=True, help="Fits; medians are reported.")
@click.option("--epochs", help="One number a stage; default: the competition's own.")
@click.option("--sizes", help="Default: the competition's own.")
@click.option("--quick", is_flag=True, help="One fit.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures.")
@click.option("--child", hidden=True)
def main(
    competition: str,
    *,
    repeats: int,
    epochs: str | None,
    sizes: str | None,
    quick: bool,
    json_file: Path | None,
    child: str | None,
) -> None:
    """Print pure step time ÷ wall time of a fit, with its spread."""
    if child is not None:
        return fit_and_sample(competition, epochs, sizes, f"{child}/runs")
    fits = []
    for _ in range(1 if quick else repeats):
        fits.append(measure(competition, epochs, sizes))
        parts = {kind: value for kind, value in fits[-1].items() if kind != "ratio"}
        seconds = ", ".join(f"{kind} {value:.1f} s" for kind, value in parts.items())
        click.echo(f"{seconds}: {fits[-1]['ratio']:.3f}")
    ratios = [found["ratio"] for found in fits]
    middle, low, high = statistics.median(ratios), min(ratios), max(ratios)
    click.echo(f"pure ÷ wall: median {middle:.3f} ({low:.3f}–{high:.3f})")
    if json_file:
        result = {"competition": competition, "fits": fits, "median ratio": middle}
        json_file.write_text(json.dumps(result, indent=2) + "\n")
    return None


if __name__ == "__main__":
    main()
