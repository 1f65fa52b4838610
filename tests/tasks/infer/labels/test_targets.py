import pandas as pd
import pytest
from support.trees import make_csv, make_tree

from kaggle_prz.core.errors import DataError, UsageError
from kaggle_prz.tasks.infer import tables
from kaggle_prz.tasks.infer.labels import targets


def _sample(tmp_path, columns, *cells):
    content = make_csv(["id", *columns], *([k, *row] for k, row in enumerate(cells)))
    return tables.find_sample(make_tree(tmp_path, {"sample_submission.csv": content}, []))[0]


def _labels(tmp_path, **columns):
    frame = pd.DataFrame({"id": [str(k) for k in range(len(next(iter(columns.values()))))]})
    for name, values in columns.items():
        frame[name] = [str(value) for value in values]
    return tables.LabelTable(tmp_path / "train.csv", "id", frame["id"].to_numpy(str), frame, "")


@pytest.mark.parametrize(
    ("asked", "columns", "chosen", "rule"),
    [
        (
            (["a", "b"], "01"),
            {"kind": "aab", "more": "xyz"},
            "kind",
            "values are names of the sample",
        ),
        ((["species"], ["a"]), {"label": "xyz", "species": "aab"}, "species", "same name"),
        ((["Species"], ["a"]), {"label": "xyz", "species": "aab"}, "species", "ignoring case"),
        ((["Predicted"], ["a"]), {"label": "xyz", "kind": "aab"}, "kind", "the sample's cells"),
        ((["Predicted"], ["0.5"]), {"kind": "xyz", "label": "aab"}, "label", "name is that of a l"),
        ((["Predicted"], ["0.5"]), {"kind": "aab"}, "kind", "the only column left"),
        ((["Predicted age"], "0"), {"male": "010", "age": "345"}, "age", "is part of that in"),
        ((["Predicted"], "1"), {"genus": "112", "category_id": "112"}, "category_id", "COCO"),
        ((["Predicted"], "1"), {"view": "101", "label": "345"}, "label", "name is that of a l"),
        ((["Predicted"], "1"), {"view": "101", "what": "345"}, "view", "the sample's cells"),
        ((["Predicted"], "1"), {"class": "aab", "class_id": "001"}, "class_id", "name is that"),
        ((["Predicted"], "x"), {"class_id": "001", "class": "aab"}, "class", "name is that"),
        ((["Predicted"], ["a b c"]), {"view": "xyz", "who": "abc"}, "who", "the sample's cells"),
        (
            (["C_1", "C_2"], "01"),
            {"what": "121", "view": "xyz"},
            "what",
            "resemble names of the sample's col",
        ),
        (
            (["a", "b"], "01"),
            {"view": "xyz", "tags": ["a|b", "b|a", "a"]},
            "tags",
            "lists have names of",
        ),
    ],
)
def test_rules_in_their_order(tmp_path, asked, columns, chosen, rule):
    sample = _sample(tmp_path, *asked)
    target = targets.choose(sample, _labels(tmp_path, **columns), None)
    assert target.column == chosen
    assert rule in target.rule
    assert target.values.tolist() == list(columns[chosen])


def test_a_target_that_is_given_overrules_the_rules(tmp_path):
    sample, labels = _sample(tmp_path, ["a", "b"], "01"), _labels(tmp_path, kind="aab", more="xyx")
    target = targets.choose(sample, labels, "more")
    assert (target.column, target.rule) == ("more", "given with --target")


def test_a_target_that_is_no_column_lists_the_columns(tmp_path):
    labels = _labels(tmp_path, kind="aab", more="xyx")
    with pytest.raises(UsageError, match=r"--target 'knd' .* columns are kind, more"):
        targets.choose(_sample(tmp_path, ["a", "b"], "01"), labels, "knd")


def test_the_column_of_ids_is_no_target(tmp_path):
    table = _labels(tmp_path, label="aab")
    with pytest.raises(UsageError, match="--target 'id' names the images"):
        targets.choose(_sample(tmp_path, ["label"], ["a"]), table, "id")


def test_where_no_rule_fits_the_option_is_named(tmp_path):
    labels = _labels(tmp_path, height="123", width="456")
    with pytest.raises(DataError, match=r"\(height, width\) fits.*a, b\. Choose .* --target"):
        targets.choose(_sample(tmp_path, ["a", "b"], "01"), labels, None)


