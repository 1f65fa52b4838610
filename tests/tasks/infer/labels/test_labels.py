import json

import pytest
from support.trees import make_csv, make_tree

from kaggle_prz.core.errors import DataError, UsageError
from kaggle_prz.tasks import infer

IDS = [f"a{row:02d}" for row in range(24)]
TESTS = [f"b{row:02d}" for row in range(6)]
NAMES = ["cat", "dog", "elk"] * 8
IMAGES = [f"train/{name}.jpg" for name in IDS] + [f"test/{name}.jpg" for name in TESTS]
SAMPLE = make_csv(["id", "label"], *((name, "cat") for name in TESTS))


@pytest.fixture
def read(tmp_path):
    """Read a competition of three animals with these tables."""

    def run(tables, images=IMAGES, sample=SAMPLE, **options):
        given = {"sample_submission.csv": sample} | tables
        root = make_tree(tmp_path / "files", given, images)
        return infer.read(root, slug="animals", **options)

    return run


def _labels(ids=IDS, values=NAMES, header=("id", "label")):
    return make_csv(header, *zip(ids, values, strict=True))


def _evidence(task, name):
    return next(((each.value, each.rule) for each in task.evidence if each.name == name), None)


def _named(task):
    return [task.classes[code] for code in task.labels]


SWAPPED = NAMES[1:] + NAMES[:1]


@pytest.mark.parametrize(
    ("others", "reason"),
    [
        ({"old_labels.csv": _labels(values=SWAPPED)}, "its name says old"),
        ({"previous/train.csv": _labels(values=SWAPPED)}, "its name says previous"),
        ({"labels2.csv": _labels(IDS[:9], SWAPPED[:9])}, "it names 9 of 24 training images"),
        ({"breeds.csv": _labels(values=SWAPPED, header=("id", "breed"))}, "neither name nor val"),
        ({"sizes.csv": _labels(values=range(24), header=("id", "width"))}, "no column of it"),
    ],
)
def test_a_table_that_loses_is_explained(read, others, reason):
    sample = SAMPLE.replace("cat", "")
    task = read({"train.csv": _labels()} | others, sample=sample)
    assert _named(task) == NAMES
    value, rule = _evidence(task, "not the labels")
    assert value == next(iter(others))
    assert reason in rule
    assert task.warnings == ()


def test_a_table_alone_has_no_rivals(read):
    assert _evidence(read({"train.csv": _labels()}), "not the labels") is None


def test_folds_beside_labels_are_no_doubt(read):
    folds = make_csv(["id", "label", "fold"], *((i, n, 0) for i, n in zip(IDS, NAMES, strict=True)))
    task = read({"train.csv": _labels(), "train_folds.csv": folds})
    assert _evidence(task, "labels")[0] == "train.csv: label"
    assert task.warnings == ()


def test_two_names_that_differ_in_labels_are_a_doubt(read):
    task = read({"train.csv": _labels(), "other.csv": _labels(values=SWAPPED)})
    assert _named(task) == NAMES
    (warning,) = task.warnings
    assert "Both train.csv and other.csv" in warning
    assert "--labels" in warning


def test_of_two_versions_the_higher_number_counts(read):
    task = read({"labels_v9.csv": _labels(values=SWAPPED), "labels_v10.csv": _labels()})
    assert _named(task) == NAMES
    assert "Both labels_v10.csv and labels_v9.csv" in task.warnings[0]


def test_labels_that_are_only_in_a_foreign_table_are_a_doubt(read):
    task = read({"old_labels.csv": _labels()})
    assert _named(task) == NAMES
    assert "although its name says old" in task.warnings[0]


def test_a_column_known_for_test_rows_is_no_label(read):
    rows = [(name, n % 3) for n, name in enumerate([*IDS, *TESTS])]
    tables = {
        "photos.csv": make_csv(["id", "level"], *rows),
        "truth.csv": _labels(header=("id", "what")),
    }
    task = read(tables, sample=SAMPLE.replace("label", "Predicted").replace("cat", ""))
    assert _named(task) == NAMES


@pytest.mark.parametrize("given", ["sub/final.csv", "final.csv", r"./sub/final.csv"])
def test_the_table_may_be_given(read, given):
    tables = {"train.csv": _labels(values=SWAPPED), "sub/final.csv": _labels()}
    task = read(tables, labels=given)
    assert _named(task) == NAMES
    assert "given with --labels" in _evidence(task, "training images")[1]


