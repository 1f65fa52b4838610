"""Statistics of batch normalization: which are used, and how they are measured anew."""

import keras
import numpy as np
import pytest
from support.toy_nets import equal, pictures, stage

from kaggle_prz.core.errors import UsageError
from kaggle_prz.models import batch_normalization
from kaggle_prz.models.backbones import resolve
from kaggle_prz.models.batch_normalization import layers_of, recalibrate, recalibrate_on
from kaggle_prz.models.classifier import build
from kaggle_prz.schedule.recipe import Recipe
from kaggle_prz.training.stage_trainer import FoldWork, StageTrainer

pytestmark = pytest.mark.keras

PIXELS, LABELS = pictures(24)


def net(norms: int, *, rate: float = 0.0) -> keras.Model:
    """A convolution and a normalization, so many times over."""
    keras.utils.set_random_seed(0)
    x = images = keras.Input((16, 16, 3))
    for number in range(norms):
        x = keras.layers.Dropout(rate)(x)
        x = keras.layers.Conv2D(5, 3, activation="relu", name=f"conv{number}")(x)
        x = keras.layers.BatchNormalization(name=f"norm{number}")(x)
    return keras.Model(images, x)


def statistics(model: keras.Model) -> list[np.ndarray]:
    found = [(norm.moving_mean, norm.moving_variance) for norm in layers_of(model)]
    return [keras.ops.convert_to_numpy(each) for pair in found for each in pair]


def others(model: keras.Model) -> list[np.ndarray]:
    return [w.numpy() for w in model.weights if "moving" not in w.path]


@pytest.mark.parametrize("sizes", [(24,), (8, 8, 8), (10, 3, 11)])
@pytest.mark.parametrize("trainable", [True, False])
def test_one_layer_gets_the_mean_and_variance_of_all_images(sizes, trainable):
    model = net(1, rate=0.5)  # dropout must not be seen
    model.get_layer("norm0").trainable = trainable
    before = others(model)
    recalibrate(model, np.split(PIXELS, np.cumsum(sizes)[:-1]))
    seen = keras.Model(model.input, model.get_layer("conv0").output).predict(PIXELS, verbose=0)
    mean, variance = statistics(model)
    np.testing.assert_allclose(mean, seen.mean(axis=(0, 1, 2), dtype=np.float64), rtol=1e-5)
    np.testing.assert_allclose(variance, seen.var(axis=(0, 1, 2), dtype=np.float64), rtol=1e-4)
    assert equal(before, others(model))
    made = model.predict(PIXELS, verbose=0)
    np.testing.assert_allclose(made.mean(axis=(0, 1, 2)), 0, atol=1e-4)
    used = seen.std(axis=(0, 1, 2)) > 1
    np.testing.assert_allclose(made.std(axis=(0, 1, 2))[used], 1, atol=1e-3)


def test_several_layers_converge_at_once():
    model = net(2)
    whole = [PIXELS]
    recalibrate(model, whole)
    first = statistics(model)
    made = model.predict(PIXELS, verbose=0)
    np.testing.assert_allclose(made.mean(axis=(0, 1, 2)), 0, atol=1e-4)
    recalibrate(model, whole)
    for one, other in zip(first, statistics(model), strict=True):
        np.testing.assert_array_equal(one, other)
    halves = np.split(PIXELS, 2)
    recalibrate(model, halves)
    for one, other in zip(first, statistics(model), strict=True):
        np.testing.assert_allclose(one, other, rtol=0.1, atol=0.1 * abs(one).max())


def test_layers_are_left_as_they_were():
    model = net(2)
    kept, still = layers_of(model)
    still.trainable = False
    recalibrate(model, [PIXELS])
    assert [norm.trainable for norm in (kept, still)] == [True, False]
    assert [norm.momentum for norm in (kept, still)] == [0.99, 0.99]
    before = statistics(model)
    model(PIXELS, training=False)
    assert equal(before, statistics(model))
    model(PIXELS[:4], training=True)
    after = statistics(model)
    assert not np.array_equal(before[0], after[0])  # trains as before …
    assert equal(before[2:], after[2:])  # … and does not, as before


