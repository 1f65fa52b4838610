import pytest
from support.trees import make_csv, make_tree

from kaggle_prz.tasks.infer import tables
from kaggle_prz.tasks.infer.labels import folders
from kaggle_prz.tasks.infer.pictures import files


@pytest.fixture
def told(tmp_path):
    """What a reader finds in these training images, for a sample with these cells."""

    def read(reader, paths, *shown, columns=("kind",)):
        rows = [(number, *[cell] * len(columns)) for number, cell in enumerate(shown)]
        content = {"sample_submission.csv": make_csv(["id", *columns], *rows)}
        sample, _ = tables.find_sample(make_tree(tmp_path / "files", content, []))
        found = reader(tmp_path / "files", sample, files.Role("train", tuple(paths)))
        return None if found is None else found.frame.iloc[:, 1].tolist()

    return read


@pytest.mark.parametrize("place", ["train/", "imgs/train/", "Train/images/", "train_data/"])
def test_folders_below_training_are_classes(told, place):
    paths = [f"{place}{kind}/{number}.png" for kind in ("a b", "c") for number in range(2)]
    assert told(folders.by_folder, paths, "x") == ["a b", "a b", "c", "c"]


def test_the_first_folder_in_which_paths_differ_is_the_class(told):
    paths = [f"train/{kind}/images/{n}.png" for kind in "ab" for n in range(2)]
    assert told(folders.by_folder, paths, "x") == ["a", "a", "b", "b"]


def test_folders_elsewhere_are_classes_if_the_sample_knows_them(told):
    paths = [f"{kind}/{n}.png" for kind in ("cat", "dog") for n in range(2)]
    assert told(folders.by_folder, paths, "cat") == ["cat", "cat", "dog", "dog"]
    assert told(folders.by_folder, paths, "0.5", columns=("dog", "cat")) is not None
    assert told(folders.by_folder, paths, "0.5") is None


@pytest.mark.parametrize(
    "paths",
    [
        ["train/a.png", "train/b.png"],
        ["train/a/1.png", "train/a/2.png"],
        ["train/a/1.png", "train/b/1.png"],
        ["train/a/1.png", "train/a/2.png", "train/b/1.png", "train/3.png"],
    ],
    ids=["flat", "one folder", "an image each", "some flat"],
)
def test_folders_that_are_no_classes(told, paths):
    assert told(folders.by_folder, paths, "x") is None


@pytest.mark.parametrize(
    ("names", "classes"),
    [
        (["cat.0", "cat.1", "dog.0", "dog.10"], ["cat", "cat", "dog", "dog"]),
        (["great_dane_1", "great_dane_22", "pug_1", "pug_2"], ["great_dane"] * 2 + ["pug"] * 2),
    ],
)
def test_names_that_begin_with_the_class(told, names, classes):
    assert told(folders.by_prefix, [f"train/{name}.jpg" for name in names], "0.5") == classes


def test_a_first_word_is_the_class_if_the_sample_knows_it(told):
    paths = [f"train/{name}.jpg" for name in ("cat-ab", "cat-cd", "dog-ab", "dog-ef")]
    assert told(folders.by_prefix, paths, "dog") == ["cat", "cat", "dog", "dog"]
    assert told(folders.by_prefix, paths, "0.5") is None


@pytest.mark.parametrize("names", [["img_1", "img_2"], ["1", "2"], ["a1", "b1"]])
def test_names_that_tell_no_class(told, names):
    assert told(folders.by_prefix, [f"train/{name}.jpg" for name in names], "0.5") is None


def test_folders_of_validation_and_others_beside_training(told):
    paths = [f"{role}/{kind}/{n}.png" for role in ("train", "val") for kind in "ab" for n in "12"]
    assert told(folders.by_folder, paths, "x") == [*"aabb", *"aabb"]
    assert told(folders.by_folder, ["logo.png", *paths], "x") == [*"aabb", *"aabb"]


def test_labels_of_names_are_those_of_the_folder_and_not_of_a_cache(tmp_path):
    content = {"sample_submission.csv": make_csv(["id", "kind"], (1, "0.5"))}
    sample, _ = tables.find_sample(make_tree(tmp_path / "dogs-0a1b2c", content, []))
    paths = tuple(f"train/{kind}.{n}.jpg" for kind in ("cat", "dog") for n in range(2))
    found = folders.by_prefix(tmp_path / "dogs-0a1b2c", sample, files.Role("train", paths))
    assert found.path.name == "train"


def test_folders_without_labels_are_left_out(told):
    paths = [f"train/labeled/{kind}/{n}.png" for kind in "ab" for n in "12"]
    others = [f"train/{name}/a/{n}.png" for name in ("unlabeled", "Un-labelled") for n in "1234"]
    assert told(folders.by_folder, [*paths, *others], "x") == [*"aabb"]


def test_folders_of_roles_may_have_other_depths(told):
    paths = [f"train/images/{kind}/{n}.png" for kind in "ab" for n in "123"]
    others = [f"val/{kind}/{n}.png" for kind in "ab" for n in "12"]
    assert told(folders.by_folder, [*paths, *others], "x") == [*"aaabbb", *"aabb"]
