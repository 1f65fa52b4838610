"""Where files of Kaggle's competitions are: mounted in a kernel, or kept in the tool's home."""

import os
from pathlib import Path

from kaggle_prz.competitions.kaggle.slugs import is_slug
from kaggle_prz.core.filesystem import home


def files(slug: str) -> Path:
    """Return the directory of a competition's public files; it is whole, or not there."""
    return home() / "competitions" / slug


def state(slug: str) -> Path:
    """Return the directory of its facts, an unfinished download and the ledger."""
    return home() / "kaggle" / slug


def has_files(slug: str) -> bool:
    """Return whether the public files are in the tool's home."""
    return files(slug).is_dir() and any(files(slug).iterdir())


def inputs() -> Path:
    """Return where kernels mount their inputs; `KAGGLE_PRZ_INPUT` where that is set."""
    return Path(os.environ.get("KAGGLE_PRZ_INPUT") or "/kaggle/input")


def in_kernel() -> bool:
    """Return whether this process runs in a Kaggle kernel."""
    return bool(os.environ.get("KAGGLE_KERNEL_RUN_TYPE")) or inputs().is_dir()


def mounted(slug: str) -> Path | None:
    """Return the directory of a mounted competition, or None; old kernels mount it at the root."""
    candidates = (inputs() / "competitions" / slug, inputs() / slug) if is_slug(slug) else ()
    return next((directory for directory in candidates if directory.is_dir()), None)
