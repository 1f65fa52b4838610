"""Image files -> thumbnails that travel inside the page."""

import base64
import io
import warnings

from PIL import Image

from kaggle_prz.core.task import Task
from kaggle_prz.images import open_rgb

LARGEST = 160


def thumbnail(task: Task, file: str) -> str | None:
    """Return an image as a `data:` URI of a JPEG of at most 160 px, or None if it is no image."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            path = task.root / file
            picture = open_rgb(path, LARGEST, task.largest_pixels, task.pixel_range)
    except Exception:  # decoders meet damaged files with errors of every kind
        return None
    picture.thumbnail((LARGEST, LARGEST), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=88)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"
