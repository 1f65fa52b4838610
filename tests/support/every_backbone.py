"""Try every backbone that needs no download: build, compare, transfer, train a step.

    cd tests && python -m support.every_backbone [WORD ...]

A line a name: whether its features on two photographs equal those of the library's own road at two
sizes, whether all weights pass from the first size to the second, and whether a step under two
dtype policies has a finite loss and moves weights. It takes about a minute a network on one core.
"""

import gc
import sys
import time
from typing import Any

import keras
import keras_cv
import numpy as np
from support.pictures import photographs

from kaggle_prz.models.backbones import applications, keras_cv_nets, resolve
from kaggle_prz.models.classifier import build
from kaggle_prz.models.transfer import transfer

STEPS = ("float32", "mixed_float16")


def sizes(name: str) -> tuple[int, int]:
    """Return two small sizes that a network takes."""
    backbone = resolve(name)
    first = -(-max(backbone.minimum, 64) // backbone.multiple) * backbone.multiple
    return first, first + (32 if backbone.multiple in {1, 2} else backbone.multiple)


def documented(name: str, size: int, weights: list[Any], pixels: np.ndarray) -> np.ndarray:
    """Return the features of a library's own network, with its own scaling of pixels."""
    shape = (size, size, 3)
    if name in applications.facts():
        function: Any = getattr(keras.applications, name)
        road = function(include_top=False, weights=None, input_shape=shape, pooling="avg")
        road.set_weights(weights)
        seen = sys.modules[function.__module__].preprocess_input(pixels.copy())
        return np.asarray(road(seen))
    known = keras_cv_nets.facts()[name]
    of_packages = known.lite is not None  # whose weights want other pixels
    road = getattr(keras_cv.models, known.class_name)(
        **known.arguments, include_rescaling=not of_packages, input_shape=shape
    )
    road.set_weights(weights)
    return np.asarray(road((pixels - 127) / 128 if of_packages else pixels)).mean(axis=(1, 2))


def tried(name: str) -> str:
    """Return what was found, as a line of a table."""
    first, second = sizes(name)
    began = time.monotonic()
    found, made = [], None
    for size in (first, second):
        pixels = photographs(size)
        made = build(resolve(name), size, 2, weights="none", seed=size)
        ours = np.asarray(made.features(pixels))
        theirs = documented(name, size, made.network.get_weights(), pixels)
        scale = np.abs(theirs).max()
        assert np.abs(theirs[0] - theirs[1]).max() > 1e-3 * scale
        found.append(f"{np.abs(ours - theirs).max() / scale:.0e}")
        keras.backend.clear_session()
    assert made is not None
    losses = []
    for policy in STEPS:
        one = build(resolve(name), first, 2, weights="none", policy=policy)
        before = one.network.get_weights()
        one.model.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=True)
        losses.append(float(one.model.train_on_batch(photographs(first), np.array([0, 1]))))
        pairs = zip(before, one.network.get_weights(), strict=True)
        assert np.isfinite(losses[-1])
        assert any(np.abs(a - b).max() > 0 for a, b in pairs)
    report = transfer(one.model, made.model)
    passed = f"{len(report.kept) + len(report.resampled)} of {len(made.model.weights)}"
    seconds = time.monotonic() - began
    row = (name, f"{first}, {second}", *found, passed, *(f"{loss:.3f}" for loss in losses))
    return f"| {' | '.join(row)} | {seconds:.0f} |"


def main(words: list[str]) -> None:
    """Print a table, smaller networks first."""
    names = [*applications.facts(), *keras_cv_nets.facts()]
    chosen = [name for name in names if not words or any(word in name for word in words)]
    chosen.sort(key=lambda name: resolve(name).parameters or 0)
    print("| name | px | features differ by | … | weights passed | loss float32 | float16 | s |")
    print("|---|---|---|---|---|---|---|---|")
    for name in chosen:
        try:
            print(tried(name), flush=True)
        except Exception as error:  # the others are tried all the same
            print(f"| {name} | failed: {type(error).__name__}: {error} |", flush=True)
        keras.backend.clear_session()
        gc.collect()


if __name__ == "__main__":
    main(sys.argv[1:])
