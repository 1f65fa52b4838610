"""What is found in images, on stores made by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.toys import make_task

from kaggle_prz.images import Decoded
from kaggle_prz.tasks import findings

PICTURES = np.random.default_rng(0).integers(0, 256, (20, 16, 16, 3)).astype(np.uint8)


def decoded(places, unreadable=()) -> Decoded:
    """A store with picture `places[row]` in every row; half of a place: nearly that picture."""
    store = PICTURES[np.floor(places).astype(int)].copy()
    for row, place in enumerate(places):
        if place % 1:
            store[row, 0, 0, 0] ^= 1
    readable = ~np.isin(np.arange(len(store)), unreadable)
    return Decoded({16: store}, readable, dict.fromkeys(unreadable, "OSError: cut short"))


def files(images) -> list[str]:
    return [image.file for image in images]


def test_nothing_is_found_where_nothing_is_wrong():
    task = make_task([0, 1, 2])
    assert findings.look(task, decoded(range(8))) == findings.Findings(opened=8)


def test_sets_and_pairs_are_of_training_images_and_contradictions_come_first():
    task = make_task([0, 0, 1, 2, 0, 1])
    found = findings.look(task, decoded([0, 1, 0, 3, 1, 0.5, 6, 7, 8, 9, 10]))
    assert [files(members) for members in found.sets] == [
        ["train/r0.png", "train/r2.png", "train/r5.png"],
        ["train/r1.png", "train/r4.png"],
    ]
    assert found.contradicting == 1
    assert [(files([p.first, p.second]), p.same, p.contradicting) for p in found.pairs] == [
        (["train/r0.png", "train/r2.png"], True, True),
        (["train/r0.png", "train/r5.png"], False, True),
        (["train/r1.png", "train/r4.png"], True, False),
    ]
    assert [found.pairs[0].first.label, found.pairs[0].second.label] == ["c0", "c1"]
    assert found.leaks == ()


def test_a_test_image_leaks_with_the_training_image_most_like_it():
    found = findings.look(make_task([0, 1, 2]), decoded([0, 1, 1.5, 3, 0.5, 1.5, 6, 6]))
    assert [(pair.first.file, pair.second.file, pair.same) for pair in found.leaks] == [
        ("train/r0.png", "test/t1.png", False),
        ("train/r2.png", "test/t2.png", True),
    ]
    assert found.leaks[0].second == findings.Image("test/t1.png", "test")
    assert len(found.sets) == 1  # copies among test images alone are nobody's concern


def test_unreadable_images_have_reasons_and_are_compared_with_nothing():
    task = make_task([0, 1, 2], test_ids=["a", "b"])
    task = replace(task, test_files=np.array(["test/a.png", ""]))
    found = findings.look(task, decoded([0, 0, 2, 0, 0], unreadable=[1, 3, 4]))
    assert found.opened == 4
    assert found.unreadable == (
        (findings.Image("train/r1.png", "train", "c1"), "OSError: cut short"),
        (findings.Image("test/a.png", "test"), "OSError: cut short"),
    )
    assert (found.sets, found.leaks) == ((), ())


def test_no_readable_image_at_all():
    found = findings.look(make_task([0, 1], test_ids=["a"]), decoded([0, 0, 0], [0, 1, 2]))
    assert (len(found.unreadable), found.sets) == (3, ())


def test_reasons_do_not_tell_where_files_lie():
    task = make_task([0, 1])
    reasons = {0: f"cannot identify '{task.root}/train/r0.png'"}
    found = findings.unopened(task, "too many", reasons)
    assert found.unreadable[0][1] == "cannot identify 'train/r0.png'"
    assert (found.opened, found.unsaid) == (7, "too many")
    assert findings.unopened(task, "not asked for").opened == 0


def test_numbers_are_paired_from_the_lowest_on():
    labels = np.array([[5.0], [1.0], [9.0], [5.2], [5.1]], np.float32)
    task = make_task(labels, classes=("age",), kind="numbers", test_ids=[])
    found = findings.look(task, decoded([0, 0, 0, 3, 3]))
    assert found.contradicting == 1
    assert [(p.first.label, p.second.label, p.contradicting) for p in found.pairs] == [
        ("1", "5", True),
        ("1", "9", True),
        ("5.1", "5.2", False),
    ]


@given(st.lists(st.sampled_from([0, 1, 2]), min_size=2, max_size=8), st.data())
def test_a_set_has_a_pair_for_each_image_but_one_and_contradicts_where_one_does(places, data):
    labels = data.draw(st.lists(st.integers(0, 1), min_size=len(places), max_size=len(places)))
    found = findings.look(make_task(labels, classes=2, test_ids=[]), decoded(places))
    sizes = sorted(count for count in map(places.count, set(places)) if count > 1)
    assert sorted(map(len, found.sets)) == sizes
    assert len(found.pairs) == sum(sizes) - len(sizes)
    assert found.contradicting == len({p.first for p in found.pairs if p.contradicting})


@pytest.mark.parametrize(
    ("labels", "facts", "words"),
    [
        ([2], {}, "c2"),
        ([[0.2, 0.7, 0.1]], {}, "c1"),
        ([[1, 0, 1]], {"kind": "tags"}, "c0, c2"),
        ([[0, 0, 0]], {"kind": "tags"}, "no tag"),
        ([[12.5]], {"kind": "numbers", "classes": 1}, "12.5"),
        ([[1, 2]], {"kind": "numbers", "classes": 2}, "c0 1, c1 2"),
        ([[1, 2, 3, 4]], {"kind": "numbers", "classes": 4}, "c0 1, c1 2, c2 3 …"),
    ],
)
def test_labels_in_words(labels, facts, words):
    assert findings.label(make_task(labels, **facts), 0) == words


@pytest.mark.parametrize(
    ("train", "test", "both"),
    [
        (["a1f", "b2e", "c"], ["c", "a1f", "d"], ("a1f", "c")),
        (["0", "1", "2"], ["0", "1", "2"], ()),
        (["img_1.png", "img_2.png"], ["img_2.png", "img_3.png"], ()),
        (["7731", "9924"], ["9924", "1"], ("9924",)),
        (["a"], ["b"], ()),
    ],
)
def test_ids_in_both_roles_count_unless_they_only_number_rows(train, test, both):
    task = make_task([0] * len(train), train_ids=np.array(train), test_ids=test)
    assert findings.ids_in_both(task) == both
    assert findings.unopened(task, "not asked for").ids == both


def test_groups_in_both_roles_are_passed_on():
    task = make_task([0, 1], groups_in_test=("p1", "p7"))
    assert findings.look(task, decoded(range(7))).groups == ("p1", "p7")
