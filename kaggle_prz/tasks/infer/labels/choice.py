"""Which of several tables has the labels: by agreement with the sample, name, and images."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

import numpy as np

from kaggle_prz.core.errors import DataError, UsageError
from kaggle_prz.metrics import Metric
from kaggle_prz.readers import csv_tables
from kaggle_prz.tasks.infer.encode import other_tasks
from kaggle_prz.tasks.infer.hints import Hints
from kaggle_prz.tasks.infer.labels import candidates, groups, repeats, targets
from kaggle_prz.tasks.infer.pictures import files
from kaggle_prz.tasks.infer.pictures.scan import role_of
from kaggle_prz.tasks.infer.tables import LabelTable, Sample, words

_FOREIGN = (
    "external", "extra", "old", "older", "pseudo", "previous", "prev", "backup", "additional",
    "unlabeled", "unlabelled", "outdated", "deprecated", "wrong",
)  # fmt: skip
_BESIDE = ("metadata", "meta", "description", "descriptions", "info", "test", "features")
_EXACT = ("train", "labels", "label", "trainlabels", "trainlabel", "training", "traininglabels")
_NO_LABELS = (
    "id", "width", "height", "size", "path", "url", "fold", "date", "time", "file", "filename",
    "source",
)  # fmt: skip
_PEEK = 1000  # cells of labels
_COVERS = 0.9  # of the images that the best table names
_SAID = 3  # tables whose loss is explained


@dataclass(frozen=True, eq=False)
class Candidate:
    """A table that names training images, and what speaks for and against it."""

    table: LabelTable
    path: str  # of the file
    images: frozenset[str]  # paths of those that it names
    labels: tuple[str, ...] = ()  # its columns of labels
    # 3: name or values are the sample's; 2: name of a label; 1: only column; 0: none
    suits: int = 0
    fault: DataError | UsageError | None = None  # why its rows cannot be used
    of_test: bool = False  # it has the label of rows to predict as well

    @property
    def foreign(self) -> str:
        """The word that says that the table is not of these labels; else empty."""
        return foreign(self.path)

    @property
    def beside(self) -> str:
        """The word that says that the table describes images; else empty."""
        own = words.parts(PurePosixPath(self.path).stem)
        return next((word for word in own if word in _BESIDE), "")

    @property
    def name(self) -> int:
        """2 where it is called train or labels, 1 where a word of its name is, else 0."""
        stem = PurePosixPath(self.path).stem
        if words.plain(stem) in _EXACT:
            return 2
        return int(bool(re.search(r"train|label", stem, re.IGNORECASE)))


def foreign(path: str) -> str:
    """Return the word of a path that says that a table is not of these labels, or an empty one."""
    return next((word for word in words.parts(path) if word in _FOREIGN), "")


def candidate(
    path: str,
    found: candidates.Found,
    sample: Sample,
    index: files.Index,
    *,
    hints: Hints,
    metric: Metric | None = None,
) -> Candidate:
    """Return a table with how it suits the sample submission, its repeated rows resolved."""
    table, images = found.table, found.named
    if found.fault is not None:
        return Candidate(table, path, images, fault=found.fault)
    other = other_tasks.of_table(list(table.frame.columns))
    many = other_tasks.refusal(other, path) if other is not None else None
    try:
        chosen = targets.choose(sample, table, hints.target, separator=hints.separator)
    except DataError as error:
        return Candidate(table, path, images, fault=many or (error if found.way.repeated else None))
    except UsageError as error:
        return Candidate(table, path, images, fault=error if found.way.repeated else None)
    if hints.target is None and hints.separator is None and chosen.matrix is None:
        cells = chosen.values[:_PEEK].tolist()
        if (other := other_tasks.of_labels(chosen.column, cells)) is not None:
            return Candidate(table, path, images, fault=other_tasks.refusal(other, path))
        if many is not None and _shows_nothing(sample, table):
            return Candidate(table, path, images, fault=many)
    labels = tuple(sorted(chosen.columns & set(table.frame.columns)))
    suits, fault = _suits(chosen), _twice(chosen, table)
    of_test = suits < 3 and _labels_test_rows(found, chosen, sample, index)
    suits = 0 if of_test else suits
    try:
        table = repeats.resolved(table, sample, labels, metric)
    except DataError as error:
        fault = many or error
        suits = 0 if found.way.repeated else suits
    return Candidate(table, path, images, labels, suits, fault, of_test)


def _shows_nothing(sample: Sample, table: LabelTable) -> bool:
    """Return whether neither a cell nor a name of the sample says what of a table is asked for."""
    names = {words.plain(str(name)) for name in table.frame.columns}
    asked = {words.plain(target) for target in sample.targets}
    return not asked & names and not any((sample.column(n) != "").any() for n in sample.targets)


def _twice(chosen: targets.Target, table: LabelTable) -> DataError | None:
    """Return the error for labels whose column's name is another's too, with other cells."""
    for name, copy in table.frame.attrs.get(csv_tables.REPEATED, ()):
        frame = table.frame
        if name in chosen.columns and copy in frame and not frame[name].equals(frame[copy]):
            return DataError(
                f"{table.path.name} has several columns with the name {name!r}, whose cells "
                "differ. Rename all but the one with the labels."
            )
    return None


def best(found: Sequence[Candidate], index: files.Index, sample: Sample) -> Candidate:
    """Return the table with the labels, with the others and why they are not used."""
    home = _home(index, sample)
    most = max((len(one.images & home) for one in found if one.suits), default=0)

    def rank(one: Candidate) -> tuple[int, ...]:
        own = len(one.images & home)
        return (
            bool(one.suits),
            not one.foreign,
            own >= _COVERS * most,
            not (one.beside or one.of_test),
            one.suits == 3,
            one.name == 2,
            one.suits,
            one.name,
            own,
        )

    ranked = sorted(found, key=lambda one: (rank(one), _numbers(one.path)), reverse=True)
    first = ranked[0]
    others = [one for one in ranked if one.path != first.path]
    table = replace(
        first.table,
        others=tuple((one.path, _why(rank(first), rank(one), one, home)) for one in others[:_SAID]),
    )
    rivals = [one for one in others if _unnamed(rank(one)) == _unnamed(rank(first))]
    doubts = filter(None, [table.doubt, _doubt(first, rivals)])
    return replace(first, table=replace(table, doubt=" ".join(doubts)))


def _numbers(path: str) -> tuple[int, ...]:
    """Return the numbers in a name: of several versions, the highest counts."""
    return tuple(map(int, re.findall(r"\d+", PurePosixPath(path).stem)))


def _unnamed(rank: tuple[int, ...]) -> tuple[int, ...]:
    """Return a rank as if tables had no names, and any number of images."""
    return (*rank[:5], rank[6])


def _suits(chosen: targets.Target) -> int:
    if chosen.rule == targets.ONLY_ONE:
        parts = words.parts(chosen.column)
        other = groups.is_named_like_a_group(chosen.column) or any(p in _NO_LABELS for p in parts)
        return 0 if other else 1
    return 2 if chosen.rule == targets.NAMED_LIKE_ONE else 3


def _labels_test_rows(
    found: candidates.Found, chosen: targets.Target, sample: Sample, index: files.Index
) -> bool:
    """Return whether rows of the sample submission have different labels in a table."""
    if found.way.repeated:
        return False
    asked = np.isin(found.table.ids, sample.ids)
    if not index.shared:
        asked &= np.array(found.in_order) == ""
    return len(set(chosen.values[asked].tolist()) - {""}) > 1


def _home(index: files.Index, sample: Sample) -> frozenset[str]:
    """Return the images that labels are expected of: those below a folder of training images."""
    if index.shared:
        predicted = files.match(sample.ids, index.test)[0].tolist()
        return frozenset(index.train.paths).difference(predicted)
    trained = [path for path in index.train.paths if any(map(role_of, path.split("/")[:-1]))]
    return frozenset(trained or index.train.paths)


def _why(
    better: tuple[int, ...], rank: tuple[int, ...], one: Candidate, home: frozenset[str]
) -> str:
    """Return the first reason for which a table is not used."""
    first = next((n for n, (a, b) in enumerate(zip(better, rank, strict=True)) if a != b), -1)
    beside = f"its name says {one.beside}" if one.beside else "it has rows to predict as well"
    covered = f"it names {len(one.images & home)} of {len(home)} training images"
    reasons = {
        0: "no column of it suits the sample submission",
        1: f"its name says {one.foreign}",
        2: covered,
        3: beside,
        4: "neither name nor values of its column are the sample's",
        5: "its name is neither train nor labels",
        6: "the name of its column is not that of a label",
        7: "its name says neither train nor label",
        8: covered,
    }
    return reasons.get(first, "another has a higher number, or comes first by name")


def _doubt(first: Candidate, rivals: Sequence[Candidate]) -> str:
    if not first.suits:
        return ""
    if first.foreign:
        return (
            f"The labels are those of {first.path}, although its name says {first.foreign}, "
            "because no other table has labels. To use another, choose it with --labels."
        )
    for one in rivals:
        if _differ(first, one):
            return (
                f"Both {first.path} and {one.path} have labels of the training images, which "
                f"differ; {first.path} is used. To use the other, choose it with --labels."
            )
    return ""


def _differ(one: Candidate, other: Candidate) -> bool:
    """Return whether an image has different labels in two tables."""
    cells, others = _cells(one), _cells(other)
    return any(cells[name] != others[name] for name in cells.keys() & others.keys())


def _cells(one: Candidate) -> dict[str, list[str]]:
    """Return labels by id."""
    rows = one.table.frame[list(one.labels)].to_numpy().tolist()
    return dict(zip(one.table.ids.tolist(), rows, strict=True))
