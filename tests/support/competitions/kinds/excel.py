"""Tables in Excel files; the package openpyxl reads and writes them."""

import importlib.util
import random
from collections.abc import Iterable, Sequence
from pathlib import Path

from ..drawn import Drawn
from .kind import Kind, Plain
from .tables import finished

BIRDS = ("owl", "heron", "wren")


def _written(path: Path, *sheets: Iterable[Sequence[object]]) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    for number, rows in enumerate(sheets):
        sheet = book.create_sheet(f"s{number}")
        for row in rows:
            sheet.append(list(row))
    book.remove(book.worksheets[0])
    book.save(path)


def labels_in_excel(root: Path, seed: int) -> Drawn:
    """The labels are in an Excel file, with a second sheet."""
    plain = Plain(root, seed)
    rows = [("image", "label"), *plain.train.items()]
    _written(root / "train.xlsx", rows, [("made by",), ("us",)])
    return finished(plain)


def sample_in_excel(root: Path, seed: int) -> Drawn:
    """Sample and labels are in Excel files; ids and grades are numbers."""
    plain = Plain(root, seed, ("1", "2", "3"))
    ids = {name: 1000 + number for number, name in enumerate((*plain.train, *plain.test))}
    for name, number in ids.items():
        path = root / plain.files[name]
        path.rename(path.with_name(f"{number}.png"))
    plain.test = {str(ids[name]): grade for name, grade in plain.test.items()}
    plain.files = {name: f"test/{name}.png" for name in plain.test}
    rows = [(ids[name], float(grade), 0.1 * 3) for name, grade in plain.train.items()]
    random.Random(seed).shuffle(rows)
    _written(root / "grades.xlsx", [("scan", "grade", "dose"), *rows])
    drawn = finished(plain, "grade", "scan")
    (root / drawn.sample).unlink()
    form = [("scan", "grade"), *((int(name), 1) for name in plain.test)]
    _written(root / "sample_submission.xlsx", form)
    return drawn


def excel_beside_csv(root: Path, seed: int) -> Drawn:
    """Sample and labels are CSV files; an Excel file beside them says what the columns are."""
    plain = Plain(root, seed, BIRDS)
    plain.folder.table("train.csv", ("image", "bird"), plain.train.items())
    _written(root / "dictionary.xlsx", [("column", "meaning"), ("bird", "the species")])
    return finished(plain, "bird")


WITH_EXTRAS: dict[str, Kind] = {}  # kinds whose package is installed
if importlib.util.find_spec("openpyxl"):
    WITH_EXTRAS = {
        "labels-in-excel": Kind(labels_in_excel),
        "sample-in-excel": Kind(sample_in_excel),
        "excel-beside-csv": Kind(excel_beside_csv),
    }
