"""Rows of several images: how they are recognised, and what is none."""

import numpy as np
import pytest
from support.trees import make_csv, make_tree

from kaggle_prz.core.errors import DataError
from kaggle_prz.core.task import Task
from kaggle_prz.tasks import infer

TRAIN, TEST = [f"t{n}" for n in range(8)], [f"x{n}" for n in range(4)]
LABELS = dict(zip(TRAIN, "aabbabab", strict=True))
TABLE = make_csv(["id", "label"], *LABELS.items())


@pytest.fixture
def read(tmp_path):
    """Read a competition with these images and tables; the sample has the ids of `TEST`."""

    def run(images, ids=TEST, column="id", **tables) -> Task:
        sample = make_csv([column, "label"], *[(name, "a") for name in ids])
        named = {f"{name}.csv": content for name, content in tables.items()}
        given = {"sample_submission.csv": sample} | named
        return infer.read(make_tree(tmp_path / "files", given, images), slug="x")

    return run


def _all(form: str, parts) -> list[str]:
    """Files of every row; `form` has `role`, `id`, `label` and `part`."""
    return [
        form.format(role=role, id=name, part=part, label=LABELS.get(name, ""))
        for role, names in (("train", TRAIN), ("test", TEST))
        for name in names
        for part in parts
    ]


def _members(task: Task) -> dict[str, list[str]]:
    """Files of every row, by its id."""
    images = task.images
    found: dict[str, list[str]] = {}
    for ids, rows, files in (
        (task.train_ids, images.train_rows, images.train_files),
        (task.test_ids, images.test_rows, images.test_files),
    ):
        for row, file in zip(rows.tolist(), files.tolist(), strict=True):
            found.setdefault(ids[row], []).append(file)
    return found


def _labels(task: Task) -> dict[str, str]:
    return dict(zip(task.train_ids.tolist(), np.array(task.classes)[task.labels], strict=True))


def _told(task: Task) -> dict[str, str]:
    return {each.name: f"{each.value}: {each.rule}" for each in task.evidence}


@pytest.mark.parametrize(
    ("form", "parts", "rule"),
    [
        ("{role}/{id}/{part}.png", range(3), "the folder of several files"),
        ("{role}/{id}/{part}.png", ("front", "left", "right"), "the folder of several files"),
        ("{role}/{id}/series/{part}.png", range(3), "the folder above several files"),
        ("{role}/{id}_{part}.jpg", range(3), "the start of several file names"),
        ("{role}/{id}-{part}.jpg", "abc", "the start of several file names"),
        ("{role}/plate/{id}_{part}.png", ("s1", "s2", "s3"), "the start of several file names"),
    ],
)
def test_paths_say_whose_images_are(read, form, parts, rule):
    task = read(_all(form, parts), train=TABLE)
    assert _labels(task) == LABELS
    members = _members(task)
    assert set(members) == {*TRAIN, *TEST}
    for name, files in members.items():
        role = "train" if name in TRAIN else "test"
        assert files == [form.format(role=role, id=name, part=part) for part in parts]
    assert task.train_files.tolist() == [members[name][0] for name in task.train_ids]
    assert task.test_files.tolist() == [members[name][0] for name in TEST]
    assert _told(task)["images a row"] == f"3; their predictions are averaged: the id is {rule}"
    assert _told(task)["training images"].startswith("24 (8 rows) in train/")
    assert _told(task)["test images"].startswith("12 (4 of 4 rows) in test/")
    assert task.warnings == ()


def test_roles_may_share_a_folder(read):
    images = [name.replace("test/", "train/") for name in _all("{role}/{id}_{part}.png", "ab")]
    images = [name.replace("train/", "images/") for name in images]
    task = read(images, train=TABLE)
    assert _members(task)["x1"] == ["images/x1_a.png", "images/x1_b.png"]
    assert _labels(task) == LABELS
    assert task.warnings == ()


def _images_of(names, parts="pq"):
    """Ids of rows, and of images that say nothing of them, in any order."""
    number = iter(np.random.default_rng(0).permutation(1000).tolist())
    rows = [(name, f"i{next(number):03d}") for name in names for _ in parts]
    return [rows[place] for place in np.random.default_rng(1).permutation(len(rows))]


