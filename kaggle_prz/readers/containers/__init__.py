"""Files of many pictures; the first row says which fields hold one. No labels or roles here."""

from collections.abc import Mapping
from pathlib import Path

from kaggle_prz.core.errors import DataError, MissingExtraError
from kaggle_prz.readers import formats
from kaggle_prz.readers.containers.form import Form
from kaggle_prz.readers.containers.rows import NoPicturesError, Records

__all__ = ["Form", "Records", "open_file"]


def open_file(path: Path) -> Mapping[str, Records]:
    """Open a file of many pictures, and read its first row: name of an array -> pictures.

    The name is `""` where a file holds but one row after the other. Nothing: it has no pictures.
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
