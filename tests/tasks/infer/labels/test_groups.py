import numpy as np
import pandas as pd
import pytest

from kaggle_prz.core.errors import UsageError
from kaggle_prz.tasks.infer import tables
from kaggle_prz.tasks.infer.labels import groups

ROWS = 24
CODES = np.arange(ROWS) % 2


@pytest.fixture
def choose(tmp_path):
    """Choose a group among columns, beside `id` and `label`."""

    def run(given=None, kept=None, in_test=None, **columns):
        frame = pd.DataFrame({"id": [str(k) for k in range(ROWS)], "label": CODES.astype(str)})
        for name, values in columns.items():
            frame[name] = [str(value) for value in values]
        labels = tables.LabelTable(
            tmp_path / "train.csv", "id", frame["id"].to_numpy(str), frame, ""
        )
        kept = np.arange(ROWS) if kept is None else kept
        return groups.choose(labels, kept, CODES[kept], "label", given, in_test=in_test)

    return run


PAIRS = [k // 2 for k in range(ROWS)]
QUARTERS = [k // 6 for k in range(ROWS)]


@pytest.mark.parametrize("name", ["patient_id", "Patient", "plate", "location", "block_no"])
def test_a_column_named_like_a_group(choose, name):
    found = choose(**{name: PAIRS})
    assert found.column == name
    assert found.rule == "its name is that of a group; 12 groups, 2.0 rows each"


@pytest.mark.parametrize("name", ["width", "age", "view"])
def test_a_column_named_otherwise(choose, name):
    found = choose(**{name: PAIRS})
    assert found.column is None
    assert found.rule == "no column has a name such as patient, place, plate or block"


def test_the_coarsest_of_several_holds_the_others_together(choose):
    assert choose(slide=PAIRS, patient=QUARTERS).column == "patient"


@pytest.mark.parametrize(
    "values",
    [range(ROWS), [k % 2 for k in range(ROWS)], ["same"] * ROWS, [f"{c}" for c in CODES]],
    ids=["a row each", "two halves", "one", "the label itself"],
)
def test_a_column_that_holds_no_rows_together(choose, values):
    assert choose(patient=values).column is None


def test_a_column_that_tells_the_class_is_no_group(choose):
    """Each class in one group alone: folds by it would never see the class they predict."""
    codes = np.repeat(np.arange(4), ROWS // 4)
    frame = pd.DataFrame({"id": [str(k) for k in range(ROWS)], "site": codes.astype(str)})
    labels = tables.LabelTable(None, "id", frame["id"].to_numpy(str), frame, "")
    assert groups.choose(labels, np.arange(ROWS), codes, "label", None).column is None


def test_only_rows_that_are_kept_count(choose):
    kept = np.arange(0, ROWS, 2)  # one row of each pair
    assert choose(kept=kept, patient=PAIRS).column is None


def test_a_group_that_is_given(choose):
    assert choose(given="view", view=PAIRS) == groups.Group("view", "given with --group")


def test_groups_can_be_declined(choose):
    assert choose(given="none", patient=PAIRS) == groups.Group(None, "given with --group none")


@pytest.mark.parametrize("given", ["site", "label", "id"])
def test_a_group_that_is_no_column_lists_the_columns(choose, given):
    with pytest.raises(UsageError, match=rf"--group '{given}' .* columns are patient"):
        choose(given=given, patient=PAIRS)
    with pytest.raises(UsageError, match="columns are only the id and the label"):
        choose(given=given)


def test_a_column_whose_values_are_in_test_too_is_none_that_the_host_parted_by(choose):
    seen = {"site": frozenset(str(value) for value in PAIRS)}
    assert choose(site=PAIRS, in_test=seen).column is None
    assert choose(site=PAIRS, in_test={"site": frozenset(["x", "y", "0"])}).column == "site"


def test_a_column_with_empty_cells_is_no_group(choose):
    assert choose(site=["", *PAIRS[1:]]).column is None


def test_words_that_only_hold_a_name_are_none(choose):
    assert choose(composite=PAIRS).column is None


def test_groups_of_tags_and_of_numbers(tmp_path):
    frame = pd.DataFrame({"id": [str(k) for k in range(ROWS)], "site": [str(p) for p in PAIRS]})
    labels = tables.LabelTable(None, "id", frame["id"].to_numpy(str), frame, "")
    rows = np.arange(ROWS)
    tags = np.stack([CODES, 1 - CODES], axis=1).astype(np.float32)
    targets = frozenset(["a", "b"])
    assert groups.choose(labels, rows, tags, targets, None).column == "site"
    assert groups.choose(labels, rows, None, targets, None).column == "site"
    of_one = np.zeros((ROWS, 2), np.float32)
    of_one[:2] = 1  # both tags in one group alone
    assert groups.choose(labels, rows, of_one, targets, None).column is None


NARROW = [k - (k % 6 == 1) for k in range(ROWS)]  # 24 rows, 20 values


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (NARROW, "it has 1.20 rows per value, fewer than 1.3"),
        (["", *PAIRS[1:]], "4% of its cells are empty"),
    ],
)
def test_a_group_that_is_declined_narrowly_is_told_with_its_option(choose, values, why):
    found = choose(patient=values)
    assert found.rule == f"patient is named like a group, but {why}"
    assert found.doubt == f"{found.rule}. To use it as group anyway, add --group patient."


def test_a_group_that_is_in_test_is_told_with_its_option(choose):
    found = choose(site=PAIRS, in_test={"site": frozenset(["0", "1", "2", "x", ""])})
    assert found.column is None
    assert "3 of its 4 values in the test set are also in the training set" in found.doubt
    assert "--group site" in found.doubt


@pytest.mark.parametrize("values", [range(ROWS), ["same"] * ROWS, [f"{c}" for c in CODES]])
def test_a_group_that_is_declined_clearly_is_told_in_the_rule_alone(choose, values):
    found = choose(patient=values)
    assert found.rule.startswith("patient is named like a group, but it has ")
    assert found.doubt == ""


def test_two_groups_that_cross_are_told(choose):
    thirds = [k % 8 for k in range(ROWS)]
    found = choose(patient=PAIRS, plate=thirds)
    assert found.column == "plate"
    assert "plate and patient may be groups; plate is used" in found.doubt
    assert choose(slide=PAIRS, patient=QUARTERS).doubt == ""  # a patient has whole slides


@pytest.mark.parametrize("given", [None, "site"])
def test_groups_in_both_roles_are_kept(choose, given):
    there = frozenset(["x", "y", "z", "10", "2", ""])
    assert choose(given=given, site=PAIRS, in_test={"site": there}).in_test == ("10", "2")
    assert choose(given=given, site=PAIRS).in_test == ()
