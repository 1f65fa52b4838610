"""Images with a file for every channel: `cell_red.png`, `cell_green.png`, … are one image."""

import re
from collections import Counter
from dataclasses import replace

from kaggle_prz.core.task import Text
from kaggle_prz.tasks.infer.pictures import files
from kaggle_prz.tasks.infer.pictures.roles import Role

_FIRST = ("red", "green", "blue", "yellow")
_COLOURS = (
    *_FIRST, "cyan", "magenta", "orange", "violet", "white", "grey", "gray", "far_red", "nir",
    "swir", "ir", "rededge", "uv", "r", "g", "b", "rgb", "dapi", "gfp", "rfp", "yfp", "hoechst",
    "actin", "tubulin", "er", "mito", "rna", "agp", "dna", "nucleus", "nuclei", "microtubules",
)  # fmt: skip
_NAMED = re.compile(
    rf"(.+[_-])({'|'.join(_COLOURS)}|(?:w|c|ch|channel|band|b)_?\d{{1,2}})(\.[^./]+)", re.IGNORECASE
)
_ENOUGH = 0.95


def joined(index: files.Index, ids: Text) -> files.Index:
    """Return the index with an image's files as one, such as `train/7_{red,green,blue}.png`.

    It is `index` itself where the ids are files, or names do not end in channels.
    """
    if index.kind != "images" or files.best_share(ids, index.test) >= files.ENOUGH:
        return index
    channels = _channels(index.train)
    if len(channels) < 2 or set(channels) != set(_channels(index.test)):
        return index
    made = replace(
        index,
        train=_as_one(index.train, channels),
        test=_as_one(index.test, channels),
        channels=len(channels),
        pictures=(
            f"{len(channels)} files per image: {', '.join(channels)}",
            "file names end in these, and the sample's ids are the part before",
        ),
    )
    return made if files.best_share(ids, made.test) >= files.ENOUGH else index


def _named(role: Role) -> dict[tuple[str, str], set[str]]:
    """Return what is before and after the channel -> channels."""
    found: dict[tuple[str, str], set[str]] = {}
    for path in role.paths:
        if name := _NAMED.fullmatch(path):
            found.setdefault((name[1], name[3]), set()).add(name[2])
    return found


def _channels(role: Role) -> list[str]:
    """Return the channels that nearly all images of a role have: colours first, then by name."""
    sets = Counter(frozenset(channels) for channels in _named(role).values())
    if not sets:
        return []
    most, count = sets.most_common(1)[0]
    if count < _ENOUGH * sets.total():
        return []
    return sorted(most, key=_place)


def _place(channel: str) -> tuple[int, int, str]:
    low = channel.lower()
    number = int((re.findall(r"\d+", low) or ["0"])[0])
    return _FIRST.index(low) if low in _FIRST else len(_FIRST), number, low


def _as_one(role: Role, channels: list[str]) -> Role:
    listed = f"{{{','.join(channels)}}}"
    whole = set(channels)
    paths = (f"{a}{listed}{b}" for (a, b), names in _named(role).items() if names >= whole)
    return Role(role.name, tuple(sorted(paths)))
