"""Fine-tuning steps: no shift of an output by its positive inputs, and layers that move alike."""

import gc
from typing import ClassVar

import keras
import numpy as np
import pytest

from kaggle_prz.schedule.recipe import Recipe
from kaggle_prz.training.optimization import optimizer
from kaggle_prz.training.optimization.optimizer import (
    FineTuningAdamW,
    LayerwiseAdamW,
    optimizer_of,
    share_of_rate,
)

pytestmark = pytest.mark.keras


def moved(optimizer, shape, gradient):
    """What one step changes of a kernel of zeros."""
    kernel = keras.Variable(np.zeros(shape, np.float32))
    optimizer.build([kernel])
    optimizer.apply([keras.ops.convert_to_tensor(gradient.astype(np.float32))], [kernel])
    return keras.ops.convert_to_numpy(kernel)


def gradients(shape, mean):
    return mean + np.random.default_rng(0).normal(size=shape)


@pytest.mark.parametrize("shape", [(1, 1, 96, 5), (3, 3, 8, 5), (5, 5, 7, 1)])
def test_an_output_of_equal_inputs_hardly_shifts(shape):
    axes = (0, 1) if shape[-1] == 1 else (0, 1, 2)
    inputs = np.prod([shape[axis] for axis in axes])
    there = gradients(shape, mean=10)
    shift = np.abs(moved(FineTuningAdamW(1e-3), shape, there).sum(axis=axes)).max()
    plain = np.abs(moved(keras.optimizers.AdamW(1e-3), shape, there).sum(axis=axes)).min()
    assert plain == pytest.approx(1e-3 * inputs, rel=1e-3)  # every weight moves the same way
    assert shift < 0.5 * plain * share_of_rate(shape)


def test_a_step_falls_with_the_inputs():
    for inputs, share in ((8, 10.0), (32, 10.0), (320, 1.0), (1280, 0.25)):
        step = moved(FineTuningAdamW(1e-3), (1, 1, inputs, 4), gradients((1, 1, inputs, 4), 0))
        assert np.abs(step).max() == pytest.approx(1e-3 * share, rel=1e-3)


def test_a_head_is_not_centred():
    step = moved(FineTuningAdamW(1e-3), (1280, 2), np.ones((1280, 2)))
    np.testing.assert_allclose(step, -0.25e-3, rtol=1e-3)


def test_a_bias_moves_ten_times_as_far():
    np.testing.assert_allclose(moved(FineTuningAdamW(1e-3), (3,), np.ones(3)), -1e-2, rtol=1e-3)


@pytest.mark.parametrize("kind", [LayerwiseAdamW, FineTuningAdamW])
@pytest.mark.parametrize("scaled", [False, True])
def test_a_weight_moves_by_its_share_of_the_rate(kind, scaled):
    names = ("early", "late")
    weights = [keras.Variable(np.zeros(3, np.float32), name=name) for name in names]
    optimizer = kind(1e-3, rates={"early": 0.25}, weight_decay=0.0)
    if scaled:
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer, initial_scale=1.0)
    optimizer.build(weights)
    optimizer.apply([keras.ops.ones(3), keras.ops.ones(3)], weights)
    early, late = (keras.ops.convert_to_numpy(weight) for weight in weights)
    most = 10.0 if kind is FineTuningAdamW else 1.0
    np.testing.assert_allclose(early, -0.25e-3 * most, rtol=1e-3)
    np.testing.assert_allclose(late, -1e-3 * most, rtol=1e-3)


@pytest.mark.parametrize("pretrained", [False, True])
@pytest.mark.parametrize("policy", ["float32", "mixed_float16"])
def test_accumulated_gradients_act_as_their_mean(pretrained, policy):
    """And norms are clipped after the mean is taken."""
    found = []
    given = [gradients((2, 2), n).astype(np.float32) for n in range(6)]
    means = [np.mean(given[:3], axis=0), np.mean(given[3:], axis=0)]
    for accumulate, steps in ((3, given), (1, means)):
        net = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, dtype=policy)])
        weight = net.layers[0].kernel
        weight.assign(np.zeros((2, 2)))
        recipe = Recipe(accumulate=accumulate, clipnorm=0.7)
        net.layers[0].bias.trainable = False
        optimizer = optimizer_of(net, recipe, 1e-2, pretrained=pretrained)
        scaled = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
        assert scaled == (policy == "mixed_float16")
        for place, step in enumerate(steps):
            scale = float(optimizer.scale_loss(1.0))
            optimizer.apply([keras.ops.convert_to_tensor(step * scale)], [weight])
            if accumulate == 3 and place < 2:
                assert not keras.ops.convert_to_numpy(weight).any()
        found.append(keras.ops.convert_to_numpy(weight).copy())
    np.testing.assert_allclose(*found, rtol=1e-4)
    assert np.abs(found[0]).min() > 1e-3


