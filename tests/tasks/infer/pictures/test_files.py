import numpy as np
import pytest
from support.trees import make_tree

from kaggle_prz.core.errors import DataError
from kaggle_prz.tasks.infer.pictures import files
from kaggle_prz.tasks.infer.pictures.roles import Role


def _index(tmp_path, *names):
    return files.index(make_tree(tmp_path / "files", {}, names))


def _match(role, *ids):
    return files.match(np.array(ids, dtype=str), role)


def test_a_folder_with_test_in_its_name_holds_the_test_set(tmp_path):
    index = _index(
        tmp_path,
        "Train/a.JPG",
        "data/train/b.png",
        "data/Test_images/x.png",
        "test1/deep/er/y.tiff",
        "c.webp",
    )
    assert set(index.train.paths) == {"Train/a.JPG", "data/train/b.png", "c.webp"}
    assert set(index.test.paths) == {"data/Test_images/x.png", "test1/deep/er/y.tiff"}
    assert (len(index.train.paths), len(index.test.paths)) == (3, 2)
    assert index.test.folders() == "data/Test_images/, test1/deep/er/"
    assert index.train.folders().startswith("/, ")


def test_a_file_name_with_test_in_it_is_no_test_image(tmp_path):
    assert _index(tmp_path, "train/test_tube.png", "test/a.png").train.paths == (
        "train/test_tube.png",
    )


def test_a_directory_above_does_not_make_test_images(tmp_path):
    root = make_tree(tmp_path / "contest", {}, ["train/a.png", "test/b.png"])
    assert files.index(root).train.paths == ("train/a.png",)


@pytest.mark.parametrize(
    "extra",
    [
        "masks/m.png",
        ".cache/c.png",
        "train/.hidden.png",
        "sample_images/s.png",
        "additional_train/a.png",
        "train/n.txt",
    ],
)
def test_what_is_no_image_of_the_competition_is_left_out(tmp_path, extra):
    assert _index(tmp_path, "train/a.png", "test/b.png", extra).train.paths == ("train/a.png",)


@pytest.mark.parametrize(("there", "lacking"), [("train/a.png", "test"), ("test/a.png", "train")])
def test_a_role_without_images_says_what_is_looked_for(tmp_path, there, lacking):
    with pytest.raises(DataError, match=rf"no {lacking} images \(\.jpg.*'test' in its name"):
        _index(tmp_path, there)


def test_many_folders_are_told_in_short(tmp_path):
    index = _index(tmp_path, "test/a.png", *[f"train/{k}/a.png" for k in range(5)])
    assert index.train.folders() == "train/0/, train/1/, train/2/ …"


@pytest.mark.parametrize(
    ("ids", "rule"),
    [
        (["01", "1"], "stem"),
        (["01.png", "1.png"], "file name"),
        (["train/01.png", "train/deep/1.png"], "relative path"),
    ],
)
def test_ids_are_names_with_or_without_suffix_or_paths(tmp_path, ids, rule):
    role = _index(tmp_path, "train/01.png", "train/deep/1.png", "test/x.png").train
    paths, said = _match(role, *ids)
    assert paths.tolist() == ["train/01.png", "train/deep/1.png"]
    assert said == f"id is the {rule} (2 of 2 found)"


def test_leading_zeros_are_part_of_an_id(tmp_path):
    role = _index(tmp_path, "train/007.png", "test/x.png").train
    paths, said = _match(role, "7", "007")
    assert paths.tolist() == ["", "train/007.png"]
    assert "1 of 2 found" in said


def test_the_rule_that_finds_most_comes_before_the_others(tmp_path):
    role = _index(tmp_path, "train/a.png", "train/b.png", "train/c.png.png", "test/x.png").train
    paths, _ = _match(role, "a.png", "b.png", "c.png")
    assert paths.tolist() == ["train/a.png", "train/b.png", "train/c.png.png"]
    assert files.best_share(np.array(["a.png", "b.png", "c.png", "d"]), role) == 0.75


def test_of_two_files_of_one_name_the_first_is_taken(tmp_path):
    role = _index(tmp_path, "train/1/a.png", "train/2/a.png", "test/x.png").train
    assert _match(role, "a")[0].tolist() == ["train/1/a.png"]


def test_names_of_rows_may_be_decomposed_as_those_of_files_are():
    whole, parted = "\u00e9t\u00e9", "e\u0301te\u0301"
    role = Role("train", ("data.h5#0", "data.h5#1"), {"row's id": {parted: "data.h5#1"}})
    for name in (whole, parted):
        assert files.match(np.array([name]), role)[0].tolist() == ["data.h5#1"]
    assert Role("test", (f"test/{parted}.png",)).has_own(whole)
