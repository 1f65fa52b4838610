"""The user's own network as a backbone: a `keras.Model`, or a function from size to model."""

import functools
import re
import traceback
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from kaggle_prz.core.errors import PrzError, UsageError
from kaggle_prz.models.backbones import Backbone, refuse_channels
from kaggle_prz.models.backbones.own.refusals import network_or_function

if TYPE_CHECKING:
    import keras

_SHAPES = ("input_shape", "image_shape")  # arguments of KerasCV's and of KerasHub's networks


def wrap(backbone: object, *, name: str = "") -> Backbone:
    """Return a backbone of a `keras.Model`, or of a function from image size to model.

    Its name is its own where none is given.
    A model is rebuilt at every stage's size with its weights; it sees pixels from 0 to 255, as
    networks with a scaling layer of their own expect.
    """
    import keras

    network = network_or_function(backbone)
    if isinstance(network, keras.Model):
        refuse_unless_image_to_features(network)
        return _handed_over(
            name or model_name(network),
            lambda size: _at(network, size),
            channels=network.input_shape[-1],
        )
    function, given = network, weakref.WeakSet["keras.Model"]()
    name = name or function_name(network)

    def build(image_size: int) -> "keras.Model":
        made = _called(function, name, image_size)
        # A function that keeps its models returns them again; what it keeps is never trained.
        model = _at(made, image_size) if made in given else made
        given.add(made)
        return model

    return _handed_over(name, build)


def _handed_over(
    name: str, build: Callable[[int], "keras.Model"], channels: int | None = None
) -> Backbone:
    def build_on(image_size: int, channels: int = 3) -> "keras.Model":
        model = build(image_size)
        refuse_channels(name, model.input_shape[-1], channels)
        return model

    return Backbone(
        name, build_on, minimum=1, pretrained=True, channels=channels, handed_over=build
    )


def model_name(model: "keras.Model") -> str:
    """Return the name of a model, without the number that Keras gives to a name of its own."""
    base = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(model).__name__).lower()
    automatic = re.fullmatch(r"(.+?)_\d+", model.name)
    if automatic and automatic[1].replace("_", "") == base.replace("_", ""):
        return plain_name(automatic[1])
    return plain_name(model.name)


def function_name(function: Callable[..., object]) -> str:
    """Return the name of a function for directories; of a partial, that of what it calls."""
    while isinstance(function, functools.partial):
        function = function.func
    return plain_name(getattr(function, "__name__", type(function).__name__))


def plain_name(name: str) -> str:
    """Return a name as every file system takes it."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-.") or "network"


def _called(function: Callable[[int], object], name: str, image_size: int) -> "keras.Model":
    import keras

    try:
        model = function(image_size)
    except PrzError:
        raise
    except (Exception, SystemExit) as error:
        if type(error).__module__ == getattr(function, "__module__", None):
            raise  # the user's own exception, for the user's own handler
        raise UsageError(
            f"The backbone function {name} failed for {image_size} px with "
            f"{type(error).__name__}: {first_line(error)}{_place(error, function)} {_remedy(error)}"
        ) from error
    if not isinstance(model, keras.Model):
        raise UsageError(
            f"The backbone function {name} must return a keras.Model; for the size {image_size} "
            f"it returned {type(model).__name__}."
        )
    refuse_unless_image_to_features(model)
    sides = model.input_shape[1:3]
    if sides == (None, None):  # KerasCV's would pad odd feature maps as if they were even
        return _at(model, image_size)
    if sides != (image_size, image_size):
        raise UsageError(
            f"The backbone function {name} was called with {image_size} and returned a network "
            f"for images of {sides[0]}×{sides[1]} px. Build the input from the size: "
            "keras.Input((size, size, 3))."
        )
    return model


def _place(error: BaseException, function: Callable[[int], object]) -> str:
    """Return the last line of the function's own file that an error came through."""
    code = getattr(function, "__code__", None)
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if code is not None and frame.filename == code.co_filename]
    return f" In {Path(own[-1].filename).name}, line {own[-1].lineno}." if own else ""


def _remedy(error: BaseException) -> str:
    words = f"{type(error).__name__} {error}".lower()
    if isinstance(error, ConnectionError | TimeoutError) or any(
        sign in words for sign in ("urlopen", "connection", "resolve", "http", "url fetch", "url ")
    ):
        return (
            "The function downloads weights, and the download failed. Download them before, or "
            "build the network without weights and pass a file with --weights."
        )
    return (
        "The function must build the network, without its head, for every size of the run. Call "
        "it with that size to see the error."
    )


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, as a sentence."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    line = lines[0] if lines else "it gives no reason"
    return line if line[-1] in ".!?" else f"{line}."


def refuse_unless_image_to_features(model: "keras.Model") -> None:
    """Refuse a model that is not from one image to one output."""
    given, made = (getattr(model, f"{end}_shape", None) for end in ("input", "output"))
    if not (isinstance(given, tuple) and len(given) == 4 and isinstance(given[-1], int)) or not (
        isinstance(made, tuple) and isinstance(made[-1], int)
    ):
        raise UsageError(
            "A backbone must be a functional or sequential model with one input (height, width, "
            f"channels) and one output; {model.name!r} has the input shape {given} and the "
            f"output shape {made}."
        )


