"""What labels are beside the sample's cells: truth, quantities, ids and names, gaps, outputs."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from .. import graders, pictures
from ..drawn import Draw, Drawn
from ..heads import COLOURS, HUES, SHADES
from ..kit import Folder, Sheet, deal, finish, hashes
from .kind import Kind, Plain, by_auc

ANIMALS = ("cat", "dog", "owl")
SIGNS = ("edema", "mass", "nodule", "effusion")


def _adopted(
    truth: Mapping[str, str], cell: str, header: str, column: str = "adopted", more: str = "species"
) -> Draw:
    """Return a competition of two values whose table has many species, too."""

    def draw(root: Path, seed: int) -> Drawn:
        plain = Plain(root, seed, ("no", "yes"), rows=(40, 24))
        random, found = plain.folder.random, (*ANIMALS, "emu", "fox")
        rows = [
            (each, found[int(random.integers(5))], truth[own]) for each, own in plain.train.items()
        ]
        plain.folder.table("train.csv", ("id", more, column), rows)
        sheet = plain.sheet(header)
        plain.folder.raw(sheet.name, sheet.constant(cell))
        known = {each: int(own == "yes") for each, own in plain.test.items()}
        return by_auc(plain.folder, sheet, known, train=40)

    return draw


def _findings(
    written: Callable[[int, np.random.Generator], object],
    shown: Sequence[object] = (0.5, 0.5, 0.5, 0.5),
    sparse: float = 0.5,
) -> Draw:
    """Return a competition of tags in columns, each cell written by a function of 0 or 1."""

    def draw(root: Path, seed: int) -> Drawn:
        folder = Folder(root, seed)
        random = folder.random
        ids = hashes(random, 120, 6)
        bits = (random.random((120, len(SIGNS))) < sparse).astype(int)
        for row, (each, own) in enumerate(zip(ids, bits, strict=True)):
            place = "train" if row < 96 else "test"
            picture = pictures.marks(random, np.flatnonzero(own).tolist(), len(SIGNS))
            folder.image(f"{place}/{each}.png", picture)
        rows = [
            [each, *(written(int(bit), random) for bit in own)]
            for each, own in zip(ids[:96], bits, strict=False)
        ]
        folder.table("train.csv", ("image", *SIGNS), rows)
        known = dict(zip(ids[96:], bits[96:].tolist(), strict=True))
        sheet = Sheet(("image", *SIGNS), {each: f"test/{each}.png" for each in known})
        folder.raw(sheet.name, sheet.constant(*shown))
        return finish(
            folder,
            sheet,
            grade=graders.independent(sheet.header, known, "auc"),
            answers=sheet.filled_wide(known),
            metric="Mean Columnwise Area Under Receiver Operating Characteristic Curve",
            maximize=True,
            chance=0.5,
            cell="independent",
            classes=SIGNS,
            train=96,
        )

    return draw


def _with_blanks(bit: int, random: np.random.Generator) -> object:
    return "" if random.random() < 0.3 else bit


def _uncertain(bit: int, random: np.random.Generator) -> object:
    return f"{-1 if random.random() < 0.2 else bit}.0" if random.random() < 0.8 else ""


def _quantities(column: str, cell: str, low: int, high: int, sample: str = "") -> Draw:
    """Return a competition of integers, by root mean squared error."""

    def draw(root: Path, seed: int) -> Drawn:
        folder = Folder(root, seed)
        random = folder.random
        ids = [f"{number:04d}" for number in range(110)]
        values = [int(value) for value in random.integers(low, high + 1, 110)]
        values[:2] = [low, high]
        for row, (each, value) in enumerate(zip(ids, values, strict=True)):
            place = "train" if row < 80 else "test"
            share = (value - low) / (high - low)
            folder.image(f"{place}/{each}.jpg", pictures.level(random, share))
        folder.table("train.csv", ("id", column), zip(ids[:80], values[:80], strict=True))
        known = dict(zip(ids[80:], values[80:], strict=True))
        sheet = Sheet(("id", sample or column), {each: f"test/{each}.jpg" for each in known})
        folder.raw(sheet.name, sheet.constant(cell))
        mean = np.mean(values[:80])
        chance = float(np.sqrt(np.mean([(value - mean) ** 2 for value in values[80:]])))
        return finish(
            folder,
            sheet,
            grade=graders.quantity(sheet.header, known, low, high),
            answers=sheet.filled(known),
            metric="",
            maximize=False,
            chance=chance,
            cell="number",
            classes=None,
            train=80,
        )

    return draw


def _classes(
    classes: Sequence[str], cells: Sequence[str], column: str = "label", sample: str = "label"
) -> Draw:
    """Return a competition of classes, whose sample repeats some cells."""

    def draw(root: Path, seed: int) -> Drawn:
        plain = Plain(root, seed, classes, rows=(48, 24))
        plain.folder.table("train.csv", ("id", column), plain.train.items())
        sheet = plain.sheet(sample)
        shown = {each: cells[k % len(cells)] for k, each in enumerate(plain.test)}
        plain.folder.raw(sheet.name, sheet.filled(shown))
        return plain.labelled(sheet)

    return draw


def _outputs(names: Mapping[str, Mapping[str, str]], *, hot: bool) -> Draw:
    """Return badges with a column for each class; `names` are those columns by output and class."""

    def draw(root: Path, seed: int) -> Drawn:
        folder = Folder(root, seed)
        random = folder.random
        both = [(colour, shade) for colour in COLOURS for shade in SHADES]
        rows = [*deal(random, both, 84), *deal(random, both, 36)]
        ids = hashes(random, 120, 8)
        for row, (each, (colour, shade)) in enumerate(zip(ids, rows, strict=True)):
            picture = pictures.badge(random, HUES[colour], int(shade), 0.6)
            folder.image(f"{'train' if row < 84 else 'test'}/{each}.jpg", picture)
        columns = [
            names[n][c] for n, known in zip(names, (COLOURS, SHADES), strict=True) for c in known
        ]
        of = {
            each: [columns.index(own[c]) for own, c in zip(names.values(), row, strict=True)]
            for each, row in zip(ids, rows, strict=True)
        }
        truth = {each: [int(k in own) for k in range(len(columns))] for each, own in of.items()}
        if hot:
            header: tuple[str, ...] = ("id", *columns)
            trained = [[each, *truth[each]] for each in ids[:84]]
        else:
            header = ("id", *names)
            trained = [
                [each, *(columns[k][len(_shared(n, own)):].strip("_- ") or columns[k]
                         for k, (n, own) in zip(of[each], names.items(), strict=True))]
                for each in ids[:84]
            ]  # fmt: skip
        folder.table("train.csv", header, trained)
        known = {each: truth[each] for each in ids[84:]}
        sheet = Sheet(("id", *columns), {each: f"test/{each}.jpg" for each in known})
        folder.raw(sheet.name, sheet.constant(*[0.333333] * 6))
        parts = [range(3), range(3, 6)]
        return finish(
            folder,
            sheet,
            grade=graders.probabilities_of_heads(sheet.header, known, parts),
            answers=sheet.filled_wide(known),
            metric="Log Loss",
            maximize=False,
            chance=float(np.log(3)),
            cell="head-probabilities",
            classes=columns,
            train=84,
        )

    return draw


def _shared(name: str, columns: Mapping[str, str]) -> str:
    return name if all(column.startswith(name) for column in columns.values()) else ""


_HAIR = {
    "hair_color": {
        "blue": "hair_color_dark_blue",
        "lime": "hair_color_lime",
        "red": "hair_color_dark_red",
    },
    "hair": {"20": "hair_very_short", "110": "hair_long", "200": "hair_middle_long"},
}
_APART = {
    "hair_color": _HAIR["hair_color"],
    "shape": {"20": "shape_round", "110": "shape_flat_square", "200": "shape_tall"},
}
_BARE = {
    "paint": {"blue": "navy blue", "lime": "lime", "red": "red"},
    "wall": {"20": "dark", "110": "dim", "200": "bright"},
}

KINDS: dict[str, Kind] = {
    "true-and-false-beside-species": Kind(
        _adopted({"no": "False", "yes": "True"}, "0.5", "prob"), note="adopted is used.*--target"
    ),
    "yes-and-no": Kind(_adopted({"no": "No", "yes": "Yes"}, "0.5", "adopted")),
    "letters-of-truth": Kind(
        _adopted({"no": "N", "yes": "Y"}, "0", "Expected", column="label", more="colour")
    ),
    "positive-and-negative": Kind(
        _adopted({"no": "negative", "yes": "positive"}, "0.1", "covid", column="covid")
    ),
    "columns-of-true-and-false": Kind(_findings(lambda bit, _: bool(bit))),
    "columns-of-yes-and-no": Kind(_findings(lambda bit, _: "yes" if bit else "no", (0, 0, 0, 0))),
    "tags-with-blanks": Kind(_findings(_with_blanks), note="blank cells .* are unknown"),
    "tags-with-uncertain-ones": Kind(
        _findings(_uncertain), note=r"blank and \d+ with -1 cells .* are unknown"
    ),
    "tags-that-only-say-1": Kind(
        _findings(lambda bit, _: bit or ""), note="blank cells, which are read as no"
    ),
    "tags-of-1-and-minus-1": Kind(
        _findings(lambda bit, _: 2 * bit - 1), note="1 and -1, which is read as no"
    ),
    "ages": Kind(_quantities("age", "0", 1, 90), note="age are read as quantities"),
    "counts": Kind(
        _quantities("leaf_count", "12", 0, 30), note="If they are classes, use --metric accuracy"
    ),
    "years": Kind(_quantities("Year", "1950", 1900, 1999, sample="Predicted")),
    "numbers-by-their-metric": Kind(
        _quantities("label", "0", 0, 60), options={"host_metric": "R2 Score"}
    ),
    "counts-of-few": Kind(_classes(tuple("01234"), "0", "count", "count")),
    "years-as-classes": Kind(
        _classes([str(year) for year in range(2008, 2020)], ["2010"], "year", "year"),
        options={"metric": "accuracy"},
    ),
    "ids-beside-names": Kind(
        _classes(ANIMALS, "012"), refusal=r"has numbers in its cells \(0, 1, 2\), but .* are names"
    ),
    "zero-beside-names": Kind(
        _classes((*ANIMALS, "emu"), "0", "species", "class"),
        refusal=r"numbers .*\(0\), .* are names \(cat, dog, emu …\).*To submit names, add --target",
    ),
    "zero-beside-names-that-are-chosen": Kind(
        _classes(ANIMALS, "0"), options={"target": "label"}, note="will have the labels"
    ),
    "names-beside-ids": Kind(
        _classes(tuple("123"), ANIMALS),
        refusal=r"has names in its cells \(cat, dog, owl\), .* are numbers",
    ),
    "unknown-beside-names": Kind(_classes(ANIMALS, ["unknown"]), note="will have the labels"),
    "outputs-of-several-words": Kind(_outputs(_APART, hot=True)),
    "outputs-that-begin-alike": Kind(_outputs(_HAIR, hot=False)),
    "outputs-called-after-values": Kind(_outputs(_BARE, hot=False)),
}
