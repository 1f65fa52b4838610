import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.toys import make_heads, make_task

from kaggle_prz.core.errors import RunError, UsageError
from kaggle_prz.tasks import folds

seeds = st.integers(0, 2**32 - 1)


@st.composite
def drawings(draw, *, grouped: bool = False):
    """A task that can be divided, a number of folds, and a seed."""
    count = draw(st.integers(2, 5))
    classes = draw(st.integers(2, 4))
    labels, groups = [], []
    for label in range(classes):
        units = draw(st.integers(count, 3 * count))
        for unit in range(units):
            rows = draw(st.integers(1, 3)) if grouped else 1
            labels += [label] * rows
            groups += [f"g{label}-{unit}"] * rows
    order = draw(st.permutations(range(len(labels))))
    task = make_task(
        [labels[row] for row in order],
        classes=classes,
        groups=[groups[row] for row in order] if grouped else None,
    )
    return task, count, draw(seeds)


@given(drawings())
@settings(max_examples=40)
def test_every_row_is_held_out_once_and_classes_are_spread_evenly(drawing):
    task, count, seed = drawing
    column = folds.draw(task, count, seed)
    assert column.shape == task.labels.shape
    assert set(column.tolist()) == set(range(count))
    for label in range(len(task.classes)):
        held_out = np.bincount(column[task.labels == label], minlength=count)
        assert held_out.max() - held_out.min() <= 1


@given(drawings(grouped=True))
@settings(max_examples=40)
def test_a_group_is_never_divided(drawing):
    task, count, seed = drawing
    column = folds.draw(task, count, seed)
    assert set(column.tolist()) == set(range(count))
    for group in set(task.groups.tolist()):
        assert len(set(column[task.groups == group].tolist())) == 1


@given(drawings())
@settings(max_examples=20)
def test_the_same_seed_draws_the_same_folds(drawing):
    task, count, seed = drawing
    assert folds.draw(task, count, seed).tolist() == folds.draw(task, count, seed).tolist()


def test_another_seed_draws_other_folds():
    task = make_task([0, 1, 2] * 20)
    drawn = {tuple(folds.draw(task, 3, seed).tolist()) for seed in range(3)}
    assert len(drawn) == 3


def test_one_fold_holds_out_nothing():
    with pytest.raises(UsageError, match=r"at least 2 folds; received --folds 1"):
        folds.draw(make_task([0, 1] * 5, classes=2), 1, 0)


def test_rare_classes_are_put_together_and_named():
    task = make_task([0] * 9 + [1] * 3 + [2] * 2 + [3], classes=4)
    layers = folds.strata(task, 5)
    assert len({*layers[:9].tolist()}) == 1
    assert len({*layers[9:].tolist()}) == 1
    assert layers[0] != layers[9]
    held_out = np.bincount(folds.draw(task, 5, 0), minlength=5)
    assert held_out.tolist() == [3] * 5
    (note,) = folds.notes(task, 5)
    assert note == (
        "3 of 4 classes have fewer images than folds (5), so some folds do not hold them out: "
        "'c1' has 3, 'c2' has 2, 'c3' has 1."
    )
    assert folds.notes(task, 2)[0].startswith("1 of 4 classes")
    assert folds.notes(make_task([0, 1] * 5, classes=2), 5) == []


def test_a_rare_class_alone_joins_the_next():
    task = make_task([0] * 9 + [1] * 6 + [2], classes=3)
    layers = folds.strata(task, 5)
    assert len({*layers[9:].tolist()}) == 1
    assert layers[0] != layers[9]


def test_as_many_classes_as_images():
    column = folds.draw(make_task(range(8), classes=8), 2, 0)
    assert np.bincount(column).tolist() == [4, 4]
    assert folds.notes(make_task(range(8), classes=8), 2)[0].endswith("'c2' has 1 and 5 more.")


def test_fewer_images_than_folds():
    with pytest.raises(UsageError, match=r"--folds 5 needs at least 5 training images.* has 4\."):
        folds.draw(make_task([0, 1] * 2, classes=2), 5, 0)


@given(st.integers(2, 5), seeds, st.sampled_from([1, 2, 7]), st.booleans())
@settings(max_examples=40)
def test_tags_are_spread_by_the_rarest(count, seed, columns, grouped):
    random = np.random.default_rng(seed)
    tags = (random.random((60, columns)) < 0.3).astype(np.float32)
    groups = random.integers(0, 20, 60).astype(str) if grouped else None
    task = make_task(tags, classes=columns, kind="tags", groups=groups)
    column = folds.draw(task, count, seed)
    assert {*column.tolist()} == {*range(count)}
    assert folds.notes(task, count) == []
    layers = folds.strata(task, count)
    assert np.bincount(np.unique(layers, return_inverse=True)[1]).min() >= count
    if not grouped:
        for layer in {*layers.tolist()}:
            held_out = np.bincount(column[layers == layer], minlength=count)
            assert held_out.max() - held_out.min() <= 1


