"""Batches: every row in its turn, the same for the same seed, always of one shape."""

import threading

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("keras")

from kaggle_prz import images
from kaggle_prz.core.console import Silent
from kaggle_prz.core.errors import UsageError
from kaggle_prz.models.prediction import VIEWS, prediction_batches
from kaggle_prz.tasks.outputs import shares as shares_of
from kaggle_prz.training.augmentation import Augmentation
from kaggle_prz.training.data import TrainBatches

pytestmark = pytest.mark.keras


def numbered(count: int, size: int = 4) -> np.ndarray:
    """Pictures that are all different, and different from their mirror images."""
    return np.random.default_rng(1).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


def whole_pass(batches: TrainBatches) -> tuple[np.ndarray, np.ndarray]:
    given = [batches[index] for index in range(len(batches))]
    return np.concatenate([x for x, _ in given]), np.concatenate([y for _, y in given])


def drawn(pixels: np.ndarray, stored: np.ndarray) -> list[int]:
    """Which stored picture each of `pixels` is, whatever way it is flipped."""
    views = [np.flip(stored, axes) if axes else stored for axes in VIEWS.values()]
    return [
        next(row for row in range(len(stored)) if any(np.array_equal(v[row], one) for v in views))
        for one in pixels
    ]


def test_a_pass_covers_rows_once_with_their_labels():
    stored = numbered(30)
    rows, labels = np.arange(3, 27), np.arange(24) % 5
    pixels, given = whole_pass(TrainBatches(stored, rows, labels, batch_size=8))
    seen = drawn(pixels, stored)
    assert sorted(seen) == list(range(3, 27))
    assert seen != sorted(seen)
    assert given.tolist() == [labels[row - 3] for row in seen]


def test_every_batch_is_full_and_left_over_rows_get_their_turn():
    stored = numbered(11)
    batches = TrainBatches(stored, np.arange(11), np.zeros(11, int), batch_size=4, flips=())
    assert len(batches) == 2
    seen: set[int] = set()
    for _ in range(12):
        pixels, _ = whole_pass(batches)
        assert pixels.shape == (8, 4, 4, 3)
        seen |= set(drawn(pixels, stored))
        batches.on_epoch_end()
    assert seen == set(range(11))


def test_fewer_rows_than_a_batch_are_one_batch():
    batches = TrainBatches(numbered(5), np.arange(5), np.arange(5), batch_size=32)
    assert len(batches) == 1
    assert sorted(batches[0][1].tolist()) == [0, 1, 2, 3, 4]


def test_the_same_seed_gives_the_same_batches_in_any_order_of_asking():
    def batches(*seed: int) -> TrainBatches:
        flips = ("horizontal", "vertical")
        return TrainBatches(
            numbered(40), np.arange(40), np.arange(40), batch_size=8, flips=flips, seed=seed
        )

    one, other, third = batches(7, 1, 0), batches(7, 1, 0), batches(7, 1, 1)
    first = [one[index] for index in range(5)]
    again = [other[index] for index in (4, 3, 2, 1, 0)][::-1]
    for (x, y), (same_x, same_y) in zip(first, again, strict=True):
        np.testing.assert_array_equal(x, same_x)
        np.testing.assert_array_equal(y, same_y)
    assert whole_pass(third)[1].tolist() != whole_pass(one)[1].tolist()
    one.on_epoch_end()
    assert whole_pass(one)[1].tolist() != whole_pass(other)[1].tolist()
    other.on_epoch_end()
    np.testing.assert_array_equal(whole_pass(one)[0], whole_pass(other)[0])


@pytest.mark.parametrize(
    ("flips", "allowed"),
    [
        ((), {"plain"}),
        (("horizontal",), {"plain", "horizontal"}),
        (("vertical",), {"plain", "vertical"}),
        (("horizontal", "vertical"), set(VIEWS)),
    ],
)
def test_flips_are_those_that_the_task_allows_each_about_equally_often(flips, allowed):
    stored = numbered(200)
    batches = TrainBatches(stored, np.arange(200), np.arange(200), batch_size=50, flips=flips)
    pixels, labels = whole_pass(batches)
    found = {
        view: sum(
            np.array_equal(one, np.flip(stored[label], [axis - 1 for axis in axes]))
            for one, label in zip(pixels, labels, strict=True)
        )
        for view, axes in VIEWS.items()
    }
    assert sum(found.values()) == 200
    assert {view for view, count in found.items() if count} == allowed
    assert all(found[view] > 0.6 * 200 / len(allowed) for view in allowed)


