"""What `inspect` shows of small competitions with faults."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.toys import Recorder
from support.trees import make_csv

from kaggle_prz import images, report
from kaggle_prz.commands import inspect
from kaggle_prz.core import filesystem
from kaggle_prz.core.errors import DataError, DiskFullError, MissingExtraError, UsageError
from kaggle_prz.tasks import image_rows

CLASSES = ("cat", "dog")
ROWS = 12


def draw(root: Path) -> Path:
    """Twelve images of noise to train on, four to predict; nothing is wrong with them."""
    random = np.random.default_rng(0)
    for role, count in (("train", ROWS), ("test", 4)):
        (root / role).mkdir(parents=True)
        for number in range(count):
            pixels = random.integers(0, 256, (24, 24 + number % 2, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(root / role / f"{role}{number}.png")
    labels = [(f"train{number}", CLASSES[number % 2]) for number in range(ROWS)]
    (root / "train.csv").write_text(make_csv(["id", "label"], *labels))
    sample = [(f"test{number}", 0.5, 0.5) for number in range(4)]
    (root / "sample_submission.csv").write_text(make_csv(["id", *CLASSES], *sample))
    return root


@pytest.fixture
def sound(tmp_path) -> Path:
    return draw(tmp_path / "pets")


@pytest.fixture
def faulty(sound) -> Path:
    """Copies with one label and with two, a leak, and files that are cut short."""
    shutil.copy(sound / "train/train0.png", sound / "train/train1.png")
    shutil.copy(sound / "train/train2.png", sound / "train/train4.png")
    shutil.copy(sound / "train/train6.png", sound / "test/test0.png")
    for name in ("train/train7.png", "test/test3.png"):
        (sound / name).write_bytes((sound / name).read_bytes()[:200])
    return sound


def shown(root: Path, **options: object) -> Recorder:
    console = Recorder()
    inspect.show(inspect.look(str(root), **options), console)
    return console


def test_a_sound_competition_has_no_notes(sound):
    console = shown(sound)
    assert console.lines == []
    assert console.tables[-1] == (
        "images",
        ["", "found"],
        [
            ("size, px", "24–25 × 24"),
            ("mode", "RGB (all)"),
            ("unreadable", "none of 16"),
            ("near-duplicates", "none"),
            ("leaks", "none"),
        ],
    )


def test_faults_are_told_in_a_table_and_in_sentences(faulty):
    console = shown(faulty)
    assert console.tables[-1][2][2:] == [
        ("unreadable", "2 of 16"),
        ("near-duplicates", "4 training images in 2 sets, 1 with different labels"),
        ("leaks", "1 test image"),
    ]
    unreadable, contradicting, leak = console.lines
    assert unreadable.startswith("Note: 2 images cannot be decoded: train/train7.png (OSError: ")
    assert contradicting == (
        "Note: Near-duplicates have different labels in 1 set, so some labels are wrong or "
        "uncertain: train/train0.png is 'cat' and train/train1.png is 'dog'."
    )
    assert leak == (
        "Note: 1 test image is a near-duplicate of training images (1 pixel for pixel), so the "
        "test score may be better than the out-of-fold score: test/test0.png of train/train6.png."
    )


def test_faults_as_json(faulty):
    facts = json.loads(json.dumps(inspect.facts(inspect.look(str(faulty)))))
    assert (facts["opened"], facts["not_compared"]) == (16, None)
    assert [(one["file"], one["role"]) for one in facts["unreadable"]] == [
        ("train/train7.png", "train"),
        ("test/test3.png", "test"),
    ]
    assert all(one["reason"].startswith("OSError: ") for one in facts["unreadable"])
    same = ["train/train2.png", "train/train4.png"]
    differing = ["train/train0.png", "train/train1.png"]
    assert facts["duplicates"] == {
        "images": 4,
        "sets": [differing, same],
        "same_label": 1,
        "contradicting_label": 1,
        "pairs": [
            {"files": differing, "same": True, "labels": ["cat", "dog"], "contradicting": True},
            {"files": same, "same": True, "labels": ["cat", "cat"], "contradicting": False},
        ],
    }
    leak = {"files": ["train/train6.png", "test/test0.png"], "same": True}
    assert facts["leaks"] == {"images": [leak], "groups": [], "ids": []}
    assert facts["images"]["looked"] == 16
    assert facts["kind"] == "classes"


def test_images_are_not_opened_where_an_option_says_so(faulty):
    found = inspect.look(str(faulty), check_images=False)
    assert found.findings.unsaid == (
        "Images were not opened to find unreadable files, near-duplicates and leaks. "
        "Use --check-images to open them."
    )
    facts = inspect.facts(found)
    assert (facts["opened"], facts["unreadable"], facts["duplicates"]) == (0, None, None)
    assert facts["leaks"] == {"images": None, "groups": [], "ids": []}
    assert shown(faulty, check_images=False).tables[-1][2] == [
        ("size, px", "24–25 × 24, mostly 24×24"),
        ("mode", "RGB (all)"),
    ]
    assert not (filesystem.home() / "images").exists()


def test_very_many_images_are_opened_only_where_an_option_says_so(faulty, monkeypatch):
    monkeypatch.setattr(inspect, "MOST_OPENED", 15)
    (line,) = shown(faulty).lines
    assert line == (
        "Note: Images were not opened to find unreadable files, near-duplicates and leaks, "
        "because there are 16, more than 15. Use --check-images to open them."
    )
    assert len(inspect.look(str(faulty), check_images=True).findings.sets) == 2
    (store,) = (filesystem.home() / "images").rglob("*.npy")
    assert store.name == "48.npy"


def test_heads_that_cannot_be_read_are_named_where_images_are_not_opened(faulty):
    (faulty / "train/train3.png").write_bytes(b"no picture")
    console = shown(faulty, check_images=False)
    assert console.lines[-1] == "Note: 1 image cannot be opened: train/train3.png."


def test_a_run_of_the_same_size_need_not_decode_again(sound):
    console = Recorder()
    found = inspect.look(str(sound), console=console)
    assert console.bars == [("decode to 160 px", 16)]
    task = found.task
    images.decode(
        task.root,
        image_rows.files_of(task),
        [160],
        filesystem.home() / "images" / task.slug,
        console,
    )
    assert len(console.bars) == 1


def test_more_unreadable_files_than_are_passed_over_are_listed_all_the_same(sound):
    for number in range(11):
        (sound / f"train/train{number}.png").write_bytes(b"no picture")
    found = inspect.look(str(sound))
    assert len(found.findings.unreadable) == 11
    console = Recorder()
    inspect.show(found, console)
    assert console.tables[-1][2][-1] == ("unreadable", "11 of 16")
    (line,) = console.lines
    assert "11 of 16 images cannot be decoded, more than the limit of 10" in line
    facts = inspect.facts(found)
    assert (len(facts["unreadable"]), facts["duplicates"]) == (11, None)


@pytest.mark.parametrize(
    "error",
    [MissingExtraError("DICOM", "pydicom", "medical"), DiskFullError("no room"), DataError("odd")],
)
def test_images_that_cannot_be_opened_stop_it_only_where_that_was_asked_for(
    sound, monkeypatch, error
):
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(images, "decode", fail)
    (line,) = shown(sound).lines
    assert line.endswith(f"near-duplicates and leaks: {error}")
    with pytest.raises(type(error)):
        inspect.look(str(sound), check_images=True)


def test_ids_and_groups_in_both_roles_are_leaks(sound):
    names = ("a1f", "b2e", "c3d", "d4c")
    for number, name in enumerate(names):
        (sound / f"test/test{number}.png").rename(sound / f"test/{name}.png")
        (sound / f"train/train{number}.png").rename(sound / f"train/{name}.png")
    ids = [*names, *(f"train{number}" for number in range(4, ROWS))]
    table = [(name, CLASSES[k % 2], f"p{k // 2}") for k, name in enumerate(ids)]
    (sound / "train.csv").write_text(make_csv(["id", "label", "patient"], *table))
    tested = zip(names, ("p0", "q", "r", "s"), strict=True)
    (sound / "test.csv").write_text(make_csv(["id", "patient"], *tested))
    sample = [(name, 0.5, 0.5) for name in names]
    (sound / "sample_submission.csv").write_text(make_csv(["id", *CLASSES], *sample))
    found = inspect.look(str(sound))
    assert inspect.facts(found)["leaks"] == {"images": [], "groups": ["p0"], "ids": [*names]}
    console = Recorder()
    inspect.show(found, console)
    assert console.tables[-1][2][-1] == ("leaks", "1 group, 4 ids")
    groups, ids = console.lines
    assert "1 value(s) of patient are in both the training set and the test set (p0)" in groups
    assert ids == "Note: 4 ids in both the training set and the test set: a1f, b2e, c3d, …"


def test_a_page_is_written_and_needs_a_place_and_its_packages(sound, tmp_path, monkeypatch):
    found = inspect.look(str(sound), check_images=False)
    path = inspect.write(found, tmp_path / "new" / "page.html")
    assert path.read_text("utf-8").startswith("<!doctype html>")
    with pytest.raises(UsageError, match=r"--report takes the path of a file .*page\.html is no"):
        inspect.write(found, path / "page.html")
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(MissingExtraError, match="The report needs the package jinja2"):
        report.require()
