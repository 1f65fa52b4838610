import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.trees import make_csv, make_tree

from kaggle_prz import metrics
from kaggle_prz.core.errors import DataError, UsageError
from kaggle_prz.tasks.infer import tables
from kaggle_prz.tasks.infer.encode import cells


def _sample(folder, *shown, column="label"):
    rows = [(f"t{number}", cell) for number, cell in enumerate(shown)]
    content = make_csv(["id", column], *rows)
    return tables.find_sample(make_tree(folder, {"sample_submission.csv": content}, []))[0]


@pytest.fixture
def encode(tmp_path):
    """Encode labels beside the cells of a sample submission."""

    def run(labels, *shown, metric=None, column="label", **more):
        sample = _sample(tmp_path / "files", *shown, column=column)
        known = None if metric is None else metrics.get(metric)
        return cells.encode(sample, np.array(labels, dtype=str), known, column=column, **more)

    return run


@pytest.mark.parametrize(
    ("labels", "shown", "metric", "told"),
    [
        ("0110", "0.5", None, ("probability", "01")),
        ("0110", "0", None, ("probability", "01")),
        ("0110", "0", "roc_auc", ("probability", "01")),
        ("0110", "0", "macro_f1", ("label", "01")),
        ("0110", "0.5", "macro_f1", ("probability", "01")),
        ("0110", "0.5", "rmse", ("probability", "01")),
        ("0110", "", None, ("probability", "01")),
        ("1221", "1", None, ("label", "12")),
        ("1221", "0.5", None, ("probability", "12")),
        ("1221", "0", "log_loss", ("probability", "12")),
        ("abba", "a", None, ("label", "ab")),
        ("abba", "", None, ("label", "ab")),
        ("abba", "", "log_loss", ("probability", "ab")),
        ("abba", "0", None, ("probability", "ab")),
        ("abca", "a", None, ("label", "abc")),
        ("3100", "0", None, ("label", "013")),
        ("3100", "0", "quadratic_kappa", ("label", "0123")),
        ("3100", "0.5", "quadratic_kappa", ("label", "0123")),
        ("3100", "0.5", "accuracy", ("label", "013")),
        ("4511", "1", "quadratic_kappa", ("label", "12345")),
        ("abca", "a b", None, ("ranked", "abc")),
        ("abca", "a", "MAP@3", ("ranked", "abc")),
    ],
)
def test_what_cells_hold(encode, labels, shown, metric, told):
    read = encode(list(labels), shown, metric=metric)
    assert (read.kind, (read.cell, "".join(read.classes))) == ("classes", told)
    assert [read.classes[code] for code in read.labels] == list(labels)


@pytest.mark.parametrize(
    ("labels", "shown", "metric"),
    [
        (["1", "50", "3"], "40.5", None),
        (["1", "50", "3"], "40.5", "rmse"),
        (["0.5", "1.25"], "0", None),
        (["0.5", "1.25"], "", None),
        (["3", "1", "7"], "0", "mae"),
        (["-3", "1", "7"], "0.5", "rmse"),
    ],
)
def test_numbers(encode, labels, shown, metric):
    read = encode(labels, shown, metric=metric, column="weight")
    assert (read.kind, read.cell, read.classes) == ("numbers", "number", ("weight",))
    assert read.labels.dtype == np.float32
    assert read.labels[:, 0].tolist() == [float(label) for label in labels]


def test_shares_of_one_class_for_a_metric_of_probabilities(encode):
    read = encode(["0.5", "0.25"], "0.1", metric="roc_auc")
    assert (read.kind, read.cell, read.soft) == ("tags", "independent", True)
    assert read.labels.tolist() == [[0.5], [0.25]]


def test_whole_numbers_are_written_without_a_point(encode):
    read = encode(["1.0", "2.0", "0.0"], "0")
    assert read.classes == ("0", "1", "2")


def test_leading_zeros_are_part_of_a_class(encode):
    assert encode(["01", "1", "001"], "01").classes == ("001", "01", "1")


