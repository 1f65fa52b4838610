"""A preset's directory -> its network at a size, with pixels as the preset takes them."""

import json
import warnings
from pathlib import Path

import keras
import keras_hub

from kaggle_prz.core.errors import UsageError
from kaggle_prz.models import weights
from kaggle_prz.models.backbones import weights_sources
from kaggle_prz.models.backbones.input_channels import colours
from kaggle_prz.models.backbones.weights_sources import local_presets
from kaggle_prz.models.transfer import TransferError, transfer

# Of DINO: no image reaches the first, and KerasHub's file does not have what training makes of the
# second.
_NOT_TRAINED = {"mask_token", "interpolated_position_embeddings"}


def build(directory: Path, image_size: int, channels: int) -> keras.Model:
    """Return a network on `(image_size, image_size, channels)` pixels from 0 to 255.

    It returns a feature map, or `(batch, width)` features of a network of tokens: the class token
    where it has one, else the mean of all tokens, as KerasHub's classifiers take them.
    """
    # Swin's windows pass a mask of their own, which Keras takes for one of a sequence.
    warnings.filterwarnings("ignore", r"(?s).*'attn' .*was passed an input with a mask")
    images = seen = keras.Input((image_size, image_size, channels), name="pixels")
    if channels == 1:
        seen, channels = keras.layers.Concatenate(name="grey_as_rgb")([images] * 3), 3
    network = _bare(directory, image_size, channels)
    for weight in network.weights:
        if weight.name in _NOT_TRAINED:
            weight.trainable = False
    seen = _scaled(seen, directory, channels)
    made = network(dict.fromkeys(network.input, seen) if isinstance(network.input, dict) else seen)
    if isinstance(made, dict) or not 2 <= len(made.shape) <= 4:
        raise UsageError(
            f"A backbone must return features of an image; {type(network).__name__} returns "
            f"{sorted(made) if isinstance(made, dict) else tuple(made.shape)}. Choose a preset of "
            "an image classifier: kaggle-prz backbones hub:"
        )
    if len(made.shape) == 3:
        made = _of_tokens(network, made, image_size)
    return keras.Model(images, made, name=network.name)


def load(path: Path, network: keras.Model, what: str) -> None:
    """Set the weights of what `build` returned for three channels, from a preset's file.

    Where KerasHub cannot load a preset at another size than its own, as of a ViT, it is loaded at
    its own, and position embeddings are interpolated.

    Raises:
        WeightsError: the file has other weights; `what` says of what it should have them.
    """
    inner = next(layer for layer in network.layers if isinstance(layer, keras_hub.models.Backbone))
    try:
        try:
            donor = _loaded(path, image_shape=(*network.input_shape[1:3], 3))
        except ValueError:
            donor = _loaded(path)
        transfer(donor, inner)
    except (ValueError, OSError, KeyError, TransferError) as error:
        raise weights_sources.other_weights(path, what, error) from None


def _loaded(path: Path, **arguments: object) -> keras.Model:
    """Return a preset's network with its weights, of which none is left out."""
    if path.suffix != ".h5":  # of timm, or in several files
        return _preset(path.parent, **arguments)
    donor = _preset(path.parent, load_weights=False, **arguments)
    weights.load(donor, path)
    return donor


def _preset(directory: Path, **arguments: object) -> keras.Model:
    model: keras.Model = keras_hub.models.Backbone.from_preset(str(directory), **arguments)
    return model


def _bare(directory: Path, image_size: int, channels: int) -> keras.Model:
    """Return the network of a preset with random weights."""
    shape, arguments = (image_size, image_size, channels), dict[str, object]()
    config = json.loads((directory / local_presets.CONFIG).read_text("utf-8"))
    if "position_embedding_shape" in config.get("config", {}):
        arguments["position_embedding_shape"] = shape  # DINOv2 keeps and saves another size besides
    with warnings.catch_warnings():  # a layer that fails is left out with no more than a warning
        warnings.filterwarnings("error", ".*unbuilt state", UserWarning)
        return _preset(
            directory,
            load_weights=False,
            image_shape=shape,
            dtype=keras.config.dtype_policy().name,
            **arguments,
        )


def _scaled(images: keras.KerasTensor, directory: Path, channels: int) -> keras.KerasTensor:
    """Return images as the preset's converter scales them; as they are where it has none."""
    try:
        converter = keras_hub.layers.ImageConverter.from_preset(str(directory))
    except (ValueError, FileNotFoundError):
        return images
    scale, offset = (
        [float(values[colour]) for colour in colours(channels)]
        if isinstance(values, list | tuple)
        else values
        for values in (converter.scale, converter.offset)
    )
    if scale is None and offset is None:
        return images
    # In float32: half precision would round pixels from 0 to 255 to whole levels.
    scaling = keras.layers.Rescaling(
        1.0 if scale is None else scale, offset or 0.0, name="scaled", dtype="float32"
    )
    return scaling(images)


def _of_tokens(
    network: keras.Model, tokens: keras.KerasTensor, image_size: int
) -> keras.KerasTensor:
    patch = getattr(network, "patch_size", 1)
    patches = (image_size // (patch if isinstance(patch, int) else patch[0])) ** 2
    if tokens.shape[1] > patches:  # a class token comes before the patches
        return tokens[:, 0]
    return keras.layers.GlobalAveragePooling1D(name="tokens", dtype="float32")(tokens)
