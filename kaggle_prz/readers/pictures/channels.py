"""Images with a file for every channel: `cell_{red,green,blue}.png` is three grey files."""

import re

from PIL import Image

from kaggle_prz.core.errors import DataError

_REFERENCE = re.compile(r"(.*)\{([^{}/]+(?:,[^{}/]+)+)\}([^{}/]*)", re.DOTALL)


def files_of(reference: str) -> list[str]:
    """Return the files of the channels, in their order; none where a reference is no such.

    Example:
        >>> files_of("train/7_{red,green}.png"), files_of("7.png")
        (['train/7_red.png', 'train/7_green.png'], [])
    """
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        return []
    return [f"{found[1]}{name}{found[3]}" for name in found[2].split(",")]


def joined(planes: list[Image.Image], channels: int) -> list[Image.Image]:
    """Grey files as planes of one image; where three are wanted of more, the first three."""
    sizes = {plane.size for plane in planes}
    if len(sizes) > 1:
        listed = ", ".join(f"{width}×{height}" for width, height in sorted(sizes))
        raise DataError(f"the channels of an image must have the same size; these have {listed}")
    if len(planes) < channels and len(planes) != 2:
        raise DataError(f"{channels} channels are needed, but there are {len(planes)} files")
    if channels == 3:
        return [Image.merge("RGB", (planes[0], planes[1], planes[-1 if len(planes) < 3 else 2]))]
    return planes[:channels]
