"""Networks of keras.applications that bring their own pixel scaling; no weights are fetched."""

import warnings
from typing import TYPE_CHECKING

from kaggle_prz.models.backbones import Backbone

if TYPE_CHECKING:
    import keras

_MEAN = (0.485, 0.456, 0.406)  # of ImageNet's red, green and blue, and their deviation
_DEVIATION = (0.229, 0.224, 0.225)


def _application(class_name: str, by_channel: bool) -> Backbone:
    def build(image_size: int, channels: int = 3) -> "keras.Model":
        import keras

        shape = (image_size, image_size, channels)
        if not by_channel or channels == 3:
            return _network(class_name, shape)
        images = keras.Input(shape)
        seen = _normalised(images, channels)
        if channels == 1:
            built = _network(class_name, (image_size, image_size, 3), input_tensor=seen)
        else:
            built = _network(class_name, shape, input_tensor=seen, include_preprocessing=False)
        return keras.Model(images, built.output, name=built.name)

    return Backbone(class_name, build)


def _network(class_name: str, shape: tuple[int, int, int], **arguments: object) -> "keras.Model":
    import keras

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "This model usually expects 1 or 3 input channels")
        model: keras.Model = getattr(keras.applications, class_name)(
            include_top=False, weights=None, input_shape=shape, **arguments
        )
    return model


def _normalised(images: "keras.KerasTensor", channels: int) -> "keras.KerasTensor":
    """Return what a network that subtracts ImageNet's mean colour, and of RGB alone, is to see.

    Grey goes to it three times, as it has no mean of its own; of more channels each has the
    mean of the colour whose filters it gets, see `kaggle_prz.models.backbones.input_channels`.
    """
    from keras import layers

    if channels == 1:
        return layers.Concatenate(name="grey_as_rgb")([images] * 3)
    turn = [number % 3 for number in range(channels)]
    return layers.Normalization(
        mean=[255 * _MEAN[colour] for colour in turn],
        variance=[(255 * _DEVIATION[colour]) ** 2 for colour in turn],
        name="normalised",
    )(images)


EfficientNetV2B0 = _application("EfficientNetV2B0", by_channel=True)
EfficientNetV2B1 = _application("EfficientNetV2B1", by_channel=True)
EfficientNetV2B2 = _application("EfficientNetV2B2", by_channel=True)
EfficientNetV2B3 = _application("EfficientNetV2B3", by_channel=True)
EfficientNetV2S = _application("EfficientNetV2S", by_channel=False)
MobileNetV3Small = _application("MobileNetV3Small", by_channel=False)
MobileNetV3Large = _application("MobileNetV3Large", by_channel=False)
ConvNeXtTiny = _application("ConvNeXtTiny", by_channel=True)
