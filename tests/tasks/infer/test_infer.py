import numpy as np
import pytest
from support.trees import make_csv, make_tree

from kaggle_prz.core.errors import DataError, UsageError
from kaggle_prz.tasks import infer

IDS = [f"{row:03d}" for row in range(12)]
TESTS = ["900", "901"]
ANIMALS = ["cat", "dog", "elk"] * 4
IMAGES = [f"train/{name}.jpg" for name in IDS] + [f"test/{name}.jpg" for name in TESTS]


def _sample(columns=("id", "cat", "dog", "elk"), cell="0.3") -> str:
    return make_csv(columns, *([name, *[cell] * (len(columns) - 1)] for name in TESTS))


def _labels(values=ANIMALS, column="label", ids=IDS) -> str:
    return make_csv(["id", column], *zip(ids, values, strict=True))


@pytest.fixture
def tree(tmp_path):
    """Write a competition; three kinds of animals unless told otherwise."""

    def write(sample=None, labels=None, images=IMAGES, **more):
        tables = {
            "sample_submission.csv": _sample() if sample is None else sample,
            "train.csv": _labels() if labels is None else labels,
        }
        return make_tree(tmp_path / "files", tables | more, images)

    return write


def _read(root, **given):
    return infer.read(root, slug="animals", **given)


def _rule(task, name: str) -> tuple[str, str]:
    (found,) = [(e.value, e.rule) for e in task.evidence if e.name == name]
    return found


def test_a_column_a_class(tree):
    task = _read(tree())
    assert (task.cell, task.metric, task.slug) == ("probabilities", "log_loss", "animals")
    assert task.classes == task.target_columns == ("cat", "dog", "elk")
    assert task.labels.tolist() == [0, 1, 2] * 4
    assert task.train_ids.tolist() == IDS
    assert task.train_files.tolist() == IMAGES[:12]
    assert task.test_files.tolist() == IMAGES[12:]
    assert task.test_ids.tolist() == TESTS
    assert task.flips == ("horizontal",)
    assert task.groups is None
    assert task.warnings == ()


def test_classes_are_in_the_order_of_the_sample(tree):
    task = _read(tree(sample=_sample(("id", "elk", "cat", "dog"))))
    assert task.classes == ("elk", "cat", "dog")
    assert task.labels.tolist()[:3] == [1, 2, 0]


def test_a_class_without_a_training_image_keeps_its_column(tree):
    task = _read(tree(sample=_sample(("id", "yak", "cat", "dog", "elk"))))
    assert task.classes == ("yak", "cat", "dog", "elk")
    assert 0 not in task.labels


def test_labels_of_0_and_1_are_a_probability(tree):
    root = tree(_sample(("id", "is_cat")), _labels([0, 1] * 6, "is_cat"))
    task = _read(root)
    assert (task.cell, task.metric, task.classes) == ("probability", "roc_auc", ("0", "1"))
    assert task.target_columns == ("is_cat",)
    assert task.labels.tolist() == [0, 1] * 6


def test_labels_of_0_and_1_are_labels_to_a_metric_of_labels(tree):
    root = tree(_sample(("id", "is_cat"), "0"), _labels([0, 1] * 6, "is_cat"))
    assert _read(root, metric="accuracy").cell == "label"
    assert _read(root, metric="log_loss").cell == "probability"


def test_a_sample_of_fractions_asks_for_a_probability_whatever_the_metric(tree):
    root = tree(_sample(("id", "is_cat"), "0.5"), _labels([0, 1] * 6, "is_cat"))
    assert _read(root, metric="accuracy").cell == "probability"


def test_one_column_of_names_is_the_label(tree):
    task = _read(tree(_sample(("id", "label"), "cat")))
    assert (task.cell, task.metric) == ("label", "accuracy")
    assert task.classes == ("cat", "dog", "elk")


def test_classes_that_are_numbers_are_in_the_order_of_numbers(tree):
    root = tree(_sample(("id", "label"), "0"), _labels([0, 2, 10, 9] * 3))
    assert _read(root).classes == ("0", "2", "9", "10")


