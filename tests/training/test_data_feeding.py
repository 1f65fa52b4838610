"""Keras gets the batches of every pass in order, and nothing that is tuned while it trains."""

import keras
import numpy as np
import pytest
from support.toy_nets import pictures, plain_net

from kaggle_prz.training.data import TrainBatches, fed

pytestmark = pytest.mark.keras

PIXELS, LABELS = pictures(20)


def batches(weigh=None) -> TrainBatches:
    return TrainBatches(
        PIXELS, np.arange(20), LABELS, batch_size=8, flips=("horizontal",), seed=(3,), weigh=weigh
    )


def test_passes_are_those_that_keras_makes_of_the_batches():
    found = []
    for given in (batches(), fed(batches())):
        seen: list[float] = []
        network = plain_net(16)
        model = keras.Sequential([network, keras.layers.GlobalAveragePooling2D()])
        model.add(keras.layers.Dense(4))
        model.compile(
            keras.optimizers.SGD(0.0),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        )
        model.set_weights([np.full(w.shape, 0.01 * (k + 1)) for k, w in enumerate(model.weights)])
        note = keras.callbacks.LambdaCallback(
            on_train_batch_end=lambda batch, logs, seen=seen: seen.append(logs["loss"])
        )
        model.fit(given, epochs=3, shuffle=False, verbose=0, callbacks=[note])
        found.append(seen)
    assert len(found[0]) == 3 * 2
    assert found[0] == found[1]


def test_every_pass_is_another_one():
    given, by_hand = fed(batches()), batches()
    for _ in range(3):
        by_hand.on_epoch_end()
        for index, (images, targets) in enumerate(given):
            expected, labels = by_hand[index]
            np.testing.assert_array_equal(images, expected)
            np.testing.assert_array_equal(targets, labels)


def test_weights_of_rows_go_with_them():
    weighted = batches(lambda targets: 1.0 + targets.astype(np.float32))
    for _, targets, weights in fed(weighted):
        np.testing.assert_array_equal(weights, 1.0 + np.asarray(targets))


def test_the_number_of_batches_is_known_and_nothing_is_tuned():
    given = fed(batches())
    assert int(given.cardinality()) == 2
    assert given.options().autotune.enabled is False


def test_other_backends_get_the_batches_themselves(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    own = batches()
    assert fed(own) is own