def test_a_path_of_the_shell_names_a_table(read, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tables = {"train.csv": _labels(values=SWAPPED), "sub/train.csv": _labels()}
    assert _named(read(tables, labels="files/sub/train.csv")) == NAMES


def test_a_table_that_is_given_must_exist(read):
    tables = {"train.csv": _labels(), "sub/train.csv": _labels()}
    for given in ("labels.csv", "../train.csv", "sub"):
        with pytest.raises(UsageError, match=r"one table .* are train\.csv, sub/train"):
            read(tables, labels=given)


def test_a_table_that_is_given_must_name_images(read):
    tables = {"train.csv": _labels(), "notes.csv": make_csv(["a", "b"], (1, 2), (3, 4))}
    with pytest.raises(UsageError, match=r"'notes\.csv' names no training images: no column"):
        read(tables, labels="notes.csv")
    with pytest.raises(UsageError, match=r"in the column 'x' \(--id-column\)"):
        read(tables, labels="train.csv", id_column="x")


def _in_folders(names, place="train"):
    return [f"{place}/{name}/{i}.jpg" for i, name in zip(IDS, names, strict=True)] + IMAGES[24:]


@pytest.mark.parametrize(
    ("inside", "values"),
    [
        (NAMES, NAMES),
        (NAMES, [name.upper() for name in NAMES]),
        (NAMES, [str(["cat", "dog", "elk"].index(name)) for name in NAMES]),
        (["part1", "part2"] * 12, NAMES),
        (["a", "b", "c"] * 8, SWAPPED[:12] + NAMES[12:]),
        (["cat", "dog", "elk"] * 8, ["tabby", "corgi", "moose"] * 8),
    ],
    ids=["same", "case", "codes", "parts", "others", "finer"],
)
def test_folders_that_contradict_nothing(read, inside, values):
    sample = SAMPLE.replace("cat", "")
    task = read({"train.csv": _labels(values=values)}, _in_folders(inside), sample)
    assert not any("folder" in warning for warning in task.warnings)


def test_folders_that_contradict_the_table(read):
    task = read({"train.csv": _labels()}, _in_folders([*NAMES[:20], *SWAPPED[20:]]))
    assert _named(task) == NAMES
    (warning,) = task.warnings
    assert "4 of 24 images (17%)" in warning
    assert "choose --labels folders" in warning


def test_folders_may_be_given(read):
    task = read({"train.csv": _labels(values=SWAPPED)}, _in_folders(NAMES), labels="folders")
    inside = [path.split("/")[1] for path in task.train_files]
    assert _named(task) == inside
    assert "given with --labels" in _evidence(task, "training images")[1]
    assert task.warnings == ()


def test_folders_that_are_given_must_be_classes(read):
    with pytest.raises(UsageError, match=r"--labels folders: .* in train/, are not in folders of"):
        read({"train.csv": _labels()}, labels="folders")


def test_an_index_without_a_name_is_the_id(read):
    task = read({"train.csv": _labels(header=("", "label"))})
    assert _named(task) == NAMES
    assert "column without a name" in _evidence(task, "training images")[1]


def test_an_index_that_counts_is_no_id_beside_names(read):
    images = [f"train/{n}.jpg" for n in range(24)] + IMAGES[24:]
    rows = [(n, f"{23 - n}.jpg", name) for n, name in enumerate(NAMES)]
    task = read({"train.csv": make_csv(["", "file", "label"], *rows)}, images)
    assert task.train_files.tolist() == images[:24][::-1]


def test_annotations_of_several_categories_are_detection(read):
    images = [{"id": n, "file_name": f"{name}.jpg"} for n, name in enumerate(IDS)]
    kinds = [{"id": n, "name": name} for n, name in enumerate(("cat", "dog", "elk"))]
    notes = [{"image_id": n, "category_id": k} for n in range(24) for k in {n % 3, n % 2}]
    content = json.dumps({"images": images, "annotations": notes, "categories": kinds})
    with pytest.raises(DataError, match=r"several categories in train\.json.*--separator"):
        read({"train.json": content})
    task = read({"train.json": content}, sample=SAMPLE.replace("cat", "elk dog"))
    assert (task.kind, task.cell) == ("tags", "labels")
    assert _named(read({"train.json": content, "train.csv": _labels()})) == NAMES


def test_other_spreadsheets_are_to_be_saved_as_csv(read):
    with pytest.raises(DataError, match=r"checked none.* labels\.xls is not read; save it as CSV"):
        read({"labels.xls": "x"})


def test_objects_of_images_are_refused(read):
    rows = [(f"{name}_{k}", kind) for name in IDS for k, kind in enumerate(("cat", "dog"))]
    with pytest.raises(DataError, match=r"Several rows of train\.csv .*a00_0, a00_1"):
        read({"train.csv": make_csv(["id", "label"], *rows)})


def test_rows_of_several_images_are_refused(read):
    images = [f"train/{name}-{k}.jpg" for name in IDS for k in range(2)] + IMAGES[24:]
    with pytest.raises(DataError, match=r"The id of train\.csv is the start of .* \(a00-0, a00-1"):
        read({"train.csv": _labels()}, images)