def test_fractions_beside_three_integers_need_a_metric(tree):
    root = tree(_sample(("id", "label"), "0.5"), _labels([0, 1, 2] * 4))
    with pytest.raises(DataError, match=r"one number per row \(label\).*--metric"):
        _read(root)
    task = _read(root, metric="rmse")
    assert (task.kind, task.cell, task.classes) == ("numbers", "number", ("label",))
    assert task.labels.tolist() == [[0], [1], [2]] * 4


@pytest.mark.parametrize("metric", ["macro F1", "log-loss"])
def test_a_metric_is_taken_as_given(tree, metric):
    task = _read(tree(), metric=metric)
    assert task.metric == metric.replace(" ", "_").replace("-", "_").lower()
    assert _rule(task, "metric")[1] == "given"


def test_a_default_metric_says_so(tree):
    assert _rule(_read(tree()), "metric") == (
        "log_loss",
        "default for probabilities, because no metric is given; choose one with --metric",
    )


def test_an_unknown_metric_is_refused(tree):
    with pytest.raises(UsageError, match="'mape'"):
        _read(tree(), metric="mape")


def test_every_choice_has_its_evidence(tree):
    task = _read(tree())
    assert _rule(task, "sample submission")[0] == "sample_submission.csv"
    assert _rule(task, "labels") == (
        "train.csv: label",
        "its values are names of the sample's columns",
    )
    assert _rule(task, "training images") == ("12 in train/", "100% of id name an image")
    assert _rule(task, "test images") == ("2 of 2 in test/", "id is the stem (2 of 2 found)")
    assert _rule(task, "cell") == ("probabilities", "one column per class")
    assert _rule(task, "classes") == ("cat, dog, elk", "3 classes")
    assert _rule(task, "group")[0] == "none"


@pytest.mark.parametrize("flips", [(), ("horizontal", "vertical")])
def test_flips_are_taken_as_given(tree, flips):
    assert _read(tree(), flips=list(flips)).flips == flips


def test_headers_with_blanks_and_a_byte_order_mark(tree):
    bom = "\ufeff".encode()
    root = tree(
        sample=bom + b"id , cat,dog ,elk\n900,0,0,1\n901,0,0,1\n",
        labels=bom + _labels().replace("id,label", " id, label ").encode(),
    )
    task = _read(root)
    assert task.id_column == "id"
    assert task.classes == ("cat", "dog", "elk")


def test_blanks_around_ids_and_labels_are_not_part_of_them(tree):
    root = tree(
        labels=make_csv(
            ["id", "label"], *[(f" {i} ", f" {a}") for i, a in zip(IDS, ANIMALS, strict=True)]
        )
    )
    task = _read(root)
    assert task.train_ids.tolist() == IDS
    assert task.labels.tolist() == [0, 1, 2] * 4


def test_ids_with_suffix_are_file_names(tree):
    ids = [f"{name}.jpg" for name in IDS]
    sample = make_csv(["image", "cat", "dog", "elk"], *[(f"{name}.jpg", 0, 0, 1) for name in TESTS])
    task = _read(tree(sample, _labels(ids=ids)))
    assert task.train_ids.tolist() == ids
    assert task.train_files.tolist() == IMAGES[:12]
    assert _rule(task, "test images")[1] == "id is the file name (2 of 2 found)"


def test_a_row_without_an_image_is_passed_over_by_name(tree):
    task = _read(tree(images=[name for name in IMAGES if "005" not in name]))
    assert "005" not in task.train_ids
    assert len(task.labels) == 11
    assert task.warnings == ("1 row(s) of train.csv have no image file and are skipped: 005.",)


def test_a_row_without_a_label_is_passed_over_by_name(tree):
    task = _read(tree(labels=_labels([*ANIMALS[:11], ""])))
    assert task.warnings == ("1 row(s) of train.csv have no label and are skipped: 011.",)
    assert task.train_ids.tolist() == IDS[:11]


def test_a_row_that_ends_before_its_label_has_none(tree):
    task = _read(tree(labels=_labels().removesuffix(",elk\n") + "\n"))
    assert task.warnings == ("1 row(s) of train.csv have no label and are skipped: 011.",)
    assert task.classes == ("cat", "dog", "elk")


def test_an_image_without_a_row_is_told(tree):
    task = _read(tree(images=[*IMAGES, "train/999.jpg", "train/998.jpg"]))
    assert task.warnings == ("2 image(s) in train/ have no row in train.csv and are not used.",)