def test_true_and_false_beside_numbers(encode):
    read = encode(["True", "FALSE", "True"], "0.5")
    assert (read.classes, read.labels.tolist()) == (("0", "1"), [1, 0, 1])


@pytest.mark.parametrize("pair", ["yes no", "Y N", "Positive Negative", "t f", "True FALSE"])
def test_words_of_truth_beside_numbers(encode, pair):
    true, false = pair.split()
    read = encode([false, true, true], "0.5")
    assert (read.cell, read.classes, read.labels.tolist()) == ("probability", ("0", "1"), [0, 1, 1])
    assert f"{true} is read as 1" in read.rule
    assert read.warnings == ()
    assert encode([false, true], "0.5", positive=false).classes == ("1", "0")
    assert encode([false, true], true).classes == tuple(sorted(pair.split()))


@pytest.mark.parametrize(
    ("column", "count", "kind"),
    [
        ("age", 40, "numbers"),
        ("PatientAge", 40, "numbers"),
        ("leaf_count", 40, "numbers"),
        ("age", 5, "classes"),
        ("age_group", 40, "classes"),
        ("image_id", 40, "classes"),
    ],
)
def test_many_integers_of_a_quantity_are_numbers(encode, column, count, kind):
    labels = [str(n % count + 1) for n in range(80)]
    read = encode(labels, "0", column=column)
    assert read.kind == kind
    assert ("--metric accuracy" in "".join(read.warnings)) == (kind == "numbers")
    assert encode(labels, "0", column=column, metric="accuracy").kind == "classes"


def test_lists_between_blanks(encode):
    read = encode(["a b", "b", "", "c", "a"], "a", metric="micro_f1")
    assert (read.kind, read.cell, read.classes) == ("tags", "labels", ("a", "b", "c"))
    assert read.labels.tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 0], [0, 0, 1], [1, 0, 0]]


def test_names_with_blanks_are_no_lists(encode):
    read = encode(["Sugar beet", "Fat Hen", "Maize"], "Maize")
    assert (read.cell, read.classes) == ("label", ("Fat Hen", "Maize", "Sugar beet"))


@pytest.mark.parametrize(
    ("labels", "shown", "between"),
    [
        (["a|b", "a", "b"], ["a|b"], "|"),
        (["a|b", "a", "b"], ["a b"], " "),
        (["a|b", "a", "b"], ["a"], "|"),
        (["a|b", "a", "b"], [""], "|"),
        (["a b", "a", "b"], ["b;a"], ";"),
        (["a, b", "a", "b"], ['"a, b"'], ", "),
        (["a, b", "a", "b"], ['"a,b"'], ","),
        (["a, b", "a", "b"], ["b"], ", "),
        (["red fox|owl", "owl", "red fox"], ["owl"], "|"),
    ],
)
def test_lists_are_written_as_the_sample_has_them_else_as_the_labels(
    encode, labels, shown, between
):
    read = encode(labels, *shown)
    assert (read.cell, read.between, len(read.classes)) == ("labels", between, 2)
    assert read.labels.sum(axis=1).tolist() == [2, 1, 1]


@pytest.mark.parametrize(
    ("labels", "shown", "told"),
    [
        (["red fox|owl", "owl", "red fox", "emu"], "owl emu", "separated by blanks, so no class"),
        (["a b", "a", "b"], "['a']", r"lists in brackets \(\['a'\]\)"),
    ],
)
def test_lists_that_cannot_be_written(encode, labels, shown, told):
    with pytest.raises(DataError, match=told):
        encode(labels, shown)


def test_five_ranks_of_five_classes(encode):
    read = encode(list("abcdef"), "a b c d e", "f a b c d")
    assert (read.cell, read.most_ranked) == ("ranked", 5)


def test_ranks_of_unknown_names_are_none(encode):
    with pytest.raises(DataError, match="Choose the column with such labels with --target"):
        encode(list("abc"), "x y", "y z")


