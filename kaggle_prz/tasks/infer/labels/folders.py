"""Labels that paths say: folders of classes, and the beginnings of file names."""

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from kaggle_prz.tasks.infer.pictures.files import ENOUGH, Role, match
from kaggle_prz.tasks.infer.pictures.scan import role_of
from kaggle_prz.tasks.infer.tables import LabelTable, Sample, words

FOLDER, PREFIX = "folder", "prefix"
CHOSEN = "folders"  # what `--labels` calls them
_PREFIX = re.compile(r"(.*[^\W\d_])[\W_]*\d+")
_FIRST_WORD = re.compile(r"([^\W\d_]+)[\W_].+")
_NUMBER = re.compile(r"(\d+)[_-]\d+")
_FEWEST_A_CLASS = 1.5
_FEWEST_A_NUMBER = 4  # images, for numbers before numbers often name patients or scenes
_KNOWN = 0.5  # of the folders that are called as labels of a table
_MOST_DIFFERING = 0.1  # of the images, where folders and labels have other names


def by_folder(root: Path, sample: Sample, train: Role) -> LabelTable | None:
    """Return training images in folders of their classes, if they are.

    The class is the first folder in which paths differ. Folders must lie in one that is called
    after training, or be called as the sample submission has it. Other folders that are called
    after training or validation, whose depth may be another, have classes of the same names.
    """
    split = [path.split("/") for path in train.paths]
    split = [parts for parts in split if not any(map(_is_unlabelled, parts[:-1]))]
    roles = [_role_at(parts) for parts in split]
    trained = any(roles)
    below: dict[tuple[str, ...], list[list[str]]] = {}  # folder of a role -> paths in it
    for parts, role in zip(split, roles, strict=True):
        if role or not trained:  # what lies elsewhere is no training image
            below.setdefault(tuple(parts[:role]), []).append(parts[role:])
    by_size = sorted(below.items(), key=lambda item: -len(item[1]))
    rows: list[tuple[str, str]] = []
    start = 0
    for place, inside in by_size:
        known = {label for _, label in rows}
        own = _start(inside, known) if known else _common(inside)
        start = start if rows else own
        rows += [("/".join([*place, *p]), p[own]) for p in inside if len(p) > own + 1]
    if not rows or len(rows) < ENOUGH * sum(map(len, below.values())):
        return None
    rows.sort()
    labels = pd.Series([label for _, label in rows])
    if not _are_classes(labels) or not (trained or _known_to(sample, labels)):
        return None
    first, inside = by_size[0]
    above = "/".join([*first, *inside[0][:start]])
    rule = f"folders in {above or root.name}/ are classes"
    return _table(root / above, [path for path, _ in rows], FOLDER, labels, rule)


def _start(inside: list[list[str]], known: set[str]) -> int:
    """Return the place in paths where most folders are known classes."""
    hits = [0] * max(map(len, inside))
    for parts in inside:
        for place, part in enumerate(parts[:-1]):
            hits[place] += part in known
    return hits.index(max(hits)) if any(hits) else _common(inside)


@lru_cache(maxsize=10_000)
def _is_unlabelled(folder: str) -> bool:
    return re.sub(r"[^a-z]", "", folder.lower()).startswith(("unlabel", "nolabel", "unsupervised"))


def _role_at(parts: list[str]) -> int:
    """Return how many parts of a path lead to, and include, the folder of the training images."""
    return next((n for n, part in enumerate(parts[:-1], 1) if role_of(part) == "train"), 0)


def by_prefix(root: Path, sample: Sample, train: Role) -> LabelTable | None:
    """Return training images whose names begin with their class, as in `cat.0.jpg`, if they do."""
    stems = pd.Series([path.rpartition("/")[2].rpartition(".")[0] for path in train.paths])
    for pattern in (_PREFIX, _FIRST_WORD, _NUMBER):
        labels = stems.str.extract(f"^{pattern.pattern}$", expand=False).fillna("")
        found = labels != ""
        if found.mean() < ENOUGH or not _are_classes(labels[found]):
            continue
        if pattern is not _PREFIX and not _known_to(sample, labels[found]):
            continue
        if pattern is _NUMBER and found.sum() < _FEWEST_A_NUMBER * labels[found].nunique():
            continue
        paths = [path for path, there in zip(train.paths, found, strict=True) if there]
        rule = "file names start with the class"
        place = root / paths[0].rpartition("/")[0]  # the root may be a cache, named by a digest
        return _table(place, paths, PREFIX, labels[found].reset_index(drop=True), rule)
    return None


def disagreement(
    root: Path, sample: Sample, train: Role, table: LabelTable, columns: Sequence[str]
) -> str:
    """Return a sentence on images whose label in a table is not the class of their folder.

    It is empty where folders are no classes: they have neither names of labels, nor hold one label
    each but for a few images.
    """
    several = len({path.rpartition("/")[0] for path in train.paths}) > 1
    own = by_folder(root, sample, train) if several and len(columns) == 1 else None
    if own is None:
        return ""
    folder = dict(zip(own.ids.tolist(), own.frame[FOLDER].map(words.plain), strict=True))
    paths, _ = match(table.ids, train)
    classes = pd.Series([folder.get(path, "") for path in paths.tolist()])
    labels = pd.Series(table.tried(columns[0]), dtype=object).map(words.plain)
    classes, labels = (each[(classes != "") & (labels != "")] for each in (classes, labels))
    known = set(classes) & set(labels)
    if not known or len(known) < _KNOWN * classes.nunique():
        pairs = pd.DataFrame({"folder": classes, "label": labels}).value_counts().reset_index()
        usual = pairs.drop_duplicates("folder").set_index("folder")["label"]
        if usual.duplicated().any() or len(usual) != labels.nunique():
            return ""
        classes = classes.map(usual)
        known = set(usual) if (classes != labels).mean() <= _MOST_DIFFERING else set()
    there = classes.isin(known)
    differing = int((there & (classes != labels)).sum())
    if not differing:
        return ""
    return (
        f"{differing} of {int(there.sum())} images ({differing / int(there.sum()):.0%}) have "
        f"another label in {table.path.name} than the class of their folder; {table.path.name} is "
        f"used. To use the folders, choose --labels {CHOSEN}."
    )


def _common(split: list[list[str]]) -> int:
    first, last = min(split), max(split)
    same = 0
    while same < min(len(first), len(last)) - 1 and first[same] == last[same]:
        same += 1
    return same


def _are_classes(labels: pd.Series) -> bool:
    count = labels.nunique()
    return bool(count >= 2 and len(labels) >= _FEWEST_A_CLASS * count)


def _known_to(sample: Sample, labels: pd.Series) -> bool:
    known = set(sample.targets)
    if len(sample.targets) == 1:
        known = set(sample.column(sample.targets[0]).tolist())
    names = set(labels)
    return len(names & known) >= 0.5 * min(len(names), max(1, len(known)))


def _table(place: Path, paths: list[str], column: str, labels: pd.Series, rule: str) -> LabelTable:
    frame = pd.DataFrame({"path": paths, column: labels.astype(str)})
    return LabelTable(place, "path", np.array(paths, dtype=str), frame, rule)
