import numpy as np
import pytest
from support.trees import make_csv, make_tree

from kaggle_prz.core.errors import DataError, UsageError
from kaggle_prz.tasks.infer import tables
from kaggle_prz.tasks.infer.encode import cells


@pytest.fixture
def encode(tmp_path):
    """Encode labels beside the cells of a sample submission."""

    def run(labels, *shown, **more):
        rows = [(f"t{number}", f'"{cell}"') for number, cell in enumerate(shown)]
        content = make_csv(["id", "label"], *rows)
        root = make_tree(tmp_path / "files", {"sample_submission.csv": content}, [])
        return cells.encode(tables.find_sample(root)[0], np.array(labels, dtype=str), **more)

    return run


def test_no_separator_makes_classes_of_cells(encode):
    labels = ["a b", "b", "a", "b a"]
    assert encode(labels, "a").kind == "tags"
    read = encode(labels, "a", separator="none")
    assert (read.kind, read.cell, read.classes) == ("classes", "label", ("a", "a b", "b", "b a"))


@pytest.mark.parametrize(("said", "sign"), [("comma", ","), ("bar", "|"), ("semicolon", ";")])
def test_a_separator_makes_lists_of_cells(encode, said, sign):
    labels = [f"red fox{sign}owl", f"emu{sign}elk"]
    assert encode(labels, labels[0]).kind == "classes"
    read = encode(labels, labels[0], separator=said)
    assert (read.kind, read.classes, read.between) == (
        "tags", ("elk", "emu", "owl", "red fox"), sign,
    )  # fmt: skip


def test_a_separator_that_no_cell_has_is_refused(encode):
    with pytest.raises(UsageError, match=r"--separator comma: no label has commas; .* 'a b', 'c'"):
        encode(["a b", "c"], "c", separator="comma")


def test_a_separator_of_the_sample_alone(encode):
    read = encode(["a", "b", "c"], "a b", separator="space")
    assert (read.cell, read.most_ranked) == ("ranked", 2)


def test_names_that_may_be_lists_are_told(encode):
    labels = ["a b", "b c", "a c", "c a"]
    assert "--separator none" in "".join(encode(labels, "").warnings)
    assert encode(labels, "a b c").warnings == ()
    assert encode(labels, "", separator="space").warnings == ()


def test_a_class_and_its_confidence(encode):
    read = encode(["8815", "17", "8815"], "8815 0.02", "")
    assert (read.cell, read.confident, read.classes) == ("label", True, ("17", "8815"))
    read = encode(["cat", "dog"], "cat 0.5", "dog 1")
    assert (read.cell, read.confident, read.classes) == ("label", True, ("cat", "dog"))


def test_a_confidence_of_1_is_no_class(encode):
    assert encode(["8815", "17"], "8815 1").confident
    assert encode(["8815", "17", "1"], "8815 1").cell == "ranked"


def test_a_class_beside_anything_else_is_refused(encode):
    with pytest.raises(DataError, match="received 'cat 3', which holds one and more"):
        encode(["cat", "dog"], "cat 3")


def test_lists_that_the_sample_makes_names_are_told(encode):
    labels = ["mild acne", "mild pox", "acne bad", "pox bad", "mild rash", "rash bad"]
    read = encode(labels, "pox bad")
    assert (read.kind, len(read.classes)) == ("classes", 6)
    assert "use --separator space" in "".join(read.warnings)
    assert encode(labels, "pox bad", separator="none").warnings == ()


def test_names_of_which_some_stand_alone_are_told(encode):
    labels = ["fig", "plum", "kiwi", "lime", "ripe fig", "ripe plum", "ripe kiwi", "ripe lime"]
    assert "'ripe fig' are read as lists" in "".join(encode(labels, "").warnings)
    assert encode(["a", "b", "a b", "b a"], "").warnings == ()


def test_several_classes_with_confidences_are_refused(encode):
    with pytest.raises(DataError, match=r"one class and its confidence .* 'cat 0\.5 dog 0\.5'"):
        encode(["cat", "dog"], "cat 0.5 dog 0.5")


def test_a_class_beside_a_fraction_is_no_ranking(encode):
    assert encode(["1", "0"], "1 0").cell == "ranked"
    assert encode(["1", "0"], "1 0.5").confident


@pytest.mark.parametrize(
    ("shown", "told"),
    [
        ("0.9 10 20 30 40", "object detection.*boxes, such as '0.9 10 20 30 40'.*--separator"),
        ("1 3 10 5", "segmentation.*runs of pixels"),
        ("12.5 30.1", "keypoint detection"),
        ("a man is on a horse", "captioning"),
    ],
)
def test_other_tasks_are_called_by_their_name(encode, shown, told):
    with pytest.raises(DataError, match=told):
        encode(["cat", "dog"], shown)


@pytest.mark.parametrize("sign", ["+", "/", " & ", "#"])
def test_lists_between_other_signs_are_told(encode, sign):
    labels = [f"cat{sign}dog", f"dog{sign}cat", "cat", "dog", "owl", f"owl{sign}cat"]
    read = encode(labels, labels[0])
    assert read.kind == "classes"
    way = "use --separator space" if sign == " & " else f"write | in place of {sign} in both tables"
    assert f"If they are lists, {way}." in " ".join(read.warnings)


@pytest.mark.parametrize("labels", [["n-01", "n-02", "n-03"], ["sit/stand", "run", "walk"]])
def test_signs_within_names_are_no_lists(encode, labels):
    assert "write |" not in " ".join(encode(labels, labels[0]).warnings)


@pytest.mark.parametrize("said", ["comma", "space", None])
def test_lists_in_brackets_are_refused(encode, said):
    with pytest.raises(DataError, match="lists in brackets"):
        encode(["cat dog", "dog", "cat"], "['cat', 'dog']", separator=said)


@pytest.mark.parametrize(
    ("labels", "shown", "between"),
    [
        (["cat & dog", "dog", "cat", "owl & cat"], "cat & dog", " & "),
        (["cat & dog", "dog", "cat", "owl & cat"], "cat", " & "),
        (["cat and dog", "dog", "cat", "owl + cat"], "cat dog", " "),
        (["cat / dog", "dog", "cat", "owl cat"], "", " "),
        (["cat dog", "dog", "cat", "owl cat"], "cat and dog", " and "),
    ],
)
def test_signs_between_classes_are_none(encode, labels, shown, between):
    read = encode(labels, shown, separator="space")
    assert (read.classes, read.between) == (("cat", "dog", "owl"), between)
    assert read.labels.sum(axis=1).tolist() == [2, 1, 1, 2]


def test_a_sign_that_comes_alone_is_a_class(encode):
    assert encode(["a + b", "+", "a"], "a", separator="space").classes == ("+", "a", "b")
