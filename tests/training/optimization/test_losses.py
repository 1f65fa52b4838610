"""Losses by hand: of indexes and of shares, smoothed, focal, weighted."""

import numpy as np
import pytest

from kaggle_prz.tasks import outputs
from kaggle_prz.training.data import TrainBatches
from kaggle_prz.training.optimization.losses import TracedLoss, loss_and_metrics

pytestmark = pytest.mark.keras

RANDOM = np.random.default_rng(0)


def softmax(sizes):
    parts = [RANDOM.dirichlet(np.ones(size), 6) for size in sizes]
    return np.concatenate(parts, axis=1).astype("float32")


def by_hand(shares, given, *, focal=False, smoothing=0.0):
    soft = shares * (1 - smoothing) + smoothing / shares.shape[1]
    return -(soft * (1 - given) ** (2 if focal else 0) * np.log(given)).sum(axis=1)


@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize("options", [{}, {"smoothing": 0.2}, {"focal": True},
                                     {"focal": True, "smoothing": 0.1}])  # fmt: skip
def test_classes_and_heads(options, mixed):
    sizes = (2, 4)
    given = softmax(sizes)
    labels = np.stack([RANDOM.integers(0, size, 6) for size in sizes], axis=1)
    hot = outputs.shares(labels, sizes)
    if mixed:
        hot = 0.7 * hot + 0.3 * hot[::-1]
    for kind, span in ((outputs.Heads(6, sizes), slice(None)), (outputs.Classes(4), slice(2, 6))):
        loss, _ = loss_and_metrics(kind, shares=mixed, **options)
        target = hot[:, span] if mixed else labels if kind.heads else labels[:, 1]
        found = np.asarray(TracedLoss(loss).call(target.astype("float32"), given[:, span]))
        expected = by_hand(hot[:, 2:], given[:, 2:], **options)
        if kind.heads:
            first = by_hand(hot[:, :2], given[:, :2], **options)
            expected = np.stack([first, expected], axis=1)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("focal", [False, True])
def test_tags_are_told_apart(focal):
    given, target = RANDOM.uniform(0.1, 0.9, (5, 3)), RANDOM.integers(0, 2, (5, 3))
    loss, _ = loss_and_metrics(outputs.Tags(3), focal=focal, smoothing=0.2)
    soft = target * 0.8 + 0.1
    expected = -(soft * np.log(given) + (1 - soft) * np.log(1 - given))
    if focal:
        expected = expected * (1 - (soft * given + (1 - soft) * (1 - given))) ** 2
    found = np.asarray(loss(target.astype("float32"), given.astype("float32")))
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_numbers_are_neither_smoothed_nor_focal():
    given = np.array([[0.25]], "float32")
    number = outputs.Numbers(1, np.zeros(1), np.ones(1))
    loss, measured = loss_and_metrics(number, focal=True, smoothing=0.5)
    assert float(loss(given, given)[0, 0]) == pytest.approx(
        0.5623, abs=1e-3
    )  # entropy of a quarter
    assert measured == []


def test_a_head_of_one_class_is_always_right():
    loss, _ = loss_and_metrics(outputs.Heads(3, (1, 2)), smoothing=0.1)
    found = loss(np.zeros((3, 2), "float32"), np.full((3, 3), 0.5, "float32"))
    np.testing.assert_allclose(np.asarray(found)[:, 0], 0)


@pytest.mark.parametrize("shares", [False, True])
def test_accuracy_of_shares_is_that_of_their_largest(shares):
    sizes = (2, 3)
    labels = np.array([[0, 2], [1, 1]])
    given = outputs.shares(np.array([[0, 2], [0, 1]]), sizes) * 0.8 + 0.05
    target = outputs.shares(labels, sizes) * 0.6 + 0.1 if shares else labels
    (accuracy,) = loss_and_metrics(outputs.Heads(5, sizes), shares=shares)[1]
    accuracy.update_state(target.astype("float32"), given)
    assert float(accuracy.result()) == pytest.approx(3 / 4)


def test_tags_of_mixed_images_are_right_on_their_side_of_one_half():
    (accuracy,) = loss_and_metrics(outputs.Tags(2))[1]
    accuracy.update_state(np.array([[0.7, 0.2]]), np.array([[0.9, 0.8]]))
    assert float(accuracy.result()) == 0.5


def test_batches_carry_the_weight_of_every_row():
    pixels = np.zeros((6, 4, 4, 3), np.uint8)
    batches = TrainBatches(
        pixels, np.arange(6), np.arange(6), batch_size=2, weigh=lambda targets: targets * 10.0
    )
    assert len(batches) == 3
    seen = []
    for _ in range(2):
        for index in range(3):
            _, targets, weights = batches[index]
            np.testing.assert_array_equal(weights, targets * 10.0)
            seen += targets.tolist()
        batches.on_epoch_end()
    assert sorted(seen) == sorted([*range(6), *range(6)])
    assert seen[:6] != seen[6:]


@pytest.mark.parametrize("options", [{}, {"smoothing": 0.2}, {"focal": True}])
def test_unknown_tags_cost_nothing_and_pull_nowhere(options):
    import keras

    loss, (accuracy,) = loss_and_metrics(outputs.Tags(3), **options)
    true = np.array([[1, np.nan, 0], [np.nan, np.nan, 1]], "float32")
    given = RANDOM.uniform(0.1, 0.9, (2, 3)).astype("float32")
    known = ~np.isnan(true)
    found = np.asarray(TracedLoss(loss).call(true, given))
    whole = np.asarray(TracedLoss(loss).call(np.nan_to_num(true), given))
    np.testing.assert_allclose(found, np.where(known, whole, 0), rtol=1e-6)
    layer = keras.layers.Dense(3, activation="sigmoid")
    model = keras.Sequential([keras.Input((2,)), layer])
    layer.set_weights([np.zeros((2, 3), "float32"), np.zeros(3, "float32")])
    model.compile("sgd", TracedLoss(loss))
    model.train_on_batch(np.ones((1, 2), "float32"), true[1:])
    moved = layer.get_weights()[1] != 0
    assert moved.tolist() == known[1].tolist()
    accuracy.update_state(true, np.array([[1, 1, 1], [0, 0, 1]], "float32"))
    assert float(accuracy.result()) == pytest.approx((1 / 2 + 1) / 2)
