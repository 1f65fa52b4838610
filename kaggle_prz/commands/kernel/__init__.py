"""Runs inside Kaggle kernels: a kernel folder and an offline bundle, and what they do there.

`build` makes both here; `training` and `open_bundle` are called by the two scripts of `kernels/`
there, where neither a network nor this package is at hand until the bundle is installed.
"""

from kaggle_prz.commands.kernel.building import Built, build
from kaggle_prz.commands.kernel.inside import Inside, open_bundle, training

__all__ = ["Built", "Inside", "build", "open_bundle", "training"]
