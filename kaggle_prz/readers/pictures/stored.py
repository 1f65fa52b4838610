"""Pictures in files of many, which `kaggle_prz.readers.containers` opens; here they are scaled."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np

from kaggle_prz.core.errors import DataError
from kaggle_prz.readers import containers
from kaggle_prz.readers.formats import File, Wanted
from kaggle_prz.readers.kept import Kept, KeptFiles
from kaggle_prz.readers.pictures import arrays, modes
from kaggle_prz.readers.pictures.limits import refuse_larger

_MOST_OPEN = 3  # files, each with two blocks of rows


class _File:
    """An open file, and which of its numbers are black and white, by array."""

    def __init__(self, file: Path):
        self._members: Mapping[str, containers.Records] = containers.open_file(file)
        self.span = Kept(self._span, most=max(1, len(self._members)))

    def member(self, name: str) -> containers.Records:
        if name not in self._members:
            known = ", ".join(map(repr, self._members)) or "none"
            raise DataError(f"it has no images with the name {name!r}; it has {known}")
        return self._members[name]

    def _span(self, name: str) -> modes.Span:
        return modes.span_of_parts(None, self._members[name].parts())


_files = KeptFiles(_File, most=_MOST_OPEN)
forget = _files.forget


def read(file: File, wanted: Wanted) -> bytes | modes.Numbers:
    """Read one picture of a file of many; its range is that of all its pictures."""
    opened = _files(file)
    pictures = opened.member(wanted.member)
    row = arrays.checked(wanted.row or 0, pictures.rows)
    if pictures.form.shape is not None:
        claimed = np.broadcast_to(np.uint8(0), pictures.form.shape)
        height, width, _ = arrays.upright(claimed, wanted.channels).shape
        refuse_larger(width, height, wanted.largest_pixels)
    found = pictures.picture(row)
    if isinstance(found, bytes):
        return found
    image = arrays.upright(found, wanted.channels)
    refuse_larger(image.shape[1], image.shape[0], wanted.largest_pixels)
    if image.dtype.kind == "f" and np.isnan(image).any():
        raise DataError(f"row {row} lacks {np.count_nonzero(np.isnan(image))} numbers")
    return modes.Numbers(image, partial(opened.span, wanted.member))
