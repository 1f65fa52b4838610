"""The class by its name: in a cell, as a folder, as the header of a column."""

import math
from pathlib import Path

import numpy as np
from PIL import Image

from . import graders, pictures
from .drawn import Drawn
from .kit import Folder, Sheet, deal, finish, hashes, numerals, share

BREEDS = (
    "affenpinscher", "basenji", "beagle", "borzoi", "bull_mastiff", "cairn", "chow", "dhole",
    "kuvasz", "papillon", "pug", "standard_poodle",
)  # fmt: skip
SPECIES = (
    "Black-grass", "Charlock", "Cleavers", "Common Chickweed", "Common wheat", "Fat Hen",
    "Loose Silky-bent", "Maize", "Scentless Mayweed", "Shepherds Purse",
    "Small-flowered Cranesbill", "Sugar beet",
)  # fmt: skip
INSECTS = ("ant", "bee", "cricket", "moth")


def dog_breed(root: Path, seed: int) -> Drawn:
    """The columns of the sample are the classes; the label table is called labels.csv."""
    folder = Folder(root, seed)
    random, kinds = folder.random, len(BREEDS)
    names = hashes(random, 96 + 36, 32)
    labels = [*deal(random, range(kinds), 96), *deal(random, range(kinds), 36)]
    for row, (name, kind) in enumerate(zip(names, labels, strict=True)):
        role = "train" if row < 96 else "test"
        folder.image(f"{role}/{name}.jpg", pictures.thing(random, kind, kinds))
    breeds = {name: BREEDS[kind] for name, kind in zip(names, labels, strict=True)}
    folder.table("labels.csv", ("id", "breed"), ((name, breeds[name]) for name in names[:96]))
    truth = {name: breeds[name] for name in names[96:]}
    sheet = Sheet(("id", *BREEDS), {name: f"test/{name}.jpg" for name in truth})
    folder.raw(sheet.name, sheet.constant(*[f"{1 / kinds:.14f}"] * kinds))
    return _wide(folder, sheet, truth, train=96, group=None)


def state_farm(root: Path, seed: int) -> Drawn:
    """Class folders, and a table with the driver of each image.

    Test images show other drivers. Images of one driver share a background, so a random split would
    leak.
    """
    folder = Folder(root, seed)
    random, classes = folder.random, tuple(f"c{kind}" for kind in range(10))
    numbers = iter(numerals(random, 120, 1_000, 99_000))
    rows = []
    for driver in range(8):
        seat = pictures.hue(random.uniform(), 0.4)
        for kind in sorted(deal(random, range(10), 15)):
            image = f"img_{next(numbers)}.jpg"
            picture = pictures.thing(random, kind, 10, background=seat)
            folder.image(f"imgs/train/{classes[kind]}/{image}", picture)
            rows.append((f"p{driver + 2:03d}", classes[kind], image))
    folder.table("driver_imgs_list.csv", ("subject", "classname", "img"), rows)
    seats = [pictures.hue(random.uniform(), 0.4) for _ in range(4)]
    truth = {}
    for number, kind in enumerate(deal(random, range(10), 40), start=1):
        truth[f"img_{number}.jpg"] = classes[kind]
        picture = pictures.thing(random, kind, 10, background=seats[number % 4])
        folder.image(f"imgs/test/img_{number}.jpg", picture)
    sheet = Sheet(("img", *classes), {name: f"imgs/test/{name}" for name in truth})
    folder.raw(sheet.name, sheet.constant(*[0.1] * 10))
    return _wide(folder, sheet, truth, train=120, group="subject")


def plant_seedlings(root: Path, seed: int) -> Drawn:
    """Class folders with spaces in their names; PNG files with and without alpha channel."""
    folder = Folder(root, seed)
    random, kinds = folder.random, len(SPECIES)
    names = iter(f"{name}.png" for name in hashes(random, 96 + 36, 9))
    for kind, number in ((kind, number) for kind in range(kinds) for number in range(8)):
        picture = _with_alpha(pictures.thing(random, kind, kinds), seen=number % 2)
        folder.image(f"train/{SPECIES[kind]}/{next(names)}", picture)
    truth = {}
    for row, kind in enumerate(deal(random, range(kinds), 36)):
        name = next(names)
        truth[name] = SPECIES[kind]
        picture = _with_alpha(pictures.thing(random, kind, kinds), seen=row % 2)
        folder.image(f"test/{name}", picture)
    sheet = Sheet(("file", "species"), {name: f"test/{name}" for name in truth})
    folder.raw(sheet.name, sheet.constant("Sugar beet"))
    return finish(
        folder,
        sheet,
        grade=graders.label(sheet.header, truth, SPECIES, "micro_f1"),
        answers=sheet.filled(truth),
        metric="Custom Metric",
        maximize=True,
        chance=share(truth, "Sugar beet"),
        cell="label",
        classes=SPECIES,
        train=96,
    )


def class_folders(root: Path, seed: int) -> Drawn:
    """Class folders.

    File names are numbers with leading zeros, which repeat in every folder and in the test set.
    """
    folder = Folder(root, seed)
    random, kinds = folder.random, len(INSECTS)
    for kind, number in ((kind, number) for kind in range(kinds) for number in range(20)):
        picture = pictures.thing(random, kind, kinds)
        folder.image(f"train/{INSECTS[kind]}/{number:05d}.jpg", picture)
    truth = {}
    for number, kind in zip(random.permutation(36), deal(random, range(kinds), 36), strict=True):
        truth[f"{number:05d}"] = INSECTS[kind]
        folder.image(f"test/{number:05d}.jpg", pictures.thing(random, kind, kinds))
    sheet = Sheet(("id", "insect"), {name: f"test/{name}.jpg" for name in truth})
    folder.raw(sheet.name, sheet.constant("moth"))
    return finish(
        folder,
        sheet,
        grade=graders.label(sheet.header, truth, INSECTS, "accuracy"),
        answers=sheet.filled(truth),
        metric="Categorization Accuracy",
        maximize=True,
        chance=share(truth, "moth"),
        cell="label",
        classes=INSECTS,
        train=80,
    )


def _with_alpha(picture: Image.Image, seen: int) -> Image.Image:
    if not seen:
        return picture
    values = np.asarray(picture)
    opaque = np.full((*values.shape[:2], 1), 255, np.uint8)
    return Image.fromarray(np.concatenate([values, opaque], axis=2))


def _wide(
    folder: Folder, sheet: Sheet, truth: dict[str, str], *, train: int, group: str | None
) -> Drawn:
    return finish(
        folder,
        sheet,
        grade=graders.probabilities(sheet.header, truth, "log_loss"),
        answers=sheet.one_hot(truth),
        metric="Multiclass Loss",
        maximize=False,
        chance=math.log(len(sheet.header) - 1),
        cell="probabilities",
        classes=sheet.header[1:],
        train=train,
        group=group,
    )
