import io
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter
from support.toys import make_bags, make_task

from kaggle_prz.images import duplicates, resize
from kaggle_prz.tasks import folds, near_duplicates

SIZE = 48
seeds = st.integers(0, 2**32 - 1)


def photograph(random: np.random.Generator) -> Image.Image:
    """Blotches of colour, 240 px."""
    blotches = Image.fromarray(random.integers(0, 256, (9, 9, 3)).astype(np.uint8))
    return blotches.resize((240, 240), Image.Resampling.BICUBIC)


def stored(pictures: list[Image.Image]) -> np.ndarray:
    return np.stack([resize.square([picture], SIZE, "squash") for picture in pictures])


def again(picture: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("RGB")


COPIES = {
    "same": lambda picture: picture,
    "jpeg 90": lambda picture: again(picture, 90),
    "jpeg 60": lambda picture: again(picture, 60),
    "smaller": lambda picture: picture.resize((200, 200), Image.Resampling.LANCZOS),
    "larger": lambda picture: picture.resize((300, 300), Image.Resampling.BILINEAR),
    "brighter": lambda picture: picture.point(lambda value: min(255, value + 3)),
}


@pytest.mark.parametrize("copy", COPIES.values(), ids=COPIES)
def test_copies_are_found_and_others_are_not(copy):
    random = np.random.default_rng(5)
    pictures = [photograph(random) for _ in range(12)]
    found = duplicates.find(stored([*pictures, *map(copy, pictures)]))
    assert found.tolist() == [*range(12), *range(12)]


@given(seeds)
@settings(max_examples=15, deadline=None)
def test_sets_do_not_depend_on_the_order_of_pictures(seed):
    random = np.random.default_rng(seed)
    pictures = [photograph(random) for _ in range(5)]
    store = stored([*pictures, pictures[1], again(pictures[3], 80), again(pictures[1], 90)])
    order = random.permutation(len(store))
    sets = {
        frozenset(order[members].tolist())
        for members in duplicates.sets(duplicates.find(store[order]))
    }
    assert sets == {frozenset({1, 5, 7}), frozenset({3, 6})}


@given(seeds, st.sampled_from([8, 16, 20, 32]), st.sampled_from([1, 3, 5]))
@settings(max_examples=20, deadline=None)
def test_noise_is_no_copy_of_noise(seed, size, channels):
    random = np.random.default_rng(seed)
    noise = random.integers(0, 256, (40, size, size, channels)).astype(np.uint8)
    assert duplicates.sets(duplicates.find(noise)) == []


def test_gratings_that_are_shifted_a_little_are_different_cells():
    column, row = np.meshgrid(np.arange(300), np.arange(300))
    cells = [
        Image.fromarray((170 + 30 * np.sin((row + shift) / 14) - 20 * (column % 100 < 6)).astype(
            np.uint8
        )).convert("RGB").filter(ImageFilter.BLUR)
        for shift in range(0, 40, 2)
    ]  # fmt: skip
    assert duplicates.sets(duplicates.find(stored(cells))) == []


def test_colours_count():
    grey = stored([photograph(np.random.default_rng(0))])
    assert duplicates.find(np.concatenate([grey, grey[..., ::-1]])).tolist() == [0, 1]


@pytest.mark.parametrize("value", [0, 128, 255])
def test_blank_pictures_are_nobodys_copies(value):
    store = np.full((6, 20, 20, 3), value, np.uint8)
    store[3:, 4, 4] ^= 1
    assert duplicates.find(store).tolist() == [*range(6)]


def test_only_the_rows_asked_for_are_looked_at():
    store = stored([photograph(np.random.default_rng(seed)) for seed in (0, 0, 1, 0)])
    assert duplicates.find(store, np.array([1, 2, 3])).tolist() == [0, 1, 0]
    assert duplicates.find(store, np.array([], np.int64)).tolist() == []


def test_a_thousand_copies_are_one_set():
    store = np.repeat(stored([photograph(np.random.default_rng(0))]), 1000, axis=0)
    assert not duplicates.find(store).any()


def test_without_duplicates_the_task_stays():
    task = make_task([0, 1, 2] * 3)
    assert near_duplicates.held_together(task, np.arange(14), 2) is task


def test_duplicates_are_held_together_and_told():
    task = make_task([0, 0, 1, 2, 0, 1])
    #                  train rows 0 = 2 and 3 = 4 of other labels; a test row = 5, others are own
    first = np.array([0, 1, 0, 3, 3, 5, 5, 7, 8, 9, 10])
    held = near_duplicates.held_together(task, first, 2)
    assert held.groups.tolist() == ["r0", "r1", "r0", "r3", "r3", "r5"]
    assert held.warnings == (
        "4 training images in 2 sets are near-duplicates; each set is in one fold.",
        "2 of 2 sets of near-duplicates have different labels, so some labels are wrong or "
        "uncertain: train/r0.png and train/r2.png, …",
        "1 test image is a near-duplicate of training images, so the test score may be "
        "better than the out-of-fold score.",
    )


def test_a_copy_of_a_test_image_changes_no_folds():
    held = near_duplicates.held_together(
        make_task([0, 1, 2]), np.array([0, 1, 2, 1, 1, 5, 6, 7]), 2
    )
    assert held.groups is None
    assert held.warnings[0].startswith("2 test images are near-duplicates of training images,")


def test_groups_that_a_pair_connects_become_one():
    task = make_task([0] * 6, groups=["c", "c", "b", "a", "a", "d"])
    held = near_duplicates.held_together(task, np.array([0, 1, 1, 3, 4, 4]), 2)
    assert held.groups.tolist() == ["b", "b", "b", "a", "a", "a"]


def test_duplicates_within_a_bag_are_nobody_elses():
    task = make_bags([0, 1, 0, 1], sizes=[2, 2, 1, 1], test_sizes=[1])
    assert near_duplicates.held_together(task, np.array([0, 0, 2, 2, 4, 5, 6]), 2) is task
    held = near_duplicates.held_together(task, np.array([0, 0, 0, 3, 4, 5, 6]), 2)
    assert held.groups.tolist() == ["r0", "r0", "r2", "r3"]
    assert held.warnings[0].startswith("3 training images in 1 set are near-duplicates")
    assert "train/r0_0.png and train/r1_0.png" in held.warnings[1]


def test_bags_that_leave_nothing_to_divide_are_not_held_together():
    task = make_bags([0, 1, 0, 1], sizes=[2, 2, 1, 1], test_sizes=[1])
    held = near_duplicates.held_together(
        task, np.array([0, 1, 0, 3, 0, 5, 6]), 2
    )  # images of r0, r1, r2
    assert held.groups is None
    assert "3 training images in 1 set" in held.warnings[0]
    assert "too many to keep each set in one fold" in held.warnings[0]


@pytest.mark.parametrize("groups", [None, ["a", "a", "b", "b", "c", "c"]])
@pytest.mark.parametrize("first", [[0, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 5]])
def test_sets_that_leave_nothing_to_divide_are_not_held_together(groups, first):
    task = make_task([0, 1] * 3, groups=groups)
    held = near_duplicates.held_together(task, np.array(first), 2)
    assert (held.groups is None) if groups is None else (held.groups.tolist() == groups)
    assert "too many to keep each set in one fold" in held.warnings[0]
    assert set(folds.draw(held, 2, 0)) == {0, 1}


@pytest.mark.parametrize(
    ("kind", "labels", "differ"),
    [
        ("numbers", [[1.0], [1.1], [9.0]], False),
        ("numbers", [[1.0], [9.0], [5.0]], True),
        ("tags", [[1, 0], [1, 0], [0, 0]], False),
        ("tags", [[1, 0], [1, 1], [0, 0]], True),
        ("classes", [[0.6, 0.4], [0.7, 0.3], [0, 1]], False),
        ("classes", [[0.6, 0.4], [0.3, 0.7], [0, 1]], True),
    ],
)
def test_labels_of_duplicates_are_compared(kind, labels, differ):
    task = make_task(np.array(labels, np.float32), classes=len(labels[0]), kind=kind)
    told = near_duplicates.held_together(task, np.array([0, 0, 2]), 2).warnings
    assert any("different labels" in note for note in told) == differ


def test_folds_of_very_many_rows_with_few_duplicates_are_drawn_at_once():
    random = np.random.default_rng(0)
    first = np.arange(100_000)
    first[60_000:60_500] = first[:500]
    task = make_task(random.integers(0, 5, 100_000), classes=5, test_ids=[])
    task = near_duplicates.held_together(task, first, 2)
    began = time.monotonic()
    column = folds.draw(task, 5, 0)
    assert time.monotonic() - began < 5
    assert (column == column[first]).all()
    assert np.ptp(np.bincount(column)) < 200
