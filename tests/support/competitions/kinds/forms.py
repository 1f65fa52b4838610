"""Files that nearly say what is asked: decoys of pixels and folders, forms of other answers."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .. import graders, pictures
from ..drawn import Drawn
from ..kit import Folder, Sheet, deal, finish, share
from .kind import FRUIT, Kind, Plain, by_auc

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
        shade = 30 + 60 * kind
        return (shade + random.integers(-9, 10, SIDE * SIDE)).tolist()

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
    """Two columns of classes; every row has a class in one of them only."""
    plain = Plain(root, seed)
    rows = [(n, *((c, "") if k % 2 else ("", c))) for k, (n, c) in enumerate(plain.train.items())]
    plain.folder.table("train.csv", ("id", "colour", "form"), rows)
    drawn = _finished(plain)
    sheet = plain.sheet("colour", "form")
    plain.folder.raw(sheet.name, sheet.constant(FRUIT[0], FRUIT[0]))
    return drawn


def ids_within_names(root: Path, seed: int) -> Drawn:
    """Ids are what tells names apart: `7` is `face-0007-c.png`."""
    plain = Plain(root, seed)
    for truth, start in ((plain.train, 3), (plain.test, 700)):
        for number, (name, kind) in enumerate([*truth.items()], start):
            old = plain.files.pop(name)
            new = f"{old.rpartition('/')[0]}/face-{number:04d}-c.png"
            (root / old).rename(root / new)
            del truth[name]
            plain.files[str(number)], truth[str(number)] = new, kind
    plain.folder.table("train.csv", ("id", "label"), plain.train.items())
    return _finished(plain)


def classes_before_numbers(root: Path, seed: int) -> Drawn:
    """No table; the class is the number that a name begins with."""
    plain = Plain(root, seed, [str(k) for k in range(4)])
    for number, (name, kind) in enumerate(plain.train.items()):
        (root / plain.files[name]).rename(root / f"train/{kind}_{number}.png")
    return _finished(plain)


def folders_that_end_in_1(root: Path, seed: int) -> Drawn:
    """Class folders `good_0` and `bad_1`: the sample asks for the 1, which sorts first."""
    plain = Plain(root, seed, ["good_0", "bad_1"])
    for name, kind in plain.train.items():
        new = root / f"train/{kind}/{name}.png"
        new.parent.mkdir(exist_ok=True)
        (root / plain.files[name]).rename(new)
    truth = {name: int(kind == "bad_1") for name, kind in plain.test.items()}
    sheet = plain.sheet("score")
    plain.folder.raw(sheet.name, sheet.constant(0.5))
    return by_auc(plain.folder, sheet, truth, train=len(plain.train), classes=["good_0", "bad_1"])


def some_rows_without_a_name(root: Path, seed: int) -> Drawn:
    """A column names the picture of a row; some are blank, in training and in test."""
    plain = Plain(root, seed, rows=(60, 30))
    for table, truth in (("train.csv", plain.train), ("test.csv", plain.test)):
        rows = []
        for number, (name, kind) in enumerate(truth.items()):
            blank = number % 15 == 7
            if blank:
                (root / plain.files[name]).unlink()
            label = (kind,) if table == "train.csv" else ()
            rows.append((f"item{number}{table[1]}", "" if blank else name, *label))
        header = ("item", "picture", "label") if table == "train.csv" else ("item", "picture")
        plain.folder.table(table, header, rows)
    plain.test = {f"item{n}e": kind for n, kind in enumerate(plain.test.values())}
    plain.files |= dict.fromkeys(plain.test, "")
    sheet = plain.sheet("label", id_="item")
    plain.folder.raw(sheet.name, sheet.constant(FRUIT[0]))
    return plain.labelled(sheet)


def studies_in_folders(root: Path, seed: int) -> Drawn:
    """A row for each study and finding; a study is a folder of slices, the findings are columns."""
    folder = Folder(root, seed)
    heads = ("C1", "C2", "patient_overall")
    truth: dict[str, int] = {}
    rows = []
    for number in range(60):
        bits = [number % 2, number // 2 % 2]
        bits.append(max(bits))
        study, part = f"1.2.{number + 100}", "train" if number < 40 else "test"
        shown = [k for k in range(3) if bits[k]]
        for place in range(3):
            image = pictures.marks(folder.random, shown, 3)
            folder.image(f"{part}_images/{study}/{place}.png", image)
        if part == "train":
            rows.append((study, *bits))
        else:
            truth |= {f"{study}_{head}": bit for head, bit in zip(heads, bits, strict=True)}
    folder.table("train.csv", ("StudyInstanceUID", *heads), rows)
    sheet = Sheet(("row_id", "fractured"), dict.fromkeys(truth, ""))
    folder.raw(sheet.name, sheet.constant(0.5))
    return by_auc(folder, sheet, truth, train=40, cell="independent", classes=heads)


def images_of_training(root: Path, seed: int) -> Drawn:
    """Names of training images that show the same."""
    return _images(root, seed, "a001 a004 a007")


def images_of_an_index(root: Path, seed: int) -> Drawn:
    """Names of images that show the same, and are none of those with labels."""
    return _images(root, seed, "q001 q004 q007")


def _images(root: Path, seed: int, cell: str) -> Drawn:
    plain = Plain(root, seed)
    plain.folder.table("train.csv", ("id", "label"), plain.train.items())
    drawn = _finished(plain)
    sheet = plain.sheet("images")
    plain.folder.raw(sheet.name, sheet.constant(cell))
    return drawn


def a_row_a_pixel(root: Path, seed: int) -> Drawn:
    """The value of every pixel is asked for."""
    plain = Plain(root, seed)
    drawn = _finished(plain)
    cells = [(f"{n}_{y}_{x}", 1) for n in (1, 2) for y in range(9) for x in range(9)]
    plain.folder.table("sample_submission.csv", ("id", "value"), cells)
    return drawn


def one_odd_number(root: Path, seed: int) -> Drawn:
    """Numbers and one text; the sample shows no answer."""
    plain = Plain(root, seed)
    rows = [(n, "about 3" if k == 7 else k * 1.13) for k, n in enumerate(plain.train)]
    plain.folder.table("train.csv", ("id", "weight"), rows)
    drawn = _finished(plain)
    sheet = plain.sheet("weight")
    plain.folder.raw(sheet.name, sheet.constant(""))
    return drawn


def ticks_of_classes(root: Path, seed: int) -> Drawn:
    """A column a class, with an x or nothing."""
    plain = Plain(root, seed)
    rows = [(n, *("x" if c == kind else "" for c in FRUIT)) for n, kind in plain.train.items()]
    plain.folder.table("train.csv", ("id", *FRUIT), rows)
    sheet = plain.sheet(*FRUIT)
    plain.folder.raw(sheet.name, sheet.constant(*[0.25] * 4))
    return finish(
        plain.folder,
        sheet,
        grade=graders.probabilities(sheet.header, plain.test, "log_loss"),
        answers=sheet.one_hot(plain.test),
        metric="Multiclass Loss",
        maximize=False,
        chance=float(np.log(4)),
        cell="probabilities",
        classes=FRUIT,
        train=len(plain.train),
    )


def class_folders_called_mask(root: Path, seed: int) -> Drawn:
    """Class folders; one is called `mask`, like folders that are passed over."""
    plain = Plain(root, seed, ["no_mask", "mask", "wrong"])
    for name, kind in plain.train.items():
        new = root / f"train/{kind}/{name}.png"
        new.parent.mkdir(exist_ok=True)
        (root / plain.files[name]).rename(new)
    return _finished(plain)


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
    "ids-within-names": Kind(ids_within_names),
    "classes-before-numbers": Kind(classes_before_numbers),
    "folders-that-end-in-1": Kind(folders_that_end_in_1),
    "some-rows-without-a-name": Kind(some_rows_without_a_name, note="4 row.* name no image"),
    "studies-in-folders": Kind(studies_in_folders),
    "images-of-an-index": Kind(
        images_of_an_index, {"metric": "map_at_3"}, refusal="hold names, such as 'q001'.*retrieval"
    ),
    "images-of-training": Kind(
        images_of_training, refusal="retrieval of images.*ids of training images, such as 'a001'"
    ),
    "ticks-of-classes": Kind(ticks_of_classes, note="which are read as no"),
    "target-that-names-images": Kind(
        ticks_of_classes, {"target": "id"}, refusal="--target 'id' names the images"
    ),
    "one-odd-number": Kind(one_odd_number, refusal="31 of 32 labels.*'about 3'"),
    "class-folders-called-mask": Kind(class_folders_called_mask),
    "a-row-a-pixel": Kind(a_row_a_pixel, refusal="restoration of images.*'1_0_0'"),
    "heads-never-complete": Kind(heads_never_complete, refusal="has all the labels.*blank cells"),
}
