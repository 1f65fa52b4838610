"""Plain competitions under other names, orders, separators, with more columns and decoys.

    cd tests && python -m support.competitions.mutated [COUNT] [SEED]

draws that many, reads each without a hint, answers it with nearest neighbours, and counts verdicts:
right, refused (by sentence), or wrong, which is a fault. `designs` is the same for tests.
"""

import collections
import contextlib
import csv
import io
import math
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from unittest import mock

import numpy as np
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from kaggle_prz.core.errors import PrzError
from kaggle_prz.tasks import infer

from . import graders, pictures, solved
from .drawn import Drawn, Refused
from .kit import Folder, Sheet, csv_text, deal, finish, share

ROWS, TESTS = 28, 12
ENOUGH, ENOUGH_OF_NUMBERS = 0.6, 0.3  # nearest neighbours are far off some numbers
NAMES = {
    "words": ("oak", "elm", "fir", "yew"),
    "two words": ("red oak", "red elm", "white fir", "white oak"),
    "signs": ("n-01", "n-02", "x/y", "class_4"),
    "numbers": ("0", "1", "2", "3"),
    "ids": ("1007", "23", "415", "88"),
    "capitals": ("Alpha", "alpha beta", "Gamma", "Delta (rare)"),
}
SIGNS = {"space": " ", "comma": ",", "bar": "|", "semicolon": ";"}
METRICS = {
    "label": "Categorization Accuracy",
    "binary": "Area Under Receiver Operating Characteristic Curve",
    "wide": "Multiclass Loss",
    "tags": "F-Score Beta (Micro)",
    "multi-hot": "Mean Columnwise Area Under Receiver Operating Characteristic Curve",
    "number": "Root Mean Squared Error",
    "ranked": "MAP@2",
}
EXTRA = ("source", "width", "date", "notes", "fold", "Unnamed: 0")
DECOYS = (
    "external", "test table", "metadata", "class list", "masks", "readme", "folds", "old labels",
)  # fmt: skip