def test_a_test_row_without_an_image_keeps_its_place(tree):
    task = _read(tree(images=[*IMAGES[:-2], "test/901.jpg"]))
    assert task.test_files.tolist() == ["", "test/901.jpg"]
    (warning,) = task.warnings
    assert "1 test row(s) have no image; predicting the class prior for them: 900." in warning


def test_too_many_rows_without_an_image(tree):
    ids = [f"{row:03d}" for row in range(42)]
    root = tree(
        labels=_labels(["cat", "dog"] * 21, ids=ids),
        images=[f"train/{name}.jpg" for name in ids[:31]] + IMAGES[12:],
    )
    with pytest.raises(DataError, match=r"11 of 42 row.* more than the limit of 10"):
        _read(root)


def test_many_rows_without_a_label_are_counted(tree):
    ids = [f"{row:03d}" for row in range(42)]
    images = [f"train/{name}.jpg" for name in ids] + IMAGES[12:]
    task = _read(tree(labels=_labels([""] * 30 + ANIMALS, ids=ids), images=images))
    assert task.train_ids.tolist() == ids[30:]
    (warning,) = task.warnings
    assert "30 of 42 row(s) of train.csv have no label in label and are skipped" in warning
    with pytest.raises(DataError, match=r"37 of 42 .* The other 5 are too few.*--target"):
        _read(tree(labels=_labels([""] * 37 + ANIMALS[:5], ids=ids), images=images))


def test_a_label_without_a_column(tree):
    with pytest.raises(DataError, match=r"label\(s\) 'yak' have no column in sample_submission"):
        _read(tree(labels=_labels([*ANIMALS[:11], "yak"])))


def test_one_class_is_nothing_to_learn(tree):
    with pytest.raises(DataError, match="at least two classes"):
        _read(tree(labels=_labels(["cat"] * 12)))


def test_groups_are_those_of_the_rows_that_are_kept(tree):
    rows = [(i, a, f"p{k // 2}") for k, (i, a) in enumerate(zip(IDS, ANIMALS, strict=True))]
    root = tree(
        labels=make_csv(["id", "label", "patient_id"], *rows),
        images=[name for name in IMAGES if "000" not in name],
    )
    task = _read(root)
    assert task.groups.tolist() == [f"p{k // 2}" for k in range(1, 12)]
    assert _rule(task, "group")[0] == "patient_id"
    assert _read(root, group="none").groups is None
    assert _rule(_read(root, group="none"), "group") == ("none", "given with --group none")


def test_groups_of_rows_to_predict_are_kept_and_told(tree):
    rows = [(i, a, f"p{k // 2}") for k, (i, a) in enumerate(zip(IDS, ANIMALS, strict=True))]
    root = tree(
        labels=make_csv(["id", "label", "patient_id"], *rows),
        **{"test.csv": make_csv(["id", "patient_id"], ["900", "p3"], ["901", "q1"])},
    )
    task = _read(root)
    assert task.groups_in_test == ("p3",)
    assert task.warnings == (
        "1 value(s) of patient_id are in both the training set and the test set (p3), so the "
        "test score may be better than the out-of-fold score.",
    )
    assert _read(root, group="none").groups_in_test == ()


def test_what_else_would_do_is_told_in_the_notes(tree):
    rows = [(i, a, IDS[-1 - k]) for k, (i, a) in enumerate(zip(IDS, ANIMALS, strict=True))]
    task = _read(tree(labels=make_csv(["id", "label", "twin"], *rows)))
    (note,) = task.warnings
    assert "(id, twin); id is used" in note
    assert "--id-column" in note
    assert _read(task.root, id_column="twin").warnings == ()


def test_nothing_of_a_task_can_be_changed(tree):
    task = _read(tree())
    with pytest.raises(ValueError, match="read-only"):
        task.labels[0] = 2
    assert task.labels.dtype == np.int64


def test_a_task_is_printed_in_a_line(tree):
    told = "12 training and 2 test rows"
    assert repr(_read(tree())) == (
        f"Task('animals', classes in probabilities cells, 3 outputs, log_loss, {told})"
    )
