"""KerasCV's backbones from explicit arguments: their named constructors ask the network."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kaggle_prz.models.backbones import Backbone, WeightsPackage, lite_weights

if TYPE_CHECKING:
    import keras

_EFFICIENTNET_LITE: dict[str, object] = {
    "stackwise_kernel_sizes": [3, 3, 5, 3, 5, 5, 3],
    "stackwise_num_repeats": [1, 2, 2, 3, 3, 4, 1],
    "stackwise_input_filters": [32, 16, 24, 40, 80, 112, 192],
    "stackwise_output_filters": [16, 24, 40, 80, 112, 192, 320],
    "stackwise_expansion_ratios": [1, 6, 6, 6, 6, 6, 6],
    "stackwise_strides": [1, 2, 2, 2, 1, 2, 1],
}
_EFFICIENTNET_V2: dict[str, object] = {
    "stackwise_kernel_sizes": [3] * 6,
    "stackwise_squeeze_and_excite_ratios": [0.0, 0.0, 0.0, 0.25, 0.25, 0.25],
    "stackwise_strides": [1, 2, 2, 2, 1, 2],
    "stackwise_expansion_ratios": [1, 4, 4, 4, 6, 6],
    "stackwise_conv_types": ["fused"] * 3 + ["unfused"] * 3,
}
_EFFICIENTNET_V2_B: dict[str, object] = {
    "stackwise_num_repeats": [1, 2, 2, 3, 5, 8],
    "stackwise_input_filters": [32, 16, 32, 48, 96, 112],
    "stackwise_output_filters": [16, 32, 48, 96, 112, 192],
}
_EFFICIENTNET_V2_S: dict[str, object] = {
    "stackwise_num_repeats": [2, 4, 4, 6, 9, 15],
    "stackwise_input_filters": [24, 24, 48, 64, 128, 160],
    "stackwise_output_filters": [24, 48, 64, 128, 160, 256],
}
_RESNET: dict[str, object] = {
    "stackwise_filters": [64, 128, 256, 512],
    "stackwise_strides": [1, 2, 2, 2],
}
_MOBILENET_V3_SMALL: dict[str, object] = {
    "stackwise_expansion": [1, 72 / 16, 88 / 24, 4, 6, 6, 3, 3, 6, 6, 6],
    "stackwise_filters": [16, 24, 24, 40, 40, 40, 48, 48, 96, 96, 96],
    "stackwise_kernel_size": [3, 3, 3, 5, 5, 5, 5, 5, 5, 5, 5],
    "stackwise_stride": [2, 2, 1, 2, 1, 1, 1, 1, 2, 1, 1],
    "stackwise_se_ratio": [0.25, None, None, *[0.25] * 8],
    "stackwise_activation": ["relu"] * 3 + ["hard_swish"] * 8,
}
_MOBILENET_V3_LARGE: dict[str, object] = {
    "stackwise_expansion": [1, 4, 3, 3, 3, 3, 6, 2.5, 2.3, 2.3, 6, 6, 6, 6, 6],
    "stackwise_filters": [16, 24, 24, 40, 40, 40, 80, 80, 80, 80, 112, 112, 160, 160, 160],
    "stackwise_kernel_size": [3, 3, 3, 5, 5, 5, 3, 3, 3, 3, 3, 3, 5, 5, 5],
    "stackwise_stride": [1, 2, 1, 2, 1, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1],
    "stackwise_se_ratio": [None] * 3 + [0.25] * 3 + [None] * 4 + [0.25] * 5,
    "stackwise_activation": ["relu"] * 6 + ["hard_swish"] * 9,
}


def _backbone(
    name: str,
    class_name: str,
    arguments: Mapping[str, object],
    *,
    scale: float = 1 / 255,
    offset: float = 0.0,
    multiple: int = 1,
    weights_package: WeightsPackage | None = None,
) -> Backbone:
    def build(image_size: int, channels: int = 3) -> "keras.Model":
        import keras_cv

        model: keras.Model = getattr(keras_cv.models, class_name)(
            **arguments, include_rescaling=False, input_shape=(image_size, image_size, channels)
        )
        return model

    return Backbone(
        name,
        build,
        scale=scale,
        offset=offset,
        multiple=multiple,
        weights_package=weights_package,
        wants_tensorflow=True,
    )


def _efficientnet_lite(variant: int, width: float, depth: float) -> Backbone:
    arguments = _EFFICIENTNET_LITE | {"width_coefficient": width, "depth_coefficient": depth}
    return _backbone(
        f"efficientnet_lite{variant}",
        "EfficientNetLiteBackbone",
        arguments,
        scale=1 / 128,
        offset=-127 / 128,
        weights_package=lite_weights.package(variant),
    )


def _efficientnet_v2(variant: str, width: float, depth: float) -> Backbone:
    stacks = _EFFICIENTNET_V2_S if variant == "s" else _EFFICIENTNET_V2_B
    arguments = _EFFICIENTNET_V2 | stacks
    arguments |= {"width_coefficient": width, "depth_coefficient": depth}
    return _backbone(f"efficientnetv2_{variant}", "EfficientNetV2Backbone", arguments)


def _resnet(name: str, class_name: str, blocks: list[int], block_type: str) -> Backbone:
    arguments = _RESNET | {"stackwise_blocks": blocks, "block_type": block_type}
    return _backbone(name, class_name, arguments)


efficientnet_lite0 = _efficientnet_lite(0, 1.0, 1.0)
efficientnet_lite1 = _efficientnet_lite(1, 1.0, 1.1)
efficientnet_lite2 = _efficientnet_lite(2, 1.1, 1.2)
efficientnetv2_b0 = _efficientnet_v2("b0", 1.0, 1.0)
efficientnetv2_b1 = _efficientnet_v2("b1", 1.0, 1.1)
efficientnetv2_b2 = _efficientnet_v2("b2", 1.1, 1.2)
efficientnetv2_s = _efficientnet_v2("s", 1.0, 1.0)
resnet18 = _resnet("resnet18", "ResNetBackbone", [2, 2, 2, 2], "basic_block")
resnet50 = _resnet("resnet50", "ResNetBackbone", [3, 4, 6, 3], "block")
resnet50_v2 = _resnet("resnet50_v2", "ResNetV2Backbone", [3, 4, 6, 3], "block")
mobilenet_v3_small = _backbone("mobilenet_v3_small", "MobileNetV3Backbone", _MOBILENET_V3_SMALL)
mobilenet_v3_large = _backbone("mobilenet_v3_large", "MobileNetV3Backbone", _MOBILENET_V3_LARGE)
densenet121 = _backbone(
    "densenet121", "DenseNetBackbone", {"stackwise_num_repeats": [6, 12, 24, 16]}
)
csp_darknet_tiny = _backbone(
    "csp_darknet_tiny",
    "CSPDarkNetBackbone",
    {"stackwise_channels": [48, 96, 192, 384], "stackwise_depth": [1, 3, 3, 1]},
    multiple=2,  # its first layer folds 2×2 pixels into channels
)