@dataclass(frozen=True)
class Design:
    """What one competition looks like."""

    kind: str
    names: str
    suffix: str
    folders: tuple[str, str]
    ids: tuple[str, str]  # form in the table and in the sample: "stem" or "name"
    columns: tuple[str, str, str, str]  # id and label of the table, id and label of the sample
    tables: tuple[str, str]  # of labels, of the sample
    sign: str  # between tags
    separator: str
    mark: bool  # byte-order mark
    ending: str
    quoted: bool
    extra: frozenset[str]
    order: int  # of columns and rows, as a seed
    decoys: frozenset[str]
    placeholder: int
    metric: bool

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes, two where the kind is binary."""
        if self.kind == "binary":
            return ("0", "1")
        return NAMES[self.names]


_ID = st.sampled_from(("id", "image", "image_id", "file", "filename", "Id", "img_name", "uuid"))
_LABEL = st.sampled_from(("label", "target", "class", "species", "Y", "labels", "category"))


@st.composite
def designs(draw: st.DrawFn) -> Design:
    """Draw a design that a person could read."""
    kind = draw(st.sampled_from(tuple(METRICS)))
    plain = kind in {"tags", "ranked", "multi-hot"}
    names = draw(st.sampled_from(("words", "ids") if plain else tuple(NAMES)))
    if kind in {"wide", "multi-hot"} and names in {"numbers", "ids"}:
        names = "words"
    label, table_id, placeholder = draw(_LABEL), draw(_ID), draw(st.integers(0, 2))
    return Design(
        kind=kind,
        names=names,
        suffix=draw(st.sampled_from((".png", ".jpg", ".jpeg", ".PNG", ".bmp", ".tif", ".webp"))),
        folders=draw(
            st.sampled_from(
                (
                    ("train/", "test/"),
                    ("train_images/", "test_images/"),
                    ("images/train/", "images/test/"),
                    ("images/", "images/"),
                    ("data/train/train/", "data/test/test/"),
                )
            )
        ),
        ids=(draw(st.sampled_from(("stem", "name"))), draw(st.sampled_from(("stem", "name")))),
        columns=(table_id, label, draw(st.one_of(st.just(table_id), _ID)), label),
        tables=(
            draw(st.sampled_from(("train.csv", "labels.csv", "train_labels.csv", "Train.csv"))),
            draw(
                st.sampled_from(
                    ("sample_submission.csv", "SampleSubmission.csv", "submission_format.csv")
                )
            ),
        ),
        # A sample of one tag a cell does not show what stands between two.
        sign=draw(st.sampled_from(tuple(SIGNS))) if placeholder else "space",
        separator=draw(st.sampled_from((",", ",", ";", "\t"))),
        mark=draw(st.booleans()),
        ending=draw(st.sampled_from(("\n", "\r\n"))),
        quoted=draw(st.booleans()),
        extra=frozenset(draw(st.sets(st.sampled_from(EXTRA), max_size=4))),
        order=draw(st.integers(0, 10**6)),
        decoys=frozenset(draw(st.sets(st.sampled_from(DECOYS), max_size=4))),
        placeholder=placeholder,
        metric=draw(st.booleans()),
    )


@dataclass
class _Made:
    """Truth by stem of both roles, and pictures."""

    design: Design
    train: dict[str, object] = field(default_factory=dict)
    test: dict[str, object] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)


@cache
def _picture(kind: int, kinds: int, number: int, suffix: str) -> bytes:
    random = np.random.default_rng((kind, kinds, number))
    return _encoded(pictures.thing(random, kind, kinds, side=16), suffix)


@cache
def _marked(present: tuple[int, ...], kinds: int, number: int, suffix: str) -> bytes:
    random = np.random.default_rng((*present, kinds, number))
    return _encoded(pictures.marks(random, present, kinds).resize((20, 20)), suffix)


@cache
def _level(step: int, number: int, suffix: str) -> bytes:
    random = np.random.default_rng((step, number))
    return _encoded(pictures.level(random, step / 20).resize((20, 20)), suffix)


def _encoded(image: object, suffix: str) -> bytes:
    buffer = io.BytesIO()
    kinds = {".jpg": "JPEG", ".jpeg": "JPEG", ".bmp": "BMP", ".tif": "TIFF", ".webp": "WEBP"}
    kind = kinds.get(suffix.lower(), "PNG")
    image.save(buffer, kind, **({"lossless": True} if kind == "WEBP" else {}))  # type: ignore[attr-defined]
    return buffer.getvalue()


def _made(design: Design) -> _Made:
    made, random = _Made(design), np.random.default_rng(design.order)
    kinds = len(design.classes)
    roles = ((made.train, ROWS, "a"), (made.test, TESTS, "b"))
    for (truth, count, start), place in zip(roles, design.folders, strict=True):
        steps = deal(random, range(kinds), count)
        for row, kind in enumerate(steps):
            stem = f"{start}{int(random.integers(10**6)):06d}{row}"
            number = int(random.integers(12))
            if design.kind in {"tags", "multi-hot"}:
                present = tuple(k for k in range(kinds) if k == kind or random.uniform() < 0.3)
                truth[stem] = [design.classes[k] for k in present]
                content = _marked(present, kinds, number, design.suffix)
            elif design.kind == "number":
                step = int(random.integers(21))
                truth[stem] = round(10 + step * 3.1, 2)
                content = _level(step, number, design.suffix)
            else:
                truth[stem] = design.classes[kind]
                content = _picture(kind, kinds, number, design.suffix)
            made.files[f"{place}{stem}{design.suffix}"] = content
    return made


def draw(root: Path, design: Design) -> Drawn:
    """Write a competition."""
    made, folder = _made(design), Folder(root, design.order)
    for name, content in made.files.items():
        folder.raw(name, content)
    header, rows = _table(made)
    folder.raw(design.tables[0], _text(design, [header, *rows], design.separator))
    form = _form(made)
    sample = csv_text(form.header, ([each, *_placeholder(made)] for each in form.files))
    folder.raw(form.name, _text(design, list(csv.reader(io.StringIO(sample))), ","))
    _decoys(folder, made, header, rows)
    grade, chance, maximize = _grader(made, form)
    return finish(
        folder,
        form,
        grade=grade,
        answers="",
        metric=METRICS[design.kind],
        maximize=maximize,
        chance=chance,
        cell="label",
        classes=design.classes,
        train=ROWS,
    )


def _id(design: Design, stem: str, side: int) -> str:
    return stem + (design.suffix if design.ids[side] == "name" else "")


def _table(made: _Made) -> tuple[list[str], list[list[object]]]:
    """Return the table of labels: its header and rows, in the design's order."""
    design, random = made.design, np.random.default_rng(made.design.order)
    columns: dict[str, list[object]] = {
        design.columns[0]: [_id(design, stem, 0) for stem in made.train]
    }
    if design.kind == "multi-hot":
        for name in design.classes:
            columns[name] = [int(name in truth) for truth in made.train.values()]  # type: ignore[operator]
    elif design.kind == "tags":
        sign = SIGNS[design.sign]
        columns[design.columns[1]] = [sign.join(truth) for truth in made.train.values()]  # type: ignore[arg-type]
    else:
        columns[design.columns[1]] = list(made.train.values())
    extra: dict[str, list[object]] = {
        "source": ["clinic"] * ROWS,
        "width": [int(random.integers(100, 900)) for _ in range(ROWS)],
        "date": [f"2021-0{1 + row % 9}-1{row % 10}" for row in range(ROWS)],
        "notes": [f"seen at {row} o'clock, dry" for row in range(ROWS)],
        "fold": [row % 5 for row in range(ROWS)],
    }
    columns |= {name: cells for name, cells in extra.items() if name in design.extra}
    names = [list(columns)[at] for at in random.permutation(len(columns))]
    order = random.permutation(ROWS)
    rows = [[columns[name][row] for name in names] for row in order]
    if "Unnamed: 0" in design.extra:
        names, rows = ["", *names], [[place, *row] for place, row in enumerate(rows)]
    return names, rows


