import pandas as pd
import pytest
from support.trees import make_csv, make_tree

from kaggle_prz.tasks import infer
from kaggle_prz.tasks.infer.labels import split

IDS = [f"{row:03d}" for row in range(24)]
NAMES = ["cat", "dog", "elk"] * 8


@pytest.mark.parametrize(
    ("column", "values", "test"),
    [
        ("split", ["train", "val", "test"], [0, 0, 1]),
        ("Usage", ["Training", "PublicTest", "PrivateTest"], [0, 1, 1]),
        ("fold_usage", ["TRAIN", "valid", "holdout"], [0, 0, 1]),
        ("is_test", ["0", "1", "0"], [0, 1, 0]),
        ("isTrain", ["True", "False", "True"], [0, 1, 0]),
        ("train_test_split", ["train_1", "train_2", "test"], [0, 0, 1]),
        ("fold", ["train", "validation", "test"], [0, 0, 1]),
    ],
)
def test_columns_that_say_the_role(column, values, test):
    found = split.of(pd.DataFrame({"id": list("abc"), column: values}))
    assert found.column == column
    assert found.test.tolist() == [bool(each) for each in test]


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("split", ["0", "1", "2"]),
        ("set", ["tea", "train", "x"]),
        ("test", ["a", "b", "c"]),
        ("image", ["train_1", "train_2", "test_1"]),
    ],
)
def test_other_columns_say_no_role(column, values):
    assert split.of(pd.DataFrame({"id": list("abc"), column: values})) is None


@pytest.fixture
def read(tmp_path):
    """Read a competition whose table has both roles; the sample asks for the last 8 ids."""

    def run(rows, images, header=("id", "label", "split"), asked=IDS[16:]):
        sample = make_csv(["id", "label"], *((name, "cat") for name in asked))
        tables = {"sample_submission.csv": sample, "all.csv": make_csv(header, *rows)}
        return infer.read(make_tree(tmp_path / "files", tables, images), slug="x")

    return run


def _rows(label="cat"):
    roles = ["train"] * 12 + ["val"] * 4 + ["test"] * 8
    values = NAMES[:16] + [label] * 8
    return list(zip(IDS, values, roles, strict=True))


def _together(name):
    return [f"{name}/{each}.png" for each in IDS]


@pytest.mark.parametrize("folder", ["images", "train"])
@pytest.mark.parametrize("label", ["cat", "", "?"])
def test_rows_of_a_split_are_trained_or_predicted(read, folder, label):
    task = read(_rows(label), _together(folder))
    assert task.train_ids.tolist() == IDS[:16]
    assert task.test_files.tolist() == [f"{folder}/{name}.png" for name in IDS[16:]]
    assert task.classes == ("cat", "dog", "elk")
    assert task.warnings == ()


@pytest.mark.parametrize(("label", "told"), [("", 0), ("?", 1)])
def test_without_a_split_blank_and_unknown_labels_are_left_out(read, label, told):
    rows = [row[:2] for row in _rows(label)]
    task = read(rows, _together("images"), header=("id", "label"))
    assert task.train_ids.tolist() == IDS[:16]
    assert len(task.warnings) == told
    assert all("asks for have the label '?'" in warning for warning in task.warnings)


def test_a_split_of_training_images_is_no_split_of_roles(read):
    images = [f"train/{name}.png" for name in IDS] + [f"test/{name}.png" for name in IDS[16:]]
    rows = list(zip(IDS, NAMES, [row[2] for row in _rows()], strict=True))
    task = read(rows, images)
    assert task.train_ids.tolist() == IDS


def test_images_of_both_roles_with_the_same_names(read):
    images = [f"{role}/{name}.png" for role in ("train", "test") for name in IDS[:8]]
    rows = [(name, label, "train") for name, label in zip(IDS[:8], NAMES, strict=False)]
    rows += [(name, "", "test") for name in IDS[:8]]
    task = read(rows, images, asked=IDS[:8])
    assert [task.classes[code] for code in task.labels] == NAMES[:8]


def test_numbers_of_both_roles_that_meet_are_trained(read):
    images = [f"{role}/{name}.png" for role in ("train", "test") for name in IDS]
    rows = sorted(zip(IDS, sorted(NAMES), strict=True))
    task = read(rows, images, header=("id", "label"), asked=IDS[:8])
    assert task.train_ids.tolist() == IDS
    assert task.warnings == ()
