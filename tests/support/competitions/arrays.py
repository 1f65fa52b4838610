"""Pictures that are no image files in folders: tables of pixels, arrays, a 7z archive."""

import io
from pathlib import Path

import numpy as np
import pytest

from . import graders, pictures
from .drawn import Drawn
from .kit import Folder, Sheet, deal, encode, finish, share

ANIMALS = ("airplane", "bird", "cat", "frog", "ship")
ACCURACY = "Categorization Accuracy"


def pixel_table(root: Path, seed: int) -> Drawn:
    """Digits: one column per pixel.

    A test row has no id column; its id is its row number from 1. The label column is `Label` in one
    file and `label` in the other.
    """
    folder = Folder(root, seed)
    random, columns = folder.random, tuple(f"pixel{number}" for number in range(256))
    digits = [*deal(random, range(10), 120), *deal(random, range(10), 40)]
    rows = [pictures.digit(random, digit).ravel().tolist() for digit in digits]
    trained = ([digit, *row] for digit, row in zip(digits[:120], rows[:120], strict=True))
    folder.table("train.csv", ("label", *columns), trained)
    folder.table("test.csv", columns, rows[120:])
    truth = {str(number): digit for number, digit in enumerate(digits[120:], start=1)}
    sheet = Sheet(("ImageId", "Label"), dict.fromkeys(truth, ""))
    folder.raw(sheet.name, sheet.constant(0))
    return _numbered(folder, sheet, truth, classes=10, train=120)


def npy_arrays(root: Path, seed: int) -> Drawn:
    """One `(n, 40, 40, 3)` array of bytes for training and one for test.

    The id of a row is its index in the array, from 0.
    """
    folder = Folder(root, seed)
    random, kinds = folder.random, 5
    labels = [*deal(random, range(kinds), 80), *deal(random, range(kinds), 36)]
    images = np.stack([np.asarray(pictures.thing(random, k, kinds, side=40)) for k in labels])
    for role, array in (("train", images[:80]), ("test", images[80:])):
        buffer = io.BytesIO()
        np.save(buffer, array)
        folder.raw(f"{role}_images.npy", buffer.getvalue())
    folder.table("train_labels.csv", ("id", "label"), enumerate(labels[:80]))
    truth = {str(row): label for row, label in enumerate(labels[80:])}
    sheet = Sheet(("id", "label"), dict.fromkeys(truth, ""))
    folder.raw(sheet.name, sheet.constant(0))
    return _numbered(folder, sheet, truth, classes=kinds, train=80)


def seven_zip(root: Path, seed: int) -> Drawn:
    """Images in 7z archives, numbered from 1.

    The names of the label table and the sample are in camel case. Needs py7zr.
    """
    py7zr = pytest.importorskip("py7zr")
    folder = Folder(root, seed)
    random, kinds = folder.random, len(ANIMALS)
    labels = {
        role: {str(row): ANIMALS[kind] for row, kind in enumerate(dealt, start=1)}
        for role, dealt in (
            ("train", deal(random, range(kinds), 80)),
            ("test", deal(random, range(kinds), 36)),
        )
    }
    for role, rows in labels.items():
        buffer = io.BytesIO()
        with py7zr.SevenZipFile(buffer, "w", filters=[{"id": py7zr.FILTER_COPY}]) as archive:
            for each, label in rows.items():
                picture = pictures.thing(random, ANIMALS.index(label), kinds, side=32)
                archive.writestr(encode(picture, ".png"), f"{role}/{each}.png")
        folder.raw(f"{role}.7z", buffer.getvalue())
    folder.table("trainLabels.csv", ("id", "label"), labels["train"].items())
    truth = labels["test"]
    files = {each: f"test/{each}.png" for each in truth}
    sheet = Sheet(("id", "label"), files, "sampleSubmission.csv")
    folder.raw(sheet.name, sheet.constant("cat"))
    return finish(
        folder,
        sheet,
        grade=graders.label(sheet.header, truth, ANIMALS, "accuracy"),
        answers=sheet.filled(truth),
        metric=ACCURACY,
        maximize=True,
        chance=share(truth, "cat"),
        cell="label",
        classes=ANIMALS,
        train=80,
    )


def _numbered(
    folder: Folder, sheet: Sheet, truth: dict[str, int], *, classes: int, train: int
) -> Drawn:
    names = tuple(str(number) for number in range(classes))
    return finish(
        folder,
        sheet,
        grade=graders.class_id(sheet.header, truth, names, "accuracy"),
        answers=sheet.filled(truth),
        metric=ACCURACY,
        maximize=True,
        chance=share(truth, 0),
        cell="label",
        classes=names,
        train=train,
    )
