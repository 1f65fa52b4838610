"""Every kind of cell: what is written is valid, and what graders refuse is refused first."""

import csv
import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from support.toys import make_task

from kaggle_prz import submission
from kaggle_prz.core.errors import RunError, SubmissionError
from kaggle_prz.core.task import Task
from kaggle_prz.metrics.decisions import Decision

KINDS = {
    "probabilities": "classes",
    "probability": "classes",
    "independent": "tags",
    "label": "classes",
    "labels": "tags",
    "ranked": "classes",
    "number": "numbers",
}
WIDE = ("probabilities", "independent", "number")
# The metrics that these cells meet; what log loss keeps aside is tested with log loss.
METRICS = {"label": "macro_f1", "labels": "micro_f1", "ranked": "map_at_5", "number": "rmse"}
names = st.text("ab,\"'ä中0123.-_", min_size=1, max_size=6)
files = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def make(folder, cell, *, classes=("cat", "dog", "emu"), ids=("01", "2", "a,b"), **changes) -> Task:
    """A task with a sample submission in that form; numbers lie from 1 to 100."""
    kind = changes.pop("kind", KINDS[cell])
    targets = tuple(classes) if cell in WIDE else ("target",)
    text = io.StringIO()
    filling = [classes[0]] if cell not in WIDE else ["0.5"] * len(classes)
    csv.writer(text).writerows([["id", *targets], *([name, *filling] for name in ids)])
    (folder / "sample_submission.csv").write_text(text.getvalue(), "utf-8")
    k = len(classes)
    labels = {"classes": np.arange(k), "tags": np.eye(k, dtype=np.float32)}
    labels["numbers"] = np.tile(np.float32([[1], [100]]), k)
    task = make_task(
        range(k),
        classes=classes,
        sample=folder / "sample_submission.csv",
        cell=cell,
        kind=kind,
        target_columns=targets,
        test_ids=ids,
        metric=METRICS.get(cell, "roc_auc"),
    )
    return replace(task, **({"labels": labels[kind]} | changes))


