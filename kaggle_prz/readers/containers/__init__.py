"""Files of many pictures, with what is known of each: a row is a picture, and is read when asked.

`readers.formats` lists them. The first row says which fields hold the picture. Nothing here knows
of labels or roles.
"""

from collections.abc import Mapping
from pathlib import Path

from kaggle_prz.core.errors import DataError, MissingExtraError
from kaggle_prz.readers import formats
from kaggle_prz.readers.containers.form import Form
from kaggle_prz.readers.containers.rows import NoPicturesError, Records

__all__ = ["Form", "Records", "open_file"]


def open_file(path: Path) -> Mapping[str, Records]:
    """Open a file of many pictures; its first row is read, and no more than the head of others.

    Returns:
        Name of an array -> pictures; `""` where a file holds nothing but one row after the
        other. Nothing where it holds no pictures.
    """
    try:
        return formats.of(path.name).opened(path)
    except NoPicturesError:
        return {}
    except (MemoryError, MissingExtraError):
        raise
    except Exception as error:  # damaged files raise errors of every kind
        reason = str(error) or type(error).__name__
        raise DataError(
            f"{path} has no readable images: {reason.rstrip('.')}. Download it again."
        ) from error