def test_an_error_on_the_way_changes_nothing():
    model = net(1)
    before = statistics(model)

    def broken():
        yield PIXELS
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        recalibrate(model, broken())
    assert equal(before, statistics(model))
    with pytest.raises(UsageError, match="at least one batch of images; received none"):
        recalibrate(model, [])
    assert equal(before, statistics(model))
    assert not layers_of(model)[0].__dict__.get("call")


def test_a_model_without_normalization_is_left_alone():
    model = keras.Sequential([keras.Input((16, 16, 3)), keras.layers.Flatten()])
    recalibrate(model, [PIXELS])


def test_images_are_drawn_by_a_seed_in_batches_of_about_one_size(monkeypatch):
    seen = []
    monkeypatch.setattr(
        batch_normalization, "recalibrate", lambda _, batches: seen.append([*batches])
    )
    pixels = np.arange(40, dtype=np.uint8).reshape(-1, 1, 1, 1)
    rows = np.arange(3, 40)
    for seed in (0, 0, 1):
        used = recalibrate_on(None, pixels, rows, batch_size=8, seed=(seed,), most=21)
        assert used == 21
    assert [len(batch) for batch in seen[0]] == [7, 7, 7]
    flat = [np.concatenate(batches).ravel().tolist() for batches in seen]
    assert flat[0] == flat[1] != flat[2]
    assert len(set(flat[0])) == 21
    assert set(flat[0]) <= set(rows.tolist())


@pytest.mark.parametrize(
    ("wanted", "pretrained", "statistics", "told"),
    [
        ("auto", True, "inference", "4 layers kept in inference mode (pretrained)"),
        ("auto", False, "train", "with batch statistics, momentum 0.9 (trained from scratch)"),
        ("inference", False, "inference", "inference mode (as asked for)"),
        ("train", True, "train", "momentum 0.9 (as asked for)"),
        ("recalibrate", True, "recalibrate", "again on at most 512 training images of a fold"),
    ],
)
def test_what_is_decided(wanted, pretrained, statistics, told):
    network = resolve("tiny").build(16)
    decided, sentence = batch_normalization.settle(network, wanted, pretrained=pretrained)
    assert decided == statistics
    assert told in sentence
    trained = [norm.trainable for norm in layers_of(network)]
    assert trained == [statistics == "train"] * 4
    if statistics == "train":
        assert {norm.momentum for norm in layers_of(network)} == {0.9}


@pytest.mark.parametrize("wanted", ["auto", "train", "recalibrate", "inference"])
@pytest.mark.parametrize("layer", ["LayerNormalization", "RMSNormalization", "Dense"])
def test_a_network_without_any_says_so(wanted, layer):
    arguments = {"units": 2} if layer == "Dense" else {}
    norm = getattr(keras.layers, layer)(**arguments)
    network = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(2, 3), norm])
    decided, sentence = batch_normalization.settle(network, wanted, pretrained=True)
    assert decided == "inference"
    ends = "" if wanted == "auto" else f"; batch_norm={wanted} changes nothing"
    assert sentence == f"batch normalization: the backbone has none{ends}"
    assert batch_normalization.kind_of(network) == ("none" if layer == "Dense" else "layer")
    assert batch_normalization.was_trained(network) is False


def test_batch_normalization_anywhere_is_what_counts():
    inner = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.BatchNormalization()])
    norm = keras.layers.LayerNormalization()
    network = keras.Sequential([keras.Input((8, 8, 3)), norm, inner])
    assert batch_normalization.kind_of(network) == "batch"


def test_the_training_step_is_traced_once_whatever_is_recalibrated():
    made = build(resolve("tiny"), 16, 4, batch_norm="recalibrate")
    trainer = StageTrainer(made, stage(), Recipe())
    fresh = made.model.get_weights()
    ended = []
    for fold in (0, 1, 0):
        made.model.set_weights(fresh)
        recalibrate_on(made.model, PIXELS, np.arange(24), batch_size=8, seed=(fold,))
        measured = statistics(made.model)
        trainer.train(FoldWork(fold, PIXELS, np.arange(24), LABELS, epochs=1))
        assert equal(measured, statistics(made.model))  # training leaves them
        ended.append(made.model.get_weights())
    assert trainer.traces == 1
    assert equal(ended[0], ended[2])
    assert not equal(ended[0], ended[1])
