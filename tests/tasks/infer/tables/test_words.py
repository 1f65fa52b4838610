import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaggle_prz.tasks.infer.tables import words


@pytest.mark.parametrize(
    ("cells", "between"),
    [
        (["scab", "rust", "scab rust"], " "),
        (["Black rot", "Healthy", "Leaf blight"], None),
        (["a|b", "b|c", "a|c", "c|a"], "|"),
        (["a;b", "a", "b"], ";"),
        (["a", "b"], None),
        (["", ""], None),
        (["corn, healthy", "apple, rotten"], None),
        (["ant, bee", "ant", "bee, cat", "cat"], ","),
        (["No Finding", "Mass|No Finding", "Mass", "Fatty Liver|Mass"], "|"),
        (["red fox", "cat", "dog", "owl"], None),
        (["melanoma, nos", "naevus", "a", "b"], None),
    ],
)
def test_what_stands_between_classes(cells, between):
    assert words.separator(np.array(cells)) == between


FRUIT = [f"{state} {name}" for state in ("fresh", "rotten") for name in ("apple", "banana", "fig")]
MILD = ["mild acne", "mild pox", "acne bad", "pox bad", "mild rash", "rash bad"]
SKIES = [
    "haze primary", "clear primary", "clear water", "haze water road", "road", "haze primary road",
    "clear primary water",
]  # fmt: skip
LONG = [f"{name} leaf {spot}" for name in ("apple", "pear", "plum") for spot in ("rust", "scab")]


@pytest.mark.parametrize(
    ("cells", "shown", "between"),
    [
        (FRUIT, [], None),
        (FRUIT, ["fresh fig"], None),
        (FRUIT[1:], FRUIT[:1], None),
        ([name.replace(" ", ", ") for name in FRUIT], [], None),
        ([*LONG, "apple leaf", "pear leaf", "plum leaf"], [], None),
        (["very fresh fig", "fresh fig", "very fresh plum", "fresh plum", "ripe plum"], [], None),
        (["cat and dog", "cat", "dog", "cat and owl", "owl"], [], None),
        (["a b", "b c", "a c", "c", "c a b"], [], " "),
        (SKIES, [], " "),
        (["a b", "c d", "e"], ["a c"], " "),
        (["a b", "c d", "a"], ["b a"], " "),
        (MILD, ["pox bad"], None),
        (MILD, ["pox"], " "),
    ],
)
def test_words_of_a_name_have_their_places(cells, shown, between):
    assert words.separator(np.array(cells), None, shown) == between


@pytest.mark.parametrize(("said", "sign"), [("none", None), ("comma", ","), ("space", " ")])
def test_a_person_says_what_stands_between(said, sign):
    assert words.separator(np.array(["a|b", "b|c", "a|c", "c|a"]), said) == sign


def test_words_of_truth():
    def read(*cells, both=True):
        return words.truth_as_numbers(np.array(cells), both=both).tolist()

    assert read("Yes", "no", "") == ["1", "0", ""]
    assert read("T", "f") == ["1", "0"]
    assert read("True", "True") == ["True", "True"]
    assert read("True", "True", both=False) == ["1", "1"]
    for others in (["yes", "maybe"], ["y", "no"], ["0", "1"], [""]):
        assert read(*others, both=False) == others


def test_whole_numbers_lose_their_point():
    assert words.whole(np.array(["1.0", "2.", "-3"])).tolist() == ["1", "2", "-3"]
    assert words.whole(np.array(["1.0", "2.5"])).tolist() == ["1.0", "2.5"]
    assert words.whole(np.array(["1.0", "a"])).tolist() == ["1.0", "a"]
    assert words.whole(np.array(["007", "7"])).tolist() == ["007", "7"]


def test_lists_as_they_are_printed():
    def bare(*cells):
        return words.without_brackets(np.array(cells)).tolist()

    assert bare("['b', 'a']", "", "[]") == ["b a", "", ""]
    assert bare("[3, 1]", "[3]") == ["3 1", "3"]
    assert bare("['No Finding']", "['Mass', 'No Finding']") == ["No Finding", "Mass|No Finding"]
    for no_lists in (["[a]", "[b]"], ["[x", "y]"], ["['a']", "b"], ["[[1]]"], ["['a|b']"], [""]):
        assert bare(*no_lists) == no_lists


@given(st.sets(st.text("ab_1 ", min_size=1, max_size=4)))
def test_a_column_stands_for_itself_and_for_no_other(names):
    columns = sorted(names)
    assert words.onto(columns, columns) == {name: name for name in columns}


def test_columns_that_are_alike_stand_for_themselves_only():
    assert words.onto(["ab"], ["a b", "a_b"]) is None


def test_cells_that_say_nothing():
    assert words.missing(np.array(["1", "", "NaN", "2.5", "NA"])).tolist() == [0, 1, 1, 0, 1]
    assert words.missing(np.array(["a", "", "NA", "none"])).tolist() == [0, 1, 0, 0]
    assert words.missing(np.array(["1", "inf", "-Infinity", "?", "2"])).tolist() == [0, 1, 1, 0, 0]
    assert words.missing(np.array(["a", "inf"])).tolist() == [0, 0]
    assert words.missing(np.array(["NA", "NA"])).tolist() == [0, 0]