def _form(made: _Made) -> Sheet:
    design = made.design
    wide = design.kind in {"wide", "multi-hot"}
    targets = design.classes if wide else (design.columns[3],)
    files = {
        _id(design, stem, 1): f"{design.folders[1]}{stem}{design.suffix}" for stem in made.test
    }
    return Sheet((design.columns[2], *targets), files, design.tables[1])


def _placeholder(made: _Made) -> tuple[object, ...]:
    design = made.design
    number = (0, 0.5, 0.25)[design.placeholder]
    of_kinds: dict[str, tuple[object, ...]] = {
        "binary": (number,),
        "wide": (0.25,) * 4,
        "multi-hot": (number,) * 4,
        "number": (number * 83,),
        "tags": (" ".join(design.classes[: 1 + design.placeholder]),),
        "ranked": (" ".join(design.classes[:2]),),
    }
    return of_kinds.get(design.kind) or (design.classes[design.placeholder],)


def _grader(  # noqa: PLR0911 - one a kind
    made: _Made, form: Sheet
) -> tuple[graders.Grade, float, bool]:
    design = made.design
    truth = {_id(design, stem, 1): value for stem, value in made.test.items()}
    classes = design.classes
    match design.kind:
        case "binary":
            numbers = {each: int(str(value)) for each, value in truth.items()}
            return graders.probability(form.header, numbers, "auc"), 0.5, True
        case "wide":
            return graders.probabilities(form.header, truth, "log_loss"), math.log(4), False  # type: ignore[arg-type]
        case "multi-hot":
            shares = {each: [float(n in tags) for n in classes] for each, tags in truth.items()}  # type: ignore[operator]
            return graders.independent(form.header, shares, "auc"), 0.5, True
        case "number":
            spread = float(np.std(list(truth.values())))  # type: ignore[arg-type]
            return graders.quantity(form.header, truth, 10, 72), spread, False  # type: ignore[arg-type]
        case "tags":
            right = sum(classes[0] in tags for tags in truth.values())  # type: ignore[operator]
            said = len(truth) + sum(len(tags) for tags in truth.values())  # type: ignore[arg-type]
            grade = graders.label_list(form.header, truth, classes, "micro")  # type: ignore[arg-type]
            return grade, 2 * right / said, True
        case "ranked":
            grade = graders.top_k(form.header, truth, classes, 2)  # type: ignore[arg-type]
            return grade, share(truth, classes[0]) + share(truth, classes[1]) / 2, True
    grade = graders.label(form.header, truth, classes, "accuracy")  # type: ignore[arg-type]
    return grade, share(truth, classes[0]), True


def _text(design: Design, lines: Sequence[Sequence[object]], separator: str) -> str:
    buffer = io.StringIO()
    quoting = csv.QUOTE_ALL if design.quoted else csv.QUOTE_MINIMAL
    writer = csv.writer(buffer, delimiter=separator, lineterminator=design.ending, quoting=quoting)
    writer.writerows(lines)
    return ("\ufeff" if design.mark else "") + buffer.getvalue()


