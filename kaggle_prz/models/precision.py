"""Decides the dtype policy once, and says why."""

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import keras


class Decision(NamedTuple):
    """A Keras dtype policy name and the sentence that explains it."""

    policy: str
    reason: str


def decide(precision: str) -> Decision:
    """Return the dtype policy for this machine and a sentence, or the one that was asked for.

    Processors compute fastest in float32. Accelerators of compute capability 8.0 and above, and
    TPUs, have bfloat16, which needs no loss scaling; capability 7 (T4, V100) has fast float16
    only, which Keras's optimizers then scale the loss for.
    """
    if precision != "auto":
        return Decision(precision, f"{precision}, as requested")
    import keras

    if keras.backend.backend() == "jax":
        return _for_jax()
    if keras.backend.backend() == "tensorflow":
        return _for_tensorflow()
    return Decision("float32", f"float32: not measured on the {keras.backend.backend()} backend")


def as_built(decision: Decision, network: "keras.Model") -> str:
    """Return the precision of a backbone's layers, and the decision's reason if they follow it."""
    import keras

    wanted = keras.DTypePolicy(decision.policy).compute_dtype
    layers = network._flatten_layers(include_self=False, recursive=True)
    found = Counter(layer.compute_dtype for layer in layers if layer.weights)
    if set(found) <= {wanted}:
        return decision.reason
    counted = " and ".join(f"{count} layers in {dtype}" for dtype, count in found.most_common())
    return (
        f"{counted}, as the network was passed (requested: {decision.reason}); to get the "
        "requested precision, pass a function from image size to model"
    )


def for_capability(major: int, minor: int) -> Decision:
    """Return the policy for a CUDA device of this compute capability."""
    capability = f"compute capability {major}.{minor}"
    if major >= 8:
        return Decision("mixed_bfloat16", f"mixed_bfloat16: {capability} computes in bfloat16")
    if major == 7:
        return Decision(
            "mixed_float16",
            f"mixed_float16 with loss scaling: {capability} has fast float16 and no bfloat16",
        )
    return Decision("float32", f"float32: {capability} is not faster with half precision")


def _for_tensorflow() -> Decision:
    import tensorflow as tf

    if tf.config.list_logical_devices("TPU"):
        return Decision("mixed_bfloat16", "mixed_bfloat16: a TPU computes in bfloat16")
    devices = tf.config.list_physical_devices("GPU")
    if not devices:
        return Decision("float32", "float32: a CPU is not faster with half precision")
    details = tf.config.experimental.get_device_details(devices[0])
    return for_capability(*details.get("compute_capability", (0, 0)))


def _for_jax() -> Decision:
    import jax

    device = jax.devices()[0]
    if device.platform == "tpu":
        return Decision("mixed_bfloat16", "mixed_bfloat16: a TPU computes in bfloat16")
    if device.platform == "cpu":
        return Decision("float32", "float32: a CPU is not faster with half precision")
    major, _, minor = str(getattr(device, "compute_capability", "0.0")).partition(".")
    return for_capability(int(major), int(minor or 0))
