"""Does the memory of decoding grow with the number of images?

    python benchmarks/store_scale.py
    python benchmarks/store_scale.py --quick

Hard links to 2,000 drawn pictures of 32 × 32, half PNGs, are decoded by a process of its own.
Reported is by how much its memory rises from before `decode` to the highest while it works: that
of the process itself (`RssAnon`) apart from pages of mapped files (`RssFile`), which the system
takes back when it needs them.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import click
import numpy as np
from PIL import Image

_DISTINCT = 2000


def draw(root: Path, count: int) -> None:
    """`count` names of 2,000 pictures."""
    random = np.random.default_rng(0)
    for number in range(count):
        suffix = "png" if number % 2 else "jpg"
        path = root / f"{number // 1000}" / f"{number:07d}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        if number < _DISTINCT:
            Image.fromarray(random.integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(path)
        else:
            first = number % _DISTINCT
            os.link(root / f"{first // 1000}" / f"{first:07d}.{suffix}", path)


def memory() -> dict[str, int]:
    """kB of this process now."""
    lines = Path("/proc/self/status").read_text().splitlines()
    found = dict(line.split(":", 1) for line in lines)
    return {key: int(found[key].split()[0]) for key in ("RssAnon", "RssFile")}


def decode(root: Path, cache: str) -> dict[str, float]:
    """The child's work: seconds, and the highest rise of memory."""
    from kaggle_prz import images
    from kaggle_prz.core.console import Silent

    names = sorted(f"{path.parent.name}/{path.name}" for path in root.glob("*/*"))
    images.decode(root, names[:100], (32,), root.parent / "first" / "store", Silent())
    before, highest, done = memory(), memory(), threading.Event()

    def watch() -> None:
        while not done.wait(0.05):
            for key, value in memory().items():
                highest[key] = max(highest[key], value)

    watching = threading.Thread(target=watch)
    watching.start()
    begun = time.monotonic()
    store = root.parent / "main" / "store"
    images.decode(root, names, (32, 16), store, Silent(), cache=cache)
    seconds = time.monotonic() - begun
    done.set()
    watching.join()
    rises = {f"{key}_MB": (highest[key] - before[key]) / 1e3 for key in before}
    return {"images": len(names), "seconds": round(seconds, 1), **rises}


def measure(count: int, cache: str) -> dict[str, float]:
    """Draw, and decode in a process of its own."""
    with tempfile.TemporaryDirectory() as place:
        draw(Path(place, "files"), count)
        command = [sys.executable, __file__, "--child", place, "--cache", cache]
        child = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(child.stdout)


@click.command()
@click.option("--count", multiple=True, type=int, default=(50_000, 100_000, 200_000))
@click.option("--cache", type=click.Choice(["raw", "encoded"]), default="raw", show_default=True)
@click.option("--quick", is_flag=True, help="A twentieth of the images.")
@click.option("--child", hidden=True)
def main(count: tuple[int, ...], *, cache: str, quick: bool, child: str | None) -> None:
    """Print seconds and the rise of memory, and what an image adds to it, as JSON."""
    if child is not None:
        click.echo(json.dumps(decode(Path(child, "files"), cache)))
        return
    runs = [measure(each // (20 if quick else 1), cache) for each in count]
    found: dict[str, object] = {"runs": runs}
    if len(runs) > 1:  # one count says nothing of what grows
        counts = np.array([run["images"] for run in runs])
        anonymous = np.array([run["RssAnon_MB"] for run in runs]) * 1e6
        slope = float(np.polyfit(counts, anonymous, 1)[0])
        found["anonymous_bytes_an_image"] = round(slope, 1)
    click.echo(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
