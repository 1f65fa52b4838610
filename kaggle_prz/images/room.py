"""How images are kept: as arrays, as JPEGs or not at all, by the room there is."""

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import get_args

from kaggle_prz.console import Console
from kaggle_prz.errors import UsageError
from kaggle_prz.images.stores import Kind

CHOICES = ("auto", *get_args(Kind))

_SHARE = 0.5  # of the disk that is free or holds stores
_LEAST_RESERVE = 2e9  # bytes that are left for runs, or …
_RESERVE = 0.05  # … this share of a smaller disk
_ENCODED = 0.25  # bytes a number of a picture: an estimate, not measured
_USED, _LEASE = ".used", ".in-use"
_IN_WORDS = {"raw": "raw arrays", "encoded": "JPEGs", "none": "not kept, decoded for every batch"}


def check(cache: str) -> None:
    """Refuse a way to keep images that does not exist.

    Raises:
        UsageError: lists those that do.
    """
    if cache not in CHOICES:
        raise UsageError(f"image_cache is one of {', '.join(CHOICES)}; received {cache!r}.")
    _most()


def decide(
    cache: str, place: Path, numbers: int, removable: Sequence[Path], console: Console
) -> Kind:
    """How to keep images, and room for them: stores that were not used for long are removed.

    What is kept takes at most half of the disk that is free or holds stores, or
    `KAGGLE_PRZ_CACHE_GB`, and leaves a reserve.

    Args:
        cache: of `CHOICES`; `"auto"` takes the first for which there is room.
        place: directory of the stores that are made.
        numbers: images × Σ size² × channels.
        removable: directories of other stores, see `unused`, the first to go first.
        console: is told the decision, and a note for everything that is removed.
    """
    root = place.parent.parent
    disk = shutil.disk_usage(root)
    begun = sum(part.stat().st_size for part in place.glob(".part-*"))  # is gone on with
    free, taken = disk.free + begun, sum(map(_bytes, root.glob("*/*/"))) - begun
    most = _most()
    budget = _SHARE * (free + taken) if most is None else most
    room = min(budget - taken, free - min(_LEAST_RESERVE, _RESERVE * disk.total))
    needs = {"raw": float(numbers), "encoded": _ENCODED * numbers, "none": 0.0}
    could_be = room + sum(map(_bytes, removable))
    kinds: list[Kind] = [kind for kind in get_args(Kind) if cache in {"auto", kind}]
    kind = next((kind for kind in kinds if needs[kind] <= could_be), kinds[-1])
    for other in removable:
        if needs[kind] <= room or kind == "none":
            break
        room += _remove(other, console)
    about = "about " if kind == "encoded" else ""
    size = f", {about}{_shown(needs[kind])} of {_shown(free)} free" if needs[kind] else ""
    console.say(f"images: {_IN_WORDS[kind]}{size}")
    return kind


def use(place: Path) -> int | None:
    """Hold a directory of stores against `decide` until `release`.

    Returns:
        What `release` takes; None on systems where stores are never removed.
    """
    (place / _USED).touch()
    if sys.platform == "win32":
        return None
    import fcntl

    lease = os.open(place / _LEASE, os.O_RDWR | os.O_CREAT, 0o644)
    fcntl.flock(lease, fcntl.LOCK_SH)
    return lease


def release(lease: int | None) -> None:
    """Let go of what `use` holds."""
    if lease is not None:
        os.close(lease)


def unused(place: Path) -> list[Path]:
    """Directories of stores beside `place`, those of other competitions too, longest unused first.

    One that a process holds may be among them; it is not removed.
    """
    marks = place.parent.parent.glob(f"*/*/{_USED}")
    dated = sorted((mark.stat().st_mtime, mark.parent) for mark in marks)
    return [other for _, other in dated if other != place and not _is_held(other)]


def _remove(place: Path, console: Console) -> float:
    """Remove what is in a directory, unless a process uses it; the bytes that were freed."""
    with _alone(place) as alone:
        if not alone:
            return 0.0
        freed = _bytes(place)
        (place / _USED).unlink(missing_ok=True)
        for file in (*place.glob("*.*"), *place.glob(".part-*")):
            if file.name not in {".lock", _LEASE}:
                file.unlink(missing_ok=True)
    console.say(
        f"Note: the image store {place.parent.name}/{place.name} was removed to make room "
        f"({_shown(freed)}); it is made anew when it is asked for. KAGGLE_PRZ_CACHE_GB allows more."
    )
    return freed


def _is_held(place: Path) -> bool:
    with _alone(place) as alone:
        return not alone


@contextlib.contextmanager
def _alone(place: Path) -> Iterator[bool]:
    """Whether no process uses the stores of a directory; none begins to in the meantime."""
    if sys.platform == "win32":
        yield False
        return
    import fcntl

    lease = os.open(place / _LEASE, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
    else:
        yield True
    finally:
        os.close(lease)


def _most() -> float | None:
    """Bytes of `KAGGLE_PRZ_CACHE_GB`, where it is set."""
    given = os.environ.get("KAGGLE_PRZ_CACHE_GB")
    if not given:
        return None
    with contextlib.suppress(ValueError):
        if (number := float(given)) >= 0:
            return number * 1e9
    raise UsageError(
        f"KAGGLE_PRZ_CACHE_GB is the most that image stores take, in GB, such as 50; "
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