@pytest.mark.parametrize("column", ["diagnosis", "isup_grade", "DR level"])
def test_grades_are_ordinal_by_the_name_of_their_column(encode, column):
    assert encode(list("0124"), "0", column=column).classes == tuple("01234")
    assert encode(list("0124"), "0", column=column).ordinal
    assert not encode(list("0124"), "0", column=column, metric="accuracy").ordinal


def test_ids_of_classes_have_no_order(encode):
    assert not encode(list("0124"), "0", column="label").ordinal


@pytest.mark.parametrize(
    ("column", "given", "positive"),
    [("label", None, "dog"), ("is_cat", None, "cat"), ("label", "cat", "cat")],
)
def test_the_positive_class_is_the_second(encode, column, given, positive):
    read = encode(["cat", "dog", "dog"], "0.5", column=column, positive=given)
    assert read.classes[1] == positive
    assert read.labels.tolist() == ([1, 0, 0] if positive == "cat" else [0, 1, 1])
    assert read.rule.endswith(f"probability of {positive}")
    assert bool(read.warnings) == (column == "label" and given is None)


def test_case_does_not_change_the_positive_class(encode):
    for labels in (["benign", "Malignant"], ["Benign", "malignant"], ["BENIGN", "malignant"]):
        assert encode(labels, "0.5").classes[1].lower() == "malignant"


def test_the_positive_class_may_be_0(encode):
    read = encode(list("0110"), "0.5", positive="0")
    assert (read.classes, read.labels.tolist()) == (("1", "0"), [1, 0, 0, 1])


@pytest.mark.parametrize(
    ("labels", "shown", "positive", "told"),
    [
        ("0110", "0.5", "2", "must be one of the classes 0, 1; received '2'"),
        ("abca", "a", "a", "only to a task with two classes and one column of probabilities"),
    ],
)
def test_a_positive_class_that_cannot_be_meant(encode, labels, shown, positive, told):
    with pytest.raises(UsageError, match=told):
        encode(list(labels), shown, positive=positive)


@pytest.mark.parametrize("filling", ["unknown", "-1", "?", "Label"])
def test_cells_that_fill_a_column_are_told(encode, filling):
    assert "not among the labels" in encode(list("abc"), filling).warnings[0]
    assert "not among the labels" in encode(list("123"), "unknown").warnings[0]


@pytest.mark.parametrize(
    ("labels", "shown", "told"),
    [
        (
            "abc",
            ["0"],
            r"has numbers in its cells \(0\).* 'label' are names \(a, b, c\)\. To submit n",
        ),
        ("abc", ["0", "2"], r"\(0, 2\), but the labels .* To submit names, add --target 'label'\."),
        ("abc", ["0.0", "2.0"], "has numbers"),
        ("123", ["cat"], r"has names in its cells \(cat\), but .* are numbers \(1, 2, 3\)"),
        ("abc", ["x", "y"], r"\(x, y …\) are not among the labels \(a, b, c …\)"),
    ],
)
def test_cells_of_other_classes_are_refused(encode, labels, shown, told):
    with pytest.raises(DataError, match=told):
        encode(list(labels), *shown)
    assert "not among" in encode(list(labels), *shown, sure=True).warnings[0]


def test_many_integers_may_be_quantities(encode):
    (warning,) = encode([str(n) for n in range(60)], "3").warnings
    assert "60 different integers" in warning
    assert "--metric" in warning


def test_one_label_is_nothing_to_learn(encode):
    for labels in (["a", "a"], ["0", "0"], ["3", "3"]):
        with pytest.raises(DataError, match="at least two classes"):
            encode(labels, "0")


@given(st.lists(st.text("01²٣ab", min_size=1, max_size=3), min_size=2, unique=True))
@settings(max_examples=50)
def test_codes_point_at_the_labels_they_stand_for(tmp_path_factory, values):
    sample = _sample(tmp_path_factory.mktemp("s"), values[0])
    read = cells.encode(sample, np.array(values * 2))
    assert [read.classes[code] for code in read.labels] == values * 2
    assert len(set(read.classes)) == len(read.classes)