def test_flipping_leaves_the_store_as_it_was():
    stored = numbered(16)
    stored.flags.writeable = False  # as a store mapped from disk is
    batches = TrainBatches(
        stored, np.arange(16), np.arange(16), batch_size=8, flips=("horizontal",)
    )
    assert not np.shares_memory(batches[0][0], stored)


def by_row(batches: TrainBatches) -> dict[int, np.ndarray]:
    """What became of every row in a pass; labels are rows."""
    pixels, labels = whole_pass(batches)
    return dict(zip(labels.tolist(), pixels, strict=True))


@pytest.mark.parametrize("randaugment", [0.0, 6.0])
def test_what_happens_to_a_picture_does_not_depend_on_its_batch_or_on_the_fold_s_other_rows(
    randaugment,
):
    stored = numbered(40, 12)

    def batches(batch_size, rows):
        return TrainBatches(stored, rows, rows, batch_size=batch_size, size=9, seed=(3, 1),
                            flips=("horizontal", "vertical"),
                            augmentation=Augmentation(randaugment=randaugment))  # fmt: skip

    one, other = batches(8, np.arange(40)), batches(5, np.arange(10, 30))
    passes = []
    for _ in range(2):
        all_rows, some = by_row(one), by_row(other)
        assert len(all_rows) == 40
        assert len(some) == 20
        for row, pixels in some.items():
            np.testing.assert_array_equal(pixels, all_rows[row])
        passes.append(all_rows)
        one.on_epoch_end()
        other.on_epoch_end()
    same = [np.array_equal(passes[0][row], passes[1][row]) for row in range(40)]
    assert sum(same) < 5


@pytest.mark.parametrize("mapped", [False, True])
def test_a_picture_with_a_margin_is_cropped_at_random(tmp_path, mapped):
    stored = numbered(60, 7)
    if mapped:
        np.save(tmp_path / "7.npy", stored)
        stored = np.load(tmp_path / "7.npy", mmap_mode="r")
    given = by_row(TrainBatches(stored, np.arange(60), np.arange(60), batch_size=20, size=5))
    places = {
        (down, right)
        for row, pixels in given.items()
        for down in range(3)
        for right in range(3)
        if np.array_equal(pixels, stored[row, down : down + 5, right : right + 5])
    }
    assert len(places) == 9


def test_targets_are_mixed_as_pictures_are_and_stay_as_they_are_where_none_is():
    stored, labels = numbered(24), np.arange(24) % 3
    targets = shares_of(labels, (3,))

    def batches(**options):
        return TrainBatches(stored, np.arange(24), targets, batch_size=8, **options)

    plain, mixed = batches(), batches(augmentation=Augmentation(mixup=1.0))
    never = batches(augmentation=Augmentation(mixup=1.0), mixing=lambda step: False)
    pixels, shares = whole_pass(plain)
    assert (shares.shape, shares.dtype) == ((24, 3), np.float32)
    assert sorted(shares.max(axis=1)) == [1.0] * 24
    assert shares.argmax(axis=1).tolist() == [labels[row] for row in drawn(pixels, stored)]
    for one, same in zip(whole_pass(never), (pixels, shares), strict=True):
        np.testing.assert_array_equal(one, same)
    blended, blend = whole_pass(mixed)
    assert (blended != pixels).any(axis=(1, 2, 3)).mean() > 0.7
    assert blend.dtype == np.float32
    np.testing.assert_allclose(blend.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(blend.sum(axis=0), 8, atol=2.5)
    for one, again in zip((blended, blend), whole_pass(mixed), strict=True):
        np.testing.assert_array_equal(one, again)


def test_class_indexes_that_would_be_mixed_are_refused_before_training():
    with pytest.raises(UsageError, match="Convert class indexes to one-hot rows"):
        TrainBatches(numbered(8), np.arange(8), np.arange(8), batch_size=4,
                     augmentation=Augmentation(cutmix=1.0))  # fmt: skip


def test_keras_takes_batches_in_order_and_steps_are_counted_through_passes():
    import keras

    threads, steps = set(), []

    class Watched(TrainBatches):
        def __getitem__(self, index):
            threads.add(threading.current_thread())
            return super().__getitem__(index)

    batches = Watched(
        numbered(24, 8),
        np.arange(24),
        shares_of(np.arange(24) % 3, (3,)),
        batch_size=8,
        augmentation=Augmentation(randaugment=3, cutmix=1.0),
        mixing=lambda step: steps.append(step) or True,
    )
    model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten(),
                              keras.layers.Dense(3, activation="softmax")])  # fmt: skip
    model.compile("sgd", "categorical_crossentropy")
    model.fit(batches, epochs=3, shuffle=False, verbose=0)
    assert steps[-9:] == list(range(9))
    if keras.backend.backend() == "tensorflow":
        assert threads - {threading.main_thread()}


