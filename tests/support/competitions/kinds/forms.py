"""Files that nearly say what is asked: decoys of pixels and folders, forms of other answers."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from .. import graders, pictures
from ..drawn import Drawn
from ..kit import Folder, Sheet, deal, finish, share
from .kind import FRUIT, Kind, Plain

SIDE = 8


def pixels_of_other_hands(root: Path, seed: int) -> Drawn:
    """A second table of pixels with labels, which sorts before that of training."""
    return _pixels(root, seed, "Dig-other.csv")


def pixels_of_an_older_set(root: Path, seed: int) -> Drawn:
    """A second table of pixels with labels, which sorts after that of training."""
    return _pixels(root, seed, "zz_older.csv")


def _pixels(root: Path, seed: int, decoy: str) -> Drawn:
    folder = Folder(root, seed)
    random = folder.random
    names = [f"pixel{k}" for k in range(SIDE * SIDE)]

    def row(kind: int) -> Sequence[int]:
        image = pictures.thing(random, kind, len(FRUIT), side=SIDE).convert("L")
        return np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BOX)).ravel().tolist()

    for name, rows, turned in (("train.csv", 48, 0), (decoy, 24, 1)):
        kinds = deal(random, range(len(FRUIT)), rows)
        cells = [((k + turned) % len(FRUIT), *row(k)) for k in kinds]
        folder.table(name, ("label", *names), cells)
    kinds = deal(random, range(len(FRUIT)), 24)
    folder.table("test.csv", ("id", *names), [(n, *row(k)) for n, k in enumerate(kinds)])
    truth = {str(n): str(k) for n, k in enumerate(kinds)}
    sheet = Sheet(("id", "label"), dict.fromkeys(truth, ""))
    folder.raw(sheet.name, sheet.constant(0))
    known = [str(k) for k in range(len(FRUIT))]
    return finish(
        folder,
        sheet,
        grade=graders.label(sheet.header, truth, known, "accuracy"),
        answers=sheet.filled(truth),
        metric="Categorization Accuracy",
        maximize=True,
        chance=share(truth, "0"),
        cell="label",
        classes=known,
        train=48,
    )


def numbers_with_zeros(root: Path, seed: int) -> Drawn:
    """Class folders `00` to `10`, which the sample calls 0 to 10."""
    return _zeros(root, seed, "train/{}/")


def labelled_and_not(root: Path, seed: int) -> Drawn:
    """Class folders below one for images with a label, beside one for images without."""
    return _zeros(root, seed, "train/labeled/{}/", "train/unlabeled/00/")


def _zeros(root: Path, seed: int, place: str, other: str = "") -> Drawn:
    plain = Plain(root, seed, [str(k) for k in range(11)], rows=(55, 22))
    for number, (name, kind) in enumerate(plain.train.items()):
        new = root / f"{place.format(f'{int(kind):02d}')}{name}.png"
        new.parent.mkdir(parents=True, exist_ok=True)
        old = (root / plain.files[name]).rename(new)
        if other and number < 12:
            plain.folder.raw(f"{other}{name}x.png", old.read_bytes())
    return _finished(plain)


def first_rows_alone(root: Path, seed: int) -> Drawn:
    """A sample of five rows, beside the table of all."""
    plain = Plain(root, seed)
    plain.folder.table("train.csv", ("id", "label"), plain.train.items())
    plain.folder.table("test.csv", ("id",), [(name,) for name in plain.test])
    drawn = _finished(plain)
    text = (root / "sample_submission.csv").read_text("utf-8")
    plain.folder.raw("sample_submission.csv", "".join(text.splitlines(keepends=True)[:6]))
    return drawn


def guesses_in_columns(root: Path, seed: int) -> Drawn:
    """The most probable classes in columns of their own."""
    plain = Plain(root, seed)
    plain.folder.table("train.csv", ("id", "label"), plain.train.items())
    drawn = _finished(plain)
    sheet = plain.sheet("guess1", "guess2", "guess3")
    plain.folder.raw(sheet.name, sheet.constant(*FRUIT[:3]))
    return drawn


def rows_that_match(root: Path, seed: int) -> Drawn:
    """Ids of rows that show the same, as in retrieval."""
    plain = Plain(root, seed)
    plain.folder.table("train.csv", ("id", "label"), plain.train.items())
    drawn = _finished(plain)
    sheet = plain.sheet("matches")
    others = dict(zip(plain.test, [*plain.test][1:], strict=False))
    cells = {name: f"{name} {others.get(name, '')}".strip() for name in plain.test}
    plain.folder.raw(sheet.name, sheet.filled(cells))
    return drawn


def heads_never_complete(root: Path, seed: int) -> Drawn:
    """Two columns of classes, of which every row has one."""
    plain = Plain(root, seed)
    rows = [(n, *((c, "") if k % 2 else ("", c))) for k, (n, c) in enumerate(plain.train.items())]
    plain.folder.table("train.csv", ("id", "colour", "form"), rows)
    drawn = _finished(plain)
    sheet = plain.sheet("colour", "form")
    plain.folder.raw(sheet.name, sheet.constant(FRUIT[0], FRUIT[0]))
    return drawn


def _finished(plain: Plain) -> Drawn:
    sheet = plain.sheet("label")
    plain.folder.raw(sheet.name, sheet.constant(plain.classes[0]))
    return plain.labelled(sheet)


KINDS: dict[str, Kind] = {
    "pixels-of-other-hands": Kind(pixels_of_other_hands, note="Images in Dig-other.csv are not"),
    "pixels-of-an-older-set": Kind(pixels_of_an_older_set, note="--labels"),
    "numbers-with-zeros": Kind(numbers_with_zeros),
    "labelled-and-not": Kind(labelled_and_not),
    "first-rows-alone": Kind(first_rows_alone, refusal="only the first 5 of the 16 rows.*--sample"),
    "guesses-in-columns": Kind(guesses_in_columns, refusal="3 most probable classes.*--sample"),
    "rows-that-match": Kind(rows_that_match, refusal="retrieval of images.*'b000 b001'"),
    "heads-never-complete": Kind(heads_never_complete, refusal="has all the labels.*blank cells"),
}
