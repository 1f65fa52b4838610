"""One very long cell among many rows: a sentence or the right task, and little memory."""

import tracemalloc

import pandas as pd
import pytest
from support.trees import make_csv, make_tree

from kaggle_prz.core.errors import DataError
from kaggle_prz.readers.csv_tables import LONGEST, fits, text_of
from kaggle_prz.tasks import infer

pytestmark = pytest.mark.slow

ROWS, BAD, LONG = 3_000, 17, "x" * 500_000
IDS = [f"{row:04d}" for row in range(ROWS)]
TEST = [f"t{row:04d}" for row in range(ROWS)]
NAMES = ["cat", "dog", "elk"] * (ROWS // 3)
MOST_BYTES = 300_000_000


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """A directory with the images alone; tables are written over each other."""
    paths = [*(f"train/{name}.jpg" for name in IDS), *(f"test/{name}.jpg" for name in TEST)]
    return make_tree(tmp_path_factory.mktemp("wide"), {}, paths)


@pytest.fixture
def read(images):
    """Read the competition with the tables given, columns by name; memory is measured."""
    given = []

    def run(**tables):
        train = {"id": IDS, "label": NAMES}
        sample = {"id": TEST, "label": ["cat", "dog", "elk"] * (ROWS // 3)}
        for name, columns in ({"sample_submission": sample, "train": train} | tables).items():
            given.append(images / f"{name}.csv")
            given[-1].write_text(make_csv(columns, *zip(*columns.values(), strict=True)))
        tracemalloc.start()
        try:
            return infer.read(images, slug="wide")
        finally:
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            assert peak < MOST_BYTES

    yield run
    for path in given:
        path.unlink(missing_ok=True)


def _bad(values, row=BAD):
    return [*values[:row], LONG, *values[row + 1 :]]


def _is_right(task):
    assert task.train_ids.tolist() == IDS
    assert [task.classes[code] for code in task.labels] == NAMES
    assert task.test_files[0] == f"test/{TEST[0]}.jpg"


def test_long_cells_of_other_columns_are_passed_over(read):
    tens = [f"{number // 10}" for number in range(ROWS)]
    others = {"note": _bad(IDS, 0), "site": _bad(tens), "tag": _bad(tens)}
    task = read(train=others | {"id": IDS, "label": NAMES})
    _is_right(task)
    assert task.groups is None
    rules = {one.name: one.rule for one in task.evidence}
    assert rules["group"] == (
        "site is named like a group, but one of its cells has more than 4,096 characters"
    )


def test_a_long_cell_in_a_table_beside_is_passed_over(read):
    test = {"id": TEST, "note": _bad(IDS), "file": [f"{name}.jpg" for name in TEST]}
    classes = {"label": ["cat", "dog", "elk"], "text": ["a", LONG, "b"]}
    _is_right(read(test=test, classes=classes))


@pytest.mark.parametrize(
    ("table", "column", "columns"),
    [
        ("train", "id", {"id": _bad(IDS), "label": NAMES}),
        ("train", "label", {"id": IDS, "label": _bad(NAMES)}),
        ("train", "level", {"id": IDS, "level": _bad(NAMES), "note": IDS}),
        ("sample_submission", "id", {"id": _bad(TEST), "label": NAMES}),
        ("sample_submission", "label", {"id": TEST, "label": _bad(NAMES)}),
    ],
)
def test_a_long_id_or_label_is_refused(read, table, column, columns):
    said = (
        rf"^{table}\.csv has a cell of 500,000 characters in column '{column}', row 18 below the "
        r"header; an id or label can have 4,096 at most\. Shorten it, or download the file again\.$"
    )
    with pytest.raises(DataError, match=said):
        read(**{table: columns})


def test_a_long_cell_among_several_columns_of_labels_is_refused(read):
    hot = {name: [str(int(name == own)) for own in NAMES] for name in ("cat", "dog", "elk")}
    sample = {"id": TEST} | {name: ["0.5"] * ROWS for name in hot}
    train = {"id": IDS} | hot | {"dog": _bad(hot["dog"])}
    with pytest.raises(DataError, match=r"^train\.csv has a cell of .* in column 'dog', row 18 "):
        read(sample_submission=sample, train=train)


def test_long_cells_are_empty_where_a_column_is_tried():
    longest = "x" * LONGEST
    column = pd.Series([" a ", longest, f" {longest} ", longest + "x"])
    assert text_of(column).tolist() == ["a", longest, longest, ""]
    assert not fits(column)
    assert fits(column[:3])
    assert text_of(column[:3]).tolist() == ["a", longest, longest]
