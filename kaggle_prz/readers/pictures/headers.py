"""Sizes and modes of pictures from the heads of a sample of files; decodes nothing."""

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kaggle_prz.readers import formats
from kaggle_prz.readers.formats import Head
from kaggle_prz.readers.pictures import sources

SAMPLE = 500


@dataclass(frozen=True)
class Heads:
    """What the heads of some image files say.

    `looked` of `of` files were opened, and those in `unreadable` could not be. Sizes, as width and
    height in px, and modes come with their files, the most frequent first.
    """

    looked: int
    of: int
    sizes: tuple[tuple[tuple[int, int], int], ...]
    modes: tuple[tuple[str, int], ...]
    unreadable: tuple[str, ...]

    @property
    def size(self) -> str:
        """The sizes in words: `300×300 (all)`, or the ranges of width and height."""
        if not self.sizes:
            return "unknown"
        if len(self.sizes) == 1:
            (width, height), _ = self.sizes[0]
            return f"{width}×{height} (all)"
        widths, heights = zip(*(size for size, _ in self.sizes), strict=True)
        (width, height), count = self.sizes[0]
        share = count / sum(files for _, files in self.sizes)
        most = f", mostly {width}×{height}" if share > 0.5 else ""
        return f"{_span(widths)} × {_span(heights)}{most}"

    @property
    def mode(self) -> str:
        """The modes in words: `RGB (all)`, or `RGB 98%, L 2%`."""
        total = sum(files for _, files in self.modes)
        if len(self.modes) == 1:
            return f"{self.modes[0][0]} (all)"
        return ", ".join(f"{mode} {files / total:.0%}" for mode, files in self.modes) or "unknown"


def look(root: Path, references: Sequence[str], most: int = SAMPLE) -> Heads:
    """Read the heads of at most so many image files, chosen evenly, of formats with a `head`."""
    files = with_head(references)
    looked = some(root, files, most)
    sizes: Counter[tuple[int, int]] = Counter()
    modes: Counter[str] = Counter()
    unreadable = []
    for name, head in looked.items():
        if head is None:
            unreadable.append(name)
        else:
            sizes[head.size] += 1
            modes[head.mode] += 1
    return Heads(
        looked=len(looked),
        of=len(files),
        sizes=tuple(sizes.most_common()),
        modes=tuple(modes.most_common()),
        unreadable=tuple(unreadable),
    )


def with_head(references: Sequence[str]) -> list[str]:
    """Return the files of images that are of formats with a `head`, each once."""
    given = dict.fromkeys(references)
    return [sources.files_of(name)[0] for name in given if name and _has_head(name)]


def some(root: Path, files: Sequence[str], most: int) -> dict[str, Head | None]:
    """Read the heads of at most so many files, chosen evenly; None where one cannot be read."""
    chosen = np.unique(np.linspace(0, len(files) - 1, min(most, len(files))).round().astype(int))
    found: dict[str, Head | None] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in (files[place] for place in chosen.tolist()):
            try:
                found[name] = formats.of(name).read_head(root / name)
            except Exception:  # decoders meet damaged files with errors of every kind
                found[name] = None
    return found


def _has_head(reference: str) -> bool:
    place = sources.place_of(reference)
    return place.row is None and bool(formats.of(place.file).head)


def _span(values: Sequence[int]) -> str:
    low, high = min(values), max(values)
    return str(low) if low == high else f"{low}–{high}"
