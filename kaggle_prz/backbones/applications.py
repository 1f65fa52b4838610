"""Networks of keras.applications that bring their own pixel scaling, without weights.

Weights are taken from a file (`--weights FILE`); nothing is fetched.
"""

from typing import TYPE_CHECKING, Any

from kaggle_prz.backbones import Backbone

if TYPE_CHECKING:
    import keras


def _build(class_name: str, image_size: int, **arguments: Any) -> "keras.Model":
    import keras

    network = getattr(keras.applications, class_name)
    shape = (image_size, image_size, 3)
    model: keras.Model = network(include_top=False, weights=None, input_shape=shape, **arguments)
    return model


def _application(class_name: str, **arguments: Any) -> Backbone:
    return Backbone(class_name, lambda size: _build(class_name, size, **arguments))


EfficientNetV2B0 = _application("EfficientNetV2B0")
EfficientNetV2B1 = _application("EfficientNetV2B1")
EfficientNetV2B2 = _application("EfficientNetV2B2")
EfficientNetV2B3 = _application("EfficientNetV2B3")
EfficientNetV2S = _application("EfficientNetV2S")
MobileNetV3Small = _application("MobileNetV3Small")
MobileNetV3Large = _application("MobileNetV3Large")
ConvNeXtTiny = _application("ConvNeXtTiny")
