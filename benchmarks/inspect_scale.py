"""How long does `inspect` take on many files, and how much memory?

    python benchmarks/inspect_scale.py
    python benchmarks/inspect_scale.py --quick

Draws a competition with as many image files as rows, a quarter of them to predict, and runs the
command in a process of its own. `--table`
does the same for a competition whose pictures are rows of arrays, beside a table of a million
labels.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import numpy as np

_IMAGE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010800000000"
    "3a7e9b550000000a49444154789c636000000002000148afa471"
    "0000000049454e44ae426082"
)  # a pixel
_LINKS = 30_000  # of one file; some file systems have a limit of 65,000


def draw_files(root: Path, rows: int) -> None:
    """Flat folders of hard links, three quarters to train on, and a table with two classes."""
    train = rows * 3 // 4
    for role in ("train", "test"):
        (root / role).mkdir(parents=True)
    names = [f"{number * 2654435761 % 2**32:08x}{number:032x}" for number in range(rows)]
    for number, name in enumerate(names):
        path = root / ("train" if number < train else "test") / f"{name}.png"
        if number % _LINKS == 0:
            source = path
            path.write_bytes(_IMAGE)
        else:
            os.link(source, path)
    labels = (f"{name},{number % 3 == 0:d}\n" for number, name in enumerate(names[:train]))
    (root / "train_labels.csv").write_text("id,label\n" + "".join(labels))
    sample = "".join(f"{name},0\n" for name in names[train:])
    (root / "sample_submission.csv").write_text("id,label\n" + sample)


def draw_table(root: Path, rows: int) -> None:
    """Arrays of `(rows, 2, 2)` and `(1000, 2, 2)` bytes, and a table of labels."""
    root.mkdir(parents=True)
    np.save(root / "train_images.npy", np.zeros((rows, 2, 2), np.uint8))
    np.save(root / "test_images.npy", np.zeros((1000, 2, 2), np.uint8))
    labels = "".join(f"{number},{number % 3}\n" for number in range(rows))
    (root / "train_labels.csv").write_text("id,label\n" + labels)
    sample = "".join(f"{number},0\n" for number in range(1000))
    (root / "sample_submission.csv").write_text("id,label\n" + sample)


def inspect(root: Path, home: Path) -> dict[str, float]:
    """The child's work: seconds and the most memory of one command."""
    command = [
        sys.executable,
        "-m",
        "kaggle_prz.commands.cli",
        "inspect",
        "--competition",
        str(root),
    ]
    environment = os.environ | {"KAGGLE_PRZ_HOME": str(home)}
    begun = time.monotonic()
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    seconds = time.monotonic() - begun
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024  # Linux: kB
    return {"seconds": round(seconds, 2), "peak_MB": round(peak / 1e6)}


def measure(rows: int, table: bool) -> dict[str, float]:
    """Draw a competition and inspect it, in a process whose only child that is."""
    with tempfile.TemporaryDirectory() as place:
        (draw_table if table else draw_files)(Path(place, "files"), rows)
        command = [sys.executable, __file__, "--child", place]
        child = subprocess.run(command, check=True, capture_output=True, text=True)
    return {"rows": rows, **json.loads(child.stdout)}


@click.command()
@click.option("--rows", multiple=True, type=int, default=(55_000, 110_000, 220_000))
@click.option("--table", is_flag=True, help="A million labels of rows of arrays.")
@click.option("--quick", is_flag=True, help="A fiftieth of the rows.")
@click.option("--child", hidden=True)
def main(rows: tuple[int, ...], *, table: bool, quick: bool, child: str | None) -> None:
    """Print seconds, peak memory and the bytes that a row costs, as JSON."""
    if child is not None:
        click.echo(json.dumps(inspect(Path(child, "files"), Path(child, "home"))))
        return
    rows = (250_000, 500_000, 1_000_000) if table else rows
    found = [measure(count // (50 if quick else 1), table) for count in rows]
    counts, peaks, seconds = (
        np.array([each[key] for each in found]) for key in ("rows", "peak_MB", "seconds")
    )
    result = {
        "runs": found,
        "bytes_a_row": round(float(np.polyfit(counts, peaks * 1e6, 1)[0])),
        "microseconds_a_row": round(float(np.polyfit(counts, seconds * 1e6, 1)[0]), 1),
    }
    click.echo(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
