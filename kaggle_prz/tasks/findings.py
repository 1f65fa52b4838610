"""What the images of a task say once they are opened: unreadable ones, near-duplicates, leaks."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from kaggle_prz.core.image_store import Store
from kaggle_prz.core.task import Task
from kaggle_prz.images import Decoded, duplicates
from kaggle_prz.images.duplicates import Rows
from kaggle_prz.tasks import near_duplicates, outputs

_COUNTED = re.compile(r"\D*(\d{1,9})(?:\.[^\d.]\w*)?")


@dataclass(frozen=True)
class Image:
    """One image of a task."""

    file: str  # as the task has it
    role: Literal["train", "test"]  # whether its label is known or is to be predicted
    label: str = ""  # in words; empty where it is to be predicted


@dataclass(frozen=True)
class Pair:
    """Two near-duplicates: a training image, and another one or a test image."""

    first: Image
    second: Image
    same: bool  # their pixels are equal where they are compared
    contradicting: bool = False  # their labels differ


@dataclass(frozen=True)
class Findings:
    """What was found in the images of a task, and in its ids and groups."""

    opened: int = 0  # images that were opened
    unsaid: str = ""  # why images were not opened or compared, and what to do
    unreadable: tuple[tuple[Image, str], ...] = ()  # and the decoder's reason
    sets: tuple[tuple[Image, ...], ...] = ()  # near-duplicates among the training images
    contradicting: int = 0  # sets whose labels differ
    pairs: tuple[Pair, ...] = ()  # of every set one image with each other; differing labels first
    leaks: tuple[Pair, ...] = ()  # a training and a test image that are near-duplicates
    groups: tuple[str, ...] = ()  # of training rows and of rows to predict
    ids: tuple[str, ...] = ()  # of both, where they do more than count rows


def unopened(task: Task, unsaid: str, reasons: Mapping[int, str] | None = None) -> Findings:
    """Return what can be said without comparing images; `reasons` are of unreadable ones by row."""
    return Findings(
        opened=0 if reasons is None else files(task),
        unsaid=unsaid,
        unreadable=_unreadable(task, reasons or {}),
        groups=task.groups_in_test,
        ids=ids_in_both(task),
    )


def look(task: Task, decoded: Decoded) -> Findings:
    """Compare the images of a task, decoded at some size, those of training rows first."""
    store = decoded.stores[min(decoded.stores)]
    seen = np.flatnonzero(decoded.readable)
    count = len(task.images.train_rows)
    alike = [seen[members] for members in duplicates.sets(duplicates.find(store, seen))]
    train = [members[members < count] for members in alike]
    test = [members[members >= count] for members in alike]
    rows = task.images.train_rows
    sets = [members for members in train if len(np.unique(rows[members])) > 1]
    differing = [near_duplicates.labels_differ(task, members) for members in sets]
    pairs = [
        pair
        for members, differ in zip(sets, differing, strict=True)
        for pair in _pairs(task, store, members, differ=differ)
    ]
    leaks = [
        _leak(task, store, known, row)
        for known, asked in zip(train, test, strict=True)
        for row in (asked.tolist() if len(known) else ())
    ]
    return Findings(
        opened=files(task),
        unreadable=_unreadable(task, decoded.reasons),
        sets=tuple(tuple(image(task, row) for row in members.tolist()) for members in sets),
        contradicting=sum(differing),
        pairs=tuple(sorted(pairs, key=lambda pair: not pair.contradicting)),
        leaks=tuple(leaks),
        groups=task.groups_in_test,
        ids=ids_in_both(task),
    )


def image(task: Task, row: int) -> Image:
    """Return an image by its place in the stores, those of training rows first."""
    images = task.images
    count = len(images.train_files)
    if row >= count:
        return Image(str(images.test_files[row - count]), "test")
    return Image(str(images.train_files[row]), "train", label(task, int(images.train_rows[row])))


def label(task: Task, row: int) -> str:
    """Return the label of a training row in words."""
    return outputs.of(task).label(task.labels[row])


def ids_in_both(task: Task) -> tuple[str, ...]:
    """Return ids of training rows that rows to predict have too; none where ids but count rows."""
    both = sorted({*task.train_ids.tolist()} & {*task.test_ids.tolist()})
    most = 2 * (len(task.train_ids) + len(task.test_ids))
    counted = (_COUNTED.fullmatch(name) for name in both)
    return () if all(found and int(found[1]) <= most for found in counted) else tuple(both)


def files(task: Task) -> int:
    """Return how many images the rows of a task have."""
    images = task.images
    return sum(int((files != "").sum()) for files in (images.train_files, images.test_files))


def _unreadable(task: Task, reasons: Mapping[int, str]) -> tuple[tuple[Image, str], ...]:
    found = ((image(task, row), reason) for row, reason in sorted(reasons.items()))
    here = f"{task.root}/"  # decoders name the whole path, which is nobody's concern
    return tuple((one, reason.replace(here, "")) for one, reason in found if one.file)


def _pairs(task: Task, store: Store, members: Rows, *, differ: bool) -> Iterator[Pair]:
    """Yield one image of a set with each of the others."""
    place = outputs.of(task).extreme(task.labels, task.images.train_rows[members])
    chosen = int(members[place])
    for other in members[members != chosen].tolist():
        yield Pair(
            image(task, chosen),
            image(task, other),
            _same(store, chosen, other),
            differ and near_duplicates.labels_differ(task, np.array([chosen, other])),
        )


def _leak(task: Task, store: Store, known: Rows, row: int) -> Pair:
    """Return a test image with the training image of its set that is most like it."""
    same = next((other for other in known.tolist() if _same(store, other, row)), None)
    like = int(known[0]) if same is None else same
    return Pair(image(task, like), image(task, row), same is not None)


def _same(store: Store, left: int, right: int) -> bool:
    return bool(np.array_equal(store[left], store[right]))
