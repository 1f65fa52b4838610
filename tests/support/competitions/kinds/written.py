"""How labels are written: marks of the unknown, spellings, units, decimal commas, signs."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from .. import graders, pictures
from ..drawn import Draw, Drawn
from ..kit import Folder, Sheet, deal, finish
from .kind import FRUIT, Kind, Plain, by_auc

REGIONS = ("AF", "AS", "EU", "NA")
SPECIES = ("barn owl", "red fox", "wolf")
LETTERS = ("A", "B", "a", "b")
PETS = (("cat",), ("dog",), ("cat", "dog"), ("owl",), ("dog", "owl"))


def _named(
    classes: Sequence[str],
    written: Callable[[int, str], str],
    cell: str = "",
    column: str = "label",
    separator: str = ",",
) -> Draw:
    """Return a competition of classes, each label written by its row and name."""

    def draw(root: Path, seed: int) -> Drawn:
        plain = Plain(root, seed, classes, rows=(48, 24))
        rows = [
            f"{row}{separator}{each}{separator}{written(row, own)}"
            for row, (each, own) in enumerate(plain.train.items())
        ]
        plain.folder.raw("train.csv", "\n".join([f"row{separator}id{separator}{column}", *rows]))
        sheet = plain.sheet(column)
        shown = zip(plain.test, (cell.split("|") * 24)[:24], strict=True)
        plain.folder.raw(sheet.name, sheet.filled(dict(shown)))
        return plain.labelled(sheet)

    return draw


def _every(count: int, *others: str) -> Callable[[int, str], str]:
    """Return other labels, in turn, in every `count`-th row."""

    def written(row: int, own: str) -> str:
        return own if row % count else others[row // count % len(others)]

    return written


def _capital(row: int, own: str) -> str:
    return (own, own.capitalize(), f" {own.upper()} ")[row % 3]


def marks_in_parts(root: Path, seed: int) -> Drawn:
    """Two tables share out the rows; some have `N/A` as their label."""
    plain = Plain(root, seed, SPECIES, rows=(48, 24))
    rows = [(each, "N/A" if row % 9 == 4 else own) for row, (each, own) in
            enumerate(plain.train.items())]  # fmt: skip
    for part in range(2):
        plain.folder.table(f"labels_{part}.csv", ("id", "species"), rows[part::2])
    sheet = plain.sheet("species")
    plain.folder.raw(sheet.name, sheet.constant("wolf"))
    return plain.labelled(sheet)


def class_folders_called_like_marks(root: Path, seed: int) -> Drawn:
    """Folders of classes; a small one is called `NA`."""
    names = ("NA", "lion", "tiger")
    plain = Plain(root, seed, names, rows=(48, 24), folders=("spare/", "test/"))
    for row, (each, own) in enumerate(plain.train.items()):
        file = root / plain.files[each]
        if own != "NA" or row % 3 == 0:
            plain.folder.raw(f"train/{own}/{each}.png", file.read_bytes())
        file.unlink()
    (root / "spare").rmdir()
    sheet = plain.sheet("animal")
    plain.folder.raw(sheet.name, sheet.constant("tiger"))
    return plain.labelled(sheet)


def _wide(classes: Sequence[str], written: Callable[[int, str], str]) -> Draw:
    """Return a competition with a column of probabilities for each class."""

    def draw(root: Path, seed: int) -> Drawn:
        plain = Plain(root, seed, classes, rows=(48, 24))
        rows = [(each, written(row, own)) for row, (each, own) in enumerate(plain.train.items())]
        plain.folder.table("labels.csv", ("id", "kind"), rows)
        sheet = plain.sheet(*classes)
        plain.folder.raw(sheet.name, sheet.constant(*[1 / len(classes)] * len(classes)))
        return finish(
            plain.folder,
            sheet,
            grade=graders.probabilities(sheet.header, plain.test, "log_loss"),
            answers=sheet.one_hot(plain.test),
            metric="Log Loss",
            maximize=False,
            chance=float(np.log(len(classes))),
            cell="probabilities",
            classes=sorted(classes),
            train=len(plain.train),
        )

    return draw


def _probable(no: str, yes: str, written: Callable[[int, str], str], cell: str = "0.5") -> Draw:
    """Return a competition whose cells are probabilities of the second of two classes."""

    def draw(root: Path, seed: int) -> Drawn:
        plain = Plain(root, seed, (no, yes), rows=(48, 24))
        rows = [(each, written(row, own)) for row, (each, own) in enumerate(plain.train.items())]
        plain.folder.table("train.csv", ("id", "found"), rows)
        sheet = plain.sheet("found")
        plain.folder.raw(sheet.name, sheet.constant(cell))
        known = {each: int(own == yes) for each, own in plain.test.items()}
        return by_auc(plain.folder, sheet, known, train=48)

    return draw


def _tags(written: Callable[[int, Sequence[str]], str], cell: str, sign: str) -> Draw:
    """Return a competition of lists, graded with the sign between classes that the host wants."""
    names = ("cat", "dog", "owl")

    def draw(root: Path, seed: int) -> Drawn:
        folder = Folder(root, seed)
        given = [*deal(folder.random, PETS, 60), *deal(folder.random, PETS, 25)]
        ids = [f"p{number}" for number in range(85)]
        for row, (each, own) in enumerate(zip(ids, given, strict=True)):
            present = [names.index(tag) for tag in own]
            place = "train" if row < 60 else "test"
            folder.image(f"{place}/{each}.png", pictures.marks(folder.random, present, 3))
        rows = ((ids[row], written(row, given[row])) for row in range(60))
        folder.table("train.csv", ("image", "pets"), rows)
        truth = dict(zip(ids[60:], given[60:], strict=True))
        sheet = Sheet(("image", "pets"), {each: f"test/{each}.png" for each in truth})
        folder.raw(sheet.name, sheet.constant(cell))

        def grade(path: Path) -> float:
            plain = path.with_suffix(".blanks")
            plain.write_text(path.read_text().replace(sign, " "))
            return graders.label_list(sheet.header, truth, names, "micro")(plain)

        right = sum("dog" in own for own in truth.values())
        return finish(
            folder,
            sheet,
            grade=grade,
            answers=sheet.filled({each: sign.join(own) for each, own in truth.items()}),
            metric="F-Score (Micro)",
            maximize=True,
            chance=2 * right / (len(truth) + sum(map(len, truth.values()))),
            cell="list",
            classes=names,
            train=60,
        )

    return draw


def _measured(
    written: Callable[[int, float], str],
    cell: str,
    column: str = "weight",
    *,
    scale: float = 1,
    separator: str = ",",
) -> Draw:
    """Return a competition of numbers with one decimal, each label written by its row.

    Answers are the numbers times `scale`.
    """

    def draw(root: Path, seed: int) -> Drawn:
        folder = Folder(root, seed)
        ids = [f"{number:03d}" for number in range(110)]
        values = [round(float(value), 1) for value in folder.random.uniform(2, 90, 110)]
        values[:2] = [2.3, 90.4]
        for row, (each, value) in enumerate(zip(ids, values, strict=True)):
            place = "train" if row < 80 else "test"
            picture = pictures.level(folder.random, (value - 2) / 89)
            folder.image(f"{place}/{each}.png", picture)
        cells = [written(row, value) for row, value in enumerate(values[:80])]
        lines = [f"{each}{separator}{own}" for each, own in zip(ids, cells, strict=False)]
        folder.raw("train.csv", "\n".join([f"id{separator}{column}", *lines]))
        known = {each: value * scale for each, value in zip(ids[80:], values[80:], strict=True)}
        sheet = Sheet(("id", column), {each: f"test/{each}.png" for each in known})
        folder.raw(sheet.name, sheet.constant(cell))
        answers = list(known.values())
        mean = scale * np.mean(values[:80])
        return finish(
            folder,
            sheet,
            grade=graders.quantity(sheet.header, known, 0, 100 * scale),
            answers=sheet.filled(known),
            metric="",
            maximize=False,
            chance=float(np.sqrt(np.mean(np.square(answers - mean)))),
            cell="number",
            classes=None,
            train=80,
        )

    return draw


def _comma(value: float) -> str:
    return str(value).replace(".", ",")


def _ids(row: int, own: Sequence[str]) -> str:
    return ",".join({"cat": "3", "dog": "12", "owl": "7"}[name] for name in own)


KINDS: dict[str, Kind] = {
    "rare-nan-among-names": Kind(
        _named(FRUIT, _every(12, "nan"), "plum"), note="'nan' in 4 row.* is read as no label"
    ),
    "several-marks-between-semicolons": Kind(
        _named(SPECIES, _every(8, "?", "N/A", "--"), "", "species", ";"),
        note=r"6 row\(s\) of train.csv have no label and are skipped",
    ),
    "marks-in-parts": Kind(marks_in_parts, note="'N/A' in 5 row.* is read as no label"),
    "class-folders-called-like-marks": Kind(class_folders_called_like_marks),
    "a-region-called-NA": Kind(
        _named(REGIONS, lambda _, own: own, "EU", "region"),
        note="'NA' in 12 row.* is read as a class",
    ),
    "a-rare-mark-in-the-sample": Kind(
        _named(("NA", "high", "low"), lambda _, own: own, "low|NA|high", "level")
    ),
    "plus-and-minus": Kind(_named(("+", "-"), lambda _, own: own, "+", "sign")),
    "marks-beside-columns": Kind(
        _wide(FRUIT, _every(3, "NULL")), note="16 of 48 row.* have no label in kind and are skipped"
    ),
    "a-mark-beside-true-and-false": Kind(
        _probable("False", "True", _every(3, "NA")), note="'NA' in 16 row.* is read as no label"
    ),
    "nan-among-tags": Kind(
        _tags(lambda row, own: " ".join(own) if row % 15 else "nan", "dog owl", " "),
        note="'nan' in 4 row.* is read as no label",
    ),
    "spelling-of-the-sample": Kind(
        _named(("cat", "dog", "owl"), lambda row, own: _capital(row, own) if own == "cat" else own,
               "cat"),
        note=r"'CAT' \(\d+\) as 'cat' \(\d+\)",
    ),
    "spellings-like-another-in-the-sample": Kind(
        _named(("cat", "dog", "owl"), _capital, "owl"), note=r"'DOG' \(\d+\) as 'dog'"
    ),
    "a-few-other-spellings": Kind(
        _named(SPECIES, lambda row, own: own if row % 9 else own.title().replace(" ", "  ")),
        note="differ only by case or blanks are read as one class: .*  Fox' .* as 'red fox'",
    ),
    "both-spellings-in-the-sample": Kind(
        _named(("Polish", "polish", "worn"), lambda _, own: own, "Polish|polish|worn", "finish")
    ),
    "letters-of-both-cases": Kind(_named(LETTERS, lambda _, own: own, "A", "letter")),
    "spellings-of-two-classes": Kind(
        _probable("benign", "malignant", _capital), note="as 'malignant'"
    ),
    "other-spellings-of-tags": Kind(
        _tags(lambda row, own: " ".join(own) if row % 11 else " ".join(own).upper(), "", " "),
        note="as 'dog'",
    ),
    "weights-with-a-unit": Kind(_measured(lambda _, value: f"{value} kg", "12.5")),
    "weights-with-a-unit-and-commas": Kind(
        _measured(lambda _, value: f'"{_comma(value)}kg"', "0", "mass")
    ),
    "weights-with-commas-between-semicolons": Kind(
        _measured(lambda row, value: f"{_comma(value)} kg" if row % 9 else "NA", "1.5",
                  separator=";"),
    ),
    "percents-of-100": Kind(
        _measured(lambda _, value: f"{value}%", "0", "cover"),
        note="is read as .*If the submission must have 0.0",
    ),
    "percents-of-1": Kind(
        _measured(lambda _, value: f"{value} %", "0.5", "cover", scale=0.01),
        note="is read as 0.0.*, by the sample's cells",
    ),
    "percents-in-the-sample": Kind(
        _measured(lambda _, value: f"{value}%", "50%", "cover"),
        refusal=r"numbers with the unit '%' \(50%\), and a submission has numbers alone",
    ),
    "weights-with-several-units": Kind(
        _measured(lambda row, value: f"{value} kg" if row % 4 else f"{1000 * value:.0f} g", "0"),
        refusal="labels in 'weight' must have one unit; they have g .'.* g'., kg .'.* kg'",
    ),
    "endless-weights": Kind(
        _measured(lambda row, value: ("-inf", "inf")[row % 2] if row % 20 < 2 and row > 2
                  else str(value), "0.0"),
        note="'-inf' or 'inf' in 6 row.*not finite",
    ),
    "decimal-commas-beside-fractions": Kind(
        _measured(lambda _, value: f'"{_comma(value)}"', "10.5")
    ),
    "decimal-commas-beside-zero": Kind(
        _measured(lambda _, value: f'"{_comma(value)}"', "0", "height"),
        note="decimal comma. If they are lists of classes, use --separator comma",
    ),
    "signs-between-tags": Kind(
        _tags(lambda _, own: " & ".join(own), "cat & dog", " & "), options={"separator": "space"}
    ),
    "words-between-tags-but-not-in-the-sample": Kind(
        _tags(lambda row, own: (" and ", " + ")[row % 2].join(own), "cat dog", " "),
        options={"separator": "space"},
    ),
}  # fmt: skip
