"""Files of many pictures, with what is known of each: a row is a picture, and is read when asked.

| suffix | holds |
|---|---|
| `.tfrec`, `.tfrecord`, `.tfrecords` | examples with the bytes of an image file, or numbers |
| `.parquet`, `.pq` | a column of image files, of lists of numbers, or a pixel a column |
| `.h5`, `.hdf5`, `.hdf` | stacks of pictures with columns beside them, or a dataset a picture |
| `.npz` | the same in NumPy's archives |
| `.json`, `.jsonl` | an object a picture, with lists of numbers |

The first row says which fields hold the picture. Nothing here knows of labels or roles.
"""

from collections.abc import Mapping
from pathlib import Path

from kaggle_prz.core.errors import DataError, MissingExtraError
from kaggle_prz.readers.containers import hdf5, json_rows, npz, parquet, tfrecord
from kaggle_prz.readers.containers.form import Form
from kaggle_prz.readers.containers.rows import NoPicturesError, Records

__all__ = ["IN_TABLES", "SUFFIXES", "Form", "Records", "open_file", "require"]

SUFFIXES = (
    ".tfrec", ".tfrecord", ".tfrecords", ".parquet", ".pq", ".h5", ".hdf5", ".hdf", ".npz",
)  # fmt: skip
IN_TABLES = (".json", ".jsonl")  # which may as well be tables of labels


def open_file(path: Path) -> Mapping[str, Records]:
    """The pictures of a file; their first row is read, and no more than its head of the others.

    Returns:
        Name of an array -> pictures; `""` where a file holds nothing but one row after the
        other. Nothing where it holds no pictures.

    Raises:
        DataError: it cannot be read.
        MissingExtraError: it is a Parquet file, and pyarrow is not installed.
    """
    try:
        return _opened(path)
    except NoPicturesError:
        return {}
    except (MemoryError, MissingExtraError):
        raise
    except Exception as error:  # damaged files raise errors of every kind
        reason = str(error) or type(error).__name__
        raise DataError(
            f"{path} holds no pictures that can be read: {reason.rstrip('.')}. Fetch it again."
        ) from error


def _opened(path: Path) -> Mapping[str, Records]:
    suffix = path.suffix.lower()
    if suffix in parquet.SUFFIXES:
        return {"": parquet.Parquet(path)}
    if suffix == ".npz":
        return npz.members(path)
    if suffix in IN_TABLES:
        return {"": json_rows.opened(path)}
    if suffix.startswith(".tfrec"):
        return {"": tfrecord.opened(path)}
    return hdf5.members(path)


def require(path: str) -> None:
    """Refuse a file that needs a package which is not installed.

    Raises:
        MissingExtraError: names the package.
    """
    if path.lower().endswith(parquet.SUFFIXES):
        parquet.require()
