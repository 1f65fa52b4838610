"""Competitions that ask for boxes, masks, points or text instead of classes, tags or numbers."""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

from kaggle_prz.core.errors import DataError
from kaggle_prz.core.task import Text
from kaggle_prz.tasks.infer.tables import Sample, words

_FEWEST_ROWS = 3  # that say whether cells are ids of rows
_FEWEST_WORDS = 4  # of a sentence
_FEWEST_DIFFERENT = 0.5  # of sentences, which classes are not
_KNOWN = 0.5  # of the words in cells, from which on cells are lists of classes
_FUNCTION_WORDS = {"a", "an", "and", "are", "at", "in", "is", "of", "on", "the", "to", "with"}
_PARTS_OF_NAMES = {
    "bbox": "object detection",
    "bboxes": "object detection",
    "boxes": "object detection",
    "pixels": "segmentation",
    "rle": "segmentation",
    "polygon": "segmentation",
    "polygons": "segmentation",
    "keypoints": "keypoint detection",
    "caption": "captioning",
    "captions": "captioning",
    "transcription": "text recognition",
    "inchi": "text recognition",
    "latex": "text recognition",
}
_SURE = {"bbox", "bboxes", "inchi", "rle"}
_NAMES = {"encodedpixels": "segmentation", "boundingbox": "object detection"}
_CORNERS = (
    {"xmin", "ymin", "xmax", "ymax"},
    {"x1", "y1", "x2", "y2"},
    {"x", "y", "w", "h"},
    {"x", "y", "width", "height"},
    {"xcenter", "ycenter", "width", "height"},
    {"left", "top", "width", "height"},
)
_SIDES = {"left", "top", "right", "bottom"}  # of a box, or classes
# `a.jpg-b.jpg`
_PAIR = re.compile(r".+\.(jpe?g|png|bmp|tiff?|webp)[^.\w/]+.+\.(jpe?g|png|bmp|tiff?|webp)", re.I)
_PIXEL = re.compile(r"(.+)_\d+_\d+")
_FEWEST_PIXELS = 30  # rows of an image
_AXIS = re.compile(r"(?<![a-z])[xy](?![a-z])")


class OtherTask(NamedTuple):
    """What is asked for, and what says so."""

    name: str  # such as "object detection"
    shown: str  # such as "boxes, such as '0.9 10 20 30 40'"
    in_cells: bool = False  # so cells might be lists of classes after all
    in_table: bool = False  # so another column might have classes


def of_sample(sample: Sample) -> OtherTask | None:
    """Return the other task that a sample submission asks for without doubt, or None."""
    if all(map(_PAIR.fullmatch, sample.ids.tolist())):
        return OtherTask("comparison of pairs of images", f"pairs, such as {str(sample.ids[0])!r}")
    pixels = [_PIXEL.fullmatch(name) for name in sample.ids.tolist()]
    if all(pixels) and len(pixels) >= _FEWEST_PIXELS * len({found[1] for found in pixels if found}):
        return OtherTask("restoration of images", f"a row a pixel, such as {str(sample.ids[0])!r}")
    if _names_itself(sample):
        shown = str(sample.column(sample.targets[0])[0])
        return OtherTask("retrieval of images", f"ids of its rows in its cells, such as {shown!r}")
    for name in sample.targets:
        cells = set(sample.column(name).tolist()) - {""}
        single = len(sample.targets) > 1 or (cells and not any(" " in cell for cell in cells))
        if (found := of_name(name)) is not None and not (single and _may_be_others(name)):
            return found
        if (found := of_cells(cells)) is not None:
            return found
    return of_columns(sample.targets)


def _names_itself(sample: Sample) -> bool:
    """Return whether every row's cell has the row's own id, and may have those of others."""
    if len(sample.targets) > 1 or len(sample.ids) < _FEWEST_ROWS:
        return False
    rows = zip(sample.ids.tolist(), sample.column(sample.targets[0]).tolist(), strict=True)
    return all(name in cell.split() for name, cell in rows)


def of_matches(sample: Sample, ids: Text, labels: Text) -> OtherTask | None:
    """Return retrieval where the sample's cells are ids of training rows, and none is a label."""
    if len(sample.targets) > 1:
        return None
    cells = sample.column(sample.targets[0]).tolist()
    shown = words.tokens(filter(None, cells), " ")
    if not shown or any(map(words.is_number, shown)) or not shown <= {*ids.tolist()}:
        return None
    if shown & {*labels.tolist()}:
        return None
    return OtherTask("retrieval of images", f"ids of training images, such as {min(shown)!r}")


def _may_be_others(column: str) -> bool:
    """Return whether a column may have numbers or classes, as `boxes` may, unlike `bbox`."""
    return words.plain(column) not in _NAMES and not _SURE & {*words.parts(column)}


def of_name(column: str) -> OtherTask | None:
    """Return the task whose answers a column's name is that of, such as `EncodedPixels`."""
    task = _NAMES.get(words.plain(column)) or next(
        (_PARTS_OF_NAMES[part] for part in words.parts(column) if part in _PARTS_OF_NAMES), None
    )
    return None if task is None else OtherTask(task, f"a column {column!r}")


def of_columns(columns: Sequence[str], *known: set[str]) -> OtherTask | None:
    """Return object detection where columns are the corners of a box, such as `xmin` to `ymax`."""
    plain = {words.plain(name).removeprefix("bbox") for name in columns}
    if any(corners <= plain for corners in known or _CORNERS):
        return OtherTask("object detection", f"columns of boxes ({words.some(list(columns))})")
    return None


