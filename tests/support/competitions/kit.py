"""What the layouts are written with: ids, deals of labels, tables, image files, archives."""

import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

import numpy as np
from PIL import Image

from .drawn import Drawn

T = TypeVar("T")
Random = np.random.Generator
Row = Sequence[object]

_FORMATS: dict[str, tuple[str, dict[str, Any]]] = {
    ".jpg": ("JPEG", {"quality": 92}),
    ".png": ("PNG", {"compress_level": 1}),
    ".tif": ("TIFF", {}),
}


def deal(random: Random, items: Sequence[T], count: int) -> list[T]:
    """`count` items, each as often as the others (one more at most), in random order."""
    return [items[index] for index in random.permutation(np.arange(count) % len(items))]


def hashes(random: Random, count: int, digits: int) -> list[str]:
    """`count` different hexadecimal ids, in random order."""
    found: dict[str, None] = {}
    while len(found) < count:
        found[random.bytes((digits + 1) // 2).hex()[:digits]] = None
    return list(found)


def share(truth: Mapping[str, object], value: object) -> float:
    """Share of rows with this truth: the accuracy of saying so everywhere."""
    return list(truth.values()).count(value) / len(truth)


def macro_f1(truth: Mapping[str, object], value: object) -> float:
    """Macro F1 of saying so everywhere: F1 of one class, and 0 for the others in the truth."""
    right = share(truth, value)
    return 2 * right / (1 + right) / len({*truth.values(), value})


def numerals(random: Random, count: int, low: int, high: int) -> list[int]:
    """`count` different numbers in [low, high), in random order."""
    return [int(number) + low for number in random.choice(high - low, count, replace=False)]


def csv_text(header: Row, rows: Iterable[Row]) -> str:
    """A table as text; lines end with a line feed."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return buffer.getvalue()


def encode(image: Image.Image, name: str) -> bytes:
    """The bytes of an image file of this name."""
    kind, options = _FORMATS[name[name.rindex(".") :]]
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def record_bytes(random: Random, images: int) -> bytes:
    """Something as opaque as a file of records."""
    return random.bytes(200 * images)


def dicom_bytes(random: Random) -> bytes:
    """The opening of a DICOM file, and noise."""
    return bytes(128) + b"DICM" + random.bytes(100)


@dataclass(frozen=True)
class Sheet:
    """The form of a submission: its header, its ids in order, the file of every id."""

    header: tuple[str, ...]
    files: Mapping[str, str]
    name: str = "sample_submission.csv"

    def constant(self, *cells: object) -> str:
        """The same cells in every row."""
        return csv_text(self.header, ([each, *cells] for each in self.files))

    def filled(self, cells: Mapping[str, object]) -> str:
        """One cell a row."""
        return csv_text(self.header, ([each, cells[each]] for each in self.files))

    def filled_wide(self, cells: Mapping[str, Row]) -> str:
        """Several cells a row."""
        return csv_text(self.header, ([each, *cells[each]] for each in self.files))

    def one_hot(self, labels: Mapping[str, str]) -> str:
        """1 in the column of the label, 0 in the others."""
        names = self.header[1:]
        return self.filled_wide(
            {i: [int(n == label) for n in names] for i, label in labels.items()}
        )


class Folder:
    """A competition's directory and the random numbers that fill it."""

    def __init__(self, root: Path, seed: int) -> None:
        self.root = root
        self.random = np.random.default_rng(seed)
        self._made: set[Path] = set()

    def raw(self, name: str, content: bytes | str) -> None:
        """Write a file."""
        path = self.root / name
        if path.parent not in self._made:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._made.add(path.parent)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    def table(self, name: str, header: Row, rows: Iterable[Row]) -> None:
        """Write a CSV file."""
        self.raw(name, csv_text(header, rows))

    def json(self, name: str, content: object) -> None:
        """Write a JSON file."""
        self.raw(name, json.dumps(content))

    def image(self, name: str, image: Image.Image) -> None:
        """Write an image in the format of its suffix."""
        self.raw(name, encode(image, name))

    def zip(self, name: str, members: Mapping[str, bytes]) -> None:
        """Write a zip archive with a fixed date."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for folder in sorted({f"{PurePosixPath(m).parent}/" for m in members} - {"./"}):
                archive.writestr(zipfile.ZipInfo(folder), b"")
            for member, content in members.items():
                archive.writestr(zipfile.ZipInfo(member), content)
        self.raw(name, buffer.getvalue())


def finish(
    folder: Folder,
    sheet: Sheet,
    *,
    grade: Callable[[Path], float],
    answers: str,
    metric: str,
    maximize: bool,
    chance: float,
    cell: str,
    classes: Iterable[str] | None,
    train: int,
    group: str | None = None,
    heads: Mapping[str, Sequence[str]] | None = None,
) -> Drawn:
    """The competition whose files are written; see `Drawn` for the arguments."""
    return Drawn(
        root=folder.root,
        sample=sheet.name,
        files=tuple(sheet.files.values()),
        grade=grade,
        maximize=maximize,
        chance=chance,
        metric=metric,
        answers=answers,
        expected={
            "cell": cell,
            "classes": None if classes is None else tuple(classes),
            "group": group,
            "heads": heads,
            "train": train,
            "test": len(sheet.files),
        },
    )
