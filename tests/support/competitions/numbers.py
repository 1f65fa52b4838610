"""Numbers to predict, and several columns of 0 and 1 or of shares."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from . import graders, pictures
from .drawn import Drawn
from .kit import Folder, Sheet, deal, finish, hashes, numerals

AUCS = "Mean Columnwise Area Under Receiver Operating Characteristic Curve"
RMSE = "Root Mean Squared Error"
FEATURES = (
    "Subject Focus", "Eyes", "Face", "Near", "Action", "Accessory", "Group", "Collage", "Human",
    "Occlusion", "Info", "Blur",
)  # fmt: skip
FINDINGS = ("ETT - Abnormal", "ETT - Normal", "NGT - Normal", "Swan Ganz Catheter Present")
BLEEDINGS = ("any", "epidural", "subdural")
LEAVES = ("healthy", "multiple_diseases", "rust", "scab")
SHARES = ("Class1.1", "Class1.2", "Class1.3", "Class2.1", "Class2.2")


def petfinder(root: Path, seed: int) -> Drawn:
    """Labels are integers from 1 to 100, but the sample has fractions.

    Twelve binary columns are in test.csv too. Two of them are called Group and Subject Focus, but
    are no groups.
    """
    folder = Folder(root, seed)
    random = folder.random
    names = hashes(random, 80 + 36, 32)
    scores = [int(np.clip(score, 1, 100)) for score in random.normal(38, 22, 116)]
    rows = []
    for row, (name, score) in enumerate(zip(names, scores, strict=True)):
        role = "train" if row < 80 else "test"
        folder.image(f"{role}/{name}.jpg", pictures.level(random, score / 100))
        rows.append([name, *(int(bit) for bit in random.integers(0, 2, len(FEATURES)))])
    trained = ([*row, score] for row, score in zip(rows[:80], scores[:80], strict=True))
    folder.table("train.csv", ("Id", *FEATURES, "Pawpularity"), trained)
    folder.table("test.csv", ("Id", *FEATURES), rows[80:])
    truth = dict(zip(names[80:], scores[80:], strict=True))
    sheet = Sheet(("Id", "Pawpularity"), {name: f"test/{name}.jpg" for name in truth})
    mean = float(np.mean(scores[:80]))
    around = {name: f"{mean + random.uniform(-1, 1):.2f}" for name in truth}
    folder.raw(sheet.name, sheet.filled(around))
    return finish(
        folder,
        sheet,
        grade=graders.quantity(sheet.header, truth, 1, 100),
        answers=sheet.filled(truth),
        metric=RMSE,
        maximize=False,
        chance=_rmse_of_means(scores[:80], scores[80:]),
        cell="number",
        classes=None,
        train=80,
    )


def soft_columns(root: Path, seed: int) -> Drawn:
    """Galaxies: shares of votes, in columns with dots in their names.

    Rows do not sum to 1: the first three columns do, and the others sum to the second. There are
    three benchmark files instead of a sample submission. Ids are integers, in another order than in
    the label table.
    """
    folder = Folder(root, seed)
    random = folder.random
    ids = [str(number) for number in numerals(random, 116, 99_000, 999_999)]
    rows = []
    for row, each in enumerate(ids):
        votes, bar = random.dirichlet((0.6, 0.6, 0.6)), random.uniform()
        rows.append([round(float(v), 6) for v in (*votes, votes[1] * bar, votes[1] * (1 - bar))])
        picture = pictures.mixture(random, [float(vote) for vote in votes], bar)
        folder.image(f"images_{'training' if row < 80 else 'test'}_rev1/{each}.jpg", picture)
    solutions = ([each, *row] for each, row in zip(ids[:80], rows[:80], strict=True))
    folder.table("training_solutions_rev1.csv", ("GalaxyID", *SHARES), solutions)
    truth = dict(zip(ids[80:], rows[80:], strict=True))
    header, files = ("GalaxyID", *SHARES), {each: f"images_test_rev1/{each}.jpg" for each in truth}
    for name, cells in (("all_ones", [1] * 5), ("all_zeros", [0] * 5)):
        folder.raw(f"{name}_benchmark.csv", Sheet(header, files).constant(*cells))
    sheet = Sheet(header, files, "central_pixel_benchmark.csv")
    means = [round(float(mean), 6) for mean in np.mean(rows[:80], axis=0)]
    folder.raw(sheet.name, sheet.constant(*means))
    return finish(
        folder,
        sheet,
        grade=graders.independent(sheet.header, truth, "rmse"),
        answers=sheet.filled_wide(truth),
        metric=RMSE,
        maximize=False,
        chance=_rmse_of_means(rows[:80], rows[80:]),
        cell="independent",
        classes=SHARES,
        train=80,
    )


def multi_hot(root: Path, seed: int) -> Drawn:
    """Catheters: columns of 0 and 1, any number of them 1.

    Ids have dots, and groups are patients. The cells of the sample are all 0. There is also a table
    of annotations with several rows per image.
    """
    folder = Folder(root, seed)
    random = folder.random
    numbers = numerals(random, 126, 10**6, 10**7)
    ids = [f"1.2.826.0.1.3680043.8.498.{number}" for number in numbers]
    bits = np.array([[int(random.uniform() < 0.4) for _ in FINDINGS] for _ in ids])
    bits[:4] = bits[90:94] = np.eye(4, dtype=int)
    rows = []
    for row, each in enumerate(ids):
        picture = pictures.marks(random, np.flatnonzero(bits[row]).tolist(), len(FINDINGS))
        folder.image(f"{'train' if row < 90 else 'test'}/{each}.jpg", picture)
        rows.append([each, *bits[row].tolist()])
    patients = deal(random, hashes(random, 30, 9), 90)
    header = ("StudyInstanceUID", *FINDINGS)
    trained = ([*row, patient] for row, patient in zip(rows[:90], patients, strict=True))
    folder.table("train.csv", (*header, "PatientID"), trained)
    drawn = ([ids[row // 2], FINDINGS[row % 4], "[[1, 2], [3, 4]]"] for row in range(60))
    folder.table("train_annotations.csv", ("StudyInstanceUID", "label", "data"), drawn)
    truth = {each: bits[row].tolist() for row, each in enumerate(ids) if row >= 90}
    sheet = Sheet(header, {each: f"test/{each}.jpg" for each in truth})
    folder.raw(sheet.name, sheet.constant(0, 0, 0, 0))
    return finish(
        folder,
        sheet,
        grade=graders.independent(sheet.header, truth, "auc"),
        answers=sheet.filled_wide(truth),
        metric=AUCS,
        maximize=True,
        chance=0.5,
        cell="independent",
        classes=FINDINGS,
        train=90,
        group="PatientID",
    )


def melted(root: Path, seed: int) -> Drawn:
    """Haemorrhages: one row per image and kind, in the labels and in the sample.

    Some label rows come twice. The rows of the sample are sorted by id.
    """
    folder = Folder(root, seed)
    random = folder.random
    ids = [f"ID_{name}" for name in hashes(random, 126, 9)]
    bits = np.array([[int(random.uniform() < 0.4) for _ in BLEEDINGS] for _ in ids])
    bits[:3] = bits[90:93] = np.eye(3, dtype=int)
    for row, each in enumerate(ids):
        picture = pictures.marks(random, np.flatnonzero(bits[row]).tolist(), len(BLEEDINGS))
        folder.image(f"stage_2_{'train' if row < 90 else 'test'}/{each}.png", picture)
    cells = {
        f"{each}_{name}": int(bit)
        for each, row in zip(ids, bits, strict=True)
        for name, bit in zip(BLEEDINGS, row, strict=True)
    }
    labelled = list(cells.items())[: 3 * 90]
    order = random.permutation(len(labelled)).tolist()
    folder.table("stage_2_train.csv", ("ID", "Label"), [labelled[k] for k in [*order, *order[:5]]])
    truth = {name: cells[name] for name in sorted([*cells][3 * 90 :])}
    files = {name: f"stage_2_test/{name.rpartition('_')[0]}.png" for name in truth}
    sheet = Sheet(("ID", "Label"), files, "stage_2_sample_submission.csv")
    folder.raw(sheet.name, sheet.constant(0.5))
    return finish(
        folder,
        sheet,
        grade=graders.probability(sheet.header, truth, "log_loss"),
        answers=sheet.filled(truth),
        metric="Log Loss",
        maximize=False,
        chance=float(np.log(2)),
        cell="independent",
        classes=BLEEDINGS,
        train=90,
    )


def one_hot(root: Path, seed: int) -> Drawn:
    """Leaves: columns of 0 and 1, exactly one of them 1.

    Training and test images are in one folder.
    """
    folder = Folder(root, seed)
    random = folder.random
    kinds = [*deal(random, (0, 2, 3, 2, 3, 0, 1), 84), *deal(random, range(4), 36)]
    names = [*(f"Train_{n}" for n in range(84)), *(f"Test_{n}" for n in range(36))]
    for name, kind in zip(names, kinds, strict=True):
        folder.image(f"images/{name}.jpg", pictures.thing(random, kind, 4))
    labels = {name: LEAVES[kind] for name, kind in zip(names, kinds, strict=True)}
    header = ("image_id", *LEAVES)
    trained = ([n, *(int(leaf == labels[n]) for leaf in LEAVES)] for n in names[:84])
    folder.table("train.csv", header, trained)
    folder.table("test.csv", ("image_id",), ([name] for name in names[84:]))
    sheet = Sheet(header, {name: f"images/{name}.jpg" for name in names[84:]})
    folder.raw(sheet.name, sheet.constant(0.25, 0.25, 0.25, 0.25))
    truth = {name: labels[name] for name in names[84:]}
    return finish(
        folder,
        sheet,
        grade=graders.probabilities(sheet.header, truth, "auc"),
        answers=sheet.one_hot(truth),
        metric=AUCS,
        maximize=True,
        chance=0.5,
        cell="probabilities",
        classes=LEAVES,
        train=84,
    )


def _rmse_of_means(
    train: Sequence[float] | Sequence[Sequence[float]],
    test: Sequence[float] | Sequence[Sequence[float]],
) -> float:
    """Root mean squared error of the training columns' means on the test rows."""
    return float(np.sqrt(np.mean((np.asarray(test) - np.mean(np.asarray(train), axis=0)) ** 2)))