@given(st.integers(2, 4), seeds)
@settings(max_examples=30)
def test_heads_are_spread_by_the_classes_of_all_together(count, seed):
    random = np.random.default_rng(seed)
    labels = np.stack([np.arange(96) % 2, random.integers(0, 3, 96)], axis=1)
    task = make_heads(labels)
    column = folds.draw(task, count, seed)
    for pair in np.unique(labels, axis=0):
        held_out = np.bincount(column[(labels == pair).all(axis=1)], minlength=count)
        assert held_out.max() - held_out.min() <= 1
    assert folds.notes(task, count) == []


def test_heads_of_which_few_rows_have_the_same_are_spread_by_the_rarest():
    """No two rows agree in both heads: the rows of each class of the second, of which are fewer."""
    labels = [[row % 12, row // 12] for row in range(48)]
    task = make_heads(labels, sizes=(12, 4))
    layers = folds.strata(task, 3)
    assert len({*layers.tolist()}) == 12
    for label in range(12):
        assert len({*layers[np.arange(48) % 12 == label].tolist()}) == 1


def test_rare_classes_of_heads_are_named():
    (note,) = folds.notes(make_heads([[0, 0], [1, 1], [0, 1], [0, 1], [1, 1]]), 2)
    assert note.startswith("2 of 5 classes have fewer images than folds")
    assert note.endswith("'h1_0' has 1, 'h1_2' has 0.")


@given(st.integers(2, 5), seeds)
@settings(max_examples=30)
def test_folds_hold_out_numbers_of_the_whole_range(count, seed):
    numbers = np.random.default_rng(seed).lognormal(size=(100, 1)).astype(np.float32)
    task = make_task(numbers, classes=1, kind="numbers")
    column = folds.draw(task, count, seed)
    low, high = np.quantile(numbers, [0.1, 0.9])
    for fold in range(count):
        held_out = numbers[column == fold]
        assert held_out.min() <= low
        assert held_out.max() >= high


@pytest.mark.parametrize(
    ("groups", "told"), [(["a", "b"] * 6, "Use --folds 2 or fewer"), (["a"] * 12, "not possible")]
)
def test_fewer_groups_than_folds(groups, told):
    with pytest.raises(UsageError, match=f"needs at least 3 groups.*{told}"):
        folds.draw(make_task([0, 0, 1, 1] * 3, classes=2, groups=groups), 3, 0)


@pytest.mark.parametrize("groups", [None, ['p, "1"', "é"] * 6])
def test_folds_survive_their_file_in_any_order_of_rows(tmp_path, groups):
    task = make_task([0, 0, 1, 1] * 3, classes=2, groups=groups)
    column = np.arange(12) % 2
    folds.write(tmp_path / "folds.csv", task, column)
    header, *rows = (tmp_path / "folds.csv").read_text("utf-8").splitlines()
    assert header == ("id,fold,group" if groups else "id,fold")
    assert folds.read(tmp_path / "folds.csv", task, 2).tolist() == column.tolist()
    (tmp_path / "folds.csv").write_text("\n".join([header, *reversed(rows)]), "utf-8")
    assert folds.read(tmp_path / "folds.csv", task, 2).tolist() == column.tolist()


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("r3,", "r99,"),
        lambda text: text.replace("r3,1\n", ""),
        lambda text: text + "r99,0\n",
        lambda text: re.sub(r",1$", ",0", text, flags=re.MULTILINE),
        lambda text: text.replace("id,fold", "id,held"),
        lambda text: text.replace("r3,1", "r3,one"),
        lambda text: "",
    ],
    ids=["renamed", "missing", "stranger", "fold gone", "header", "no number", "empty"],
)
def test_a_fold_file_that_does_not_cover_the_rows_is_refused(tmp_path, change):
    task = make_task([0, 0, 1, 1] * 3, classes=2)
    file = tmp_path / "folds.csv"
    folds.write(file, task, np.arange(12) % 2)
    file.write_text(change(file.read_text()))
    with pytest.raises(RunError, match=r"does not have the 2 folds .* --run NAME"):
        folds.read(file, task, 2)
