import numpy as np
import pytest
from support.trees import make_csv, make_tree

from kaggle_prz.tasks.infer import tables
from kaggle_prz.tasks.infer.encode import spellings


@pytest.fixture
def classes(tmp_path):
    """Return the classes that are left of some, by their numbers of rows, and the sentences."""

    def run(counts, *shown, between=""):
        rows = [(f"t{number}", cell) for number, cell in enumerate(shown)]
        content = make_csv(["id", "label"], *rows)
        root = make_tree(tmp_path / "files", {"sample_submission.csv": content}, [])
        values = np.repeat(list(counts), list(counts.values()))
        read = spellings.joined(values, tables.find_sample(root)[0], "label", between)
        names, rows_ = np.unique(read.values, return_counts=True)
        return dict(zip(names.tolist(), rows_.tolist(), strict=True)), " ".join(read.notes)

    return run


def test_the_spelling_in_the_sample_is_the_class(classes):
    found, note = classes({"Cat": 9, "CAT": 2, "cat": 1, "dog": 9}, "cat")
    assert found == {"cat": 12, "dog": 9}
    assert "'Cat' (9) as 'cat' (1), 'CAT' (2) as 'cat' (1). If they are several, show each" in note


def test_a_far_more_frequent_spelling_is_the_class(classes):
    found, _ = classes({"red fox": 9, "Red Fox": 2, "red  fox": 1, "redfox": 1, "owl": 9}, "owl")
    assert found == {"red fox": 13, "owl": 9}


@pytest.mark.parametrize("shown", [("dog",), ("",), ("Cat", "cat"), ("Cat cat",)])
def test_spellings_that_are_as_frequent_stay_apart(classes, shown):
    found, note = classes({"Cat": 5, "cat": 6, "dog": 9}, *shown)
    assert found == {"Cat": 5, "cat": 6, "dog": 9}
    both = "cat" in shown or "Cat cat" in shown
    assert ("'cat' (6) and 'Cat' (5)" in note or "'Cat' (5) and 'cat' (6)" in note) != both


def test_other_classes_have_the_case_of_the_shown_one(classes):
    counts = {"Cat": 5, "cat": 6, "Dog": 5, "dog": 4, "DOG": 4}
    assert classes(counts, "cat")[0] == {"cat": 11, "dog": 13}
    assert classes(counts, "Cat")[0] == {"Cat": 11, "Dog": 13}


def test_letters_and_numbers_stay_apart(classes):
    counts = {"a": 9, "A": 1, "1 0": 5, "10": 1}
    assert classes(counts, "a") == (counts, "")


def test_two_classes_have_one_spelling_beside_probabilities(classes):
    assert classes({"Cat": 5, "cat": 6, "dog": 9}, "0.5")[0] == {"cat": 11, "dog": 9}


def test_classes_of_lists(classes):
    found, _ = classes({"Cat dog": 1, "cat": 6, "cat dog Cat": 1, "dog": 5}, "dog", between=" ")
    assert found == {"cat dog": 2, "cat": 6, "dog": 5}
