import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.toys import make_bags, make_task

from kaggle_prz.tasks import image_rows

UNSEEN_TRAIN, UNSEEN_TEST = 1, 2


@pytest.fixture
def task():
    return make_task([0, 1, 0, 1], classes=2, groups=["a", "b", "c", "d"], test_ids=list("xyz"))


def test_stores_hold_training_rows_then_test_rows(task):
    assert image_rows.files_of(task) == [
        *(f"train/r{row}.png" for row in range(4)),
        *(f"test/{name}.png" for name in "xyz"),
    ]


def test_only_training_rows_are_left_out(task):
    seen = np.ones(7, bool)
    seen[[UNSEEN_TRAIN, 4 + UNSEEN_TEST]] = False
    kept = image_rows.readable(task, seen)
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
    kept = image_rows.readable(task, seen)
    folds = np.array([random.randrange(2) for _ in kept.train_ids], np.int64)
    placed = image_rows.place(task, seen, folds)
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
    assert image_rows.readable(task, np.array([True, False] + [True] * 5)).groups is None


def test_images_that_cannot_be_decoded_are_named_and_absent_ones_are_not():
    task = make_task([0, 1], classes=2, warnings=("before",), test_ids=["x", "y"])
    task.test_files.flags.writeable = True
    task.test_files[1] = ""
    kept = image_rows.readable(task, np.array([True, False, False, False]))
    assert kept.warnings == (
        "before",
        "train/r1.png cannot be decoded: the row is not used for training.",
        "test/x.png cannot be decoded: predicting the class prior for its row.",
    )


def test_a_bag_keeps_its_other_images_and_a_row_without_any_goes():
    task = make_bags([0, 1, 2], sizes=[2, 1, 3], test_sizes=[2, 0, 1], groups=list("abc"))
    assert image_rows.files_of(task)[:3] == ["train/r0_0.png", "train/r0_1.png", "train/r1_0.png"]
    seen = np.array([False, True, False, True, False, True, False, True, False])
    kept = image_rows.readable(task, seen)
    assert kept.train_ids.tolist() == ["r0", "r2"]
    assert kept.labels.tolist() == [0, 2]
    assert kept.groups.tolist() == ["a", "c"]
    assert kept.train_files.tolist() == ["train/r0_1.png", "train/r2_0.png"]
    assert kept.images.train_rows.tolist() == [0, 1, 1]
    assert kept.images.train_files.tolist() == [f"train/{n}.png" for n in ("r0_1", "r2_0", "r2_2")]
    assert kept.images.test_files.tolist() == ["test/t0_1.png"]
    assert kept.test_ids.tolist() == ["t0", "t1", "t2"]
    others = "cannot be decoded: the row's other images are used."
    assert kept.warnings == (
        f"train/r0_0.png {others}",
        "train/r1_0.png cannot be decoded: the row is not used for training.",
        f"train/r2_1.png {others}",
        f"test/t0_0.png {others}",
        "test/t2_0.png cannot be decoded: predicting the class prior for its row.",
    )


@st.composite
def bags_seen(draw):
    sizes = draw(st.lists(st.integers(1, 4), min_size=2, max_size=6))
    tests = draw(st.lists(st.integers(0, 3), min_size=1, max_size=4))
    count = sum(sizes) + sum(tests)
    seen = draw(st.lists(st.booleans(), min_size=count, max_size=count))
    return make_bags([0] * len(sizes), sizes, tests), np.array(seen, bool)


@given(bags_seen(), st.randoms())
@settings(max_examples=60)
def test_no_row_has_images_in_two_folds(bags, random):
    task, seen = bags
    kept = image_rows.readable(task, seen)
    folds = np.array([random.randrange(2) for _ in kept.train_ids], np.int64)
    placed = image_rows.place(task, seen, folds)
    assert placed.ids[placed.train].tolist() == [
        kept.train_ids[row] for row in kept.images.train_rows
    ]
    assert placed.train_rows.tolist() == kept.images.train_rows.tolist()
    files = np.array(image_rows.files_of(task))
    assert files[placed.train].tolist() == kept.images.train_files.tolist()
    assert files[placed.test].tolist() == kept.images.test_files.tolist()
    for fold in range(2):
        held, trained = placed.held_out(fold), placed.trained_on(fold)
        assert sorted([*held, *trained]) == list(range(len(placed.train)))
        ids = [set(placed.ids[placed.train[part]].tolist()) for part in (held, trained)]
        assert not ids[0] & ids[1]
        assert ids[0] == set(kept.train_ids[folds == fold].tolist())


predicted = st.lists(
    st.tuples(st.sampled_from("abcde"), st.floats(0, 1, width=32), st.floats(0, 1, width=32)),
    min_size=1,
    max_size=20,
)


def _pooled(images) -> dict[str, np.ndarray]:
    ids = np.array([name for name, *_ in images])
    names, means = image_rows.pooled(ids, np.array([cells for _, *cells in images], np.float32))
    assert len(names) == len(means) == len({*ids})
    assert means.dtype == np.float32
    return dict(zip(names.tolist(), means, strict=True))


@given(predicted, st.randoms())
def test_the_order_of_images_changes_no_pooled_prediction(images, random):
    before = _pooled(images)
    shuffled = random.sample(images, len(images))
    for name, mean in _pooled(shuffled).items():
        own = [cells for other, *cells in images if other == name]
        np.testing.assert_allclose(mean, before[name], atol=1e-6)
        np.testing.assert_allclose(mean, np.mean(own, axis=0), atol=1e-6)


@given(st.lists(st.tuples(st.floats(0, 1, width=32), st.floats(0, 1, width=32)), min_size=1))
def test_a_bag_of_one_is_its_image_and_one_of_twins_is_each(cells):
    ids = np.array([f"r{row}" for row in range(len(cells))])
    predictions = np.array(cells, np.float32)
    names, alone = image_rows.pooled(ids, predictions)
    assert names.tolist() == ids.tolist()
    assert np.array_equal(alone, predictions)
    names, twins = image_rows.pooled(np.repeat(ids, 2), np.repeat(predictions, 2, axis=0))
    assert names.tolist() == ids.tolist()
    assert np.array_equal(twins, predictions)


def test_no_image_at_all_is_no_row():
    ids, means = image_rows.pooled(np.array([], dtype=str), np.zeros((0, 3), np.float32))
    assert (len(ids), means.shape) == (0, (0, 3))