def test_columns_of_the_sample_in_the_table(tmp_path):
    labels = _labels(tmp_path, B="01x", view="xyz", a=["1", "", "0"])
    target = targets.choose(_sample(tmp_path, ["a", "b"], "01"), labels, None)
    assert target.columns == {"a", "B"}
    assert target.matrix["a"].tolist() == ["1", "", "0"]
    assert target.unlabelled().tolist() == [False, True, False]


def test_a_column_that_the_table_lacks_is_told(tmp_path):
    labels = _labels(tmp_path, a="010", b="011")
    with pytest.raises(DataError, match=r"no column for 'c' of sample_submission\.csv"):
        targets.choose(_sample(tmp_path, ["a", "b", "c"], "010"), labels, None)


def test_columns_of_test_say_no_labels_unless_they_are_called_so(tmp_path):
    sample = _sample(tmp_path, ["what"], ["0.5"])
    labels = _labels(tmp_path, width="123", kind="aab")
    assert targets.choose(sample, labels, None, frozenset(["width"])).column == "kind"
    labels = _labels(tmp_path, what="123", kind="aab")
    assert targets.choose(sample, labels, None, frozenset(["what"])).column == "what"


def test_another_column_that_would_do_is_told(tmp_path):
    sample, labels = _sample(tmp_path, ["p"], ["x"]), _labels(tmp_path, breed="aab", species="aab")
    target = targets.choose(sample, labels, None)
    assert target.column == "breed"
    assert "(breed, species); breed is used" in target.doubt


def test_an_empty_list_is_a_label(tmp_path):
    labels = _labels(tmp_path, labels=["a b", "", "a", "b"])
    target = targets.choose(_sample(tmp_path, ["labels"], "a"), labels, None)
    assert not target.unlabelled().any()


@pytest.mark.parametrize(
    ("shown", "chosen"), [("0.5", "adopted"), ("0", "species"), ("55.5", "species")]
)
def test_probabilities_are_of_two_values(tmp_path, shown, chosen):
    sample = _sample(tmp_path, ["p"], [shown])
    labels = _labels(tmp_path, species=["cat", "dog", "elk"], adopted="101", height="346")
    target = targets.choose(sample, labels, None)
    assert target.column == chosen
    assert ("(adopted, species); adopted is used" in target.doubt) == (chosen == "adopted")


def test_no_probability_is_of_a_split(tmp_path):
    labels = _labels(tmp_path, species=["cat", "dog", "elk"], data_split=["a", "b", "a"])
    assert targets.choose(_sample(tmp_path, ["p"], ["0.5"]), labels, None).column == "species"


def test_a_telling_name_of_two_values_is_kept(tmp_path):
    labels = _labels(tmp_path, species=["cat", "dog", "cat"], adopted="101")
    assert targets.choose(_sample(tmp_path, ["p"], ["0.5"]), labels, None).column == "species"


def test_words_of_truth_become_numbers_in_several_columns(tmp_path):
    labels = _labels(tmp_path, a=["True", "False", "True"], b=["no", "no", "No"], c="011")
    matrix = targets.choose(_sample(tmp_path, ["a", "b", "c"], ["0.5"] * 3), labels, None).matrix
    assert matrix.to_numpy().tolist() == [["1", "0", "0"], ["0", "0", "1"], ["1", "0", "1"]]


def test_words_of_truth_that_the_sample_shows_stay(tmp_path):
    labels = _labels(tmp_path, a=["yes", "no"], b=["x", "y"])
    matrix = targets.choose(_sample(tmp_path, ["a", "b"], ["yes", "x"]), labels, None).matrix
    assert matrix["a"].tolist() == ["yes", "no"]


def test_rows_whose_tags_are_all_unknown_have_no_label(tmp_path):
    labels = _labels(tmp_path, a=["1", "", "0"], b=["", "", "1"])
    target = targets.choose(_sample(tmp_path, ["a", "b"], ["0.5", "0.5"]), labels, None)
    assert target.unlabelled().tolist() == [False, True, False]
    assert "3 blank cells" in target.doubt


def test_a_separator_that_a_person_says(tmp_path):
    labels = _labels(tmp_path, labels=["a b", "", "a", "b"])
    target = targets.choose(_sample(tmp_path, ["labels"], "a"), labels, None, separator="none")
    assert target.unlabelled().tolist() == [False, True, False, False]