def _decoys(folder: Folder, made: _Made, header: list[str], rows: list[list[object]]) -> None:
    design, random = made.design, np.random.default_rng(made.design.order)
    of_id = header.index(design.columns[0])
    everybody = [_id(design, stem, 0) for stem in (*made.train, *made.test)]
    if "external" in design.decoys:  # longer, of pictures that are not here, and of some that are
        other = [[f"x{n}" if at == of_id else cell for at, cell in enumerate(rows[0])]
                 for n in range(60)]  # fmt: skip
        folder.table("external_data.csv", header, other)
    if "old labels" in design.decoys:  # wrong ones
        turned = [[*row[:of_id], other[of_id], *row[of_id + 1 :]]
                  for row, other in zip(rows, rows[1:] + rows[:1], strict=True)]  # fmt: skip
        folder.table("old/old_labels.csv", header, turned)
    if "test table" in design.decoys:
        folder.table("test.csv", (design.columns[2], "height"),
                     [(_id(design, stem, 1), 7) for stem in made.test])  # fmt: skip
    if "metadata" in design.decoys:
        folder.table("metadata.csv", (design.columns[0], "brightness", "kb"),
                     [(each, round(random.uniform(), 3), 5) for each in everybody])  # fmt: skip
    if "class list" in design.decoys:
        folder.table("classes.csv", ("number", "name"), enumerate(design.classes))
    if "masks" in design.decoys:
        for stem in made.train:
            folder.raw(f"masks/{stem}.png", _picture(0, 4, 0, ".png"))
    if "readme" in design.decoys:
        folder.raw("README.txt", "The pictures, and what they show.\n")
    if "folds" in design.decoys:
        folder.table("train_folds.csv", (*header, "kfold"),
                     [[*row, number % 5] for number, row in enumerate(rows)])  # fmt: skip


def verdict(root: Path, design: Design) -> str:
    """Return `"right"`, `"refused: …"`, or `"wrong: …"`; files are written into `root`."""
    drawn = draw(root / "files", design)
    try:
        metric = drawn.metric if design.metric else None
        task = infer.read(drawn.root, slug=f"mutated-{design.order}", metric=metric)
        reached = solved.share(drawn, task, root / "submission.csv")
    except PrzError as error:
        return f"refused: {_kind_of(str(error), root)}"
    except Refused as error:
        return f"wrong: the grader refuses: {error}"
    if reached >= (ENOUGH_OF_NUMBERS if design.kind == "number" else ENOUGH):
        return "right"
    doubt = "; in doubt: " + " ".join(task.warnings) if task.warnings else ""
    return f"wrong: {reached:.2f}, {task.kind} in {task.cell} cells{doubt}"


def _kind_of(message: str, root: Path) -> str:
    """Return a sentence without what differs from one competition to the next."""
    plain = message.replace(f"{root}/files", "").split(". ")[0]
    return re.sub(r"'[^']*'|\d+", "…", plain)[:110]


@contextlib.contextmanager
def at_home() -> Iterator[Path]:
    """Yield an empty directory, and keep the tool's own files in it."""
    with (
        tempfile.TemporaryDirectory() as place,
        mock.patch.dict(os.environ, {"KAGGLE_PRZ_HOME": f"{place}/home"}),
    ):
        yield Path(place)


def main(count: int, of: int) -> int:
    """Count the verdicts on so many designs, and show the first wrong ones."""
    counts: collections.Counter[str] = collections.Counter()
    wrong: list[tuple[str, Design]] = []
    with at_home() as place:

        @seed(of)
        @settings(
            max_examples=count, deadline=None, database=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(designs())
        def each(design: Design) -> None:
            found = verdict(place, design)
            shutil.rmtree(place / "files")
            counts[found if not found.startswith("wrong") else "wrong"] += 1
            if found.startswith("wrong") and len(wrong) < 40:
                wrong.append((found, design))

        each()
    for found, number in counts.most_common():
        print(f"{number:6} {found}")
    for found, design in wrong[:12]:
        print(f"\n{found[:600]}\n  {design}")
    return int(bool(wrong))


if __name__ == "__main__":
    arguments = [int(word) for word in sys.argv[1:]]
    sys.exit(main(*(arguments + [1000, 0][len(arguments) :])))
