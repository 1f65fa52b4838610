"""Sounds, videos, pairs and points; names that are part of others; findings and none."""

import itertools
from pathlib import Path

import numpy as np

from .. import graders, pictures
from ..drawn import Drawn
from ..kit import Folder, Sheet, finish
from .kind import Kind, Plain
from .label_rows import Marked


def sounds(root: Path, seed: int) -> Drawn:
    """The tables name sounds, `a000.wav`; their spectrograms are images, `a000.png`."""
    plain = Plain(root, seed)
    rows = ((f"{name}.wav", label) for name, label in plain.train.items())
    plain.folder.table("train.csv", ("clip", "label"), rows)
    plain.test = {f"{name}.wav": label for name, label in plain.test.items()}
    plain.files |= {name: plain.files[name.removesuffix(".wav")] for name in plain.test}
    sheet = plain.sheet("label", id_="clip")
    plain.folder.raw(sheet.name, sheet.constant(plain.classes[1]))
    return plain.labelled(sheet)


def videos(root: Path, seed: int) -> Drawn:
    """Videos, and no image."""
    folder = Folder(root, seed)
    for role, count in (("train", 6), ("test", 4)):
        for number in range(count):
            folder.raw(f"{role}/{role}{number}.mp4", folder.random.bytes(64))
    folder.table("train.csv", ("file", "label"), [(f"train{n}.mp4", n % 2) for n in range(6)])
    sheet = Sheet(("file", "label"), {f"test{n}.mp4": "" for n in range(4)})
    folder.raw(sheet.name, sheet.constant(0.5))
    return _refused(folder, sheet)


def pairs(root: Path, seed: int) -> Drawn:
    """A row is a pair of images, `b000.png-b001.png`."""
    plain = Plain(root, seed)
    plain.folder.table("train.csv", ("id", "person"), plain.train.items())
    names = list(plain.test)
    together = itertools.pairwise(names)
    sheet = Sheet(("pair", "same"), {f"{one}.png-{two}.png": "" for one, two in together})
    plain.folder.raw(sheet.name, sheet.constant(0))
    return _refused(plain.folder, sheet)


def points(root: Path, seed: int) -> Drawn:
    """The labels are coordinates of points in the image."""
    plain = Plain(root, seed)
    plain.folder.table(
        "train.csv",
        ("id", "eye_x", "eye_y", "nose_x", "nose_y"),
        ((name, *plain.folder.random.uniform(1, 20, 4).round(2)) for name in plain.train),
    )
    sheet = plain.sheet("Location")
    plain.folder.raw(sheet.name, sheet.constant(0))
    return _refused(plain.folder, sheet)


def part_of_a_name(root: Path, seed: int) -> Drawn:
    """The label `age` is `Predicted age (years)` in the sample; `smoker` has two values."""
    folder = Folder(root, seed)
    random = folder.random
    shares = {f"a{n:03d}": (n % 12) / 11 for n in range(48)}
    tests = {f"b{n:03d}": (n * 5 % 12) / 11 for n in range(18)}
    for role, of in (("train", shares), ("test", tests)):
        for name, share in of.items():
            folder.image(f"{role}/{name}.png", pictures.level(random, share))
    years = {name: round(20 + 60 * share) for name, share in {**shares, **tests}.items()}
    rows = ((name, bool(random.integers(2)), years[name]) for name in shares)
    folder.table("people.csv", ("id", "smoker", "age"), rows)
    truth = {name: float(years[name]) for name in tests}
    files = {name: f"test/{name}.png" for name in tests}
    sheet = Sheet(("person", "Predicted age (years)"), files)
    folder.raw(sheet.name, sheet.constant(0))
    return finish(
        folder,
        sheet,
        grade=graders.quantity(sheet.header, truth, 20, 80),
        answers=sheet.filled(truth),
        metric="Root Mean Squared Error",
        maximize=False,
        chance=float(np.std(list(truth.values()))),
        cell="number",
        classes=None,
        train=len(shares),
    )


def no_finding_in_lists(root: Path, seed: int) -> Drawn:
    """Lists between bars, or `No Finding`, which the sample has no column for."""
    marked, names = Marked(root, seed, 4), ("Mass", "Nodule", "Edema", "Effusion")
    lists = {
        name: "|".join(names[k] for k in range(4) if marked.bits[name][k]) or "No Finding"
        for name in marked.train
    }
    marked.folder.table("entries.csv", ("image", "findings"), lists.items())
    return marked.wide(names, marked.bits)


def _refused(folder: Folder, sheet: Sheet) -> Drawn:
    return finish(
        folder,
        sheet,
        grade=lambda _: 0.0,
        answers="",
        metric="",
        maximize=True,
        chance=0.0,
        cell="label",
        classes=None,
        train=0,
    )


KINDS: dict[str, Kind] = {
    "sounds": Kind(sounds),
    "videos": Kind(videos, refusal=r"10 files end in \.mp4, which is not read: a video"),
    "pairs": Kind(pairs, refusal="comparison of pairs of images, which is not supported"),
    "points-in-columns": Kind(points, refusal="keypoint detection, which is not supported"),
    "part-of-a-name": Kind(part_of_a_name),
    "no-finding-in-lists": Kind(no_finding_in_lists, note="'No Finding' have none of the sample"),
}
