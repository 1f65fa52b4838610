"""Several classes in one cell: label lists and ranked guesses."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from . import graders, pictures
from .drawn import Drawn
from .kit import Folder, Sheet, deal, finish, hashes

TOKENS = ("complex", "frog_eye_leaf_spot", "healthy", "powdery_mildew", "rust", "scab")
STRINGS = (
    "healthy", "scab", "frog_eye_leaf_spot", "rust", "complex", "powdery_mildew",
    "scab frog_eye_leaf_spot", "scab frog_eye_leaf_spot complex", "frog_eye_leaf_spot complex",
    "rust frog_eye_leaf_spot", "rust complex", "powdery_mildew complex",
)  # fmt: skip
NEW = "new_whale"


def plant_pathology_2021(root: Path, seed: int) -> Drawn:
    """Six tags in twelve combinations; five of nine leaves have only one tag."""
    folder = Folder(root, seed)
    random = folder.random
    names = [f"{name}.jpg" for name in hashes(random, 96 + 36, 16)]
    texts = [*deal(random, (*STRINGS, *STRINGS[:6]), 96), *deal(random, STRINGS, 36)]
    for row, (name, text) in enumerate(zip(names, texts, strict=True)):
        present = [TOKENS.index(token) for token in text.split()]
        role = "train" if row < 96 else "test"
        folder.image(f"{role}_images/{name}", pictures.marks(random, present, len(TOKENS)))
    folder.table("train.csv", ("image", "labels"), zip(names[:96], texts[:96], strict=True))
    truth = dict(zip(names[96:], texts[96:], strict=True))
    sheet = Sheet(("image", "labels"), {name: f"test_images/{name}" for name in truth})
    folder.raw(sheet.name, sheet.constant("healthy"))
    true = {name: text.split() for name, text in truth.items()}
    # One token everywhere: right where it is there, one guess a row.
    right = sum("healthy" in tokens for tokens in true.values())
    chance = 2 * right / (len(true) + sum(len(tokens) for tokens in true.values()))
    return finish(
        folder,
        sheet,
        grade=graders.label_list(sheet.header, true, TOKENS, "micro"),
        answers=sheet.filled(truth),
        metric="F-Score Beta (Micro)",
        maximize=True,
        chance=chance,
        cell="list",
        classes=TOKENS,
        train=96,
    )


def imet(root: Path, seed: int) -> Drawn:
    """Tags are numbers, and labels.csv only gives their names. Some test rows have no tag."""
    folder = Folder(root, seed)
    random, kinds = folder.random, 6
    names = hashes(random, 80 + 36, 16)
    sets = [[k for k in range(kinds) if random.uniform() < 0.4] for _ in names]
    sets[:80] = [numbers or [row % kinds] for row, numbers in enumerate(sets[:80])]
    for row, (name, present) in enumerate(zip(names, sets, strict=True)):
        role = "train" if row < 80 else "test"
        folder.image(f"{role}/{name}.png", pictures.marks(random, present, kinds))
    texts = [" ".join(str(number) for number in present) for present in sets]
    folder.table("train.csv", ("id", "attribute_ids"), zip(names[:80], texts[:80], strict=True))
    meanings = ((number, f"culture::{number}") for number in range(kinds))
    folder.table("labels.csv", ("attribute_id", "attribute_name"), meanings)
    truth = dict(zip(names[80:], texts[80:], strict=True))
    sheet = Sheet(("id", "attribute_ids"), {name: f"test/{name}.png" for name in truth})
    folder.raw(sheet.name, sheet.constant("0 1 2"))
    true = {name: text.split() for name, text in truth.items()}
    classes = tuple(str(number) for number in range(kinds))
    return finish(
        folder,
        sheet,
        grade=graders.label_list(sheet.header, true, classes, "samples"),
        answers=sheet.filled(truth),
        metric="Mean F-Score",
        maximize=True,
        chance=_sample_f1(true, ("0", "1", "2")),
        cell="list",
        classes=classes,
        train=80,
    )


def whale(root: Path, seed: int) -> Drawn:
    """Which whale does a fluke belong to?

    Most whales are seen once or twice. Unknown whales have a class of their own, and look different
    from the known ones. The label column is called Id.
    """
    folder = Folder(root, seed)
    random = folder.random
    whales = [f"w_{name}" for name in hashes(random, 30, 7)]
    often, sometimes, once = range(6), range(6, 18), range(18, 30)
    seen = [*list(often) * 6, *list(sometimes) * 2, *once, *[-1] * 16]
    train = [seen[row] for row in random.permutation(len(seen))]
    test = deal(random, (*often, *often, *often, *sometimes, -1, -1, -1, -1, -1, -1), 36)
    names = [f"{name}.jpg" for name in hashes(random, len(train) + 36, 8)]
    known = dict(enumerate(whales)) | {-1: NEW}
    labels = {}
    for row, (name, who) in enumerate(zip(names, [*train, *test], strict=True)):
        picture = (
            pictures.thing(random, 2, 30, background=(15, 15, 15))
            if who == -1
            else pictures.two_tone(random, who % 6, 6, who // 6, 5)
        )
        folder.image(f"{'train' if row < len(train) else 'test'}/{name}", picture)
        labels[name] = known[who]
    trained = ((name, labels[name]) for name in names[: len(train)])
    folder.table("train.csv", ("Image", "Id"), trained)
    truth = {name: labels[name] for name in names[len(train) :]}
    sheet = Sheet(("Image", "Id"), {name: f"test/{name}" for name in truth})
    guesses = (NEW, *whales[:4])
    folder.raw(sheet.name, sheet.constant(" ".join(guesses)))
    classes = sorted({NEW, *whales})
    return finish(
        folder,
        sheet,
        grade=graders.top_k(sheet.header, truth, classes, 5),
        answers=sheet.filled(truth),
        metric="MAP@{K}",
        maximize=True,
        chance=sum(1 / (1 + guesses.index(w)) for w in truth.values() if w in guesses) / len(truth),
        cell="top-k",
        classes=classes,
        train=len(train),
    )


def _sample_f1(true: Mapping[str, Sequence[str]], guess: Sequence[str]) -> float:
    """F1 of a row, averaged, of one list everywhere."""
    each = (2 * len({*tokens} & {*guess}) / (len(tokens) + len(guess)) for tokens in true.values())
    return sum(each) / len(true)


def protein_atlas(root: Path, seed: int) -> Drawn:
    """Cells: four grey files per image, one per channel; labels are lists of numbers.

    A protein is a disc in one or several places; the channels of the nucleus and the outline tell
    nothing.
    """
    folder = Folder(root, seed)
    random, kinds = folder.random, 4
    names = hashes(random, 84 + 36, 12)
    sets = [[k for k in range(kinds) if random.uniform() < 0.4] or [row % kinds]
            for row, _ in enumerate(names)]  # fmt: skip
    for row, (name, present) in enumerate(zip(names, sets, strict=True)):
        role = "train" if row < 84 else "test"
        for place, channel in enumerate(("blue", "green", "red", "yellow")):
            shown = np.full((32, 32), 30)
            for kind in present if channel == "green" else [place]:
                top, left = 16 * (kind // 2), 16 * (kind % 2)
                shown[top + 2 : top + 14, left + 2 : left + 14] = 220
            noise = random.integers(-20, 21, shown.shape)
            grey = Image.fromarray((shown + noise).astype(np.uint8))
            folder.image(f"{role}/{name}_{channel}.png", grey)
    texts = [" ".join(map(str, present)) for present in sets]
    folder.table("train.csv", ("Id", "Target"), zip(names[:84], texts[:84], strict=True))
    truth = {name: text.split() for name, text in zip(names[84:], texts[84:], strict=True)}
    sheet = Sheet(("Id", "Predicted"), dict.fromkeys(truth, ""))
    folder.raw(sheet.name, sheet.constant("0 1"))  # one bare integer is refused
    tokens = tuple(str(kind) for kind in range(kinds))
    right = sum(("0" in each) + ("1" in each) for each in truth.values())
    return finish(
        folder,
        sheet,
        grade=graders.label_list(sheet.header, truth, tokens, "micro"),
        answers=sheet.filled({name: " ".join(each) for name, each in truth.items()}),
        metric="F-Score Beta (Micro)",
        maximize=True,
        chance=2 * right / (2 * len(truth) + sum(map(len, truth.values()))),
        cell="list",
        classes=tokens,
        train=84,
    )
