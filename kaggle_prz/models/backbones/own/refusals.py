"""What is no network, said of each kind with the nearest thing that is one."""

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING

from kaggle_prz.core.errors import UsageError

if TYPE_CHECKING:
    import keras

_TAKEN = "A backbone must be a name, a keras.Model, or a function from image size to keras.Model"
_SMALLEST_EXAMPLE = "lambda size: build_my_network(size)"


def network_or_function(thing: object) -> "keras.Model | Callable[[int], object]":
    """Return a model of Keras 3 or a function of an image size as it is; refuse all else."""
    import keras

    if isinstance(thing, keras.Model):
        return thing
    advice = _of_keras(thing) or _of_other_libraries(thing)
    if advice:
        raise UsageError(f"{_TAKEN}; received {_described(thing)}. {advice}")
    if not callable(thing):
        raise UsageError(f"{_TAKEN}; received {type(thing).__name__}.")
    _refuse_unless_called_with_a_size(thing)
    return thing


def _described(thing: object) -> str:
    if inspect.isclass(thing):
        return f"the class {thing.__name__}"
    if callable(thing) and hasattr(thing, "__name__"):
        return f"the function {thing.__name__}"
    kind = type(thing)
    return f"{kind.__module__.partition('.')[0]}'s {kind.__name__}"


def _of_other_libraries(thing: object) -> str:
    kind = thing if inspect.isclass(thing) else type(thing)
    modules = [parent.__module__ for parent in kind.__mro__]
    families = {module.partition(".")[0] for module in modules}
    of_keras_2 = any(module.startswith("tensorflow.python.keras") for module in modules)
    if "torch" in families:
        return "PyTorch networks are not supported: build the network in Keras 3."
    if families & {"tf_keras", "keras_legacy"} or of_keras_2:
        return "It is a network of Keras 2 (tf_keras): build it with `import keras` of Keras 3."
    if "flax" in families or "tensorflow" in families:
        return "Build it with `import keras` of Keras 3."
    return ""


def _of_keras(thing: object) -> str:
    import keras

    if inspect.isclass(thing):
        if issubclass(thing, keras.layers.Layer):
            return f"Pass a function that makes one for a size: {_SMALLEST_EXAMPLE}."
        return ""
    if isinstance(thing, keras.layers.Layer):
        return (
            "Put the layer into a model: lambda size: "
            "keras.Sequential([keras.Input((size, size, 3)), layer])."
        )
    if isinstance(thing, keras.KerasTensor):
        return "Make a model of it: keras.Model(inputs, outputs)."
    home = getattr(thing, "__module__", None) or ""
    if callable(thing) and home.startswith("keras.src.applications"):
        return (
            "Its first argument is not an image size. Write lambda size: "
            f"keras.applications.{getattr(thing, '__name__', '')}(include_top=False, "
            "input_shape=(size, size, 3)), or use its name if `kaggle-prz plan --backbone NAME` "
            "knows it."
        )
    return ""


def _refuse_unless_called_with_a_size(function: Callable[..., object]) -> None:
    name = getattr(function, "__name__", type(function).__name__)
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        raise UsageError(
            f"{_TAKEN}; {name} returns a coroutine or generator. Return the model itself."
        )
    try:
        signature = inspect.signature(function)
    except (ValueError, TypeError):  # of some that are written in C
        return
    try:
        signature.bind(96)
    except TypeError as error:
        raise UsageError(
            "A backbone function is called with one argument, the image size in px; "
            f"{name}{signature} cannot be called so: {error}. Set its other arguments with "
            "functools.partial or a lambda, such as lambda size: " + f"{name}(size, …)."
        ) from None
