"""Labels whose table has not one row an image: long, repeated, unlabelled, of parts of images."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from .. import graders, pictures
from ..drawn import Drawn
from ..kit import Folder, Sheet, finish
from .kind import FRUIT, Kind, Plain, by_auc

BLEEDS = ("epidural", "any_bleed", "subdural")
SIGNS = ("edema", "mass", "No Finding")


class Marked:
    """Images with any of several marks, and whether each has them."""

    def __init__(self, root: Path, seed: int, marks: int, *, start: str = "img") -> None:
        self.folder = Folder(root, seed)
        random = self.folder.random
        self.bits: dict[str, list[int]] = {}
        for row in range(120):
            name = f"{start}{row:03d}"
            bits = [int(row % (marks + 1) == k or random.uniform() < 0.3) for k in range(marks)]
            self.bits[name] = bits if row % 4 else [0] * marks
            shown = np.flatnonzero(self.bits[name]).tolist()
            self.folder.image(self.file(name), pictures.marks(random, shown, marks))
        names = list(self.bits)
        self.train, self.test = names[:84], names[84:]

    def file(self, name: str) -> str:
        """Return the path of an image."""
        return f"{'train' if int(name[-3:]) < 84 else 'test'}/{name}.png"

    def melted(self, heads: Sequence[str], column: str) -> Drawn:
        """Return the competition with a row for each image and head."""
        truth = {
            f"{name}_{head}": bit
            for name in self.test
            for head, bit in zip(heads, self.bits[name], strict=True)
        }
        files = {each: self.file(each[:6]) for each in truth}
        sheet = Sheet(("ID", column), files)
        self.folder.raw(sheet.name, sheet.constant(0.5))
        return by_auc(self.folder, sheet, truth, train=84, cell="independent", classes=heads)

    def wide(self, columns: Sequence[str], truth: Mapping[str, Sequence[int]]) -> Drawn:
        """Return the competition with a column for each class."""
        sheet = Sheet(("ID", *columns), {name: self.file(name) for name in self.test})
        self.folder.raw(sheet.name, sheet.constant(*[0.5] * len(columns)))
        own = {name: truth[name] for name in self.test}
        return finish(
            self.folder,
            sheet,
            grade=graders.independent(sheet.header, own, "auc"),
            answers=sheet.filled_wide(own),
            metric="Mean Columnwise AUC",
            maximize=True,
            chance=0.5,
            cell="independent",
            classes=columns,
            train=84,
        )


def long_with_reader(root: Path, seed: int) -> Drawn:
    """A row for each image, output and reader; two of three readers are right."""
    marked = Marked(root, seed, 3)
    rows = []
    for name in marked.train:
        for k, head in enumerate(BLEEDS):
            bit = marked.bits[name][k]
            wrong = int(name[-2:]) % 3
            for reader in range(3):
                said = 1 - bit if reader == wrong and k == 1 else bit
                rows.append((f"{name}_{head}", f"R{reader}", said))
    marked.folder.table("train.csv", ("ID", "Reader", "Label"), rows)
    return marked.melted(BLEEDS, "Label")


def long_with_target_name(root: Path, seed: int) -> Drawn:
    """The output has a column of its own, which the ids of the sample end in."""
    marked = Marked(root, seed, 2, start="s_a")
    heads = ("bleed", "any_other_sign")
    rows = [
        (f"p{int(name[-3:]) // 2}", head, name, marked.bits[name][k])
        for k, head in enumerate(heads)
        for name in marked.train
    ]
    marked.folder.table("labels.csv", ("patient", "target_name", "image", "present"), rows)
    return marked.melted(heads, "target")


def long_for_columns(root: Path, seed: int) -> Drawn:
    """The sample submission has a column for each class, the labels a row."""
    marked = Marked(root, seed, 3)
    rows = [
        (k, name, sign, bit)
        for k, name in enumerate(marked.train)
        for sign, bit in zip(BLEEDS, marked.bits[name], strict=True)
    ]
    marked.folder.table("train.csv", ("n", "ID", "finding", "value"), rows)
    return marked.wide(BLEEDS, marked.bits)


def no_finding_is_computed(root: Path, seed: int) -> Drawn:
    """The sample submission has a column for no finding, the labels have none."""
    marked = Marked(root, seed, 2)
    rows = [(name, *marked.bits[name]) for name in marked.train]
    marked.folder.table("train.csv", ("ID", *SIGNS[:2]), rows)
    return marked.wide(SIGNS, _with_none(marked.bits))


def no_finding_is_a_blank_list(root: Path, seed: int) -> Drawn:
    """Labels are lists, blank where there is no finding."""
    marked = Marked(root, seed, 2)
    lists = {
        name: "|".join(sign for sign, bit in zip(SIGNS, marked.bits[name], strict=False) if bit)
        for name in marked.train
    }
    marked.folder.table("train.csv", ("ID", "findings"), lists.items())
    return marked.wide(SIGNS, _with_none(marked.bits))


def normal_is_first(root: Path, seed: int) -> Drawn:
    """The column of none comes first, and the table of labels has it."""
    marked = Marked(root, seed, 2)
    columns = ("Normal", "edema", "mass")
    truth = {name: [int(not any(bits)), *bits] for name, bits in marked.bits.items()}
    rows = [(name, *truth[name][1:]) for name in marked.train]
    marked.folder.table("train.csv", ("ID", *columns[1:]), rows)
    return marked.wide(columns, truth)


def _with_none(bits: Mapping[str, Sequence[int]]) -> dict[str, list[int]]:
    return {name: [*own, int(not any(own))] for name, own in bits.items()}


def readers_agree(root: Path, seed: int) -> Drawn:
    """Every image has a row of two readers on two days, with one label."""
    plain = Plain(root, seed)
    rows = [
        (name, label, reader, f"2020-0{1 + reader}-01")
        for name, label in plain.train.items()
        for reader in (0, 1)
    ]
    plain.folder.table("train.csv", ("id", "label", "reader", "date"), rows)
    return _finished(plain)


def annotators_vote(root: Path, seed: int) -> Drawn:
    """One of three annotators is wrong on most images, another on each."""
    plain = Plain(root, seed)
    rows = []
    for n, (name, label) in enumerate(plain.train.items()):
        other = plain.classes[(plain.classes.index(label) + 1) % 4]
        rows += [(f"A{k}", name, other if k == n % 4 else label) for k in range(3)]
    plain.folder.table("annotations.csv", ("annotator_id", "image", "fruit"), rows)
    return _finished(plain, "fruit", "image")


def raters_of_numbers(root: Path, seed: int) -> Drawn:
    """Scores of two raters, whose mean is what is to be predicted."""
    folder = Folder(root, seed)
    truth, rows, files = {}, [], {}
    for n in range(60):
        part, name = n < 40, f"n{n:02d}"
        value = float(folder.random.uniform(1, 9))
        files[name] = f"{'train' if part else 'test'}/{name}.png"
        shade = int(value * 25)
        folder.image(files[name], pictures.Image.new("RGB", (20, 20), (shade, shade, shade)))
        if part:
            rows += [(name, "r1", f"{value - 1:.2f}"), (name, "r2", f"{value + 1:.2f}")]
        else:
            truth[name] = round(value, 2)
    folder.table("train.csv", ("Id", "rater", "score"), rows)
    sheet = Sheet(("Id", "score"), {name: files[name] for name in truth})
    folder.raw(sheet.name, sheet.constant(5.5))
    return finish(
        folder,
        sheet,
        grade=graders.quantity(sheet.header, truth, 0, 10),
        answers=sheet.filled(truth),
        metric="Root Mean Squared Error",
        maximize=False,
        chance=float(np.std(list(truth.values()))),
        cell="number",
        classes=None,
        train=40,
    )


def rows_that_disagree(root: Path, seed: int) -> Drawn:
    """Two rows an image, with different labels, and nobody said who gave them."""
    plain = Plain(root, seed)
    rows = [(name, label, n) for n, (name, label) in enumerate(plain.train.items())]
    rows += [(name, "plum" if label != "plum" else "apple", n) for name, label, n in rows]
    plain.folder.table("train.csv", ("id", "label", "session"), rows)
    return _finished(plain)


def half_without_a_label(root: Path, seed: int) -> Drawn:
    """More than half of the training images have no label."""
    plain = Plain(root, seed, rows=(72, 16))
    rows = [(n, "" if k % 5 > 1 else c) for k, (n, c) in enumerate(plain.train.items())]
    plain.folder.table("train.csv", ("id", "label"), rows)
    return _finished(plain)


def hardly_a_label(root: Path, seed: int) -> Drawn:
    """Five labels for four classes."""
    plain = Plain(root, seed)
    rows = [(n, c if k < 5 else "") for k, (n, c) in enumerate(plain.train.items())]
    plain.folder.table("train.csv", ("id", "label"), rows)
    return _finished(plain)


def boxes_of_one_class(root: Path, seed: int) -> Drawn:
    """Two boxes an image, of one class; the sample shows none of its answers."""
    return _boxes(Plain(root, seed), ("left", "top", "right", "bottom"), "PredictionString")


def boxes_as_lists(root: Path, seed: int) -> Drawn:
    """A box in a cell."""
    plain = Plain(root, seed)
    rows = [(n, f"[{k}, 2, 9, 9]", c) for k, (n, c) in enumerate(plain.train.items())]
    plain.folder.table("train.csv", ("id", "bbox", "label"), rows)
    return _blank(plain, "PredictionString")


def boxes_beside_the_class(root: Path, seed: int) -> Drawn:
    """A box an image, beside the class that the sample asks for by name."""
    return _boxes(Plain(root, seed), ("Roi.X1", "Roi.Y1", "Roi.X2", "Roi.Y2"), "label")


def _boxes(plain: Plain, corners: Sequence[str], asked: str) -> Drawn:
    several = 1 if asked == "label" else 2
    rows = [
        (name, k + n, n, k + n + 5, n + 5, kind)
        for k, (name, kind) in enumerate(plain.train.items())
        for n in range(several)
    ]
    plain.folder.table("train.csv", ("id", *corners, "label"), rows)
    return _blank(plain, asked)


def _blank(plain: Plain, column: str) -> Drawn:
    sheet = plain.sheet(column)
    plain.folder.raw(sheet.name, sheet.constant(""))
    return plain.labelled(sheet)


def ids_with_fractions(root: Path, seed: int) -> Drawn:
    """Ids that became floats in a program."""
    plain = _numbered(Plain(root, seed))
    rows = [(f"{int(name)}.0", kind) for name, kind in plain.train.items()]
    plain.folder.table("train.csv", ("id", "label"), rows)
    return _finished(plain)


def _numbered(plain: Plain) -> Plain:
    """Rename images to numbers."""
    for truth, start in ((plain.train, 7), (plain.test, 500)):
        kinds = list(truth.items())
        truth.clear()
        for number, (name, kind) in enumerate(kinds, start):
            old = plain.files.pop(name)
            new = f"{old.rpartition('/')[0]}/{number}.png"
            (plain.folder.root / old).rename(plain.folder.root / new)
            plain.files[str(number)], truth[str(number)] = new, kind
    return plain


def labels_of_two_columns(root: Path, seed: int) -> Drawn:
    """Two columns of one name, with different labels."""
    plain = Plain(root, seed)
    others = np.roll([*plain.train.values()], -1).tolist()
    rows = [(n, c, o) for (n, c), o in zip(plain.train.items(), others, strict=True)]
    plain.folder.table("train.csv", ("id", "label", "label"), rows)
    return _finished(plain)


def remarks_of_two_columns(root: Path, seed: int) -> Drawn:
    """Two columns of one name, which are no labels."""
    plain = Plain(root, seed)
    rows = [(n, c, k, -k) for k, (n, c) in enumerate(plain.train.items())]
    plain.folder.table("train.csv", ("id", "label", "x", "x"), rows)
    return _finished(plain)


def files_of_a_part(root: Path, seed: int) -> Drawn:
    """A table of all images beside the files of a tenth."""
    plain = Plain(root, seed)
    rows = [*plain.train.items(), *((f"z{k:03d}", FRUIT[k % 4]) for k in range(300))]
    plain.folder.table("train.csv", ("id", "label"), rows)
    return _finished(plain)


def _finished(plain: Plain, column: str = "label", id_: str = "id") -> Drawn:
    sheet = plain.sheet(column, id_=id_)
    plain.folder.raw(sheet.name, sheet.constant(FRUIT[0]))
    return plain.labelled(sheet)


KINDS: dict[str, Kind] = {
    "long-with-reader": Kind(long_with_reader, note=r"different labels by Reader; the majority"),
    "long-with-target-name": Kind(long_with_target_name),
    "long-for-columns": Kind(long_for_columns),
    "no-finding-is-computed": Kind(no_finding_is_computed, note="No Finding.* is computed"),
    "no-finding-is-a-blank-list": Kind(no_finding_is_a_blank_list, note="'No Finding'"),
    "normal-is-first": Kind(normal_is_first, note="Normal"),
    "readers-agree": Kind(readers_agree),
    "annotators-vote": Kind(annotators_vote, note=r"different labels by annotator_id; the maj"),
    "raters-of-numbers": Kind(raters_of_numbers, note=r"different labels by rater; the mean"),
    "rows-that-disagree": Kind(rows_that_disagree, refusal=r"id 'a000' that differ: label is .*'"),
    "half-without-a-label": Kind(half_without_a_label, note=r"of 72 row.* no label in label"),
    "boxes-of-one-class": Kind(boxes_of_one_class, refusal="object detection.*left.*--target"),
    "boxes-as-lists": Kind(boxes_as_lists, refusal="object detection.*'bbox'"),
    "boxes-with-a-class-said": Kind(boxes_as_lists, {"target": "label"}),
    "boxes-beside-the-class": Kind(boxes_beside_the_class),
    "ids-with-fractions": Kind(ids_with_fractions),
    "labels-of-two-columns": Kind(labels_of_two_columns, refusal="several columns.*'label'"),
    "remarks-of-two-columns": Kind(remarks_of_two_columns),
    "files-of-a-part": Kind(files_of_a_part, refusal="300 of 332 row.* no image file"),
    "hardly-a-label": Kind(hardly_a_label, refusal=r"The other 5 are too few"),
}
