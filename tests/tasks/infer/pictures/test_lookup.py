import json

import pytest
from support.trees import make_csv, make_tree

from kaggle_prz.core.errors import DataError
from kaggle_prz.tasks import infer

TRAIN = make_csv(["id", "label"], *[(f"t{n}", "ab"[n % 2]) for n in range(6)])
IMAGES = [f"train/t{n}.png" for n in range(6)]


@pytest.fixture
def read(tmp_path):
    """Read a competition with these test images, sample ids and tables."""

    def run(images, ids, train=TRAIN, trained=IMAGES, **tables):
        sample = make_csv(["id", "label"], *[(name, "a") for name in ids])
        named = {name.replace("__", "."): content for name, content in tables.items()}
        given = {"sample_submission.csv": sample, "train.csv": train} | named
        root = make_tree(tmp_path / "files", given, [*trained, *images])
        return infer.read(root, slug="x")

    return run


def _rule(task):
    (rule,) = [each.rule for each in task.evidence if each.name == "test images"]
    return rule


def test_a_training_image_never_answers(read):
    with pytest.raises(DataError, match="2 rows, and only 0 of 2 have a test image"):
        read(["test/x.png"], ["t0", "t1"])


@pytest.mark.parametrize(
    ("names", "ids"),
    [
        (["face-0007-c", "face-0012-c"], ["7", "12"]),
        (["x_ab", "x_cd"], ["ab", "cd"]),
        (["1.2.9-c", "1.2.11-c"], ["1.2.9", "1.2.11"]),
        (["ab.left", "cd.left"], ["ab", "cd"]),
    ],
)
def test_an_id_may_be_what_tells_names_apart(read, names, ids):
    images = [f"test/{name}.png" for name in names]
    task = read(images, ids)
    assert task.test_files.tolist() == images
    assert _rule(task) == "id is the stem without what all stems begin and end with (2 of 2 found)"


def test_what_names_share_must_end_between_words(read):
    with pytest.raises(DataError, match="only 0 of 2 have a test image"):
        read(["test/abx.png", "test/acy.png"], ["bx", "cy"])


def test_in_a_folder_for_both_roles_neither(read):
    trained = [name.replace("train/", "images/") for name in IMAGES]
    task = read(["images/x.png"], ["x"], trained=trained)
    assert task.test_files.tolist() == ["images/x.png"]
    assert task.warnings == ()
    task = read(["images/x.png", "images/y.png"], ["x", "t0", "y"], trained=trained)
    assert task.test_files.tolist() == ["images/x.png", "", "images/y.png"]


def test_a_map_in_json_says_more_than_a_name(read):
    images = ["test/0.png", "test/1.png"]
    told = [{"image_id": "0", "file_name": "1.png"}, {"image_id": "1", "file_name": "0.png"}]
    task = read(images, ["0", "1"], map__json=json.dumps(told))
    assert task.test_files.tolist() == ["test/1.png", "test/0.png"]
    assert _rule(task) == "according to map.json, image_id is file_name"


def test_a_map_in_a_csv(read):
    told = make_csv(["key", "path"], ("7", "test/b.png"), ("5", "test/a.png"))
    task = read(["test/a.png", "test/b.png"], ["5", "7"], test__csv=told)
    assert task.test_files.tolist() == ["test/a.png", "test/b.png"]


@pytest.mark.parametrize(
    ("name", "path"),
    [
        (r"test\deep\a.PNG", "test/deep/a.png"),
        (r".\test\deep\a.png", "test/deep/a.png"),
        ("deep/a", "test/deep/a.png"),
        ("DEEP_A", "test/deep_a.png"),
        ("Deep_A.PNG", "test/deep_a.png"),
        ("/kaggle/input/x/test/deep_a.png", "test/deep_a.png"),
        ("study7", "test/study7/scan.png"),
        ("deep_a.tif", "test/deep_a.png"),
        ("1.2.826.0", "test/1.2.826.0.png"),
    ],
)
def test_ways_to_name_a_file(read, name, path):
    if name.endswith(r"a.PNG"):
        path = "test/deep/a.PNG" if "\\" in name else path
    assert read([path, "test/other/scan.jpg"], [name]).test_files.tolist() == [path]


def test_the_longest_end_of_an_address_names_the_file(read):
    images = ["test/1/x.png", "test/2/x.png"]
    task = read(images, [f"https://host.org/data/v1/{path}?w=9" for path in reversed(images)])
    assert task.test_files.tolist() == images[::-1]


def test_names_that_differ_by_case_only_are_kept_apart(read):
    task = read(["test/a.png", "test/A.png"], ["A", "a"])
    assert task.test_files.tolist() == ["test/A.png", "test/a.png"]


def test_rows_of_heads_that_have_no_labels(read):
    ids = [f"{name}_{part}" for name in ("u", "v", "w") for part in ("x", "y", "z")]
    with pytest.raises(DataError, match="one row per image for each of x, y, z, but the labels"):
        read([f"test/{name}.png" for name in "uvw"], ids)


def test_rows_that_are_several_of_one_image_are_not_supported(read):
    ids = [f"{name}_{part}" for name in ("u", "v", "w") for part in ("x", "y", "z")]
    with pytest.raises(DataError, match="several rows belong to one image"):
        read([f"test/{name}.png" for name in "uvw"], ids[:-1])


def test_a_column_that_is_in_test_as_well_holds_no_labels(read):
    train = make_csv(["id", "w", "cultivar_code"], *[(f"t{n}", n, "ab"[n % 2]) for n in range(6)])
    train = train.replace("cultivar_code", "what")
    test = make_csv(["id", "w"], ("x", 3), ("y", 4))
    task = read(["test/x.png", "test/y.png"], ["x", "y"], train=train, test__csv=test)
    assert task.classes == ("a", "b")


def test_images_of_several_files_are_not_supported(read):
    with pytest.raises(DataError, match=r"several files, such as x_blue"):
        read(["test/x_red.png", "test/x_blue.png"], ["x"])


def test_folders_of_channels_or_masks_are_not_supported(read):
    with pytest.raises(DataError, match="folders of several files, named like"):
        read(["test/x/image.png", "test/x/mask.png"], ["x"])


def test_ids_that_name_several_files_are_told(read):
    task = read(["test/1/x.png", "test/2/x.png", "test/1/y.png"], ["x", "y"])
    assert task.test_files.tolist() == ["test/1/x.png", "test/1/y.png"]
    (warning,) = task.warnings
    assert "1 id(s) match several files in test/1/, test/2/" in warning
    assert warning.endswith("the first file is used: x.")


def test_training_ids_that_name_several_files_are_told(read):
    trained = [f"train/{folder}/t{n}.png" for folder in "ab" for n in range(6)]
    assert "6 id(s) match" in read(["test/q.png"], ["q"], trained=trained).warnings[1]


def test_the_end_of_a_path_is_not_enough_where_folders_differ(read):
    with pytest.raises(DataError, match="0 of 1 have a test image"):
        read(["test/1/x.png", "test/2/x.png"], ["/input/test/3/x.png"])
