import numpy as np
import pytest
from support.trees import make_csv, make_tree

from kaggle_prz.tasks.infer import tables
from kaggle_prz.tasks.infer.encode import marks


def _labels(**counts):
    names = {"NA": "NA", "q": "?", "minus": "-", "plus": "+", "two": "--"}
    return np.repeat([names.get(name, name) for name in counts], list(counts.values()))


@pytest.fixture
def read(tmp_path):
    """Return the marks that stand for no class, and the sentences on them."""

    def run(values, *shown, columns=("label",), name="label", between=None):
        rows = [(f"t{number}", *cell.split("/")) for number, cell in enumerate(shown)]
        content = make_csv(["id", *columns], *rows)
        root = make_tree(tmp_path / "files", {"sample_submission.csv": content}, [])
        sample = tables.find_sample(root)[0]
        found = marks.rows({name: values}, sample, values != "", between)
        return set(values[found.rows].tolist()), " ".join(found.notes)

    return run


@pytest.mark.parametrize("mark", ["nan", "NaN", "N/A", "null", "?", "-", "--", "NA"])
def test_a_rare_mark_is_no_class(read, mark):
    values = np.array(["cat"] * 9 + ["dog"] * 8 + ["owl"] * 2 + [mark] * 4)
    found, note = read(values, "cat")
    assert found == {mark}
    assert f"{mark!r} in 4 row(s) is read as no label. If it is a class" in note


@pytest.mark.parametrize("name", ["None", "none", "unknown", "other", "nano"])
def test_names_of_classes_are_no_marks(read, name):
    assert read(np.array(["cat"] * 9 + ["dog"] * 9 + [name]), "cat") == (set(), "")


@pytest.mark.parametrize(
    ("values", "shown", "note"),
    [
        (_labels(cat=9, dog=9, NA=9), ["cat"], "'NA' in 9 row(s) is read as a class"),
        (_labels(cat=9, dog=9, NA=1), ["cat", "NA"], ""),
        (_labels(cat=9, dog=9, NA=1), ["NA"], "'NA' in 1 row(s) is read as a class"),
        (_labels(EU=9, AS=9, AF=9, NA=1), ["EU"], "is read as a class"),
        (_labels(**dict.fromkeys("abcdefghij", 5), q=1), ["a"], "'?' in 1 row(s) is read as a cl"),
        (_labels(plus=9, minus=2), ["+"], ""),
        (_labels(tumor=9, minus=2), ["tumor"], "'-' in 2 row(s) is read as a class"),
        (_labels(tumor=9, nan=2), ["tumor"], "'nan' in 2 row(s) is read as a class"),
    ],
)
def test_a_mark_that_may_be_a_class_stays_one(read, values, shown, note):
    found, notes = read(values, *shown)
    assert found == set()
    assert note in notes
    assert bool(note) == bool(notes)


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        (_labels(cat=9, dog=9, nan=9), ["0.5"]),
        (_labels(yes=9, no=9, nan=20), ["0"]),
        (np.array(["1.5", "2.25", "8.1", "nan", "nan", "nan"]), ["0"]),
    ],
)
def test_a_mark_that_can_be_no_class_is_unknown(read, values, shown):
    found, note = read(values, *shown)
    assert found == {"nan"}
    assert note.endswith("is read as no label.")


def test_others_are_judged_beside_a_mark_that_is_a_class(read):
    assert read(_labels(plus=9, minus=9, q=2), "+")[0] == {"?"}
    assert read(_labels(tumor=9, minus=9, nan=2), "tumor")[0] == {"nan"}


def test_classes_that_are_columns_are_never_marks(read):
    columns = ("cat", "dog", "n_a")
    assert read(_labels(cat=3, dog=3, NA=9), "1/0/0", columns=columns, name="pet") == (set(), "")
    found, _ = read(_labels(cat=3, dog=3, null=9), "1/0/0", columns=columns, name="pet")
    assert found == {"null"}


def test_marks_among_lists(read):
    values = np.array(["a b", "b", "a", "b c", "c"] * 3 + ["nan"])
    assert read(values, "a b", between=" ")[0] == {"nan"}
    assert read(np.append(values, "a nan"), "a b", between=" ")[0] == set()


def test_endless_labels_are_counted():
    values = np.array(["1", "inf", "-Inf", "inf"])
    (note,) = marks.endless(values, np.array([False, True, True, True]))
    assert note.startswith("'-Inf' or 'inf' in 3 row(s)")
    assert marks.endless(values, np.zeros(4, bool)) == []
