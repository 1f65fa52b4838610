"""How fast do files become batches, compared with a plain tf.data pipeline?

    python benchmarks/decoding.py
    python benchmarks/decoding.py --quick --json decoding.json

The images are synthetic photographs of 1024 × 1024 px (noise in octaves, edges, and sensor noise
with --grain), saved as JPEG of quality 90, 4:2:0. The figures are ratios of images per second at
160 px. "ours" decodes the files into an image store, as the first epoch does. "tf.data" reads them
with `tf.io.decode_jpeg` and `tf.image.resize`, without and with antialiasing. "later epochs" reads
batches from the store, with flips. Every repeat measures all of them in turn, and ratios are taken
within a repeat, since the speed of a machine drifts. Ratios are given by the clock (wall time) and
by processor time, which other jobs of the machine change less.
"""

import io
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
import numpy as np
from PIL import Image

from kaggle_prz import images
from kaggle_prz.core.console import Silent

_SIDE, _SIZE, _BATCH = 1024, 160, 32
_LATER = 4000  # images of later epochs in a repeat


def photograph(seed: int, grain: float) -> bytes:
    """A drawn photograph as a JPEG."""
    random = np.random.default_rng(seed)
    picture = np.full((_SIDE, _SIDE, 3), 128, np.float32)
    for octave in range(2, 8):
        noise = random.normal(0, 90 * 0.6**octave, (3, 2**octave, 2**octave)).astype(np.float32)
        planes = [Image.fromarray(plane).resize((_SIDE, _SIDE), 3) for plane in noise]
        picture += np.stack([np.asarray(plane) for plane in planes], axis=-1)
    y, x = np.mgrid[:_SIDE, :_SIDE]
    for _ in range(24):
        angle, begin = random.uniform(0, 2 * np.pi), random.uniform(-0.5, 1.5) * _SIDE / 2
        beyond = np.cos(angle) * x + np.sin(angle) * y > begin
        picture[beyond] += random.normal(0, 14, 3)
    picture += random.normal(0, grain, (_SIDE, _SIDE, 1))
    into = io.BytesIO()
    drawn = Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))
    drawn.save(into, "JPEG", quality=90, subsampling=2)
    return into.getvalue()


def ours(root: Path, names: list[str]) -> int:
    """Files to a store that is not there yet."""
    with tempfile.TemporaryDirectory(dir=root.parent) as store:
        images.decode(root, names, (_SIZE,), Path(store, "of"), Silent(), cache="raw")
    return len(names)


def plain(root: Path, names: list[str], antialias: bool) -> int:
    """The same files through tf.data."""
    import tensorflow as tf

    def decoded(path):
        picture = tf.io.decode_jpeg(tf.io.read_file(path), channels=3)
        picture = tf.image.resize(picture, (_SIZE, _SIZE), antialias=antialias)
        return tf.cast(picture, tf.uint8)

    paths = tf.data.Dataset.from_tensor_slices([str(root / name) for name in names])
    for _ in paths.map(decoded, num_parallel_calls=tf.data.AUTOTUNE).batch(_BATCH).prefetch(2):
        pass
    return len(names)


def alone(root: Path, names: list[str], side: int) -> int:
    """The same files decoded at a fraction of their size, and let go.

    No store of 160 px is made faster: it is made from a fourth, and at an eighth, which is too
    small for it, little is done but to unpack the codes.
    """

    def decoded(name: str) -> None:
        with Image.open(root / name) as image:
            image.draft("RGB", (side, side))
            image.load()

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(decoded, names))
    return len(names)


def later(root: Path, names: list[str], store: Path, cache: str) -> int:
    """Epochs of batches from a store that is there."""
    from kaggle_prz.training.data import TrainBatches

    found = images.decode(root, names, (_SIZE,), store, Silent(), cache=cache)
    rows = np.arange(len(names))
    batches = TrainBatches(
        found.stores[_SIZE], rows, rows, batch_size=_BATCH, flips=("horizontal", "vertical")
    )
    given, most = 0, _LATER if cache == "raw" else len(names)
    while given < most:
        for number in range(len(batches)):
            given += len(batches[number][0])
        batches.on_epoch_end()
    return given


def speed(work: Callable[[], int]) -> tuple[float, float]:
    """Images a second of the clock, and of the processors."""
    clock, processors = time.perf_counter(), time.process_time()
    count = work()
    return count / (time.perf_counter() - clock), count / (time.process_time() - processors)


def measure(place: Path, count: int, repeats: int, grain: float) -> dict[str, object]:
    """Speeds of every repeat but the first, which warms up."""
    root = place / "files"
    root.mkdir()
    names = [f"{number}.jpg" for number in range(count)]
    for number, name in enumerate(names):
        (root / name).write_bytes(photograph(number, grain))
    jobs: dict[str, Callable[[], int]] = {
        "ours": lambda: ours(root, names),
        "tf.data": lambda: plain(root, names, False),
        "tf.data, antialiased": lambda: plain(root, names, True),
        "a fourth": lambda: alone(root, names, _SIDE // 4),
        "an eighth": lambda: alone(root, names, _SIDE // 8),
        "later epochs": lambda: later(root, names, place / "raw" / "store", "raw"),
        "later epochs, encoded": lambda: later(root, names, place / "jpg" / "store", "encoded"),
    }
    speeds: dict[str, list[tuple[float, float]]] = {name: [] for name in jobs}
    for repeat in range(repeats + 1):
        for name, job in jobs.items():
            found = speed(job)
            if repeat:
                speeds[name].append(found)
    size = statistics.mean((root / name).stat().st_size for name in names)
    return {"count": count, "file_kB": round(size / 1e3), "speeds": speeds}


def ratios(speeds: dict[str, list[tuple[float, float]]]) -> dict[str, list[float]]:
    """By what they compare, of every repeat."""
    kinds = (("by the clock", 0), ("by processor time", 1))
    pairs = (
        ("ours", "tf.data"),
        ("ours", "tf.data, antialiased"),
        ("a fourth", "tf.data"),
        ("an eighth", "tf.data"),
        ("later epochs", "tf.data"),
    )
    return {
        f"{one} ÷ {other}, {kind}": [
            a[at] / b[at] for a, b in zip(speeds[one], speeds[other], strict=True)
        ]
        for one, other in pairs
        for kind, at in kinds
    }


@click.command()
@click.option("--count", default=200, show_default=True, help="Photographs.")
@click.option("--repeats", default=5, show_default=True, help="Medians are reported.")
@click.option("--grain", default=0.0, show_default=True, help="Noise of the sensor, of 255.")
@click.option("--quick", is_flag=True, help="40 photographs, three repeats.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures.")
def main(count: int, *, repeats: int, grain: float, quick: bool, json_file: Path | None) -> None:
    """Print images a second, and ratios with their spread."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with tempfile.TemporaryDirectory() as place:
        found = measure(Path(place), 40 if quick else count, 3 if quick else repeats, grain)
    speeds = found["speeds"]
    click.echo(
        f"{found['count']} photographs of {found['file_kB']} kB, {os.cpu_count()} processors"
    )
    for name, each in speeds.items():
        clock, processors = (statistics.median(one[at] for one in each) for at in (0, 1))
        click.echo(f"{name}: {clock:,.0f} images/s, {1000 / processors:.2f} ms of a processor each")
    found["ratios"] = ratios(speeds)
    for name, each in found["ratios"].items():
        click.echo(f"{name}: {statistics.median(each):.2f} ({min(each):.2f}–{max(each):.2f})")
    if json_file:
        json_file.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