def _at(model: "keras.Model", image_size: int) -> "keras.Model":
    """Return the model rebuilt for another image size, with its weights."""
    from kaggle_prz.models.transfer import TransferError, transfer_in_order

    shape = (image_size, image_size, model.input_shape[-1])
    try:
        rebuilt = _rebuilt(model, shape)
        transfer_in_order(model, rebuilt)
    except TransferError as error:
        reason = str(error).partition("differ. ")[2] or str(error)
        raise _not_rebuilt(model, image_size, reason.partition(" Build both")[0]) from error
    return rebuilt


def _rebuilt(model: "keras.Model", shape: tuple[int, int, int]) -> "keras.Model":
    import keras

    try:
        config = model.get_config()
        sized = next((key for key in _SHAPES if key in config), None)
        if sized:  # the constructor's arguments, padding computed again
            changed = {sized: shape} | {key: None for key in ("input_tensor",) if key in config}
            return type(model).from_config({**config, **changed})
        cloned = keras.models.clone_model(
            model, input_tensors=keras.Input(shape), clone_function=_copied
        )
    except NotImplementedError as error:
        said = next((w for w in re.findall(r"Object (\w+) was", str(error))), "one of its layers")
        raise _not_rebuilt(
            model, shape[0], f"{said} has no get_config, so it cannot be built again."
        ) from error
    except Exception as error:  # whatever a layer of the user's raises
        raise _not_rebuilt(model, shape[0], first_line(error)) from error
    _refuse_other_padding(model, cloned, shape[0])
    return cloned


def _refuse_other_padding(model: "keras.Model", rebuilt: "keras.Model", image_size: int) -> None:
    """Refuse a model whose padding suits its own size, and not the size that it was rebuilt for.

    Networks after TensorFlow's first ones pad before a convolution of stride 2, by one side only
    where the feature map is even, by both where it is odd: a constant of the built layer.
    """
    for before, after in zip(model.layers, rebuilt.layers, strict=True):
        if type(before).__name__ == "ZeroPadding2D":
            fits = _suits_both(before, after)
        else:
            fits = not any(_pads_for_even(inner) for inner in _layers_within(before))
        if not fits:
            raise UsageError(
                f"The backbone {model.name!r} has manual padding ({before.name}) for the size "
                f"that it was built with; {image_size} px may need different padding. Pass a "
                "function from image size to keras.Model, so that the network is built for "
                "every size."
            )


def _suits_both(before: "keras.Layer", after: "keras.Layer") -> bool:
    made_for, needed_for = (
        [0 if side is None else side % 2 for side in layer.input.shape[1:3]]
        for layer in (before, after)
    )
    # Both sides alike on an even map: it is padded so at every size, as in ResNets.
    constant = _is_symmetric(before) and made_for == [0, 0]
    return made_for == needed_for or constant or _is_followed_by_stride_one(before)


def _is_symmetric(layer: "keras.Layer") -> bool:
    return all(one == other for one, other in layer.padding)


def _is_followed_by_stride_one(layer: "keras.Layer") -> bool:
    """Return whether all that reads a padded map moves by one pixel, whatever the map's parity."""
    consumers = [node.operation for node in layer._outbound_nodes]
    return bool(consumers) and all(
        set(getattr(consumer, "strides", (2,))) == {1} for consumer in consumers
    )


def _layers_within(layer: "keras.Layer") -> Iterator["keras.Layer"]:
    """Yield the layers of a model within the model; a clone leaves their shapes as they were."""
    for inner in getattr(layer, "layers", ()):
        yield inner
        yield from _layers_within(inner)


def _pads_for_even(layer: "keras.Layer") -> bool:
    """Return whether a layer of any input size pads one side only, as suits an even map."""
    return (
        type(layer).__name__ == "ZeroPadding2D"
        and layer.input.shape[1] is None
        and not _is_symmetric(layer)
    )


def _copied(layer: "keras.Layer") -> "keras.Layer":
    """Return a layer like it; a Lambda with the same function, which a config only describes."""
    import keras

    if isinstance(layer, keras.layers.Lambda):
        return keras.layers.Lambda(
            layer.function,
            output_shape=layer._output_shape,
            mask=layer.mask,
            arguments=layer.arguments,
            name=layer.name,
            dtype=layer.dtype_policy,
            trainable=layer.trainable,
        )
    if isinstance(layer, keras.Model) and _holds_a_lambda(layer):
        return keras.models.clone_model(layer, clone_function=_copied)
    return type(layer).from_config(layer.get_config())


def _holds_a_lambda(model: "keras.Model") -> bool:
    import keras

    layers = model._flatten_layers(include_self=False, recursive=True)
    return any(isinstance(layer, keras.layers.Lambda) for layer in layers)


def _not_rebuilt(model: "keras.Model", image_size: int, reason: str) -> UsageError:
    return UsageError(
        f"The backbone {model.name!r} cannot be rebuilt for {image_size} px: {reason} Pass a "
        "function from image size to keras.Model."
    )
