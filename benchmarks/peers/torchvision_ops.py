"""Imports torchvision where its compiled part does not fit the build of torch that is installed.

torchvision says at import what shapes its operators return, and fails where the operators do not
exist. Here those are declared without an implementation: whoever calls one gets torch's own error,
and telling images apart calls none. Import this module before fastai and timm.
"""

import torch

_OPERATORS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)

try:
    import torchvision
except RuntimeError as error:
    if "does not exist" not in str(error):
        raise
    declared = torch.library.Library("torchvision", "DEF")  # lives as long as this module
    for schema in _OPERATORS:
        declared.define(schema)
    import torchvision

__all__ = ["torchvision"]
