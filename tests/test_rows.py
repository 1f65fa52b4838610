import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toys import make_task

from kaggle_prz import rows

UNSEEN_TRAIN, UNSEEN_TEST = 1, 2


@pytest.fixture
def task():
    return make_task([0, 1, 0, 1], classes=2, groups=["a", "b", "c", "d"], test_ids=list("xyz"))


def test_stores_hold_training_rows_then_test_rows(task):
    assert rows.files_of(task) == [
        *(f"train/r{row}.png" for row in range(4)),
        *(f"test/{name}.png" for name in "xyz"),
    ]


def test_only_training_rows_are_left_out(task):
    seen = np.ones(7, bool)
    seen[[UNSEEN_TRAIN, 4 + UNSEEN_TEST]] = False
    kept = rows.readable(task, seen)
    assert kept.train_ids.tolist() == ["r0", "r2", "r3"]
    assert kept.labels.tolist() == [0, 0, 1]
    assert kept.groups.tolist() == ["a", "c", "d"]
    assert kept.train_files.tolist() == ["train/r0.png", "train/r2.png", "train/r3.png"]
    assert kept.test_ids.tolist() == list("xyz")


@given(st.lists(st.booleans(), min_size=9, max_size=9), st.randoms())
@settings(max_examples=40)
def test_every_row_is_found_in_the_stores_by_its_id(seen, random):
    task = make_task([0, 1, 0, 1], classes=2)
    seen = np.array(seen)
    kept = rows.readable(task, seen)
    folds = np.array([random.randrange(2) for _ in kept.train_ids], np.int64)
    placed = rows.place(task, seen, folds)
    assert placed.ids[placed.train].tolist() == kept.train_ids.tolist()
    assert all(seen[placed.train])
    assert all(seen[placed.test])
    tests_seen = [name for name, good in zip(task.test_ids, seen[4:], strict=True) if good]
    assert placed.ids[placed.test].tolist() == tests_seen
    for fold in range(2):
        parts = [*placed.held_out(fold), *placed.trained_on(fold)]
        assert sorted(parts) == list(range(len(kept.train_ids)))
        assert all(folds[placed.held_out(fold)] == fold)


def test_a_task_without_groups_stays_without():
    task = make_task([0, 1], classes=2)
    assert rows.readable(task, np.array([True, False] + [True] * 5)).groups is None


def test_images_that_cannot_be_decoded_are_named_and_absent_ones_are_not():
    task = make_task([0, 1], classes=2, warnings=("before",), test_ids=["x", "y"])
    task.test_files.flags.writeable = True
    task.test_files[1] = ""
    kept = rows.readable(task, np.array([True, False, False, False]))
    assert kept.warnings == (
        "before",
        "train/r1.png cannot be decoded: it is not trained on.",
        "test/x.png cannot be decoded: its row gets what is likely of any row.",
    )
