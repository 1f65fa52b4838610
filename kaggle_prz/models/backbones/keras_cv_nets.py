"""KerasCV's backbones from explicit arguments: their named constructors ask the network."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kaggle_prz.models.backbones import Backbone
from kaggle_prz.models.backbones.weights_sources import WeightsSource, lite_weights
from kaggle_prz.models.backbones.weights_sources.keras_cv_preset import KerasCVPreset

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
    parameters: int | None = None,
    top_1: float | None = None,
    sources: tuple[WeightsSource, ...] = (),
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
        sources=sources,
        parameters=parameters,
        top_1=top_1,
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
        sources=(lite_weights.package(variant),),
    )


def _efficientnet_v2(variant: str, width: float, depth: float, **facts: Any) -> Backbone:
    stacks = _EFFICIENTNET_V2_S if variant == "s" else _EFFICIENTNET_V2_B
    arguments = _EFFICIENTNET_V2 | stacks
    arguments |= {"width_coefficient": width, "depth_coefficient": depth}
    name, class_name = f"efficientnetv2_{variant}", "EfficientNetV2Backbone"
    return _backbone(
        name, class_name, arguments, sources=_preset(name, class_name, "efficientnetv2"), **facts
    )


def _resnet(name: str, blocks: list[int], *, block: str = "block", **facts: Any) -> Backbone:
    version = "resnetv2" if name.endswith("_v2") else "resnetv1"
    class_name = "ResNetV2Backbone" if version == "resnetv2" else "ResNetBackbone"
    arguments = _RESNET | {"stackwise_blocks": blocks, "block_type": block}
    sources = _preset(name, class_name, version) if name in {"resnet50", "resnet50_v2"} else ()
    return _backbone(name, class_name, arguments, sources=sources, **facts)


def _mobilenet_v3(name: str, arguments: Mapping[str, object], **facts: Any) -> Backbone:
    class_name = "MobileNetV3Backbone"
    return _backbone(
        name, class_name, arguments, sources=_preset(name, class_name, "mobilenetv3"), **facts
    )


def _densenet(name: str, repeats: list[int], **facts: Any) -> Backbone:
    class_name = "DenseNetBackbone"
    arguments = {"stackwise_num_repeats": repeats}
    return _backbone(
        name, class_name, arguments, sources=_preset(name, class_name, "densenet"), **facts
    )


def _csp_darknet(name: str, channels: list[int], depth: list[int], **facts: Any) -> Backbone:
    class_name = "CSPDarkNetBackbone"
    return _backbone(
        name,
        class_name,
        {"stackwise_channels": channels, "stackwise_depth": depth},
        multiple=2,  # its first layer folds 2×2 pixels into channels
        sources=_preset(name, class_name, "cspdarknet"),
        **facts,
    )


def _preset(name: str, class_name: str, model: str) -> tuple[WeightsSource, ...]:
    return (KerasCVPreset(f"{name}_imagenet", class_name, model),)


# Parameters as KerasCV's presets say them; accuracies as they were published with KerasCV.
efficientnet_lite0 = _efficientnet_lite(0, 1.0, 1.0)
efficientnet_lite1 = _efficientnet_lite(1, 1.0, 1.1)
efficientnet_lite2 = _efficientnet_lite(2, 1.1, 1.2)
efficientnetv2_b0 = _efficientnet_v2("b0", 1.0, 1.0, parameters=5919312, top_1=77.1)
efficientnetv2_b1 = _efficientnet_v2("b1", 1.0, 1.1, parameters=6931124, top_1=79.1)
efficientnetv2_b2 = _efficientnet_v2("b2", 1.1, 1.2, parameters=8769374, top_1=80.1)
efficientnetv2_s = _efficientnet_v2("s", 1.0, 1.0, parameters=20331360, top_1=83.9)
resnet18 = _resnet("resnet18", [2, 2, 2, 2], block="basic_block", parameters=11186112)
resnet50 = _resnet("resnet50", [3, 4, 6, 3], parameters=23561152)
resnet50_v2 = _resnet("resnet50_v2", [3, 4, 6, 3], parameters=23564800)
mobilenet_v3_small = _mobilenet_v3("mobilenet_v3_small", _MOBILENET_V3_SMALL, parameters=933502)
mobilenet_v3_large = _mobilenet_v3("mobilenet_v3_large", _MOBILENET_V3_LARGE, parameters=2994518)
densenet121 = _densenet("densenet121", [6, 12, 24, 16])
densenet169 = _densenet("densenet169", [6, 12, 32, 32])
densenet201 = _densenet("densenet201", [6, 12, 48, 32])
csp_darknet_tiny = _csp_darknet(
    "csp_darknet_tiny", [48, 96, 192, 384], [1, 3, 3, 1], parameters=2380416
)
csp_darknet_l = _csp_darknet(
    "csp_darknet_l", [128, 256, 512, 1024], [3, 9, 9, 3], parameters=27111424
)
