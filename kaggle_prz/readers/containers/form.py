"""Which fields of a row hold its picture, and the picture of a row."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from kaggle_prz.core.errors import DataError
from kaggle_prz.core.image_store import Array
from kaggle_prz.readers import formats

Row = Mapping[str, object]
LEAST_NUMBERS = 64  # of a list that is a picture; embeddings and boxes are mostly shorter
_LEAST_SIDE = 8
_MOST_AXES = 3
_MOST_CHANNELS = 32  # of the last axis; a longer one is a width
_LONGEST = 2.0  # times as long as the other side
_EXTRA = re.compile(r"mask|segment|annotat|label|target", re.IGNORECASE)


@dataclass(frozen=True)
class Form:
    """How a file holds the picture of a row."""

    fields: tuple[str, ...]  # that hold it; several are its channels
    # of numbers, channels first, last or none; None where bytes of an image file are held
    shape: tuple[int, ...] | None = None

    @property
    def channels(self) -> int:
        """Channels of a picture as it is decoded: 3 of grey, and of every image file."""
        if self.shape is None or len(self.shape) == 2:
            return 3
        first, _, last = self.shape
        count = last if last <= _MOST_CHANNELS else first
        return 3 if count == 1 else count

    def __str__(self) -> str:
        listed = ", ".join(self.fields[:4]) + (" …" if len(self.fields) > 4 else "")
        if self.shape is None:
            return f"image files in {listed}"
        return f"{'×'.join(map(str, self.shape))} numbers in {listed}"


def is_extra(name: str) -> bool:
    """Return whether a field is called after masks or labels."""
    return bool(_EXTRA.search(name))


def is_image_file(value: object) -> bool:
    """Return whether bytes open as those of an image file do."""
    return formats.of_content(value) is not None


def is_picture(shape: tuple[int, ...]) -> bool:
    """Return whether an array of a shape may be a picture: two long sides, and channels or none."""
    sides = sorted(shape)[-2:]
    return 2 <= len(shape) <= _MOST_AXES and min(sides) >= _LEAST_SIDE and min(shape) > 0


def shape_of(count: int, longest: float = _LONGEST) -> tuple[int, ...]:
    """Return the shape of so many numbers: a square of grey or of colours, else the nearest."""
    for most in (1.0, longest):
        for channels in (1, 3):
            pixels = count // channels
            height = next((n for n in range(math.isqrt(pixels), 0, -1) if not pixels % n), 1)
            if channels * pixels == count and 0 < pixels <= most * height * height:
                return (height, pixels // height, *([3] if channels == 3 else []))
    what = "square image" if longest == 1 else "image"
    raise DataError(f"{count} numbers are not the pixels of a {what}, grey or with three colours")


def form_of(row: Row) -> Form | None:
    """Return the fields of a row that hold its picture, if any do: an image file, else lists."""
    names = [name for name in row if not is_extra(name)]
    files = [name for name in names if is_image_file(bytes_of(row[name]))]
    if files:
        return Form((next((name for name in files if "image" in name.lower()), files[0]),))
    shapes: dict[str, tuple[int, ...]] = {}
    for name in names:
        try:
            grid = grid_of(row[name])
        except DataError:
            continue
        if grid is not None:
            shapes[name] = grid.shape
    if not shapes:
        return None
    largest = max(shapes.values(), key=math.prod)
    alike = tuple(name for name, shape in shapes.items() if shape == largest)
    return Form(alike, _stacked(largest, len(alike)))


def _stacked(shape: tuple[int, ...], fields: int) -> tuple[int, ...]:
    if fields == 1:
        return shape
    return (*shape[:2], fields * (shape[2] if len(shape) == 3 else 1))


def bytes_of(value: object) -> object:
    """Return the bytes of an image, which may be held with a path."""
    return value.get("bytes") if isinstance(value, Mapping) else value


def grid_of(value: object) -> Array | None:
    """Return a list of many numbers as a picture, or None."""
    if not isinstance(value, (list, np.ndarray)) or len(value) < _LEAST_SIDE:
        return None
    try:
        grid = np.asarray(value)
    except ValueError:  # lists of several lengths
        return None
    if grid.dtype.kind not in "buif" or grid.size < LEAST_NUMBERS:
        return None
    if grid.ndim == 1:
        return grid.reshape(shape_of(grid.size))
    return grid if is_picture(grid.shape) else None


def picture_of(row: Row, form: Form) -> bytes | Array:
    """Return the picture of a row: the bytes of an image file, or numbers as `form` says."""
    if form.shape is None:
        content = bytes_of(row.get(form.fields[0]))
        if not isinstance(content, bytes):
            raise DataError(f"the row has no image in {form.fields[0]}")
        return content
    grids = []
    for name in form.fields:
        grid = grid_of(row.get(name))
        if grid is None:
            raise DataError(f"the row has no list of numbers in {name}")
        grids.append(grid)
    if len(grids) == 1:
        made = grids[0]
    elif len({grid.shape for grid in grids}) > 1:
        raise DataError(f"{', '.join(form.fields)} of the row have several shapes")
    else:
        made = np.concatenate([g if g.ndim == 3 else g[..., None] for g in grids], axis=-1)
    if made.shape != form.shape:
        raise DataError(f"the row has the shape {made.shape}, and the first has {form.shape}")
    return made


def others(row: Row, form: Form) -> Iterator[tuple[str, object]]:
    """Yield the fields of a row that do not hold its picture; of one held with a path, that."""
    for name, value in row.items():
        if name not in form.fields:
            yield name, value.decode("utf-8", "replace") if isinstance(value, bytes) else value
        elif isinstance(value, Mapping) and value.get("path"):
            yield f"{name}.path", value["path"]
