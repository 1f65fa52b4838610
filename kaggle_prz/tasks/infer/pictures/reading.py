"""How images are read: their channels, their pages, and the range of numbers deeper than 8 bits."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kaggle_prz.core.errors import MissingExtraError
from kaggle_prz.core.task import Evidence, Images, Text
from kaggle_prz.images import LARGEST_PIXELS, pixel_range
from kaggle_prz.readers import formats
from kaggle_prz.readers.formats import Head
from kaggle_prz.readers.pictures import headers, image_files, sources
from kaggle_prz.tasks.infer.hints import Hints
from kaggle_prz.tasks.infer.pictures import pixel_rows
from kaggle_prz.tasks.infer.pictures.files import Index
from kaggle_prz.tasks.overrides import span_of

_HEADS = 200
_FEW = 3  # images whose numbers are looked at where no head says how deep they are
# Of these kinds, images have one range; others, such as scans, may have one each on purpose.
_ONE_RANGE = (formats.IMAGES, formats.ARRAYS.kind, "stacks", "pixels", formats.RECORDS)
_MOST_COUNTED = 5000  # files whose pages are counted


@dataclass(frozen=True, eq=False)
class Told:
    """What is said of one question: a line of evidence, and a doubt."""

    evidence: Evidence | None = None
    warning: str = ""


@dataclass(frozen=True, eq=False)
class Reading:
    """How the images of a task are read, and why."""

    images: Images  # a page each, where all pages are wanted
    channels: int
    span: tuple[float, float] | None
    told: tuple[Told, ...]

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Lines of evidence."""
        return tuple(each.evidence for each in self.told if each.evidence is not None)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences on what may be meant otherwise."""
        return tuple(each.warning for each in self.told if each.warning)


def settle(root: Path, index: Index, images: Images, said: Hints) -> Reading:
    """Look at the heads of some training images, and at their numbers where these are deep."""
    files = np.unique(images.train_files)
    some = headers.with_head(_spread(files, _HEADS))
    heads = [head for head in headers.some(root, some, _HEADS).values() if head is not None]
    channels, bands = _channels(root, index, str(files[0]), heads)
    paged, pages = _pages(root, images, heads, said.pages)
    limit = said.largest_pixels or LARGEST_PIXELS
    deep = any(head.deep for head in heads)
    if not heads:
        deep = _deep(root, _spread(files, _FEW), channels, limit)
    span, scale = None, Told()
    if said.pixel_range is not None:
        span, scale = _given(said.pixel_range, deep=deep)
    elif deep:
        own = index.kind not in _ONE_RANGE
        span, scale = _measured(root, files, channels, limit, all_deep=own)
    return Reading(paged, channels, span, (bands, pages, scale))


def _spread(files: Text, count: int) -> list[str]:
    places = np.linspace(0, len(files) - 1, min(count, len(files))).round().astype(int)
    chosen: list[str] = files[np.unique(places)].tolist()
    return chosen


def _channels(root: Path, index: Index, first: str, heads: Sequence[Head]) -> tuple[int, Told]:
    """Return how many channels images have: those of most files, where they are bands."""
    if index.channels:
        return index.channels, Told()
    counts = Counter(head.channels for head in heads)
    most = counts.most_common(1)[0][0] if counts else None
    if most is None:
        return pixel_rows.channels(root, first), Told()
    rule = f"bands of {counts[most]} of {len(heads)} image files looked at"
    return most, Told(Evidence("channels", str(most), rule))


def _pages(
    root: Path, images: Images, heads: Sequence[Head], wanted: str | None
) -> tuple[Images, Told]:
    """Return an image for every page, where all are wanted; else say that the first alone is."""
    if wanted == "first" or (wanted is None and all(head.pages == 1 for head in heads)):
        return images, Told()
    given = {*images.train_files.tolist(), *images.test_files.tolist()} - {""}
    counted = headers.with_head(sorted(given))
    if wanted is None:
        few = len(counted) <= _MOST_COUNTED
        counts = [len(_numbers(root, name)) for name in counted] if few else _counts(heads)
        return images, Told(warning=_of_first(counts))
    numbers = {name: _numbers(root, name) for name in counted}
    many = {name: found for name, found in numbers.items() if len(found) > 1}
    if not many:
        return images, Told(warning="--pages all has no effect: no image file has several pages.")
    total = sum(map(len, many.values()))
    value = f"{total} pages of {len(many)} files, as images of their rows"
    rule = "given with --pages; predictions of a row's images are averaged"
    return _expanded(images, many), Told(Evidence("pages", value, rule))


def _counts(heads: Sequence[Head]) -> list[int]:
    return [head.pages for head in heads]


def _numbers(root: Path, name: str) -> tuple[int, ...]:
    try:
        return image_files.pages(root / name)
    except Exception:  # decoders meet damaged files with errors of every kind
        return (0,)


def _of_first(counts: Sequence[int]) -> str:
    many = [count for count in counts if count > 1]
    low, high = min(many), max(many)
    each = f"{low} each" if low == high else f"{low} to {high}"
    return (
        f"{len(many)} of {len(counts)} image files have several pages or frames ({each}, "
        f"{sum(many)} in all), and only the first of each file is used. Use --pages all to take "
        "them as images of one row. If they are channels of one image, save each image as one "
        "array (.npy) instead."
    )


def _expanded(images: Images, numbers: dict[str, tuple[int, ...]]) -> Images:
    made = []
    for files, rows in (
        (images.train_files, images.train_rows),
        (images.test_files, images.test_rows),
    ):
        of = [
            [f"{name}#{number}" if number else name for number in numbers.get(name, (0,))]
            for name in files.tolist()
        ]
        made.append(np.array([name for names in of for name in names], dtype=str))
        made.append(np.repeat(rows, [len(names) for names in of]))
    return Images(*made)


def _given(text: str, *, deep: bool) -> tuple[tuple[float, float] | None, Told]:
    span = span_of(text)
    if span is not None and not deep:
        return None, Told(
            warning="--pixel-range has no effect, because images have 8 bits a channel."
        )
    value = "that of each file" if span is None else pixel_range.shown(span)
    return span, Told(Evidence("pixel range", value, "given with --pixel-range"))


def _deep(root: Path, files: Sequence[str], channels: int, largest_pixels: int) -> bool:
    """Return whether some of these images have more than 8 bits; whole files are read for it.

    What is read stays, since images are decoded next.
    """
    for name in files:
        try:
            if sources.numbers(root / name, channels, largest_pixels) is not None:
                return True
        except MemoryError:
            raise
        except Exception:  # decoders meet damaged files with errors of every kind
            continue
    return False


def _measured(
    root: Path, files: Text, channels: int, largest_pixels: int, *, all_deep: bool
) -> tuple[tuple[float, float] | None, Told]:
    try:
        found = pixel_range.of(root, files.tolist(), channels, largest_pixels, all_deep=all_deep)
    except MissingExtraError:  # it is reported where images are decoded
        return None, Told()
    if found is None:
        return None, Told()
    value = pixel_range.shown(found.span)
    doubt = found.dark and (
        f"{found.dark} training images looked at use less than a sixteenth of the pixel range of "
        f"all, {value}. If that is because devices differ, use --pixel-range file."
    )
    return found.span, Told(Evidence("pixel range", value, found.rule), doubt)
