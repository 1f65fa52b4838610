"""Small competitions, one for each kind of difficulty that people's files have.

A kind is read and graded, or refused with the true reason and a way out.
"""

from . import (
    cells,
    dialects,
    excel,
    forms,
    label_names,
    label_rows,
    labels,
    media,
    pixels,
    samples,
    studies,
    tables,
    values,
    written,
)
from .kind import Kind

KINDS: dict[str, Kind] = {
    **samples.KINDS,
    **dialects.KINDS,
    **labels.KINDS,
    **label_rows.KINDS,
    **label_names.KINDS,
    **cells.KINDS,
    **values.KINDS,
    **written.KINDS,
    **pixels.KINDS,
    **media.KINDS,
    **forms.KINDS,
    **tables.KINDS,
    **studies.KINDS,
}
WITHOUT_EXTRAS = tuple(KINDS)
KINDS |= pixels.WITH_EXTRAS | excel.WITH_EXTRAS

__all__ = ["KINDS", "WITHOUT_EXTRAS", "Kind"]
