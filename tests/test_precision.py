"""The dtype policy is decided once and explained."""

import sys
import types

import keras
import pytest

from kaggle_prz import precision
from kaggle_prz.precision import decide, for_capability

pytestmark = pytest.mark.keras


@pytest.mark.parametrize("policy", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_what_the_user_wants_is_taken(policy):
    assert decide(policy) == (policy, f"{policy}, as asked for")


@pytest.mark.parametrize(
    ("major", "minor", "policy", "why"),
    [
        (9, 0, "mixed_bfloat16", "compute capability 9.0 computes in bfloat16"),
        (8, 0, "mixed_bfloat16", "8.0"),
        (7, 5, "mixed_float16", "loss scaling"),
        (6, 1, "float32", "gains nothing"),
        (0, 0, "float32", "gains nothing"),
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
        (fake_tensorflow(gpus=["unknown"]), "float32"),
    ],
    ids=["processor", "tpu", "t4", "a100", "unknown"],
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