def test_prediction_keeps_the_order_and_fills_the_last_batch_with_its_last_picture():
    stored = numbered(9)
    batches = list(prediction_batches(stored, np.array([8, 2, 5, 0, 7]), batch_size=3))
    assert len(batches) == 2
    np.testing.assert_array_equal(batches[0], stored[[8, 2, 5]])
    np.testing.assert_array_equal(batches[1], stored[[0, 7, 7]])


def test_a_batch_may_hold_the_end_of_one_view_and_the_beginning_of_the_next():
    stored = numbered(5)
    stored.flags.writeable = False  # as a store mapped from disk is
    rows = np.array([4, 0, 2])
    views = ("plain", "vertical")
    batches = list(prediction_batches(stored, rows, batch_size=4, views=views))
    assert [batch.shape for batch in batches] == [(4, 4, 4, 3)] * 2
    given = np.concatenate(batches)
    np.testing.assert_array_equal(given[:3], stored[rows])
    np.testing.assert_array_equal(given[3:6], stored[rows][:, ::-1])
    np.testing.assert_array_equal(given[6:], given[5:6].repeat(2, axis=0))


@pytest.mark.parametrize(
    ("view", "mirrored"),
    [
        ("plain", lambda x: x),
        ("horizontal", lambda x: x[:, :, ::-1]),
        ("vertical", lambda x: x[:, ::-1]),
        ("both", lambda x: x[:, ::-1, ::-1]),
    ],
)
def test_views_are_mirror_images(view, mirrored):
    stored = numbered(4)
    (pixels,) = prediction_batches(stored, np.arange(4), batch_size=4, views=(view,))
    np.testing.assert_array_equal(pixels, mirrored(stored))


@pytest.mark.parametrize("cache", ["encoded", "none"])
def test_batches_of_images_that_are_decoded_when_asked_for(tmp_path, cache):
    root = tmp_path / "files"
    root.mkdir()
    names = [f"{number}.png" for number in range(9)]
    for name, pixels in zip(names, numbered(9, 12), strict=True):
        Image.fromarray(pixels).save(root / name)
    place = tmp_path / "store" / "of"
    store = images.decode(root, names, (12,), place, Silent(), cache=cache).stores[12]

    def batches(pixels) -> TrainBatches:
        return TrainBatches(pixels, np.arange(9), np.arange(9), batch_size=4, flips=("vertical",))

    (pixels, labels), (meant, _) = whole_pass(batches(store)), whole_pass(batches(store[:]))
    np.testing.assert_array_equal(pixels, meant)
    assert len(set(labels.tolist())) == 8
    rows = np.array([8, 2, 2, 0])
    (batch,) = prediction_batches(store, rows, batch_size=4, views=("plain",))
    np.testing.assert_array_equal(batch, store[:][rows])


@pytest.mark.parametrize("channels", [1, 5])
def test_any_number_of_channels_is_trained_on_and_predicted(channels):
    from kaggle_prz.models.backbones import resolve
    from kaggle_prz.models.classifier import build
    from kaggle_prz.models.prediction import predict

    stored = np.random.default_rng(1).integers(0, 256, (9, 16, 16, channels), dtype=np.uint8)
    batches = TrainBatches(stored, np.arange(9), np.arange(9) % 2, batch_size=4, flips=())
    model = build(resolve("tiny"), 16, 2, channels=channels).model
    model.compile("sgd", "sparse_categorical_crossentropy")
    assert np.isfinite(model.fit(batches, verbose=0).history["loss"]).all()
    seen = predict(model, stored, np.arange(9), batch_size=4, views=("plain", "horizontal"))
    assert seen.shape == (9, 2)
    np.testing.assert_allclose(seen.sum(axis=1), 1, atol=1e-5)