@pytest.mark.parametrize("labelled", ["images", "rows"])
def test_a_table_says_whose_images_are(read, labelled):
    trained, tested = _images_of(TRAIN), _images_of(TEST)
    images = [f"train/{row}/{image}.png" for row, image in trained]
    images += [f"test/deep/{image}.png" for _, image in tested]
    rows = [(row, image, LABELS[row]) for row, image in trained]
    table = make_csv(["study", "image", "label"], *rows)
    if labelled == "rows":  # and folders say which images are theirs
        table = make_csv(["study", "label"], *LABELS.items())
    test = make_csv(["study", "image"], *tested)
    task = read(images, column="study", train=table, test=test)
    assert _labels(task) == LABELS
    members = _members(task)
    for row, image in trained:
        assert f"train/{row}/{image}.png" in members[row]
    for row, image in tested:
        assert f"test/deep/{image}.png" in members[row]
    assert {len(files) for files in members.values()} == {2}
    rule = "2; their predictions are averaged: test.csv has several image of one study"
    assert _told(task)["images a row"] == rule
    assert "id is the study of several image (4 of 4 found)" in _told(task)["test images"]


@pytest.mark.parametrize("told", [True, False])
def test_ids_that_are_made_of_two_columns(read, told):
    sides = [(patient, side) for patient in "pqrs" for side in "LR"]
    trained = [(*side, f"i{2 * n + view}") for n, side in enumerate(sides) for view in (0, 1)]
    tested = [(f"z_{side}", "z", side, f"j{side}{view}") for side in "LR" for view in (0, 1)]
    images = [f"train_images/{patient}/{image}.png" for patient, _, image in trained]
    images += [f"test_images/z/{image}.png" for *_, image in tested]
    rows = [(*row, "ab"[row[1] == "L"]) for row in trained]
    task = read(
        images,
        ids=["z_L", "z_R"],
        column="prediction_id",
        train=make_csv(["patient_id", "laterality", "image_id", "label"], *rows),
        test=make_csv(
            ["prediction_id", "patient_id", "laterality", "image_id"][not told :],
            *(row[not told :] for row in tested),
        ),
    )
    assert _labels(task) == {f"{patient}_{side}": "ab"[side == "L"] for patient, side in sides}
    assert _members(task)["q_L"] == ["train_images/q/i4.png", "train_images/q/i5.png"]
    assert _members(task)["z_R"] == ["test_images/z/jR0.png", "test_images/z/jR1.png"]
    assert task.groups is not None
    assert task.groups.tolist() == [patient for patient, _ in sides]


def test_labels_of_images_that_are_named(read):
    rows = [(f"{name}_{part}.jpg", LABELS[name]) for name in TRAIN for part in (0, 1)]
    task = read(_all("{role}/{id}_{part}.jpg", range(2)), train=make_csv(["file", "label"], *rows))
    assert _labels(task) == LABELS
    assert {len(files) for files in _members(task).values()} == {2}


@pytest.mark.parametrize("form", ["{label}/{id}/{part}.png", "{label}/{id}_{part}.png"])
def test_folders_may_say_the_labels_of_bags(read, form):
    images = [f"train/{name}" for name in _all(form, range(2)) if name[0] != "/"]
    images += [f"test/{name[1:]}" for name in _all(form, range(2)) if name[0] == "/"]
    task = read(images)
    told = np.array(task.classes)[task.labels]
    assert [file.split("/")[1] for file in task.train_files] == told.tolist()
    assert len(task.train_ids) == len(TRAIN)
    assert {len(files) for files in _members(task).values()} == {2}


def test_numbers_that_are_folders_and_files_alike(read):
    ids = [str(n) for n in range(4)]
    images = [f"test/{name}/{part}.png" for name in ids for part in range(4)]
    images += [f"train/{name}/{part}.png" for name in ids for part in range(4)]
    task = read(images, ids=ids, train=make_csv(["id", "label"], *zip(ids, "abab", strict=True)))
    assert task.bags is not None
    assert task.bags.test_files[task.bags.test_rows == 2].tolist() == images[8:12]


