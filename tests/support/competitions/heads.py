"""Several labels a row, each with classes of its own: melted, a column each, a column a class."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from . import graders, pictures
from .drawn import Drawn
from .kit import Folder, Sheet, deal, finish, hashes

ROOTS, VOWELS, CONSONANTS = tuple("0123"), tuple("012"), tuple("01")
COLOURS, SHADES = ("blue", "lime", "red"), ("20", "110", "200")
_KNOWN = {"colour": COLOURS, "shade": SHADES}
HUES = {"red": 0.0, "lime": 1 / 3, "blue": 2 / 3}


def graphemes(root: Path, seed: int) -> Drawn:
    """Letters: one row per image and output in the sample, one row per image in the labels.

    The outputs are numbers of classes, in another order than in the label table, which also has the
    letter itself. The first output counts twice in the score, which no file says.
    """
    folder = Folder(root, seed)
    random = folder.random
    parts = [deal(random, known, 96) for known in (ROOTS, VOWELS, CONSONANTS)]
    dealt = list(zip(*parts, strict=True))
    dealt[84:88] = [(ROOTS[k], VOWELS[k % 3], CONSONANTS[k % 2]) for k in range(4)]
    names = [*(f"Train_{n}" for n in range(84)), *(f"Test_{n}" for n in range(12))]
    for name, (kind, vowel, consonant) in zip(names, dealt, strict=True):
        picture = pictures.badge(
            random, int(kind) / 4, 30 + 85 * int(vowel), 0.35 + 0.4 * int(consonant)
        )
        folder.image(f"{name.partition('_')[0].lower()}/{name}.png", picture)
    header = ("image_id", "grapheme_root", "vowel_diacritic", "consonant_diacritic")
    letters = ([n, *row, chr(0x995 + int(row[0]))] for n, row in zip(names, dealt, strict=True))
    folder.table("train.csv", (*header, "grapheme"), list(letters)[:84])
    rows = [(n, head) for n in names[84:] for head in sorted(header[1:])]
    tested = ([n, f"{n}_{head}", head] for n, head in rows)
    folder.table("test.csv", ("image_id", "row_id", "component"), tested)
    of_image = dict(zip(names, dealt, strict=True))
    truth = {f"{n}_{head}": of_image[n][header.index(head) - 1] for n, head in rows}
    sheet = Sheet(("row_id", "target"), {f"{n}_{head}": f"test/{n}.png" for n, head in rows})
    folder.raw(sheet.name, sheet.constant(0))
    known = dict(zip(header[1:], (ROOTS, VOWELS, CONSONANTS), strict=True))
    return finish(
        folder,
        sheet,
        grade=graders.recall_of_heads(sheet.header, truth, known, {"grapheme_root": 2}),
        answers=sheet.filled(truth),
        metric="Weighted Categorization Accuracy",
        maximize=True,
        chance=(2 / 4 + 1 / 3 + 1 / 2) / 4,
        cell="heads",
        classes=None,
        train=84,
        heads={head: known[head] for head in sorted(known)},
    )


def wide_heads(root: Path, seed: int) -> Drawn:
    """Badges: one column per output, with its class.

    Classes of one output are names, those of the other numbers with gaps. The label table has a
    third column, a size in pixels, that is not to be predicted.
    """
    folder, ids, rows = _badges(root, seed)
    random = folder.random
    trained = [[i, s, random.integers(20, 90), c] for i, (c, s) in zip(ids, rows, strict=True)]
    folder.table("train.csv", ("id", "shade", "size", "colour"), trained[:84])
    truth = dict(zip(ids[84:], rows[84:], strict=True))
    sheet = Sheet(("id", "colour", "shade"), {each: f"test/{each}.jpg" for each in truth})
    folder.raw(sheet.name, sheet.constant(COLOURS[0], SHADES[0]))
    return finish(
        folder,
        sheet,
        grade=graders.labels_of_heads(sheet.header, truth, (COLOURS, SHADES)),
        answers=sheet.filled_wide(truth),
        metric="F-Score (Macro)",
        maximize=True,
        chance=(2 * (1 / 3) / (1 + 1 / 3)) / 3,
        cell="heads",
        classes=(*(f"colour_{c}" for c in COLOURS), *(f"shade_{s}" for s in SHADES)),
        train=84,
        heads=_KNOWN,
    )


def head_probabilities(root: Path, seed: int) -> Drawn:
    """The same badges: the sample has one column per class of each output, and the columns of the
    two outputs alternate.
    """
    folder, ids, rows = _badges(root, seed)
    trained = [[each, *row] for each, row in zip(ids, rows, strict=True)]
    folder.table("train.csv", ("id", "colour", "shade"), trained[:84])
    columns = [
        f"{n}_{c}" for k in range(3) for n, c in (("shade", SHADES[k]), ("colour", COLOURS[k]))
    ]
    own = [[columns.index(f"{n}_{c}") for c in known] for n, known in _KNOWN.items()]
    truth = {
        each: [int(column in (f"colour_{c}", f"shade_{s}")) for column in columns]
        for each, (c, s) in zip(ids[84:], rows[84:], strict=True)
    }
    sheet = Sheet(("id", *columns), {each: f"test/{each}.jpg" for each in truth})
    folder.raw(sheet.name, sheet.constant(*[0.333333] * 6))
    return finish(
        folder,
        sheet,
        grade=graders.probabilities_of_heads(sheet.header, truth, own),
        answers=sheet.filled_wide(truth),
        metric="Log Loss",
        maximize=False,
        chance=float(np.log(3)),
        cell="head-probabilities",
        classes=(*(f"colour_{c}" for c in COLOURS), *(f"shade_{s}" for s in SHADES)),
        train=84,
        heads=_KNOWN,
    )


def _badges(root: Path, seed: int) -> tuple[Folder, list[str], list[Sequence[str]]]:
    """A folder with badges of every colour on every shade, 84 to train on and 36 to predict."""
    folder = Folder(root, seed)
    random = folder.random
    both = [(colour, shade) for colour in COLOURS for shade in SHADES]
    rows = [*deal(random, both, 84), *deal(random, both, 36)]
    ids = hashes(random, 120, 8)
    for row, (each, (colour, shade)) in enumerate(zip(ids, rows, strict=True)):
        picture = pictures.badge(random, HUES[colour], int(shade), 0.6)
        folder.image(f"{'train' if row < 84 else 'test'}/{each}.jpg", picture)
    return folder, ids, [list(row) for row in rows]
