"""The user's own network as a backbone: a `keras.Model`, or a function from size to model."""

import hashlib
import inspect
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from kaggle_prz.backbones import Backbone, refuse_channels
from kaggle_prz.errors import UsageError

if TYPE_CHECKING:
    import keras


def wrap(backbone: Any) -> Backbone:
    """Make a `Backbone` of what the user handed over.

    A model is rebuilt at every stage's size with its weights; it sees pixels from 0 to 255, as
    networks with a scaling layer of their own expect. A function is called with the size.

    Raises:
        UsageError: neither a model nor a function; or a model that is not from one image to one
            output.
    """
    import keras

    if isinstance(backbone, keras.Model):
        model = backbone
        _refuse_unless_image_to_features(model)
        return Backbone(
            model.name,
            lambda size, channels=3: _at(model, size, channels),
            minimum=1,
            pretrained=True,
            identity=_digest(model),
            channels=model.input_shape[-1],
        )
    if callable(backbone):
        function: Callable[[int], Any] = backbone
        name = getattr(function, "__name__", type(function).__name__)
        return Backbone(
            name,
            lambda size, channels=3: _called(function, name, size, channels),
            minimum=1,
            pretrained=True,
            identity=_source_digest(function),
        )
    raise UsageError(
        "A backbone is a name, a keras.Model, or a function from image size to keras.Model; "
        f"received {type(backbone).__name__}."
    )


def _digest(model: "keras.Model") -> str:
    digest = hashlib.sha256(repr([layer.name for layer in model.layers]).encode())
    for weights in model.get_weights():
        digest.update(weights.tobytes())
    return digest.hexdigest()[:16]


def _source_digest(function: Callable[[int], Any]) -> str:
    """Tells functions of one name apart by what is written in them; empty where nothing is."""
    try:
        source = inspect.getsource(function)
    except (OSError, TypeError):  # typed at a prompt, or an object with __call__
        return ""
    return hashlib.sha256(source.encode()).hexdigest()[:16]


def _called(
    function: Callable[[int], Any], name: str, image_size: int, channels: int
) -> "keras.Model":
    import keras

    model = function(image_size)
    if not isinstance(model, keras.Model):
        raise UsageError(
            f"The backbone function {name} must return a keras.Model for an image size, and "
            f"returned {type(model).__name__} for {image_size}."
        )
    _refuse_unless_image_to_features(model)
    refuse_channels(name, model.input_shape[-1], channels)
    return model


def _refuse_unless_image_to_features(model: "keras.Model") -> None:
    given, made = (getattr(model, f"{end}_shape", None) for end in ("input", "output"))
    if not (isinstance(given, tuple) and len(given) == 4 and isinstance(given[-1], int)) or not (
        isinstance(made, tuple) and isinstance(made[-1], int)
    ):
        raise UsageError(
            "A backbone is a functional or sequential model from one input (height, width, "
            f"channels) to one output; {model.name!r} has the input shape {given} and the output "
            f"shape {made}."
        )


def _at(model: "keras.Model", image_size: int, channels: int) -> "keras.Model":
    refuse_channels(model.name, model.input_shape[-1], channels)
    shape = (image_size, image_size, model.input_shape[-1])
    config = model.get_config()
    if "input_shape" in config:  # KerasCV: the constructor's arguments, padding computed anew
        rebuilt = type(model).from_config({**config, "input_shape": shape, "input_tensor": None})
    else:
        rebuilt = _clone(model, shape)
        _refuse_other_padding(model, rebuilt, image_size)
    rebuilt.set_weights(model.get_weights())
    return rebuilt


def _clone(model: "keras.Model", shape: tuple[int, int, int]) -> "keras.Model":
    import keras

    try:
        cloned = keras.models.clone_model(model, input_tensors=keras.Input(shape))
        cloned.set_weights(model.get_weights())
    except (ValueError, TypeError) as error:
        raise UsageError(
            f"The backbone {model.name!r} cannot be rebuilt for {shape[0]} px: "
            f"{str(error).splitlines()[0]} Hand over a function from image size to keras.Model."
        ) from error
    return cloned


def _refuse_other_padding(model: "keras.Model", rebuilt: "keras.Model", image_size: int) -> None:
    """Networks that pad stride-2 layers by hand do so for one parity of the feature map."""
    for before, after in zip(model.layers, rebuilt.layers, strict=True):
        if type(before).__name__ == "ZeroPadding2D":
            made_for = [0 if side is None else side % 2 for side in before.input.shape[1:3]]
            fits = made_for == [side % 2 for side in after.input.shape[1:3]]
        else:
            fits = not any(_pads_for_even(inner) for inner in _layers_within(before))
        if not fits:
            raise UsageError(
                f"The backbone {model.name!r} pads by hand ({before.name}) for the size it was "
                f"built with, and {image_size} px may need another padding. Hand over a function "
                "from image size to keras.Model, so that every stage is built for its size."
            )


def _layers_within(layer: Any) -> Iterator[Any]:
    """Layers of a model within the model; a clone keeps the shapes that it was built with."""
    for inner in getattr(layer, "layers", ()):
        yield inner
        yield from _layers_within(inner)


def _pads_for_even(layer: Any) -> bool:
    """Whether a layer of any input size pads one side only, as suits an even feature map."""
    return (
        type(layer).__name__ == "ZeroPadding2D"
        and layer.input.shape[1] is None
        and any(before != after for before, after in layer.padding)
    )
