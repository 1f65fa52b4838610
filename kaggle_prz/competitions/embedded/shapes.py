"""The embedded competition `shapes`: pictures drawn from a seed, whose detail needs pixels.

A class is an outline (disc or square), which shows at any size, times the direction of fine
stripes (horizontal or vertical), which only show in pictures that are large enough. The stripes
have 25 to 31 cycles across the picture, and an antialiased resize to n px keeps less than n/2 of
them: all show at 64 px; at 48 px a rest of the slower and bolder ones; at 32 px none. A model at
32 px can tell the outline and no more, so its log loss cannot get below ln 2.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kaggle_prz.competitions.competition import Answers, Competition
from kaggle_prz.competitions.embedded import chance
from kaggle_prz.competitions.embedded.publish import publish, write_table, write_test_tables

CLASSES = ("disc_horizontal", "disc_vertical", "square_horizontal", "square_vertical")
CYCLES = (25.0, 31.0)  # stripes across the picture
CONTRAST = (10.0, 28.0)  # amplitude of the stripes, of 255 grey levels
# Mottling as coarse as what a soft resize folds the stripes back to, so that the fold hides in it.
MOTTLE_CYCLES = (3.0, 24.0)
MOTTLE = 8.0  # standard deviation, grey levels
GRAIN = 5.0  # standard deviation of the noise of single pixels, grey levels

Plane = NDArray[np.float64]


def _mottle(rng: np.random.Generator, height: int, width: int) -> Plane:
    """Return noise without direction within `MOTTLE_CYCLES`; `(height, width)`, unit variance."""
    rows = np.fft.fftfreq(height)[:, None] * height
    columns = np.fft.rfftfreq(width)[None, :] * width
    radius = np.hypot(rows, columns)
    band = (radius >= MOTTLE_CYCLES[0]) & (radius <= MOTTLE_CYCLES[1])
    weights = band / np.sqrt(np.maximum(radius, 1.0))
    spectrum = np.fft.rfft2(rng.standard_normal((height, width))) * weights
    plane = np.fft.irfft2(spectrum, s=(height, width))
    result: Plane = plane / plane.std()
    return result


def _outline(rng: np.random.Generator, square: bool, x: Plane, y: Plane) -> Plane:
    """Return coverage in 0..1 of a disc or square near the middle, its edges antialiased."""
    height, width = x.shape
    short = min(height, width)
    radius = short * rng.uniform(0.30, 0.38)
    slack = 0.5 * short - radius * 1.2
    dx = x - width / 2 - rng.uniform(-1, 1) * max(slack, 0.0)
    dy = y - height / 2 - rng.uniform(-1, 1) * max(slack, 0.0)
    if not square:
        distance = np.hypot(dx, dy) - radius
    else:
        angle = np.deg2rad(rng.uniform(-12, 12))
        across = np.abs(np.cos(angle) * dx + np.sin(angle) * dy)
        along = np.abs(np.cos(angle) * dy - np.sin(angle) * dx)
        distance = np.maximum(across, along) - radius * 0.89  # same area as the disc
    result: Plane = np.clip(0.5 - distance, 0.0, 1.0)
    return result


def draw(rng: np.random.Generator, label: int) -> NDArray[np.uint8]:
    """Return a picture of `CLASSES[label]`: `(height, width, 3)` uint8, sides 96 to 160 px."""
    width = int(rng.integers(96, 161))
    height = int(np.clip(round(width * rng.uniform(0.92, 1.08)), 96, 160))
    y, x = (axis + 0.5 for axis in np.mgrid[0:height, 0:width].astype(np.float64))
    square, vertical = divmod(label, 2)
    mask = _outline(rng, bool(square), x, y)
    angle = np.deg2rad(rng.uniform(-6, 6))
    cycles, phase = rng.uniform(*CYCLES), rng.uniform(0, 2 * np.pi)
    u, v = x / width, y / height
    ramp = (
        u * np.cos(angle) + v * np.sin(angle) if vertical else v * np.cos(angle) - u * np.sin(angle)
    )
    stripes = rng.uniform(*CONTRAST) * np.sin(2 * np.pi * cycles * ramp + phase)
    ground, figure = _colours(rng)
    picture = ground + mask[..., None] * (figure - ground)
    picture += (mask * stripes + MOTTLE * _mottle(rng, height, width))[..., None]
    picture += GRAIN * rng.standard_normal(picture.shape)
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def _colours(rng: np.random.Generator) -> tuple[Plane, Plane]:
    """Return colours of ground and figure, far enough apart to show the outline."""
    while True:
        ground, figure = rng.uniform(55, 200, size=(2, 3))
        if abs(float(np.mean(ground - figure))) > 55:
            return ground, figure


@dataclass(frozen=True)
class Shapes:
    """The competition `shapes`: `train` labelled pictures and `test` others, drawn from a seed.

    Another seed is another competition of the same kind.
    """

    seed: int = 2025
    train: int = 240
    test: int = 120

    competition: ClassVar[Competition] = Competition(
        slug="shapes",
        title="Shapes: outlines and fine stripes",
        metric="log_loss",
        description=(
            "Classify shapes as disc or square, and by the direction of their stripes, which "
            "are visible only in images that are large enough. Generated from a seed; trains in "
            "a minute on a CPU."
        ),
        daily_limit=5,
        flips=("horizontal", "vertical"),
        recipe={
            "backbone": "tiny",
            "sizes": (32, 48, 64),
            "folds": 3,
            "epochs": (12, 16, 12),
            "batch_size": 16,
            "learning_rate": 3e-3,
            "dropout": 0.1,
        },
        license="CC0-1.0",
    )

    def materialise(self, directory: Path) -> None:
        """Write the public files; does nothing where they already are."""
        edition = f"shapes 1, seed {self.seed}, {self.train} + {self.test}"
        publish(directory, edition, self._write)

    def answers(self) -> Answers:
        """Return the truth about the test pictures, from the seed."""
        ids, labels = self._rows()
        hidden = labels[self.train :]
        return Answers(
            ids=np.array(ids[self.train :]),
            labels=hidden,
            usage=chance.usage(self.seed, hidden),
            classes=CLASSES,
        )

    def _rows(self) -> tuple[list[str], NDArray[np.int64]]:
        """Return ids and labels of the train rows, then of the test rows; each part is balanced."""
        parts = [
            [row % len(CLASSES) for row in chance.shuffled(self.seed, part, range(count))]
            for part, count in (("train", self.train), ("test", self.test))
        ]
        ids = chance.opaque_ids(self.seed, "shape", self.train + self.test)
        return ids, np.array(parts[0] + parts[1], dtype=np.int64)

    def _write(self, directory: Path) -> None:
        ids, labels = self._rows()
        for row, (name, label) in enumerate(zip(ids, labels.tolist(), strict=True)):
            folder = directory / ("train" if row < self.train else "test")
            folder.mkdir(exist_ok=True)
            picture = draw(np.random.default_rng([self.seed, row]), label)
            Image.fromarray(picture).save(folder / f"{name}.png")
        train = zip(ids[: self.train], labels[: self.train].tolist(), strict=True)
        rows = ((name, CLASSES[label]) for name, label in train)
        write_table(directory / "train.csv", ["id", "label"], rows)
        write_test_tables(directory, self.answers())
