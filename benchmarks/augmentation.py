"""How fast is RandAugment, and how fast is KerasCV's?

    python benchmarks/augmentation.py
    python benchmarks/augmentation.py --quick

KerasCV's layer is called on a batch (`eager`), in one traced function (`traced`), and by a
`tf.data` pipeline of four batches with threads of its own (`tf.data`). All ways take turns, and
every turn gives ratios, of which the median and the range are told. Processor time of all threads
is told beside wall time, since it varies less with what else the machine does. `repeats` says
whether a picture is augmented the same alone and in a batch, for one seed.
"""

import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np

_BATCH, _MAGNITUDE = 32, 5.0
_AHEAD = 4  # batches of one tf.data pipeline


def smooth_images(count: int, size: int) -> np.ndarray:
    """Pictures of soft spots."""
    coarse = np.random.default_rng(1).integers(0, 256, (count, 10, 10, 3), dtype=np.uint8)
    from PIL import Image

    return np.stack([np.asarray(Image.fromarray(one).resize((size, size))) for one in coarse])


def own(images: np.ndarray) -> Callable[[], object]:
    from kaggle_prz.training.augmentation import randaugment
    from kaggle_prz.training.augmentation.draws import draws

    size, passes = images.shape[1], iter(range(10**9))
    return lambda: randaugment(
        images, draws((next(passes),), len(images)), magnitude=_MAGNITUDE, size=size
    )


def keras_cv_ways(images: np.ndarray) -> dict[str, Callable[[], object]]:
    import keras_cv
    import tensorflow as tf

    def layer():
        return keras_cv.layers.RandAugment((0, 255), magnitude=_MAGNITUDE / 10, seed=1)

    eager, once, ahead = layer(), layer(), layer()
    traced = tf.function(lambda batch: once(batch, training=True))
    batch = tf.constant(images)
    pipeline = (
        tf.data.Dataset.from_tensors(batch)
        .repeat(_AHEAD)
        .map(lambda one: ahead(one, training=True), num_parallel_calls=tf.data.AUTOTUNE)
        .prefetch(tf.data.AUTOTUNE)
    )
    return {
        "eager": lambda: eager(batch, training=True).numpy(),
        "traced": lambda: traced(batch).numpy(),
        "tf.data": lambda: list(pipeline.as_numpy_iterator()),
    }


def repeats(images: np.ndarray) -> dict[str, bool]:
    """Whether the last picture of a batch comes out the same alone."""
    import keras_cv

    from kaggle_prz.training.augmentation import randaugment
    from kaggle_prz.training.augmentation.draws import draws

    options = {"magnitude": _MAGNITUDE, "size": images.shape[1]}
    drawn = draws((1,), len(images))
    whole = randaugment(images, drawn, **options)
    alone = randaugment(images[-1:], drawn[-1:], **options)

    def theirs(some: np.ndarray) -> np.ndarray:
        layer = keras_cv.layers.RandAugment((0, 255), magnitude=_MAGNITUDE / 10, seed=1)
        return np.asarray(layer(some, training=True))

    return {
        "kaggle-prz": np.array_equal(whole[-1], alone[0]),
        "KerasCV": np.array_equal(theirs(images)[-1], theirs(images[-1:])[0]),
    }


def seconds(name: str, step: Callable[[], object]) -> tuple[float, float]:
    """Wall and processor time of a batch."""
    begun, busy = time.monotonic(), time.process_time()
    step()
    batches = _AHEAD if name == "tf.data" else 1
    return (time.monotonic() - begun) / batches, (time.process_time() - busy) / batches


def told(times: list[float], own_times: list[float]) -> dict[str, float]:
    """Images a second, and times ÷ those of the package."""
    ratios = [theirs / mine for theirs, mine in zip(times, own_times, strict=True)]
    middle, low, high = statistics.median(ratios), min(ratios), max(ratios)
    speed = _BATCH / statistics.median(times)
    return {"images_a_second": speed, "ratio": middle, "low": low, "high": high}


@click.command()
@click.option("--size", default=160, show_default=True, help="Of images, px.")
@click.option("--turns", default=15, show_default=True)
@click.option("--quick", is_flag=True, help="Three turns.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures.")
def main(size: int, *, turns: int, quick: bool, json_file: Path | None) -> None:
    """Print images a second, and the ratio to KerasCV's with its spread."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    images = smooth_images(_BATCH, size)
    ways = {"kaggle-prz": own(images), **keras_cv_ways(images)}
    for step in ways.values():
        step()  # traces
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(3 if quick else turns):
        for name, step in ways.items():
            taken[name].append(seconds(name, step))
    result: dict[str, Any] = {"size": size, "batch": _BATCH, "repeats": repeats(images)}
    for name, times in taken.items():
        result[name] = {}
        for kind, of_way, of_own in zip(
            ("wall", "processor"),
            zip(*times, strict=True),
            zip(*taken["kaggle-prz"], strict=True),
            strict=True,
        ):
            found = told(list(of_way), list(of_own))
            result[name][kind] = found
            click.echo(
                f"{name}, {kind}: {found['images_a_second']:.0f} images/s; {found['ratio']:.2f} "
                f"times as long ({found['low']:.2f}–{found['high']:.2f})"
            )
    click.echo(f"the same alone as in a batch: {result['repeats']}")
    if json_file:
        json_file.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
