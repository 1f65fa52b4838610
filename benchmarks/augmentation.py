"""How fast is RandAugment, and how fast is KerasCV's?

    python benchmarks/augmentation.py
    python benchmarks/augmentation.py --quick

KerasCV's layer is called on a batch (`eager`), in one traced function (`traced`), and in a
`tf.data` pipeline that works ahead (`tf.data`). All ways take turns, batch after batch, so that
what else the machine does slows all of them; every turn gives a ratio of images a second to each
of KerasCV's ways, of which the median and the range are told. `repeats` says whether a picture is
augmented the same alone and in a batch, for one seed.
"""

import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np

_BATCH, _MAGNITUDE = 32, 5.0


def smooth_images(count: int, size: int) -> np.ndarray:
    """Pictures of soft spots."""
    coarse = np.random.default_rng(1).integers(0, 256, (count, 10, 10, 3), dtype=np.uint8)
    from PIL import Image

    return np.stack([np.asarray(Image.fromarray(one).resize((size, size))) for one in coarse])


def own(images: np.ndarray) -> Callable[[], object]:
    from kaggle_prz.augmentation import randaugment
    from kaggle_prz.augmentation.draws import draws

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
    dataset = tf.data.Dataset.from_tensors(batch).repeat()
    pipeline = iter(
        dataset.map(lambda one: ahead(one, training=True), num_parallel_calls=tf.data.AUTOTUNE)
        .prefetch(1)
        .as_numpy_iterator()
    )
    return {
        "eager": lambda: eager(batch, training=True).numpy(),
        "traced": lambda: traced(batch).numpy(),
        "tf.data": lambda: next(pipeline),
    }


def repeats(images: np.ndarray) -> dict[str, bool]:
    """Whether the last picture of a batch comes out the same alone."""
    import keras_cv

    from kaggle_prz.augmentation import randaugment
    from kaggle_prz.augmentation.draws import draws

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


def seconds(step: Callable[[], object]) -> float:
    begun = time.monotonic()
    step()
    return time.monotonic() - begun


@click.command()
@click.option("--size", default=160, show_default=True, help="Of images, px.")
@click.option("--turns", default=15, show_default=True)
@click.option("--quick", is_flag=True, help="Five turns.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures.")
def main(size: int, *, turns: int, quick: bool, json_file: Path | None) -> None:
    """Print images a second, and the ratio to KerasCV's with its spread."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    images = smooth_images(_BATCH, size)
    ways = {"kaggle-prz": own(images), **keras_cv_ways(images)}
    for step in ways.values():
        step()  # traces
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(5 if quick else turns):
        for name, step in ways.items():
            taken[name].append(seconds(step))
    result: dict[str, object] = {"size": size, "batch": _BATCH, "repeats": repeats(images)}
    for name, times in taken.items():
        speed = _BATCH / statistics.median(times)
        ratios = [other / mine for other, mine in zip(times, taken["kaggle-prz"], strict=True)]
        middle, low, high = statistics.median(ratios), min(ratios), max(ratios)
        result[name] = {"images_a_second": speed, "ratio": middle, "low": low, "high": high}
        against = "" if name == "kaggle-prz" else f"; {middle:.1f} times as long"
        spread = "" if name == "kaggle-prz" else f" ({low:.1f}–{high:.1f})"
        click.echo(f"{name}: {speed:.0f} images/s{against}{spread}")
    click.echo(f"the same alone as in a batch: {result['repeats']}")
    if json_file:
        json_file.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
