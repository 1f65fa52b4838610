"""What a stage trains: float32 out under any policy, BatchNorm settled, the same from one seed."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from support.toy_nets import equal, pictures, plain, plain_net, stage

from kaggle_prz.core.errors import UsageError
from kaggle_prz.models.backbones import Backbone, resolve
from kaggle_prz.models.classifier import Classifier, build, build_model, grouped_softmax
from kaggle_prz.schedule.recipe import Recipe
from kaggle_prz.training.stage_trainer import FoldWork, StageTrainer

pytestmark = pytest.mark.keras

POLICIES = ("float32", "mixed_float16", "mixed_bfloat16")
PIXELS, LABELS = pictures(32)


def classifier(name="tiny", policy="float32", seed=0, **options) -> Classifier:
    return build(resolve(name), 16, 4, policy=policy, seed=seed, **options)


def norms(model: keras.Model) -> list[keras.layers.BatchNormalization]:
    flat = model._flatten_layers(include_self=False, recursive=True)
    return [layer for layer in flat if isinstance(layer, keras.layers.BatchNormalization)]


def last_loss(policy: str, backbone: Backbone) -> float:
    made = build(backbone, 16, 4, policy=policy, seed=0, dropout=0.0)
    trainer = StageTrainer(made, stage(learning_rate=1e-2), Recipe())
    history = trainer.train(FoldWork(0, PIXELS, np.arange(32), LABELS, epochs=4))
    assert np.isfinite(history.loss).all()
    return float(history.loss.iloc[-1])


@pytest.mark.parametrize("policy", POLICIES)
def test_probabilities_are_float32_finite_and_sum_to_one(policy):
    made = classifier(policy=policy)
    given = made.model.predict(PIXELS, verbose=0)
    assert given.dtype == np.float32
    assert np.isfinite(given).all()
    np.testing.assert_allclose(given.sum(axis=1), 1, atol=1e-6)
    assert made.features(PIXELS[:2]).dtype == "float32"
    for name in ("pool", "head", "probabilities"):
        assert made.model.get_layer(name).compute_dtype == "float32"
        assert made.model.get_layer(name).variable_dtype == "float32"
    assert all(weight.dtype == "float32" for weight in made.model.weights)


@given(st.lists(st.integers(2, 5), min_size=1, max_size=4), st.data())
@settings(max_examples=30, deadline=None)
def test_the_classes_of_every_head_sum_to_one(sizes, data):
    shape = (3, sum(sizes))
    logits = data.draw(arrays.arrays(np.float32, shape, elements=st.floats(-50, 50, width=32)))
    softmaxes = keras.ops.convert_to_numpy(grouped_softmax(logits, sizes))
    assert softmaxes.shape == shape
    starts = np.cumsum([0, *sizes[:-1]])
    np.testing.assert_allclose(np.add.reduceat(softmaxes, starts, axis=1), 1, atol=1e-5)
    for start, size in zip(starts, sizes, strict=True):
        alone = keras.ops.convert_to_numpy(keras.ops.softmax(logits[:, start : start + size]))
        np.testing.assert_allclose(softmaxes[:, start : start + size], alone, atol=1e-6)


def test_a_classifier_of_heads_is_one_of_classes_up_to_its_last_layer(tmp_path):
    made, alone = classifier(heads=(2, 2)), classifier()
    assert [w.shape for w in made.model.weights] == [w.shape for w in alone.model.weights]
    probabilities = made.model.predict(PIXELS[:2], verbose=0)
    assert probabilities.dtype == np.float32
    for span in (slice(0, 2), slice(2, 4)):
        np.testing.assert_allclose(probabilities[:, span].sum(axis=1), 1, atol=1e-6)
    made.model.save(tmp_path / "heads.keras")
    again = keras.models.load_model(tmp_path / "heads.keras")
    np.testing.assert_allclose(again.predict(PIXELS[:2], verbose=0), probabilities, atol=1e-6)


@pytest.mark.parametrize("policy", POLICIES)
def test_the_policy_is_that_of_the_backbone_and_of_nothing_else(policy):
    before = keras.config.dtype_policy()
    made = classifier(policy=policy)
    wanted = keras.dtype_policies.get(policy).compute_dtype
    assert made.model.get_layer("tiny").get_layer("block2_conv").compute_dtype == wanted
    assert keras.config.dtype_policy() == before
    assert keras.layers.Dense(2).compute_dtype == "float32"


def test_the_policy_is_restored_when_building_fails():
    def broken(size):
        raise ValueError("no such layer")

    before = keras.config.dtype_policy()
    with pytest.raises(UsageError, match=r"broken failed for 16 px with ValueError: no such"):
        build(resolve(broken), 16, 2, policy="mixed_bfloat16")
    assert keras.config.dtype_policy() == before


@pytest.mark.full
def test_half_precision_trains_like_float32():
    whole = last_loss("float32", resolve("tiny"))
    assert whole < 1.2  # it learns, so the comparison is not of two losses that never move
    for policy in POLICIES[1:]:
        assert last_loss(policy, resolve("tiny")) == pytest.approx(whole, abs=0.08)


def test_float16_scales_the_loss_and_no_other_policy_does():
    kinds = {}
    for policy in POLICIES:
        made = classifier(policy=policy)
        StageTrainer(made, stage(), Recipe())
        kinds[policy] = type(made.model.optimizer).__name__
    assert kinds == {
        "float32": "LayerwiseAdamW",
        "mixed_float16": "LossScaleOptimizer",
        "mixed_bfloat16": "LayerwiseAdamW",
    }


def trained(made: Classifier) -> list[np.ndarray]:
    """Moving statistics after an epoch."""
    trainer = StageTrainer(made, stage(learning_rate=1e-2), Recipe())
    trainer.train(FoldWork(0, PIXELS, np.arange(32), LABELS, epochs=1))
    return [keras.ops.convert_to_numpy(norm.moving_mean) for norm in norms(made.model)]


def test_a_network_from_scratch_learns_statistics_quickly():
    made = classifier()
    assert not made.pretrained
    assert len(norms(made.model)) == 4
    assert all(norm.trainable and norm.momentum == 0.9 for norm in norms(made.model))
    assert "momentum 0.9 (trained from scratch)" in made.notes[1]
    assert all(np.abs(moved).max() > 1e-3 for moved in trained(made))


def test_pretrained_statistics_stay_as_they_are(tmp_path):
    donor = classifier(seed=5)
    trained(donor)
    file = tmp_path / "tiny.weights.h5"
    donor.model.get_layer("tiny").save_weights(file)
    made = classifier(weights=str(file))
    assert made.pretrained
    assert "4 layers kept in inference mode" in made.notes[1]
    assert all(not norm.trainable for norm in norms(made.model))
    before = [keras.ops.convert_to_numpy(norm.moving_mean) for norm in norms(made.model)]
    kernel = made.model.get_layer("tiny").get_layer("block1_conv").get_weights()
    assert any(np.abs(statistic).max() > 0 for statistic in before)
    assert equal(trained(made), before)
    assert not equal(made.model.get_layer("tiny").get_layer("block1_conv").get_weights(), kernel)


def test_a_network_handed_over_is_pretrained_when_its_statistics_moved():
    network = resolve("tiny").build(16)
    assert not build(resolve(network), 16, 2).pretrained
    network.get_layer("block1_norm").moving_mean.assign(np.ones(16))
    made = build(resolve(network), 16, 2)
    assert made.pretrained
    assert "with the weights that it was passed with" in made.notes[0]
    assert "the backbone has none" in build(plain(), 16, 2).notes[1]


@pytest.mark.parametrize(
    ("bias", "pretrained", "said"),
    [
        ({"bias_initializer": "ones"}, True, "mine with the weights that it was passed with"),
        ({}, False, "mine with random weights; it was passed untrained"),
        ({"use_bias": False}, True, "mine as passed, trained or not"),
    ],
)
def test_weights_are_read_from_the_network_handed_over(bias, pretrained, said):
    layers = [keras.Input((16, 16, 3)), keras.layers.Conv2D(4, 3, **bias)]
    made = build(resolve(keras.Sequential(layers, name="mine")), 16, 2)
    assert (made.pretrained, made.notes[0]) == (pretrained, f"weights: {said}")


def test_a_global_policy_and_image_format_are_not_those_of_a_network():
    before = keras.config.dtype_policy(), keras.config.image_data_format()
    try:
        keras.config.set_dtype_policy("mixed_bfloat16")
        keras.config.set_image_data_format("channels_first")
        made = build(resolve("tiny"), 16, 2)
        assert made.features.output_shape == (None, 64)
        assert made.network.get_layer("block2_conv").compute_dtype == "float32"
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
        assert keras.config.image_data_format() == "channels_first"
    finally:
        keras.config.set_dtype_policy(before[0])
        keras.config.set_image_data_format(before[1])


def test_one_seed_gives_one_network():
    one, same, other = classifier(seed=3), classifier(seed=3), classifier(seed=4)
    assert equal(one.model.get_weights(), same.model.get_weights())
    assert not equal(one.model.get_weights(), other.model.get_weights())


def test_features_are_what_the_head_sees():
    made = classifier()
    kernel, bias = made.model.get_layer("head").get_weights()
    logits = made.features.predict(PIXELS, verbose=0) @ kernel + bias
    exponents = np.exp(logits)
    np.testing.assert_allclose(
        made.model.predict(PIXELS, verbose=0),
        exponents / exponents.sum(axis=1, keepdims=True),
        atol=1e-5,
    )


def test_the_head_is_set():
    made = classifier()
    made.set_head(np.zeros((64, 4), np.float32), np.log([0.1, 0.2, 0.3, 0.4]).astype(np.float32))
    np.testing.assert_allclose(
        made.model.predict(PIXELS, verbose=0), np.tile([0.1, 0.2, 0.3, 0.4], (32, 1)), rtol=1e-5
    )


def test_a_backbone_may_return_features_instead_of_a_map():
    def vector(size):
        network = plain_net(size)
        network.add(keras.layers.GlobalMaxPooling2D())
        return network

    model = build_model(vector, image_size=16, classes=3)
    assert model.output_shape == (None, 3)
    assert "pool" not in {layer.name for layer in model.layers}


def test_build_model_is_the_plain_model():
    model = build_model("tiny", image_size=16, classes=5)
    assert (model.input_shape, model.output_shape) == ((None, 16, 16, 3), (None, 5))
    assert not model.compiled
    with pytest.raises(UsageError, match="Unknown backbone 'tinny'"):
        build_model("tinny")


def test_networks_see_the_backbones_scale():
    def seen(scale):
        backbone = Backbone("plain", plain_net, scale=scale, offset=0.25, minimum=8)
        return build(backbone, 16, 2, seed=0, weights="none").features(PIXELS[:1] / scale).numpy()

    np.testing.assert_allclose(seen(1.0), seen(0.5), atol=1e-4)
    assert np.abs(seen(1.0)).max() > 0.1


def test_a_classifier_without_classes_is_refused():
    with pytest.raises(UsageError, match=r"at least 1 class; received classes=0\."):
        build(resolve("tiny"), 16, 0)
