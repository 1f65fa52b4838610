import datetime
import importlib.util
import zipfile

import pytest
from support.trees import make_csv, make_tree

from kaggle_prz.core.errors import DataError, MissingExtraError
from kaggle_prz.readers import csv_tables, spreadsheets
from kaggle_prz.tasks import infer

IDS = [f"a{row}" for row in range(12)]
SAMPLE = make_csv(("id", "label"), ("b0", "cat"), ("b1", "cat"))
LABELS = make_csv(("id", "label"), *zip(IDS, ["cat", "dog"] * 6, strict=True))
IMAGES = [*(f"train/{name}.png" for name in IDS), "test/b0.png", "test/b1.png"]
INSTALL = r"needs the package openpyxl, .*pip install 'kaggle-prz\[excel\]'"


@pytest.fixture
def book(tmp_path):
    """Write an Excel file of these rows; cells may have a format."""
    openpyxl = pytest.importorskip("openpyxl")

    def write(*rows, hidden=False):
        made = openpyxl.Workbook()
        for row in rows:
            made.active.append([cell[0] if isinstance(cell, tuple) else cell for cell in row])
            for column, cell in enumerate(row, 1):
                if isinstance(cell, tuple):
                    made.active.cell(made.active.max_row, column).number_format = cell[1]
        if hidden:
            made.create_sheet("notes", 0).append(["hidden"])
            made.worksheets[0].sheet_state = "hidden"
        made.save(tmp_path / "a.xlsx")
        return tmp_path / "a.xlsx"

    return write


@pytest.fixture
def without_openpyxl(monkeypatch):
    """Hide the package."""
    find = importlib.util.find_spec
    hidden = lambda name, *more: None if name == "openpyxl" else find(name, *more)  # noqa: E731
    monkeypatch.setattr(importlib.util, "find_spec", hidden)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (3, "3"),
        (3.0, "3"),
        (0.1 + 0.2, "0.3"),
        (-2.5, "-2.5"),
        (True, "TRUE"),
        (None, ""),
        (" cat ", "cat"),
        ("007", "007"),
        ((7, "000"), "007"),
        ((2.6, "0"), "2.6"),
        ((0.25, "0%"), "0.25"),
        (datetime.date(2020, 5, 1), "2020-05-01"),
    ],
)
def test_cells_are_what_a_person_sees(book, cell, text):
    path = book(["id", "label"], ["a", cell], ["b", "x"])
    assert csv_tables.header(path) == ["id", "label"]
    assert csv_tables.read_csv(path)["label"].tolist() == [text, "x"]
    assert csv_tables.read_csv(path, rows=1, columns=["id"]).to_numpy().tolist() == [["a"]]


def test_the_first_sheet_that_is_shown(book):
    path = book([], ["id", "label", None], ["a", "b"], [None, None], hidden=True)
    assert csv_tables.read_whole(path).names == ("id", "label")
    assert spreadsheets.rows(path) == [["id", "label"], ["a", "b"]]


@pytest.mark.parametrize("content", [b"", b"PK", b"id,label\n"])
def test_a_damaged_file_is_refused_by_name(tmp_path, content):
    pytest.importorskip("openpyxl")
    (tmp_path / "a.xlsx").write_bytes(content)
    with pytest.raises(DataError, match=r"a\.xlsx cannot be read as an Excel file"):
        csv_tables.read_csv(tmp_path / "a.xlsx")
    assert csv_tables.header(tmp_path / "a.xlsx") == []


def test_a_file_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    pytest.importorskip("openpyxl")
    monkeypatch.setattr(spreadsheets, "_LARGEST", 10)
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("a", "x" * 11)
    with pytest.raises(DataError, match="too large"):
        spreadsheets.rows(tmp_path / "a.xlsx")


def test_an_empty_sheet_is_refused(book):
    with pytest.raises(DataError, match=r"The first sheet of .* is empty"):
        csv_tables.read_csv(book([None]))


@pytest.mark.parametrize(
    "tables",
    [
        {"train.xlsx": b"", "sample_submission.csv": SAMPLE},
        {"train.csv": LABELS, "sample_submission.xlsx": b""},
        {"about.csv": "a,b\n1,2\n", "x/labels.xlsx": b"", "sample_submission.csv": SAMPLE},
    ],
)
def test_the_package_is_asked_for_where_it_is_needed(tmp_path, without_openpyxl, tables):
    root = make_tree(tmp_path / "files", tables, IMAGES)
    with pytest.raises(MissingExtraError, match=INSTALL):
        infer.read(root, slug="pets")
    options = {"labels": "train.xlsx"} if "train.xlsx" in tables else {}
    with pytest.raises(MissingExtraError, match=INSTALL):
        infer.read(root, slug="pets", **options)


@pytest.mark.parametrize("images", [IMAGES, None])
def test_a_table_that_is_not_needed_is_noted(tmp_path, without_openpyxl, images):
    tables = {"more.xlsx": b"", "sample_submission.xlsx": b"", "sample_submission.csv": SAMPLE}
    if images is None:
        images = [f"train/{kind}/{n}.png" for kind in ("cat", "dog") for n in range(6)] + IMAGES[
            12:
        ]
    else:
        tables["train.csv"] = LABELS
    task = infer.read(make_tree(tmp_path / "files", tables, images), slug="pets")
    (warning,) = task.warnings
    assert warning.startswith("Reading more.xlsx needs the package openpyxl")
