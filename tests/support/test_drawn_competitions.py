"""The drawn competitions themselves: what their files hold, and that a seed says everything."""

import csv
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from support.competitions import BAGS, CELLS, DRAWN, TWELVE, Drawn
from support.competitions.kit import Folder

Rows = list[list[str]]
GROUPS = {
    "siim-isic-melanoma-classification": ("train.csv", "patient_id"),
    "state-farm-distracted-driver-detection": ("driver_imgs_list.csv", "subject"),
    "multi-hot": ("train.csv", "PatientID"),
    "breasts": ("train.csv", "patient_id"),
}


def _contents(root: Path) -> dict[str, bytes]:
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def _unpacked(files: dict[str, bytes]) -> dict[str, bytes]:
    """The files in archives beside the others; a folder of the archive's name is its own."""
    found = {}
    for name, content in files.items():
        stem, _, suffix = name.rpartition(".")
        if suffix not in ("zip", "7z"):
            found[name] = content
            continue
        for member, inner in (_unzipped if suffix == "zip" else _un7zipped)(content).items():
            found[f"{stem}/{member.removeprefix(f'{stem}/')}"] = inner
    return found


def _unzipped(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist() if name[-1] != "/"}


def _un7zipped(content: bytes) -> dict[str, bytes]:
    import py7zr

    factory = py7zr.io.BytesIOFactory(10**6)
    with py7zr.SevenZipFile(io.BytesIO(content)) as archive:
        archive.extractall(factory=factory)
    return {name: product.read() for name, product in factory.products.items()}


def _table(competition: Drawn, name: str) -> Rows:
    with (competition.root / name).open(newline="") as file:
        return list(csv.reader(file))


by_slug = pytest.mark.parametrize("slug", DRAWN)


def test_the_twelve_are_there():
    assert len(TWELVE) == 12
    assert {DRAWN[slug] for slug in TWELVE} < {*DRAWN.values()}


@pytest.fixture
def in_memory(monkeypatch) -> Callable[[str, int], tuple[Drawn, dict[str, bytes]]]:
    """A competition whose files, unpacked, are kept and not written; 7z has the time in it."""

    def draw(slug: str, seed: int) -> tuple[Drawn, dict[str, bytes]]:
        files: dict[str, bytes] = {}

        def raw(_: Folder, name: str, content: bytes | str) -> None:
            assert name not in files
            files[name] = content.encode() if isinstance(content, str) else content

        with monkeypatch.context() as patch:
            patch.setattr(Folder, "raw", raw)
            competition = DRAWN[slug](Path("nowhere"), seed)
        return competition, _unpacked(files)

    return draw


@by_slug
def test_a_seed_says_everything_and_rows_have_files(drawn, in_memory, slug):
    first, (again, files) = drawn(slug), in_memory(slug, 0)
    assert _unpacked(_contents(first.root)) == files
    assert (first.answers, first.chance, first.files) == (again.answers, again.chance, again.files)
    assert first.expected == again.expected
    named = [name for name in first.files if name]
    assert set(named) <= set(files)
    assert len({*named}) in (0, first.expected["test"])


def test_another_seed_says_something_else(drawn, in_memory):
    other, files = in_memory("class-folders", 1)
    first = drawn("class-folders")
    assert other.answers != first.answers
    assert (first.root / "test/00003.jpg").read_bytes() != files["test/00003.jpg"]


@by_slug
def test_what_is_expected_is_well_formed(drawn, slug):
    expected = drawn(slug).expected
    assert expected["cell"] in CELLS
    assert expected["group"] == GROUPS.get(slug, (None, None))[1]
    assert (expected["classes"] is None) == (expected["cell"] == "number")
    assert (expected["heads"] is None) == (not expected["cell"].startswith("head"))
    assert 60 <= expected["train"] <= 120
    assert 30 <= expected["test"] <= 40
    rows = _table(drawn(slug), drawn(slug).sample)
    assert len(rows) - 1 == len(drawn(slug).files) == expected["test"]


@pytest.mark.parametrize("slug", GROUPS)
def test_groups_are_columns_of_the_table_of_labels(drawn, slug):
    table, column = GROUPS[slug]
    header, *rows = _table(drawn(slug), table)
    groups = [row[header.index(column)] for row in rows]
    assert (len(groups) > drawn(slug).expected["train"]) == (slug in BAGS)
    assert len(groups) >= drawn(slug).expected["train"]
    assert 2 < len({*groups}) < len(groups) / 1.3


def test_what_tells_a_mole_is_known_in_training_only(drawn):
    competition = drawn("siim-isic-melanoma-classification")
    train, test = _table(competition, "train.csv"), _table(competition, "test.csv")
    assert train[0] == [*test[0], "diagnosis", "benign_malignant", "target"]
    assert {(row[5], row[6], row[7]) for row in train[1:]} == {
        ("unknown", "benign", "0"),
        ("melanoma", "malignant", "1"),
    }
    assert not {row[1] for row in train[1:]} & {row[1] for row in test[1:]}
    assert {(competition.root / f"train/{row[0]}.dcm").is_file() for row in train[1:]} == {True}


def test_a_folder_of_a_class_repeats_the_names_of_test(drawn):
    root = drawn("class-folders").root
    assert (root / "test/00007.jpg").read_bytes() != (root / "train/ant/00007.jpg").read_bytes()
    assert (root / "train/bee/00007.jpg").is_file()


def test_annotations_are_in_another_order_than_images(drawn):
    content = json.loads((drawn("coco").root / "train.json").read_text())
    images = [image["id"] for image in content["images"]]
    annotated = [note["image_id"] for note in content["annotations"]]
    assert sorted(images) == sorted(annotated)
    assert images != annotated
    kinds = {note["image_id"]: note["category_id"] for note in content["annotations"]}
    by_place = [note["category_id"] for note in content["annotations"]]
    right = sum(kinds[each] == kind for each, kind in zip(images, by_place, strict=True))
    assert right < 0.4 * len(images)


def test_a_number_in_a_test_file_of_the_herbarium_is_not_its_id(drawn):
    content = json.loads((drawn("json-map").root / "test_metadata.json").read_text())
    right = sum(int(row["file_name"][-10:-4]) == int(row["image_id"]) for row in content)
    assert right < 0.2 * len(content)


def test_images_that_come_twice(drawn):
    root = drawn("aptos2019-blindness-detection").root / "train_images"
    contents = [path.read_bytes() for path in root.iterdir()]
    assert len(contents) - len({*contents}) == 4


def test_zips_hold_a_folder_or_none(drawn):
    root = drawn("aerial-cactus-identification").root
    with zipfile.ZipFile(root / "train.zip") as train, zipfile.ZipFile(root / "test.zip") as test:
        assert "train/" in train.namelist()
        assert not any("/" in name for name in test.namelist())
