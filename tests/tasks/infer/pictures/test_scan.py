import os

import pytest
from support.trees import make_tree

from kaggle_prz.core.errors import DataError
from kaggle_prz.tasks.infer.pictures.scan import role_of, scan


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("train", "train"),
        ("Train_images", "train"),
        ("images_training_rev1", "train"),
        ("validation", "train"),
        ("test1", "test"),
        ("stage1_test", "test"),
        ("imagesTest", "test"),
        ("train_test_split", ""),
        ("contest", ""),
        ("terrain", ""),
        ("images", ""),
    ],
)
def test_roles_of_names(name, role):
    assert role_of(name) == role


def test_the_outermost_folder_tells_the_role(tmp_path):
    names = ["train/test_tube/a.png", "test/train/b.png", "c.png"]
    found = scan(make_tree(tmp_path / "f", {}, names))
    assert found.of("images", "train") == names[:1]
    assert found.of("images", "test") == names[1:2]
    assert found.of("images", "") == names[2:]


def test_a_class_beside_others_may_be_called_mask(tmp_path):
    names = [f"train/{name}/a.png" for name in ("masks", "without_mask", "wrong")]
    found = scan(make_tree(tmp_path / "f", {}, names))
    assert found.of("images", "train") == names


def test_folders_of_extras(tmp_path):
    names = ["my_masks/a.png", "train/images/b.png", "train/masks/c.png", "test/d.png"]
    root = make_tree(tmp_path / "f", {"annotations/a.json": "{}", "masks/m.csv": "a"}, names)
    (root / "annotations" / "x.png").touch()
    found = scan(root)
    assert found.of("images", "train") == ["train/images/b.png"]
    assert found.of("images", "") == []
    assert found.tables == ["annotations/a.json"]
    assert len(scan(root, with_extra=True).of("images", "train")) == 2


def test_links_to_folders_are_followed_once(tmp_path):
    root = make_tree(tmp_path / "f", {}, ["real/a.png"])
    (root / "real" / "loop").symlink_to(root, target_is_directory=True)
    (root / "train").symlink_to(make_tree(tmp_path / "g", {}, ["b.png"]))
    found = scan(root)
    assert found.of("images", "train") == ["train/b.png"]
    assert found.of("images", "") == ["real/a.png"]


def test_kinds_and_tables(tmp_path):
    names = ["train/a.DCM", "train_x.npy", "test/b.npy", "x/labels.tsv", "a.jsonl", "notes.txt"]
    found = scan(make_tree(tmp_path / "f", {}, names))
    assert found.of("scans", "train") == ["train/a.DCM"]
    assert found.of("arrays", "train") == ["train_x.npy"]
    assert found.of("arrays", "test") == ["test/b.npy"]
    assert found.tables == ["a.jsonl", "x/labels.tsv", "notes.txt"]


def test_texts_of_images_are_no_tables(tmp_path):
    names = ["train.csv", "train.txt", *[f"notes/{number}.txt" for number in range(11)]]
    assert scan(make_tree(tmp_path / "f", {}, names)).tables == ["train.csv", "train.txt"]


NOTE = '{"label": "cat", "width": 20}'


@pytest.mark.parametrize(
    ("files", "described"),
    [
        ({f"train/{n:02d}.json": NOTE for n in range(11)}, 11),
        ({f"train/{n:02d}.json": NOTE for n in range(10)}, 0),
        ({f"train/{n % 3}/{n:02d}.json": NOTE for n in range(12)}, 12),
        ({f"train/{n:02d}.json": f'{{"a{n}": "cat"}}' for n in range(11)}, 0),
        ({f"train/{n:02d}.json": '{"id": 1, "tags": ["cat"]}' for n in range(11)}, 11),
        ({f"train/{n:02d}.json": '{"id": [1], "label": "cat"}' for n in range(11)}, 0),
        ({f"train/{n:02d}.json": "[]" for n in range(11)}, 0),
        ({f"train/{n:02d}.json": "{" for n in range(11)}, 0),
    ],
    ids=["each", "few", "below", "maps", "tags", "lists", "empty", "damaged"],
)
def test_many_json_files_with_the_same_keys_are_of_an_image_each(tmp_path, files, described):
    found = scan(make_tree(tmp_path / "f", files | {"labels.json": NOTE}, []))
    assert found.tables == ["labels.json", *sorted(files)[: len(files) - described]]
    assert found.described == sorted(files)[:described]


@pytest.mark.parametrize("odd", [b"train/\xe4nt/a.png", b"train/\xe4.png"])
def test_names_that_are_not_utf8_are_told(tmp_path, odd):
    name = os.fsdecode(odd)
    with pytest.raises(DataError, match=r"train/\\udce4.* has a name that is not UTF-8"):
        scan(make_tree(tmp_path / "f", {}, [name]))


def test_one_name_that_is_not_utf8_among_many_is_left_out(tmp_path):
    names = ["train/a.png", "train/b.png"]
    found = scan(make_tree(tmp_path / "f", {}, [*names, os.fsdecode(b"train/\xff.png")]))
    assert found.of("images", "train") == names
