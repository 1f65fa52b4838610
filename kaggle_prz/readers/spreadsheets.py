"""Excel files as tables of text, as a person sees them; the package openpyxl reads them."""

import importlib.util
import re
import warnings
import zipfile
from functools import lru_cache
from pathlib import Path

from kaggle_prz.core.errors import DataError, MissingExtraError

_LARGEST = 2_000_000_000  # bytes, unpacked


def is_sheet(path: Path) -> bool:
    """Return whether a file is an Excel file by its name."""
    return path.suffix.lower() == ".xlsx"


def rows(path: Path) -> list[list[str]]:
    """Return the rows of the first sheet that is not hidden, all as long, with text in each.

    Raises:
        MissingExtraError: openpyxl is not installed.
        DataError: the file is damaged, or has no text.
    """
    status = path.stat()
    return _rows(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=8)
def _rows(path: Path, _size: int, _changed: int) -> list[list[str]]:
    if importlib.util.find_spec("openpyxl") is None:
        raise MissingExtraError(f"Reading {path.name}", "openpyxl", "excel")
    import openpyxl

    try:
        with zipfile.ZipFile(path) as archive, warnings.catch_warnings():
            if sum(entry.file_size for entry in archive.infolist()) > _LARGEST:
                raise DataError(f"{path} is too large for an Excel file. Save its table as CSV.")
            warnings.simplefilter("ignore")  # on styles that are not read
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
            sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
            sheets[0].reset_dimensions()  # what a file says of them is often wrong
            cells = [[_text(c.value, c.number_format) for c in row] for row in sheets[0].rows]
            book.close()
    except (MemoryError, DataError):
        raise
    except Exception as error:  # damaged files raise errors of every kind
        raise DataError(
            f"{path} cannot be read as an Excel file: {str(error).rstrip('.')}. Download it again, "
            "or save its table as CSV."
        ) from error
    found = [row for row in cells if any(row)]
    width = max((k + 1 for row in found for k, cell in enumerate(row) if cell), default=0)
    if not width:
        raise DataError(f"The first sheet of {path} is empty. Put the table there.")
    return [[*row[:width], *[""] * (width - len(row))] for row in found]


def _text(value: object, form: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        digits = len(form) if re.fullmatch("0+", form) and value % 1 == 0 else 0
        return f"{value:0{digits}.15g}"
    return str(value).strip().removesuffix(" 00:00:00")