def of_labels(column: str, cells: Collection[str]) -> OtherTask | None:
    """Return the task whose answers a column of labels has, by its name or its cells, or None."""
    given = [cell for cell in cells if cell]
    if not any(" " in cell or "," in cell for cell in given):
        return None
    if (found := of_name(column) or of_cells(given)) is not None:
        return found
    split = [cell.split() for cell in given]
    if len({*given}) >= _FEWEST_DIFFERENT * len(given) and all(map(_sentence, split)):
        return OtherTask("captioning", f"sentences, such as {min(given, key=len)!r}")
    return None


def of_table(columns: Sequence[str]) -> OtherTask | None:
    """Return the task of a table by the names of its columns, which may be beside classes."""
    found = of_columns(columns, *_CORNERS, _SIDES) or next(
        filter(None, map(of_name, columns)), None
    )
    return None if found is None else found._replace(in_table=True)


def of_points(columns: Sequence[str]) -> OtherTask | None:
    """Return keypoint detection where every column has its partner, as `eye_x` has `eye_y`."""
    partner = {name.lower(): _AXIS.sub(_other_axis, name.lower()) for name in columns}
    if set(partner) == set(partner.values()) and all(own != it for own, it in partner.items()):
        return OtherTask("keypoint detection", f"coordinates ({words.some(list(columns))})")
    return None


def of_cells(cells: Iterable[str], known: Collection[str] | None = None) -> OtherTask | None:
    """Return the task that cells are answers of, or None where they may be classes or numbers.

    Args:
        cells: of one column; empty ones do not count.
        known: classes. Cells whose words are among them are lists of classes. None: the classes
            are not known, so integers count only if they repeat within a cell, as in no list.
    """
    given = [cell for cell in cells if cell]
    if not given or (known is not None and _are_classes(given, known)):
        return None
    split = [re.findall(r"[^\s,;()\[\]{}]+", cell) for cell in given]
    sure = known is not None or not all(map(_may_be_list, split))
    for name, noun, fits in _FORMS if sure else ():
        if all(map(fits, split)):
            return OtherTask(name, f"{noun}, such as {min(given, key=len)!r}", in_cells=True)
    if known is not None and all(map(_sentence, split)):
        return OtherTask("captioning", f"sentences, such as {min(given, key=len)!r}", in_cells=True)
    return None


def _are_classes(cells: list[str], known: Collection[str]) -> bool:
    shown = {word for cell in cells for word in re.findall(r"[^\s,;|]+", cell)}
    return len(shown & {*known}) >= _KNOWN * len(shown) or bool({*cells} & {*known})


def refusal(found: OtherTask, where: str) -> DataError:
    """Return the error for a file that asks for another task."""
    otherwise = (
        " If the cells are lists of classes, say what stands between them with --separator."
        * found.in_cells
        + " If a column has the class of a whole image, choose it with --target." * found.in_table
    )
    return DataError(
        f"This is {found.name}, which is not supported: {where} has {found.shown}. Only classes, "
        "tags and numbers of whole images are supported." + otherwise
    )


def _may_be_list(tokens: list[str]) -> bool:
    """Return whether words may be classes: no fractions, and none comes twice."""
    whole = all(token.isdecimal() or _number(token) is None for token in tokens)
    return whole and len({*tokens}) == len(tokens)


def _number(token: str) -> float | None:
    return float(token) if re.fullmatch(r"-?(\d+\.?\d*|\.\d+)(e-?\d+)?", token) else None


def _boxes(tokens: list[str]) -> bool:
    """Return whether words are boxes of four numbers after a confidence, a class, or neither."""
    return _groups(tokens, 5, 0) or _groups(tokens, 6, 1) or _groups(tokens, 4, None)


def _groups(tokens: list[str], size: int, confidence: int | None) -> bool:
    if not tokens or len(tokens) % size:
        return False
    for start in range(0, len(tokens), size):
        group = [_number(token) for token in tokens[start : start + size]]
        ends = group[-4:]
        if any(end is None for end in ends):
            return False
        sure = 1.0 if confidence is None else group[confidence]
        if sure is None or not 0 <= sure <= 1:
            return False
    return True


def _runs(tokens: list[str]) -> bool:
    """Return whether words are starts and lengths of runs of pixels that do not touch."""
    if len(tokens) < 4 or len(tokens) % 2 or not all(token.isdecimal() for token in tokens):
        return False
    numbers = list(map(int, tokens))
    starts, lengths = numbers[::2], numbers[1::2]
    ends = [start + length for start, length in zip(starts, lengths, strict=True)]
    return min(lengths) > 0 and all(
        end < start for end, start in zip(ends, starts[1:], strict=False)
    )


def _point(tokens: list[str]) -> bool:
    """Return whether words are two numbers, and no class beside its confidence."""
    return len(tokens) == 2 and "." in tokens[0] and None not in map(_number, tokens)


def _other_axis(found: re.Match[str]) -> str:
    return "y" if found[0] == "x" else "x"


def _sentence(tokens: list[str]) -> bool:
    low = {token.lower().strip(".!?") for token in tokens}
    return len(tokens) >= _FEWEST_WORDS and bool(low & _FUNCTION_WORDS)


def _formula(tokens: list[str]) -> bool:
    return bool(tokens) and tokens[0].startswith("InChI=")


_FORMS: tuple[tuple[str, str, Callable[[list[str]], bool]], ...] = (
    ("segmentation", "runs of pixels", _runs),
    ("object detection", "boxes", _boxes),
    ("keypoint detection", "coordinates", _point),
    ("text recognition", "formulas", _formula),
)
