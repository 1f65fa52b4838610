"""What does an epoch's data cost: decoded every time, or read from the store of decoded images?

    python benchmarks/loaders.py --competition elpv --against torch
    python benchmarks/loaders.py --quick

A run of kaggle-prz decodes a competition once at all sizes, and every epoch reads that store:
shuffled and flipped batches. What decoding took is told beside them.
tf.data (`keras_fit.py`) and a torch DataLoader with two workers (`peers/dataloader_run.py`) decode
in every epoch. Nothing is trained.
"""

import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
import recording

HERE = Path(__file__).parent
KEY = ("competition", "rows", "tool")


def timed(batches: Iterable[object]) -> float:
    """Seconds of one pass."""
    begun = time.monotonic()
    for _ in batches:
        pass
    return round(time.monotonic() - begun, 4)


def of_store(
    split: dict[str, Any], sizes: Sequence[int], epochs: int, place: Path
) -> dict[str, Any]:
    """Decode once at all sizes, then read epochs of each."""
    from kaggle_prz import images
    from kaggle_prz.core.console import Silent
    from kaggle_prz.training.data import TrainBatches

    files = [Path(file) for file, _ in split["train"]]
    labels = np.array([label for _, label in split["train"]])
    root = Path(os.path.commonpath(files))
    names = [str(file.relative_to(root)) for file in files]
    begun = time.monotonic()
    decoded = images.decode(root, names, sizes, place, Silent())
    once = round(time.monotonic() - begun, 4)
    found = []
    for size in sizes:
        batches = TrainBatches(
            decoded.stores[size],
            np.arange(len(files)),
            labels,
            batch_size=32,
            flips=split["flips"],
        )
        seconds = []
        for _ in range(epochs):
            seconds.append(timed(batches[index] for index in range(len(batches))))
            batches.on_epoch_end()
        found.append({"image_size": size, "images": len(files), "seconds": seconds})
    return {"tool": "kaggle-prz", "decoding_once": once, "sizes": found}


def of_tf_data(split: dict[str, Any], sizes: Sequence[int], epochs: int) -> dict[str, Any]:
    """The pipeline of `keras_fit.py`."""
    import keras_fit

    found = []
    for size in sizes:
        batches = keras_fit.batches(split, size, seed=0)
        seconds = [timed(batches) for _ in range(epochs)]
        found.append({"image_size": size, "images": len(split["train"]), "seconds": seconds})
    return {"tool": "tf.data", "sizes": found}


def of_torch(split: Path, sizes: str, epochs: int, peers: Path) -> dict[str, Any]:
    """The DataLoader, in the peers' environment."""
    with tempfile.TemporaryDirectory() as place:
        file = Path(place, "loader.json")
        command = [peers / "bin/python", HERE / "peers/dataloader_run.py", split]
        command += ["--sizes", sizes, "--epochs", str(epochs), "--json", file]
        subprocess.run(command, check=True)
        found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return found


@click.command()
@click.option("--competition", default="elpv", show_default=True)
@click.option("--sizes", default="96,144,192", show_default=True)
@click.option("--epochs", default=4, show_default=True)
@click.option("--rows", type=int, help="Labelled rows to use; default: all.")
@click.option("--against", multiple=True, type=click.Choice(["tf.data", "torch"]))
@click.option("--peers", default=".venv-peers", show_default=True, type=click.Path(path_type=Path))
@click.option("--quick", is_flag=True, help="The store alone, of 96 drawn shapes.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Add the runs to it.")
def main(
    competition: str,
    *,
    sizes: str,
    epochs: int,
    rows: int | None,
    against: tuple[str, ...],
    peers: Path,
    quick: bool,
    json_file: Path | None,
) -> None:
    """Print images a second of every tool at every size."""
    import split as splits

    if quick:
        competition, sizes, epochs, rows = "shapes", "16,24", 2, 96
    each = [int(size) for size in sizes.split(",")]
    split = splits.draw(competition, rows).to_json()
    with tempfile.TemporaryDirectory() as place:
        file = Path(place, "split.json")
        file.write_text(json.dumps(split), "utf-8")
        runs = [of_store(split, each, epochs, Path(place, "images"))]
        if "tf.data" in against:
            runs.append(of_tf_data(split, each, epochs))
        if "torch" in against:
            runs.append(of_torch(file, sizes, epochs, peers))
    for run in runs:
        for size in run["sizes"]:
            speed = size["images"] / statistics.median(size["seconds"])
            click.echo(f"{run['tool']}, {size['image_size']} px: {speed:.0f} images a second")
    if json_file:
        told = [{"competition": competition, "rows": rows, **run} for run in runs]
        recording.merge(json_file, "loaders", told, KEY)


if __name__ == "__main__":
    main()
