"""The dtype policy is decided once and explained."""

import sys
import types

import keras
import numpy as np
import pytest
from support.toy_nets import pictures, plain_net, stage

from kaggle_prz.models import precision
from kaggle_prz.models.backbones import resolve
from kaggle_prz.models.classifier import Classifier, build
from kaggle_prz.models.precision import decide, for_capability
from kaggle_prz.schedule.recipe import Recipe
from kaggle_prz.training.stage_trainer import FoldWork, StageTrainer

pytestmark = pytest.mark.keras


@pytest.mark.parametrize("policy", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_what_the_user_wants_is_taken(policy):
    assert decide(policy) == (policy, f"{policy}, as requested")


@pytest.mark.parametrize(
    ("major", "minor", "policy", "why"),
    [
        (9, 0, "mixed_bfloat16", "compute capability 9.0 computes in bfloat16"),
        (8, 0, "mixed_bfloat16", "8.0"),
        (7, 5, "mixed_float16", "loss scaling"),
        (8, 9, "mixed_bfloat16", "8.9"),
        (7, 0, "mixed_float16", "7.0"),
        (6, 1, "float32", "is not faster"),
        (6, 0, "float32", "6.0 is not faster"),
        (0, 0, "float32", "is not faster"),
    ],
)
def test_policy_of_a_compute_capability(major, minor, policy, why):
    decision = for_capability(major, minor)
    assert decision.policy == policy
    assert why in decision.reason


def fake_tensorflow(tpus=(), gpus=(), details=None):
    config = types.SimpleNamespace(
        list_logical_devices=lambda kind: list(tpus),
        list_physical_devices=lambda kind: list(gpus),
        experimental=types.SimpleNamespace(get_device_details=lambda device: details or {}),
    )
    return types.SimpleNamespace(config=config)


@pytest.mark.parametrize(
    ("machine", "policy"),
    [
        (fake_tensorflow(), "float32"),
        (fake_tensorflow(tpus=["TPU:0"]), "mixed_bfloat16"),
        (fake_tensorflow(gpus=["T4"], details={"compute_capability": (7, 5)}), "mixed_float16"),
        (fake_tensorflow(gpus=["A100"], details={"compute_capability": (8, 0)}), "mixed_bfloat16"),
        (fake_tensorflow(gpus=["H100"], details={"compute_capability": (9, 0)}), "mixed_bfloat16"),
        (fake_tensorflow(gpus=["P100"], details={"compute_capability": (6, 0)}), "float32"),
        (fake_tensorflow(gpus=["unknown"]), "float32"),
    ],
    ids=["processor", "tpu", "t4", "a100", "h100", "p100", "unknown"],
)
def test_auto_on_tensorflow(monkeypatch, machine, policy):
    monkeypatch.setattr(keras.backend, "backend", lambda: "tensorflow")
    monkeypatch.setitem(sys.modules, "tensorflow", machine)
    assert decide("auto").policy == policy


@pytest.mark.parametrize(
    ("device", "policy"),
    [
        (types.SimpleNamespace(platform="cpu"), "float32"),
        (types.SimpleNamespace(platform="tpu"), "mixed_bfloat16"),
        (types.SimpleNamespace(platform="gpu", compute_capability="7.5"), "mixed_float16"),
        (types.SimpleNamespace(platform="gpu", compute_capability="9.0"), "mixed_bfloat16"),
        (types.SimpleNamespace(platform="gpu"), "float32"),
    ],
)
def test_auto_on_jax(monkeypatch, device, policy):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    monkeypatch.setitem(sys.modules, "jax", types.SimpleNamespace(devices=lambda: [device]))
    assert decide("auto").policy == policy


def test_auto_on_another_backend(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "openvino")
    assert decide("auto") == ("float32", "float32: not measured on the openvino backend")


def test_auto_here_is_a_policy_that_keras_knows():
    keras.dtype_policies.get(precision.decide("auto").policy)


# What a policy does to training. Half precision is emulated on a processor: slow, and exact.

POLICIES = {"float32": "float32", "mixed_float16": "float16", "mixed_bfloat16": "bfloat16"}
STEPS = 5
PIXELS, LABELS = pictures(40, size=32)
# A rounding changes an activation by up to 2^-11 of itself in float16, and by 2^-8 in bfloat16.
# Roundings of ten layers add up to some ten of them where they agree, and the float32 head sees
# means over pixels, in which most cancel; five steps of training do not drift further than that.
TOLERANCE = {"float32": 0.0, "mixed_float16": 10 * 2**-11, "mixed_bfloat16": 10 * 2**-8}


def lite(size: int) -> keras.Model:
    """Three blocks of EfficientNetLite: ReLU6, depthwise convolutions, padding by hand."""
    import keras_cv

    return keras_cv.models.EfficientNetLiteBackbone(
        stackwise_kernel_sizes=[3, 5, 3],
        stackwise_num_repeats=[1, 1, 1],
        stackwise_input_filters=[32, 16, 24],
        stackwise_output_filters=[16, 24, 40],
        stackwise_expansion_ratios=[1, 6, 6],
        stackwise_strides=[1, 2, 2],
        width_coefficient=0.5,
        depth_coefficient=1.0,
        include_rescaling=True,
        input_shape=(size, size, 3),
    )


def begun(name: str, policy: str) -> tuple[Classifier, StageTrainer]:
    backbone = resolve("tiny" if name == "tiny" else lite)
    made = build(backbone, 32, 4, policy=policy, seed=0, dropout=0.0)
    return made, StageTrainer(made, stage(image_size=32, learning_rate=1e-3), Recipe())


@pytest.fixture(scope="module", params=["tiny", "lite"])
def trained(request):
    """Policy -> network and history of five steps, from the same weights on the same batches."""
    found = {}
    for policy in POLICIES:
        made, trainer = begun(request.param, policy)
        history = trainer.train(FoldWork(0, PIXELS, np.arange(40), LABELS, epochs=1))
        assert history.step.iloc[-1] == STEPS
        found[policy] = made, history
    return found


@pytest.mark.full
@pytest.mark.parametrize("policy", POLICIES)
def test_five_steps_lose_the_same_under_every_policy(trained, policy):
    made, history = trained[policy]
    np.testing.assert_allclose(history.loss, trained["float32"][1].loss, atol=TOLERANCE[policy])
    assert len(set(history.loss.round(3))) > 1  # it was training
    scaled = isinstance(made.model.optimizer, keras.optimizers.LossScaleOptimizer)
    assert scaled == (policy == "mixed_float16")


@pytest.mark.full
@pytest.mark.parametrize("policy", POLICIES)
def test_half_precision_is_in_the_backbone_only(trained, policy):
    made, _ = trained[policy]
    made_of = made.model.predict(PIXELS[:8], verbose=0)
    assert made_of.dtype == np.float32
    np.testing.assert_allclose(made_of.sum(axis=1), 1, atol=1e-6)
    assert made.features.predict(PIXELS[:8], verbose=0).dtype == np.float32
    for name in ("pool", "dropout", "head", "probabilities"):
        assert made.model.get_layer(name).compute_dtype == "float32"
    flat = made.model._flatten_layers(include_self=False, recursive=True)
    convolutions = [layer for layer in flat if "Conv2D" in type(layer).__name__]
    assert {layer.compute_dtype for layer in convolutions} == {POLICIES[policy]}
    trainable = made.model.trainable_variables
    assert {weight.dtype for weight in trainable} == {"float32"}
    assert all(np.isfinite(weight).all() for weight in made.model.get_weights())


def test_gradients_are_those_of_float32_once_they_are_unscaled():
    """A step of plain descent is a gradient; one that stayed scaled would be 1024 times as large.

    Of a network without batch normalization: dividing by a spread makes small roundings large.
    TensorFlow adds bfloat16 up in bfloat16 on a processor, unlike an accelerator, so that a sum
    over pixels loses most of its digits there: of bfloat16 only the head's gradients are compared.
    """
    steps = {}
    for policy in POLICIES:
        made = build(resolve(plain_net), 32, 4, policy=policy, seed=0, dropout=0.0)
        descent = keras.optimizers.SGD(1.0)
        if policy == "mixed_float16":
            descent = keras.optimizers.LossScaleOptimizer(descent, initial_scale=1024.0)
        made.model.compile(descent, keras.losses.SparseCategoricalCrossentropy())
        weights = made.model.trainable_variables
        before = [weight.numpy() for weight in weights]
        made.model.train_on_batch(PIXELS, LABELS)
        steps[policy] = {
            weight.path: one - weight.numpy() for one, weight in zip(before, weights, strict=True)
        }
    for policy in ("mixed_float16", "mixed_bfloat16"):
        for path, exact in steps["float32"].items():
            if policy == "mixed_float16" or path.startswith("head"):
                error = np.linalg.norm(steps[policy][path] - exact)
                assert 0 < error <= TOLERANCE[policy] * np.linalg.norm(exact)


@pytest.mark.parametrize(
    ("built", "asked", "said"),
    [
        ("float32", "float32", "float32, as requested"),
        ("float32", "mixed_float16", "1 layers in float32, as the network was passed (requested:"),
        ("mixed_float16", "float32", "1 layers in float16, as the network was passed (requested:"),
        ("mixed_bfloat16", "mixed_bfloat16", "mixed_bfloat16, as requested"),
    ],
)
def test_the_precision_said_is_that_of_the_built_layers(built, asked, said):
    convolution = keras.layers.Conv2D(4, 3, dtype=built)
    model = keras.Sequential([keras.Input((16, 16, 3)), convolution], name="mine")
    made = build(resolve(model), 16, 2, policy=asked)
    assert precision.as_built(decide(asked), made.network).startswith(said)
    of_function = build(resolve(plain_net), 16, 2, policy=asked)
    assert precision.as_built(decide(asked), of_function.network) == f"{asked}, as requested"