def test_a_bag_of_one_and_one_that_is_empty(read):
    ids = [f"x{n:02d}" for n in range(40)]
    images = [f"test/{name}/{part}.png" for name in ids[2:] for part in range(2)]
    images += ["test/x01/0.png", *_all("{role}/{id}/{part}.png", range(2))[:16]]
    task = read(images, ids=ids, train=TABLE)
    assert task.bags is not None
    assert np.bincount(task.bags.test_rows, minlength=40).tolist() == [0, 1, *[2] * 38]
    assert task.test_files[:2].tolist() == ["", "test/x01/0.png"]
    assert "1 test row(s) have no image; predicting" in task.warnings[0]
    assert _told(task)["images a row"].startswith("1 to 2; their predictions")


def _of_images(change: dict[int, str], parts: int) -> str:
    rows = [(name, f"{name}_{n}.jpg", LABELS[name]) for name in TRAIN for n in range(parts)]
    rows = [(*row[:2], change.get(place, row[2])) for place, row in enumerate(rows)]
    return make_csv(["id", "file", "label"], *rows)


def test_images_of_a_row_with_different_labels_are_refused(read):
    images = _all("{role}/{id}_{part}.jpg", range(3))
    with pytest.raises(DataError, match=r"a row have different values of 'label'. All images"):
        read(images, train=_of_images({0: "b", 3: "b"}, 3))


def test_few_rows_with_different_labels_are_passed_over(read):
    names = [f"r{n:02d}" for n in range(40)]
    rows = [
        (name, f"{name}_{part}.jpg", "ab"[n % 2]) for n, name in enumerate(names) for part in "pq"
    ]
    rows[0] = (*rows[0][:2], "b")
    images = [f"train/{row[1]}" for row in rows]
    images += _all("{role}/{id}_{part}.jpg", "pq")[16:]
    task = read(images, train=make_csv(["id", "file", "label"], *rows))
    assert task.train_ids.tolist() == names[1:]
    assert "have no label" in task.warnings[0]


def test_a_column_of_rows_is_a_group_and_one_of_images_is_none(read):
    rows = [
        (name, f"{name}_{part}.jpg", f"p{n // 2}", f"place{part}", LABELS[name])
        for n, name in enumerate(TRAIN)
        for part in "pqr"
    ]
    table = make_csv(["id", "file", "patient", "site", "label"], *rows)
    task = read(_all("{role}/{id}_{part}.jpg", "pqr"), train=table)
    assert task.groups is not None
    assert task.groups.tolist() == [f"p{n // 2}" for n in range(8)]


@pytest.mark.parametrize(
    "parts",
    [("red", "green", "blue", "yellow"), ("w1", "w2", "w3"), ("image", "mask")],
)
@pytest.mark.parametrize("form", ["{role}/{id}_{part}.png", "{role}/{id}/{part}.png"])
def test_channels_and_masks_are_no_bags(read, form, parts):
    try:
        task = read(_all(form, parts), train=TABLE)
    except DataError:
        return
    assert task.bags is None


def test_ids_with_a_picture_of_their_own_are_no_bags(read):
    more = _all("{role}/{id}_{part}.png", range(3))
    task = read([*_all("{role}/{id}.png", "-"), *more], train=TABLE)
    assert task.bags is None
    assert task.test_files.tolist() == [f"test/{name}.png" for name in TEST]


def test_a_table_that_names_one_picture_a_row_wins(read):
    images = [*_all("{role}/{id}_{part}.png", range(2))]
    test = make_csv(["id", "file"], *[(name, f"{name}_1.png") for name in TEST])
    rows = [(f"{name}_1.png", LABELS[name]) for name in TRAIN]
    task = read(images, train=make_csv(["file", "label"], *rows), test=test)
    assert task.bags is None
    assert task.test_files.tolist() == [f"test/{name}_1.png" for name in TEST]


def test_a_file_each_is_no_bag(read):
    task = read(_all("{role}/{id}/{part}.png", "-"), train=TABLE)
    assert task.bags is None
    assert "images a row" not in _told(task)
