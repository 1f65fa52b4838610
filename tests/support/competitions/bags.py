"""Rows of several images: studies in a table, folders, sites of a well, views of a breast."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image

from . import graders, pictures
from .drawn import Drawn
from .kit import Folder, Random, Sheet, deal, finish, hashes, numerals, share

AUC = "Area Under Receiver Operating Characteristic Curve"
DEVICES = ("catheter", "pacemaker", "tube")
SIRNAS = ("1102", "1107", "415", "7")


def studies(root: Path, seed: int) -> Drawn:
    """Two to four images per study, listed in train.csv and test.csv; the sample has one row per
    study. Every image has the label of its study. Image names do not contain the study.
    """
    folder = Folder(root, seed)
    random = folder.random
    names = [f"1.2.826.{number}" for number in numerals(random, 64 + 32, 10_000, 99_999)]
    kinds = [*deal(random, DEVICES, 64), *deal(random, DEVICES, 32)]
    counts = [int(count) for count in random.integers(2, 5, 96)]
    images = iter(hashes(random, sum(counts), 12))
    trained, tested, files = [], [], {}
    for row, (name, kind, count) in enumerate(zip(names, kinds, counts, strict=True)):
        own = sorted(next(images) for _ in range(count))
        for image in own:
            picture = pictures.thing(random, DEVICES.index(kind), 3)
            folder.image(f"{'train' if row < 64 else 'test'}/{image}.jpg", picture)
            (trained if row < 64 else tested).append((name, image, kind))
        files[name] = f"test/{own[0]}.jpg"
    columns = ("StudyInstanceUID", "SOPInstanceUID")
    folder.table("train.csv", (*columns, "device"), random.permutation(trained).tolist())
    shuffled = random.permutation(tested).tolist()
    folder.table("test.csv", columns, (row[:2] for row in shuffled))
    truth = dict(zip(names[64:], kinds[64:], strict=True))
    sheet = Sheet(("StudyInstanceUID", "device"), {name: files[name] for name in truth})
    folder.raw(sheet.name, sheet.constant("tube"))
    return finish(
        folder,
        sheet,
        grade=graders.label(sheet.header, truth, DEVICES, "accuracy"),
        answers=sheet.filled(truth),
        metric="Categorization Accuracy",
        maximize=True,
        chance=share(truth, "tube"),
        cell="label",
        classes=DEVICES,
        train=64,
    )


def bag_folders(root: Path, seed: int) -> Drawn:
    """One folder per id, with files `0.png`, `1.png`, ….

    The ids are numbers too. There is one label per folder.
    """
    folder = Folder(root, seed)
    random = folder.random
    kinds = [*deal(random, range(2), 64), *deal(random, range(2), 32)]
    files = {}
    for row, kind in enumerate(kinds):
        place = f"{'train' if row < 64 else 'test'}/{row}"
        for number in range(3):
            folder.image(f"{place}/{number}.png", _seen_or_not(random, kind, hidden=number == 1))
        files[str(row)] = f"{place}/0.png"
    order = [int(row) for row in random.permutation(64)]
    folder.table("train_labels.csv", ("id", "target"), ((row, kinds[row]) for row in order))
    truth = {str(row): kinds[row] for row in 64 + random.permutation(32)}
    sheet = Sheet(("id", "target"), {each: files[each] for each in truth})
    folder.raw(sheet.name, sheet.constant(0.5))
    return _of_two(folder, sheet, truth, train=64)


def sites(root: Path, seed: int) -> Drawn:
    """Cells in wells: two images (sites) per well, `<well>_s1.png` and `<well>_s2.png`, in one
    folder per plate.
    """
    folder = Folder(root, seed)
    random = folder.random
    kinds = [*deal(random, SIRNAS, 72), *deal(random, SIRNAS, 36)]
    wells, files = [], {}
    for row, kind in enumerate(kinds):
        plate, role = row % 3 + 1, "train" if row < 72 else "test"
        line = "HEPG2" if row < 72 else "U2OS"
        well = f"{line}-{row % 9:02d}_{plate}_{'BCDEFGH'[row % 7]}{row:02d}"
        for site in (1, 2):
            picture = pictures.thing(random, SIRNAS.index(kind), 4)
            folder.image(f"{role}/Plate{plate}/{well}_s{site}.png", picture)
        wells.append((well, kind))
        files[well] = f"{role}/Plate{plate}/{well}_s1.png"
    folder.table("train.csv", ("id_code", "sirna"), wells[:72])
    folder.table("test.csv", ("id_code",), ((well,) for well, _ in wells[72:]))
    truth = dict(wells[72:])
    sheet = Sheet(("id_code", "sirna"), {well: files[well] for well in truth})
    folder.raw(sheet.name, sheet.constant("415"))
    return finish(
        folder,
        sheet,
        grade=graders.class_id(
            sheet.header, {well: int(kind) for well, kind in truth.items()}, SIRNAS, "accuracy"
        ),
        answers=sheet.filled(truth),
        metric="Categorization Accuracy",
        maximize=True,
        chance=share(truth, "415"),
        cell="label",
        classes=sorted(SIRNAS, key=int),
        train=72,
    )


def breasts(root: Path, seed: int) -> Drawn:
    """Several views of both breasts of each patient.

    `prediction_id` is patient and side, and is only in test.csv. train.csv has one row per image
    and no `prediction_id`. Images are in one folder per patient.
    """
    folder = Folder(root, seed)
    random = folder.random
    patients = [str(number) for number in numerals(random, 36 + 18, 100, 99_999)]
    sides = [(patient, side) for patient in patients for side in "LR"]
    cancer = [*deal(random, (0, 0, 1), 72), *deal(random, (0, 0, 1), 36)]
    images = iter(numerals(random, 3 * 108, 10_000_000, 99_999_999))
    trained, tested, files = [], [], {}
    for row, ((patient, side), ill) in enumerate(zip(sides, cancer, strict=True)):
        role = "train" if row < 72 else "test"
        own = sorted(str(next(images)) for _ in range(2 + row % 2))
        for number, image in enumerate(own):
            path = f"{role}_images/{patient}/{image}.png"
            folder.image(path, _seen_or_not(random, ill, hidden=False))
            about = [patient, image, side, ("CC", "MLO")[number % 2]]
            trained.append([*about, ill]) if row < 72 else tested.append(
                [*about, f"{patient}_{side}"]
            )
        files[f"{patient}_{side}"] = f"{role}_images/{patient}/{own[0]}.png"
    columns = ("patient_id", "image_id", "laterality", "view")
    folder.table("train.csv", (*columns, "cancer"), trained)
    folder.table("test.csv", (*columns, "prediction_id"), tested)
    ids = [f"{patient}_{side}" for patient, side in sides[72:]]
    truth = dict(zip(ids, cancer[72:], strict=True))
    sheet = Sheet(("prediction_id", "cancer"), {each: files[each] for each in truth})
    folder.raw(sheet.name, sheet.constant(0.0211))
    return _of_two(folder, sheet, truth, train=72, group="patient_id")


def _seen_or_not(random: Random, kind: int, *, hidden: bool) -> Image.Image:
    """One of two kinds of thing; hidden, a grey that says nothing of it."""
    if hidden:
        return pictures.noisy(random, Image.new("RGB", (48, 56), pictures.grey(random)))
    return pictures.thing(random, kind, 2)


def _of_two(
    folder: Folder,
    sheet: Sheet,
    truth: Mapping[str, int],
    *,
    train: int,
    group: str | None = None,
) -> Drawn:
    classes: Sequence[str] = ("0", "1")
    return finish(
        folder,
        sheet,
        grade=graders.probability(sheet.header, truth, "auc"),
        answers=sheet.filled(truth),
        metric=AUC,
        maximize=True,
        chance=0.5,
        cell="probability",
        classes=classes,
        train=train,
        group=group,
    )
