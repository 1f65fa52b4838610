"""Small presets of KerasHub's networks for images, as KerasHub itself writes them."""

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np

SIDE = 64  # px that the networks are built for; ViT and Swin fail at another size
SCALE, OFFSET = [0.017, 0.0175, 0.0174], [-2.1, -2.0, -1.8]
_VIT = {
    "image_shape": (SIDE, SIDE, 3),
    "patch_size": 16,
    "num_layers": 2,
    "num_heads": 2,
    "hidden_dim": 24,
}
_DINO = {**_VIT, "intermediate_dim": 48}

ARGUMENTS: dict[str, dict[str, Any]] = {
    "ViT": {**_VIT, "mlp_dim": 48},
    "DeiT": {**_VIT, "intermediate_dim": 48},
    "DINOV2": {**_DINO, "position_embedding_shape": (SIDE, SIDE, 3), "num_register_tokens": 4},
    "DINOV3": {**_DINO, "num_register_tokens": 4},
    "SwinTransformer": {
        "image_shape": (224, 224, 3),
        "embed_dim": 12,
        "depths": (1, 1, 2, 1),
        "num_heads": (1, 2, 2, 4),
        "window_size": 7,
    },
    "MiT": {
        "layerwise_depths": [1, 1, 1, 1],
        "num_layers": 4,
        "layerwise_num_heads": [1, 2, 4, 4],
        "layerwise_sr_ratios": [8, 4, 2, 1],
        "max_drop_path_rate": 0.1,
        "image_shape": (SIDE, SIDE, 3),
        "hidden_dims": [8, 16, 24, 32],
        "layerwise_patch_sizes": [7, 3, 3, 3],
        "layerwise_strides": [4, 2, 2, 2],
    },
    "ResNet": {
        "input_conv_filters": [64],
        "input_conv_kernel_sizes": [7],
        "stackwise_num_filters": [64, 16],
        "stackwise_num_blocks": [1, 1],
        "stackwise_num_strides": [1, 2],
        "block_type": "basic_block",
        "use_pre_activation": True,
    },
    "DenseNet": {"stackwise_num_repeats": [1, 1, 1, 1], "growth_rate": 4},
    "VGG": {"stackwise_num_repeats": [1, 1, 1], "stackwise_num_filters": [4, 8, 8]},
    "Xception": {
        "stackwise_conv_filters": [[4, 8], [8, 16], [16, 16]],
        "stackwise_pooling": [True, True, False],
    },
    "CSPNet": {
        "stem_filters": 8,
        "stem_kernel_size": 3,
        "stem_strides": 2,
        "stackwise_depth": [1, 1],
        "stackwise_strides": [2, 2],
        "stackwise_num_filters": [8, 16],
        "block_type": "dark_block",
        "stage_type": "dark",
    },
}


def make(family: str, folder: Path) -> Path:
    """Save a network with random weights, and how its pixels are scaled."""
    import keras
    import keras_hub

    keras.utils.set_random_seed(3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # Swin warns of masks
        network = getattr(keras_hub.models, f"{family}Backbone")(**ARGUMENTS[family])
    rng = np.random.default_rng(0)
    for weight in network.weights:  # biases, offsets and embeddings are zero in a new network
        if not np.any(np.asarray(weight)):
            weight.assign(rng.normal(0, 0.1, weight.shape))
    network.save_to_preset(str(folder))
    converter = getattr(keras_hub.layers, f"{family}ImageConverter")(
        image_size=(SIDE, SIDE), scale=SCALE, offset=OFFSET
    )
    converter.save_to_preset(str(folder))
    assert json.loads((folder / "config.json").read_text("utf-8"))["class_name"]
    return folder
