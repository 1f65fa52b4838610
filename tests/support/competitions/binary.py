"""Two classes, one probability: cats and dogs, cacti, slides, moles."""

import math
from pathlib import Path

from . import graders, pictures
from .drawn import Drawn
from .kit import Folder, Sheet, deal, dicom_bytes, encode, finish, hashes, numerals, record_bytes

AUC = "Area Under Receiver Operating Characteristic Curve"


def dogs_vs_cats(root: Path, seed: int) -> Drawn:
    """The labels are prefixes of file names in an archive.

    Test ids are numbers without suffix. The sample lists them as 1, 2, 3, the archive as 1, 10, 11.
    """
    folder = Folder(root, seed)
    random, kinds = folder.random, ("cat", "dog")
    train = {
        f"train/{name}.{number}.jpg": encode(pictures.thing(random, kind, 2), ".jpg")
        for kind, name in enumerate(kinds)
        for number in range(40)
    }
    truth = {str(n): kind for n, kind in enumerate(deal(random, (0, 1), 36), start=1)}
    test = {
        f"test/{each}.jpg": encode(pictures.thing(random, kind, 2), ".jpg")
        for each, kind in truth.items()
    }
    folder.zip("train.zip", train)
    folder.zip("test.zip", test)
    sheet = Sheet(("id", "label"), {each: f"test/{each}.jpg" for each in truth})
    folder.raw(sheet.name, sheet.constant(0.5))
    return finish(
        folder,
        sheet,
        grade=graders.probability(sheet.header, truth, "log_loss"),
        answers=sheet.filled(truth),
        metric="Log Loss",
        maximize=False,
        chance=math.log(2),
        cell="probability",
        classes=kinds,
        train=len(train),
    )


def aerial_cactus(root: Path, seed: int) -> Drawn:
    """32 × 32 px in two archives: one holds a folder with the name of the archive, the other holds
    the images directly.
    """
    folder = Folder(root, seed)
    random = folder.random
    names = [f"{name}.jpg" for name in hashes(random, 80 + 36, 32)]
    labels = dict(zip(names, deal(random, (1, 0, 1, 1), 116), strict=True))
    images = {
        name: encode(pictures.thing(random, kind, 2, side=32), name)
        for name, kind in labels.items()
    }
    train = {name: labels[name] for name in names[:80]}
    truth = {name: labels[name] for name in names[80:]}
    folder.zip("train.zip", {f"train/{name}": images[name] for name in train})
    folder.zip("test.zip", {name: images[name] for name in truth})
    folder.table("train.csv", ("id", "has_cactus"), train.items())
    sheet = Sheet(("id", "has_cactus"), {name: f"test/{name}" for name in truth})
    folder.raw(sheet.name, sheet.constant(0.5))
    return _by_auc(folder, sheet, truth, train=len(train))


def histopathologic(root: Path, seed: int) -> Drawn:
    """96 × 96 px TIFF files; ids have no suffix. The cells of the sample are integers."""
    folder = Folder(root, seed)
    random = folder.random
    names = hashes(random, 70 + 36, 40)
    labels = dict(zip(names, deal(random, (0, 1, 0, 1, 0), 106), strict=True))
    train = {name: labels[name] for name in names[:70]}
    truth = {name: labels[name] for name in names[70:]}
    for role, rows in (("train", train), ("test", truth)):
        for name, kind in rows.items():
            picture = pictures.thing(random, kind, 2, background=(200, 150, 190), side=96)
            folder.image(f"{role}/{name}.tif", picture)
    folder.table("train_labels.csv", ("id", "label"), train.items())
    sheet = Sheet(("id", "label"), {name: f"test/{name}.tif" for name in truth})
    folder.raw(sheet.name, sheet.constant(0))
    return _by_auc(folder, sheet, truth, train=len(train))


def siim_isic(root: Path, seed: int) -> Drawn:
    """Moles: every image comes as JPEG, as DICOM and in TFRecords.

    Patients have several images, and positives are rare. The columns `diagnosis` and
    `benign_malignant` tell the label, but are only in train.csv. `anatom_site_general_challenge`
    looks like a group by its name, but is none.
    """
    folder = Folder(root, seed)
    random = folder.random
    known = ("image_name", "patient_id", "sex", "age_approx", "anatom_site_general_challenge")
    told = ("diagnosis", "benign_malignant", "target")
    names = [f"ISIC_{number:07d}" for number in numerals(random, 132, 100_000, 9_999_999)]
    labels = dict(zip(names, deal(random, (1, *[0] * 6), 132), strict=True))
    patients = [f"IP_{number:07d}" for number in numerals(random, 40, 0, 9_999_999)]
    tables: dict[str, list[list[object]]] = {"train": [], "test": []}
    for row, (name, label) in enumerate(labels.items()):
        role, patient = ("train", row % 28) if row < 96 else ("test", 28 + row % 12)
        skin = (215, 150 + 2 * patient, 130 + 2 * patient)
        folder.image(f"jpeg/{role}/{name}.jpg", pictures.thing(random, label, 2, background=skin))
        folder.raw(f"{role}/{name}.dcm", dicom_bytes(random))
        site = ("torso", "head/neck", "palms/soles", "")[random.integers(4)]
        sex, age = ("male", "female", "")[patient % 3], 25 + 5 * (patient % 10)
        tables[role].append([name, patients[patient], sex, age, site])
        if role == "train":
            tables[role][-1] += [*(("unknown", "benign"), ("melanoma", "malignant"))[label], label]
    folder.raw("tfrecords/train00-96.tfrec", record_bytes(random, 96))
    folder.raw("tfrecords/test00-36.tfrec", record_bytes(random, 36))
    folder.table("train.csv", (*known, *told), tables["train"])
    folder.table("test.csv", known, tables["test"])
    truth = {name: labels[name] for name in names[96:]}
    sheet = Sheet(("image_name", "target"), {name: f"jpeg/test/{name}.jpg" for name in truth})
    folder.raw(sheet.name, sheet.constant(0))
    return _by_auc(folder, sheet, truth, train=96, group="patient_id")


def _by_auc(
    folder: Folder, sheet: Sheet, truth: dict[str, int], *, train: int, group: str | None = None
) -> Drawn:
    return finish(
        folder,
        sheet,
        grade=graders.probability(sheet.header, truth, "auc"),
        answers=sheet.filled(truth),
        metric=AUC,
        maximize=True,
        chance=0.5,
        cell="probability",
        classes=("0", "1"),
        train=train,
        group=group,
    )