def rows_of(path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def written(folder, task: Task, predictions, decision=None) -> list[list[str]]:
    """Cells of every row in the sample's order, ids left out."""
    path = folder / "submission.csv"
    submission.write(path, task, task.test_ids, np.array(predictions), decision)
    return [row[1:] for row in rows_of(path)[1:]]


@pytest.mark.parametrize("between", [" ", "|", ", "])
def test_lists_have_the_sign_of_the_task_between_them(tmp_path, between):
    names = ("cat", "dog", "emu") if between == " " else ("red fox", "dog", "emu")
    task = make(tmp_path, "labels", classes=names, between=between)
    rows = written(tmp_path, task, [[0.9, 0.8, 0.1], [0.1, 0.9, 0.1], [0.9, 0.9, 0.9]])
    assert rows == [[between.join(names[:2])], ["dog"], [between.join(names)]]


@st.composite
def cases(draw, folder):
    """A task of any cell, and predictions of its kind, out of order."""
    cell = draw(st.sampled_from(sorted(KINDS)))
    most = 2 if cell == "probability" else 7
    columns = draw(st.lists(names, min_size=2, max_size=most, unique=True))
    assume("id" not in columns)
    ids = draw(st.lists(names, min_size=1, max_size=6, unique=True))
    metric = draw(st.sampled_from(["log_loss", METRICS.get(cell, "roc_auc")]))
    task = make(folder, cell, classes=columns, ids=ids, most_ranked=draw(st.integers(1, 5)))
    if cell != "number":
        task = replace(task, metric=metric)
    numbers = cell == "number"
    reach = st.floats(-1e4, 1e4, width=32) if numbers else st.floats(0, 1, width=32)
    dtype = draw(st.sampled_from([np.float16, np.float32, np.float64]))
    shape = (len(ids), len(columns))
    predictions = draw(arrays.arrays(np.float32, shape, elements=reach)).astype(dtype)
    if not numbers:
        predictions[:, 0] += dtype(0.001)
    order = draw(st.permutations(range(len(ids))))
    return task, np.array([ids[k] for k in order], dtype=str), predictions[list(order)]


@pytest.mark.slow
@files
@given(st.data())
def test_what_is_written_is_valid_and_the_order_of_predictions_changes_no_byte(tmp_path, data):
    task, ids, predictions = data.draw(cases(tmp_path))
    one, two = tmp_path / "one.csv", tmp_path / "two.csv"
    submission.write(one, task, ids, predictions)
    submission.validate(one, task)
    assert [row[0] for row in rows_of(one)] == ["id", *task.test_ids.tolist()]
    submission.write(two, task, ids[::-1], predictions[::-1])
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize("classes", [2, 120, pytest.param(5000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("shape", ["even", "nearly even", "one certain"])
def test_written_rows_sum_to_1_at_any_number_of_classes(tmp_path, classes, shape):
    task = make(tmp_path, "probabilities", classes=[f"c{k}" for k in range(classes)], ids=["1"])
    task = replace(task, metric="log_loss")
    rows = {
        "even": np.full((1, classes), 1 / classes, np.float32),
        "nearly even": 1 + 0.01 * np.random.default_rng(0).random((1, classes)),
        "one certain": np.eye(1, classes),
    }[shape]
    (cells,) = written(tmp_path, task, rows)
    values = np.array(cells, np.float64)
    assert abs(values.sum() - 1) < 1e-12
    assert values == pytest.approx(rows[0] / rows[0].sum(), abs=1.1e-6)
    assert values.min() > 0


def test_log_loss_keeps_a_millionth_for_what_seems_impossible(tmp_path):
    task = make(tmp_path, "probability", classes=("cat", "dog"), metric="log_loss")
    cells = [[1.0, 0.0], [0.0, 1.0], [0.3, 0.7]]
    expected = ["0.000000999999", "0.999999000001", "0.700000000000"]
    assert written(tmp_path, task, cells) == [[cell] for cell in expected]
    task = make(tmp_path, "independent", metric="log_loss", classes=("cat", "dog"))
    expected = [["0.999999000000", "0.000001000000"], ["0.000001000000", "0.999999000000"]]
    assert written(tmp_path, task, cells)[:2] == expected


def test_areas_under_curves_tell_small_probabilities_apart(tmp_path):
    task = make(tmp_path, "probability", classes=("cat", "dog"))
    cells = written(tmp_path, task, [[1, 1e-10], [1, 2e-10], [0, 1]])
    assert cells == [["0.000000000100"], ["0.000000000200"], ["1.000000000000"]]


def test_probabilities_of_one_tag_and_a_little_beyond_1_are_clipped(tmp_path):
    task = make(tmp_path, "independent")
    rows = [[1.0000001, -1e-9, 0.5]] * 3
    assert written(tmp_path, task, rows)[0] == [
        "1.000000000000",
        "0.000000000000",
        "0.500000000000",
    ]
    task = make(tmp_path, "probability", classes=("moth",), kind="tags")
    assert written(tmp_path, task, [[1.0000001], [0.25], [-0.1]])[1:] == [
        ["0.250000000000"],
        ["0.000000000000"],
    ]


def test_a_label_is_the_decision_s_and_written_as_the_class_is(tmp_path):
    task = make(tmp_path, "label", classes=("0", "7", "12"), metric="quadratic_kappa")
    rows = [[0.5, 0.0, 0.5], [0.6, 0.1, 0.3], [0.0, 0.2, 0.8]]
    assert written(tmp_path, task, rows) == [["7"], ["7"], ["12"]]
    decision = Decision("classes", "given", weights=(1.0, 9.0, 1.0))
    assert written(tmp_path, task, rows, decision) == [["0"], ["7"], ["7"]]


def test_a_label_may_have_its_confidence(tmp_path):
    task = make(tmp_path, "label", confident=True, classes=("red fox", "owl"))
    rows = np.array([[0.75, 0.25], [0.125, 0.875], [1.0, 0.0]])
    assert written(tmp_path, task, rows) == [
        ["red fox 0.750000000000"], ["owl 0.875000000000"], ["red fox 1.000000000000"],
    ]  # fmt: skip
    path = tmp_path / "submission.csv"
    for wrong in ("red fox", "emu 0.5", "owl 1.5", "owl x"):
        path.write_text(f'id,target\n01,{wrong}\n2,owl 0.5\n"a,b",owl 0.5\n', "utf-8")
        with pytest.raises(SubmissionError, match="row '01'"):
            submission.validate(path, task)


def test_ranked_cells_hold_the_most_probable_first_and_none_twice(tmp_path):
    task = make(tmp_path, "ranked", classes=("a", "b", "c", "d"), most_ranked=3)
    rows = [[0.1, 0.2, 0.3, 0.4], [0.25] * 4, [0.0, 1.0, 0.0, 0.0]]
    assert written(tmp_path, task, rows) == [["d c b"], ["a b c"], ["b a c"]]
    few = replace(task, most_ranked=9)
    assert written(tmp_path, few, rows)[0] == ["d c b a"]


def test_lists_hold_the_decision_s_tags(tmp_path):
    task = make(tmp_path, "labels")
    rows = [[0.9, 0.6, 0.1], [0.1, 0.2, 0.4], [0.5, 0.4, 0.5]]
    assert written(tmp_path, task, rows) == [["cat dog"], ["emu"], ["cat emu"]]
    low = Decision("tags", "given", thresholds=(0.95, 0.3, 0.3), never_empty=False)
    assert written(tmp_path, task, rows, low) == [["dog"], ["emu"], ["dog emu"]]
    none = Decision("tags", "given", thresholds=(0.95,) * 3, never_empty=False)
    assert written(tmp_path, task, rows, none) == [[""]] * 3


def test_by_default_a_list_is_empty_only_where_training_has_empty_ones(tmp_path):
    labels = np.vstack([np.eye(3), np.zeros(3)]).astype(np.float32)
    rows = [[0.1, 0.2, 0.4]] * 3
    assert written(tmp_path, make(tmp_path, "labels", labels=labels), rows) == [[""]] * 3
    assert written(tmp_path, make(tmp_path, "labels", labels=labels[:3]), rows) == [["emu"]] * 3


def test_lists_of_one_integer_each_are_quoted_and_others_are_not(tmp_path):
    task = make(tmp_path, "labels", classes=("0", "1", "2"), ids=("x", "y", "z"))
    written(tmp_path, task, np.eye(3))
    assert (tmp_path / "submission.csv").read_text() == (
        '"id","target"\n"x","0"\n"y","1"\n"z","2"\n'
    )
    written(tmp_path, task, [[1, 1, 0], [0, 1, 0], [0, 0, 1]])
    assert (tmp_path / "submission.csv").read_text() == "id,target\nx,0 1\ny,1\nz,2\n"


def test_one_class_can_stand_in_a_list(tmp_path):
    task = make(tmp_path, "labels", kind="classes")
    assert written(tmp_path, task, np.eye(3)) == [["cat"], ["dog"], ["emu"]]


def test_numbers_stay_within_training_s_range_column_by_column(tmp_path):
    labels = np.float32([[0.1, -5], [0.7, 16777216]])
    task = make(tmp_path, "number", classes=("u", "v"), labels=labels)
    rows = [[-1.0, 1e9], [0.3, -5.000001], [9.0, 1234.5]]
    assert written(tmp_path, task, rows) == [
        ["0.1", "16777216.0"],
        ["0.3", "-5.0"],
        ["0.7", "1234.5"],
    ]


def test_predictions_that_cells_cannot_hold_are_refused(tmp_path):
    with pytest.raises(SubmissionError, match=r"'label' can be written from classes; .* tags"):
        written(tmp_path, make(tmp_path, "label", kind="tags"), np.eye(3))
    with pytest.raises(SubmissionError, match="with two classes; this task has 3"):
        written(tmp_path, make(tmp_path, "probability"), np.eye(3))
    narrow = replace(make(tmp_path, "independent"), target_columns=("cat", "dog"))
    with pytest.raises(SubmissionError, match=r"each of 3 tags .* has 2 \(cat, dog\)"):
        written(tmp_path, narrow, np.eye(3))
    with pytest.raises(SubmissionError, match=r"received 'Fat Hen'"):
        written(tmp_path, make(tmp_path, "ranked", classes=("Fat Hen", "a", "b")), np.eye(3))
    with pytest.raises(SubmissionError, match="A decision for tags does not apply to classes"):
        written(tmp_path, make(tmp_path, "label"), np.eye(3), Decision("tags", "given"))
    few = Decision("classes", "given", weights=(1.0, 2.0))
    with pytest.raises(RunError, match="columns; received 3"):
        written(tmp_path, make(tmp_path, "label"), np.eye(3), few)


def test_predictions_of_another_shape_or_with_an_id_twice_are_refused(tmp_path):
    task = make(tmp_path, "number")
    path = tmp_path / "submission.csv"
    with pytest.raises(SubmissionError, match=r"each of 3 numbers, \(3, 3\); received \(3, 2\)"):
        submission.write(path, task, task.test_ids, np.ones((3, 2)))
    twice = np.array([*task.test_ids, "2"])
    with pytest.raises(SubmissionError, match="1 of the 4 rows repeat the id of another"):
        submission.write(path, task, twice, np.ones((4, 3)))
    assert not path.exists()


@pytest.mark.parametrize("cell", sorted(KINDS))
@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_prediction_that_is_no_number_is_refused(tmp_path, cell, wrong):
    classes = ("cat", "dog") if cell == "probability" else ("cat", "dog", "emu")
    task = make(tmp_path, cell, classes=classes)
    rows = np.full((3, len(classes)), 0.5)
    rows[1, 1] = wrong
    with pytest.raises(SubmissionError, match=rf"must be finite.*; that of '2' is 0\.5, {wrong}"):
        written(tmp_path, task, rows)


# A valid file by cell, and what graders refuse of the last row's first cell.
WRONG = {
    "probabilities": {
        "0.30001": "sum to 1.0000100",
        "-1e999": "from 0 to 1",
        "nan": "from 0 to 1",
        "1.3": "from 0 to 1",
    },
    "probability": {"1.0000001": "from 0 to 1", "nan": "from 0 to 1", "": "from 0 to 1"},
    "independent": {"-0.0000001": "from 0 to 1", "NaN": "from 0 to 1", "0,5": "from 0 to 1"},
    "label": {"1.0": "not one of the classes", "1.3": "not one of", "": "not one of", "9": "not"},
    "labels": {
        "0 9": "'9' in '0 9' is not",
        "0 0": "more than once",
        " ": "is not",
        "1,2": "is no",
    },
    "ranked": {"0 9": "'9' in", "0 0": "more than once", "0 1 2": "1 to 2 classes", "": "it has 0"},
    "number": {"100.01": "from 1 to 100", "0.99": "from 1", "nan": "from 1", "": "from", "1_0": ""},
}


@pytest.mark.parametrize(
    ("cell", "wrong"), [(cell, wrong) for cell in WRONG for wrong in WRONG[cell]]
)
def test_a_cell_that_graders_refuse_is_refused_first(tmp_path, cell, wrong):
    classes = ("0", "1") if cell == "probability" else ("0", "1", "2")
    task = make(tmp_path, cell, classes=classes, most_ranked=2)
    good = [[0.3, 0.7]] * 3 if cell == "probability" else [[0.3, 0.3, 0.4]] * 3
    written(tmp_path, task, np.array(good) + 0.3 * (cell == "labels"))
    path = tmp_path / "submission.csv"
    rows = rows_of(path)
    rows[-1][1] = wrong
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    with pytest.raises(SubmissionError, match=f"row 'a,b': .*{WRONG[cell][wrong]}"):
        submission.validate(path, task)


def test_few_decimals_are_refused_where_classes_are_many(tmp_path):
    task = make(tmp_path, "probabilities", classes=[f"c{k}" for k in range(120)], ids=["1"])
    (cells,) = written(tmp_path, task, np.ones((1, 120)))
    header = ",".join(["id", *task.classes])
    (tmp_path / "rounded.csv").write_text(
        f"{header}\n1,{','.join(f'{float(cell):.4f}' for cell in cells)}\n"
    )
    with pytest.raises(SubmissionError, match=r"they sum to 0\.9960"):
        submission.validate(tmp_path / "rounded.csv", task)


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_lists_of_one_bare_integer_each_are_refused(tmp_path, ending):
    task = make(tmp_path, "labels", classes=("0", "1", "2"), ids=("x", "y", "z"))
    path = tmp_path / "mine.csv"
    bare = ["id,target", "x,0", "y,", "z,2", ""]
    path.write_text(ending.join(bare), newline="")
    with pytest.raises(SubmissionError, match="in quotation marks"):
        submission.validate(path, task)
    for text in (["id,target", 'x,"0"', "y,", 'z,"2"'], ["id,target", "x,0 1", "y,", "z,2"]):
        path.write_text(ending.join(text), newline="")
        submission.validate(path, task)


def test_rows_in_the_order_of_listed_files_are_refused(tmp_path):
    task = make(tmp_path, "probability", classes=("cat", "dog"), ids=("1", "2", "10"))
    written(tmp_path, task, np.full((3, 2), 0.5))
    path = tmp_path / "submission.csv"
    header, *rows = rows_of(path)
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *sorted(rows)])
    with pytest.raises(SubmissionError, match="in another order"):
        submission.validate(path, task)
