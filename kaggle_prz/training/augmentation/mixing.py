"""Mixup and cutmix: two pictures of a batch become one, their targets with the same shares."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from kaggle_prz.core.errors import UsageError
from kaggle_prz.core.image_store import Pixels
from kaggle_prz.metrics.arrays import Array
from kaggle_prz.training.augmentation.draws import BOX, MIX, SHARE, Draws

_PARTS = 256  # that a share of mixup is counted in, so that pixels are mixed in whole numbers


def require_shares(targets: Array) -> None:
    """Refuse targets that cannot be mixed."""
    if targets.ndim != 2 or targets.dtype.kind != "f":
        raise UsageError(
            "mixup and cutmix need targets with one column per class, tag or number; received "
            f"shape {targets.shape} and type {targets.dtype}. Convert class indexes to one-hot "
            "rows."
        )


def mix(
    images: Pixels,
    targets: NDArray[np.float32],
    draws: Draws,
    partners: NDArray[np.int64],
    *,
    mixup: float = 0.0,
    cutmix: float = 0.0,
) -> tuple[Pixels, NDArray[np.float32]]:
    """Give every picture a share of its partner's, blended (mixup) or as a box (cutmix).

    Zhang et al., arXiv:1710.09412; Yun et al., arXiv:1905.04899. A picture keeps at least half,
    so that its row stays the one it is counted as. Where both are on, each picture takes one of
    them; `partners` are rows of `images`.
    """
    require_shares(targets)
    if not (mixup or cutmix):
        return images, targets
    boxed = draws[:, MIX] < (0.5 if mixup and cutmix else float(bool(cutmix)))
    kept = np.ones(len(images), np.float32)
    mixed = images.copy()
    some = np.flatnonzero(~boxed)
    if len(some):
        kept[some], mixed[some] = _blended(images, draws, partners, some, mixup)
    some = np.flatnonzero(boxed)
    if len(some):
        kept[some], mixed[some] = _pasted(images, draws, partners, some, cutmix)
    shares = kept[:, None]
    return mixed, shares * targets + (1 - shares) * targets[partners]


def _kept(draws: Draws, alpha: float) -> NDArray[np.float64]:
    share = betaincinv(alpha, alpha, draws[:, SHARE].astype(np.float64))
    larger: NDArray[np.float64] = np.maximum(share, 1 - share)
    return larger


def _blended(
    images: Pixels,
    draws: Draws,
    partners: NDArray[np.int64],
    some: NDArray[np.int64],
    alpha: float,
) -> tuple[NDArray[np.float32], Pixels]:
    parts = np.rint(_kept(draws[some], alpha) * _PARTS).astype(np.uint16)
    own = parts[:, None, None, None]
    blend = images[some] * own + images[partners[some]] * (_PARTS - own)
    blend = (blend + np.uint16(_PARTS // 2)) >> 8
    return (parts / _PARTS).astype(np.float32), blend.astype(np.uint8)


def _pasted(
    images: Pixels,
    draws: Draws,
    partners: NDArray[np.int64],
    some: NDArray[np.int64],
    alpha: float,
) -> tuple[NDArray[np.float32], Pixels]:
    size = images.shape[1]
    half = np.sqrt(1 - _kept(draws[some], alpha)) * size / 2
    centre = draws[some, BOX : BOX + 2] * size
    low = np.rint(np.maximum(centre - half[:, None], 0)).astype(np.int64)
    high = np.rint(np.minimum(centre + half[:, None], size)).astype(np.int64)
    places = np.arange(size)
    within = (places >= low[..., None]) & (places < high[..., None])
    box = within[:, 0, :, None] & within[:, 1, None, :]
    pasted = np.where(box[..., None], images[partners[some]], images[some])
    kept = 1 - np.prod(high - low, axis=1) / size**2  # what of the box is in the picture
    return kept.astype(np.float32), pasted
