"""Classes in cells: names of several words, lists, confidences; boxes, masks and text instead."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn import metrics

from .. import graders, pictures, sheets
from ..drawn import Draw, Drawn
from ..kit import Folder, Sheet, deal, finish
from .kind import Kind, Plain

STATES = tuple(f"{state} {fruit}" for state in ("fresh", "rotten") for fruit in ("apple", "fig"))
PRODUCE = (*STATES, "fresh mango", "rotten mango")
LEAVES = tuple(
    f"{leaf}, {spot}" for leaf in ("corn", "potato", "tomato") for spot in ("ok", "rust")
)


def _named(
    classes: Sequence[str],
    cell: str | None,
    *,
    table: str = "train.csv",
    column: str = "label",
    sample: str = "label",
) -> Draw:
    """Return a competition of these classes, whose sample has one cell everywhere."""

    def draw(root: Path, seed: int) -> Drawn:
        plain = Plain(root, seed, classes, rows=(48, 24))
        plain.folder.table(table, ("id", column), plain.train.items())
        sheet = plain.sheet(sample)
        plain.folder.raw(sheet.name, sheet.constant(classes[0] if cell is None else cell))
        return plain.labelled(sheet)

    return draw


def names_all_in_the_sample(root: Path, seed: int) -> Drawn:
    """Every class stands in a cell of the sample; one of them only there."""
    plain = Plain(root, seed, PRODUCE, rows=(48, 24))
    plain.folder.table("labels.csv", ("condition", "id"), ((v, k) for k, v in plain.train.items()))
    sheet = plain.sheet("condition")
    shown = dict(zip(plain.test, PRODUCE * 4, strict=True))
    plain.folder.raw(sheet.name, sheet.filled(shown))
    return plain.labelled(sheet)


def _tags(
    labels: str, cells: str, lists: Sequence[Sequence[str]], shown: str, names: Sequence[str]
) -> Draw:
    """Return a competition of tags, which stand between other signs in labels and sample."""

    def draw(root: Path, seed: int) -> Drawn:
        folder = Folder(root, seed)
        given = [*deal(folder.random, lists, 48), *deal(folder.random, lists, 24)]
        ids = [f"p{number}" for number in range(72)]
        for row, (each, tags) in enumerate(zip(ids, given, strict=True)):
            place = "train" if row < 48 else "test"
            present = [names.index(tag) for tag in tags]
            folder.image(f"{place}/{each}.png", pictures.marks(folder.random, present, len(names)))
        trained = zip(ids[:48], map(labels.join, given[:48]), strict=True)
        folder.table("train.csv", ("id", "tags"), trained)
        truth = dict(zip(ids[48:], given[48:], strict=True))
        sheet = Sheet(("id", "tags"), {each: f"test/{each}.png" for each in truth})
        folder.raw(sheet.name, sheet.constant(shown))
        right = sum(names[0] in tags for tags in truth.values())
        return finish(
            folder,
            sheet,
            grade=graders.label_list(sheet.header, truth, names, "micro"),
            answers=sheet.filled({each: cells.join(tags) for each, tags in truth.items()}),
            metric="F-Score (Micro)",
            maximize=True,
            chance=2 * right / (len(truth) + sum(map(len, truth.values()))),
            cell="list",
            classes=sorted(names),
            train=48,
        )

    return draw


def _confident(classes: Sequence[str], cell: str) -> Draw:
    """Return a competition whose cells are a class and its confidence."""

    def draw(root: Path, seed: int) -> Drawn:
        plain = Plain(root, seed, classes)
        plain.folder.table("train.csv", ("id", "landmark"), plain.train.items())
        sheet = plain.sheet("landmark")
        plain.folder.raw(sheet.name, sheet.constant(cell))
        return finish(
            plain.folder,
            sheet,
            grade=lambda path: _global_precision(path, sheet.header, plain.test, classes),
            answers=sheet.filled({each: f"{own} 1.0" for each, own in plain.test.items()}),
            metric="GAP",
            maximize=True,
            chance=1 / len(classes) ** 2,
            cell="label",
            classes=sorted(classes),
            train=len(plain.train),
        )

    return draw


def _global_precision(
    path: Path, header: Sequence[str], truth: dict[str, str], classes: Sequence[str]
) -> float:
    cells = sheets.read(path, header, truth)
    split = [cells[each][0].rpartition(" ") for each in truth]
    named = [sheets.name(name, classes) for name, _, _ in split]
    right = np.array(named) == np.array(list(truth.values()))
    sure = [sheets.number(number, 0, 1) for _, _, number in split]
    return float(metrics.average_precision_score(right, sure) * right.mean()) if right.any() else 0


def _asking_for(
    column: str, cell: str, header: Sequence[str] = ("id", "label"), *more: str
) -> Draw:
    """Return a competition of classes whose sample submission asks for something else."""

    def draw(root: Path, seed: int) -> Drawn:
        plain = Plain(root, seed)
        rows = [(*pair, *more) for pair in plain.train.items()]
        plain.folder.table("train.csv", (*header, *[f"extra{k}" for k, _ in enumerate(more)]), rows)
        sheet = plain.sheet(*column.split())
        plain.folder.raw(sheet.name, sheet.constant(*[cell] * len(column.split())))
        return plain.labelled(sheet)

    return draw


def boxes_of_labels(root: Path, seed: int) -> Drawn:
    """Wheat heads: rows of boxes in the labels, boxes after confidences in the sample."""
    plain = Plain(root, seed)
    boxes = ((each, 20, f"[{k}.0, 2.0, 5.0, 9.0]") for each in plain.train for k in range(3))
    plain.folder.table("train.csv", ("image_id", "width", "bbox"), boxes)
    sheet = plain.sheet("PredictionString", id_="image_id")
    plain.folder.raw(sheet.name, sheet.constant("1.0 0 0 50 50"))
    return plain.labelled(sheet)


_PAIRS = (("owl", "fox"), ("emu", "elk"), ("owl", "elk"), ("emu", "fox"))
_BIRDS = (("red fox", "owl"), ("owl",), ("red fox",), ("emu", "owl"), ("emu",))

KINDS: dict[str, Kind] = {
    "names-of-two-words": Kind(_named(PRODUCE, None)),
    "names-of-two-words-in-empty-cells": Kind(
        _named([name.title() for name in PRODUCE], "", table="labels.csv", column="Fruit State")
    ),
    "names-of-two-words-all-shown": Kind(names_all_in_the_sample),
    "names-with-commas": Kind(_named(LEAVES, None, column="disease", sample="disease")),
    "names-with-slashes-and-and": Kind(
        _named(("cat and dog", "cat", "dog", "owl/emu", "owl", "cat and owl"), "cat")
    ),
    "names-whose-words-change-places": Kind(
        _named(("red blue", "blue red", "red", "blue", "blue green", "green blue"), "red"),
        options={"separator": "none"},
    ),
    "names-that-may-be-lists": Kind(
        _named(("red blue", "blue red", "red green", "green blue"), ""),
        options={"separator": "none"},
    ),
    "a-separator-that-no-cell-has": Kind(
        _named(PRODUCE, None),
        options={"separator": "comma"},
        refusal="--separator comma: no label has commas; labels are such as '(fresh|rotten)",
    ),
    "lists-of-two-between-commas": Kind(
        _tags(",", " ", _PAIRS, "owl fox", ("elk", "emu", "fox", "owl")),
        options={"separator": "comma"},
    ),
    "lists-between-semicolons": Kind(
        _tags(" ; ", " ", [[n.replace(" ", "_") for n in own] for own in _BIRDS], "owl emu",
              ("emu", "owl", "red_fox")),
    ),
    "a-class-and-its-confidence": Kind(_confident(("8815", "17", "204", "9"), "8815 0.02")),
    "a-name-and-its-confidence": Kind(
        _confident(("old mill", "tower", "red gate"), "tower 0.5"), options={"metric": "GAP"}
    ),
    "several-classes-with-confidences": Kind(
        _asking_for("label", "apple 0.5 plum 0.5"), refusal="one class and its confidence"
    ),
    "boxes-after-confidences": Kind(boxes_of_labels, refusal="This is object detection"),
    "boxes-after-classes": Kind(
        _asking_for("PredictionString", "14 1 0 0 1 1"),
        refusal="This is object detection.*boxes, such as '14 1 0 0 1 1'",
    ),
    "corners-of-boxes": Kind(
        _asking_for("xmin ymin xmax ymax", "0"), refusal="object detection.*columns of boxes"
    ),
    "runs-of-pixels": Kind(
        _asking_for("mask", "1 3 10 5"), refusal="This is segmentation.*such as '1 3 10 5'"
    ),
    "runs-in-empty-cells": Kind(
        _asking_for("EncodedPixels", ""), refusal="segmentation.*'EncodedPixels'"
    ),
    "runs-beside-a-metric-of-masks": Kind(
        _asking_for("label", "apple"),
        options={"host_metric": "Mean Dice"},
        refusal="'Mean Dice' is of segmentation",
    ),
    "captions": Kind(
        _asking_for("caption", "a plum lies on the table"), refusal="This is captioning"
    ),
    "sentences": Kind(
        _asking_for("answer", "a plum lies on the table"),
        refusal="captioning.*sentences, such as 'a plum",
    ),
    "points": Kind(
        _asking_for("where", "12.5 30.25"), refusal="keypoint detection.*'12.5 30.25'"
    ),
}  # fmt: skip
