"""Competitions that a Kaggle kernel has mounted: their files are there without a download."""

import os
from pathlib import Path

from kaggle_prz.hosts.kaggle.slugs import is_slug


def root() -> Path:
    """Where kernels mount their inputs; `KAGGLE_PRZ_INPUT` where that is set."""
    return Path(os.environ.get("KAGGLE_PRZ_INPUT") or "/kaggle/input")


def in_kernel() -> bool:
    """Whether this process runs in a Kaggle kernel."""
    return bool(os.environ.get("KAGGLE_KERNEL_RUN_TYPE")) or root().is_dir()


def find(slug: str) -> Path | None:
    """Directory of a mounted competition, or None.

    Kernels mount it below `competitions/`; those of some years ago, directly below the root.
    """
    if not is_slug(slug):
        return None
    for directory in (root() / "competitions" / slug, root() / slug):
        if directory.is_dir():
            return directory
    return None


def competitions() -> list[str]:
    """Slugs of the mounted competitions, sorted; those of the older place cannot be told apart."""
    below = root() / "competitions"
    return sorted(p.name for p in below.iterdir() if p.is_dir()) if below.is_dir() else []