@pytest.mark.parametrize("norm", [0.5, 3.0])
def test_the_recipe_clips_gradients(norm):
    net = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    optimizer = optimizer_of(net, Recipe(clipnorm=norm), 1e-2, pretrained=False)
    given = keras.ops.convert_to_tensor(np.full((2, 2), 2.0, np.float32))
    clipped = keras.ops.convert_to_numpy(optimizer._clip_gradients([given])[0])
    assert np.linalg.norm(clipped) == pytest.approx(norm)


@pytest.mark.parametrize(
    "options", [{}, {"weight_decay": 0.1}, {"clipnorm": 0.5}, {"accumulate": 2}]
)
@pytest.mark.parametrize("kind", [LayerwiseAdamW, FineTuningAdamW])
def test_a_step_in_one_operation_is_keras_s(kind, options, monkeypatch):
    random, found = np.random.default_rng(0), []
    shapes = [(3, 3, 4, 6), (3, 3, 6, 1), (6, 4), (4,)]
    steps = [[random.normal(size=shape) for shape in shapes] for _ in range(6)]
    given = {key: value for key, value in options.items() if key != "accumulate"}
    if "accumulate" in options:
        given["gradient_accumulation_steps"] = options["accumulate"]
    for fuses in (True, False):
        if not fuses:
            monkeypatch.setattr(optimizer, "_fuses", lambda gradient: False)
        weights = [keras.Variable(np.ones(shape, np.float32)) for shape in shapes]
        adam = kind(1e-2, **({"weight_decay": 0.0} | given))
        adam.build(weights)
        for gradient in steps:
            adam.apply([keras.ops.convert_to_tensor(g, "float32") for g in gradient], weights)
        found.append([keras.ops.convert_to_numpy(weight) for weight in weights])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
        assert not np.allclose(one, 1)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="graphs are TensorFlow's")
@pytest.mark.parametrize("kind", [LayerwiseAdamW, FineTuningAdamW])
def test_a_step_s_graph_goes_with_its_model(kind):
    def graphs():
        gc.collect()
        return sum(type(one).__name__ == "FuncGraph" for one in gc.get_objects())

    before = graphs()
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile(kind(1e-3), "mse")
    model.train_on_batch(np.ones((4, 3), np.float32), np.ones((4, 2), np.float32))
    assert graphs() > before
    del model
    assert graphs() == before


class Tokens(keras.layers.Layer):
    """What a vision transformer of Keras, KerasCV or KerasHub has besides kernels."""

    WEIGHTS: ClassVar = {
        "class_token": (1, 1, 4),
        "cls_token": (1, 1, 4),
        "register_tokens": (1, 2, 4),
        "position_embeddings": (1, 5, 4),
        "relative_position_bias_table": (9, 2),
        "lambda1": (4,),
        "scale": (),
    }

    def build(self, _):
        self.parts = [self.add_weight(shape=at, name=name) for name, at in self.WEIGHTS.items()]
        self.position_embedding = keras.layers.Embedding(5, 4, name="position_embedding")
        self.position_embedding.build(())

    def call(self, x):
        return x


def test_neither_tokens_nor_positions_nor_scales_decay():
    parts = [Tokens(), keras.layers.LayerNormalization(), keras.layers.Dense(2)]
    net = keras.Sequential([keras.Input((3, 4)), *parts])
    made = optimizer_of(net, Recipe(), 1e-3, pretrained=True)
    assert len(net.trainable_variables) == len(Tokens.WEIGHTS) + 5
    decaying = [each.path for each in net.trainable_variables if made._use_weight_decay(each)]
    assert decaying == [net.layers[-1].kernel.path]


@pytest.mark.parametrize(
    ("norms", "kind"),
    [
        (["LayerNormalization"], LayerwiseAdamW),
        (["RMSNormalization"], LayerwiseAdamW),
        (["BatchNormalization"], FineTuningAdamW),
        (["LayerNormalization", "BatchNormalization"], FineTuningAdamW),
        ([], FineTuningAdamW),
    ],
)
def test_layers_move_as_published_under_layer_normalization(norms, kind):
    layers = [getattr(keras.layers, norm)() for norm in norms]
    net = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(2, 3), *layers])
    assert type(optimizer_of(net, Recipe(), 1e-3, pretrained=True)) is kind
    assert type(optimizer_of(net, Recipe(), 1e-3, pretrained=False)) is LayerwiseAdamW
