"""Image files -> thumbnails that travel inside the page."""

import base64
import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

LARGEST = 160
_DEEP_MODES = {"I", "I;16", "I;16B", "I;16L"}


def thumbnail(path: Path) -> str | None:
    """An image as a `data:` URI of a JPEG, at most 160 px wide and high.

    Returns:
        The URI, or None where the file is missing or cannot be decoded.
    """
    try:
        with warnings.catch_warnings(), Image.open(path) as image:
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image.draft("RGB", (LARGEST, LARGEST))
            picture = _as_rgb(ImageOps.exif_transpose(image))
    except (
        OSError,
        ValueError,
        SyntaxError,
        Image.DecompressionBombWarning,
        Image.DecompressionBombError,
    ):
        return None
    picture.thumbnail((LARGEST, LARGEST), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=88)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _as_rgb(image: Image.Image) -> Image.Image:
    if image.mode in _DEEP_MODES:  # Pillow would clip 16 bits to 8
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
    return image.convert("RGB")
