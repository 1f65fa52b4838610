"""How images are kept: as arrays, as JPEGs or not at all, by the room there is."""

import contextlib
import os
import shutil
from pathlib import Path
from typing import get_args

from kaggle_prz.core.console import Console
from kaggle_prz.core.errors import UsageError
from kaggle_prz.images.stores import Kind

CHOICES = ("auto", *get_args(Kind))

_SHARE = 0.5  # of the disk that is free or holds stores
_LEAST_RESERVE = 2e9  # bytes that are left for runs, or …
_RESERVE = 0.05  # … this share of a smaller disk
_ENCODED = 0.25  # bytes a number of a picture: an estimate, not measured
_IN_WORDS = {"raw": "raw arrays", "encoded": "JPEGs", "none": "no cache, decoded for every batch"}


def check(cache: str) -> None:
    """Refuse a way to keep images that does not exist."""
    if cache not in CHOICES:
        raise UsageError(f"image_cache must be one of {', '.join(CHOICES)}; received {cache!r}.")
    _most()


def decide(cache: str, place: Path, numbers: int, console: Console) -> Kind:
    """Choose how to keep images of so many numbers, by the room there is.

    What is kept takes at most half of the disk that is free or holds stores, or
    `KAGGLE_PRZ_CACHE_GB`, and leaves a reserve; `"auto"` takes the first kind that fits. Where
    older stores are in the way, the console gets how to remove them.
    """
    root = place.parent.parent
    disk = shutil.disk_usage(root)
    unfinished = sum(part.stat().st_size for part in place.glob(".part-*"))  # to be continued
    free, taken = disk.free + unfinished, sum(map(_bytes, root.glob("*/*/"))) - unfinished
    most = _most()
    budget = _SHARE * (free + taken) if most is None else most
    reserve = min(_LEAST_RESERVE, _RESERVE * disk.total)
    room = min(budget - taken, free - reserve)
    needs: dict[Kind, float] = {"raw": numbers, "encoded": _ENCODED * numbers, "none": 0}
    kinds = [kind for kind in needs if cache in {"auto", kind}]
    kind = next((kind for kind in kinds if needs[kind] <= room), kinds[-1])
    about = "about " if kind == "encoded" else ""
    size = f", {about}{_shown(needs[kind])} of {_shown(free)} free" if needs[kind] else ""
    console.say(f"images: {_IN_WORDS[kind]}{size}")
    if kind != kinds[0] and needs[kinds[0]] <= min(budget, free + taken - reserve):
        console.say(
            f"Note: raw arrays need {_shown(needs['raw'])}, but other image stores use "
            f"{_shown(taken)} of at most {_shown(budget)}. Delete {root} while no run is active, "
            "or raise the limit with KAGGLE_PRZ_CACHE_GB."
        )
    return kind


def _most() -> float | None:
    """Return bytes of `KAGGLE_PRZ_CACHE_GB`, where it is set."""
    given = os.environ.get("KAGGLE_PRZ_CACHE_GB")
    if not given:
        return None
    with contextlib.suppress(ValueError):
        if (number := float(given)) >= 0:
            return number * 1e9
    raise UsageError(
        "KAGGLE_PRZ_CACHE_GB must be the largest total size of image stores in GB, such as 50; "
        f"received {given!r}."
    )


def _bytes(place: Path) -> float:
    total = 0.0
    for file in place.iterdir():
        with contextlib.suppress(OSError):
            total += file.stat().st_size
    return total


def _shown(size: float) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"
