"""DICOM files -> 8 bits, by the window that their makers chose. Needs pydicom."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from kaggle_prz.core.errors import DataError
from kaggle_prz.core.image_store import Array, Pixels
from kaggle_prz.readers.formats import File, Wanted
from kaggle_prz.readers.pictures import modes
from kaggle_prz.readers.pictures.limits import refuse_larger

if TYPE_CHECKING:
    import pydicom


def read(file: File, wanted: Wanted) -> Pixels | modes.Numbers:
    """Read the first frame of a DICOM file, `(height, width, 1 or 3)`.

    Grey numbers are rescaled to their units and then cut to the range that is wanted, or to the
    file's window, or, without either, to their smallest and largest; `MONOCHROME1`, where large is
    dark, is inverted.

    Compressed files need what pydicom asks for, in the words of its error.
    """
    import pydicom
    from pydicom.pixels import apply_color_lut, apply_modality_lut

    # From memory, as a damaged element may claim gigabytes, which a file makes room for first;
    # by force, as competitions strip the preamble.
    content = file if isinstance(file, io.BytesIO) else io.BytesIO(file.read_bytes())
    data = pydicom.dcmread(content, force=True)
    if "PixelData" not in data:
        raise DataError("the DICOM file has no pixels")
    refuse_larger(data.Columns, data.Rows, wanted.largest_pixels)
    pixels = data.pixel_array
    if int(data.get("NumberOfFrames") or 1) > 1:
        pixels = pixels[0]
    if data.PhotometricInterpretation == "PALETTE COLOR":
        pixels = apply_color_lut(pixels, data)
    if pixels.ndim == 3:
        return modes.eight_bit(pixels)
    values = apply_modality_lut(pixels, data).astype(np.float64)[..., None]
    inverted = data.PhotometricInterpretation == "MONOCHROME1"
    if wanted.span is None and (grey := _windowed(values, data)) is not None:
        return 255 - grey if inverted else grey
    return modes.Numbers(values, lambda: _extremes(values), inverted)


def _windowed(values: Array, data: "pydicom.Dataset") -> Pixels | None:
    """Return numbers as the file's window shows them; None where it has none, or 8 bits."""
    from pydicom.pixels import apply_voi_lut

    if "VOILUTSequence" in data or data.get("VOILUTFunction", "LINEAR") == "SIGMOID":
        return _of_extremes(apply_voi_lut(values, data))
    if data.get("WindowWidth") and data.get("WindowCenter") is not None:
        centre, width = _first(data.WindowCenter), _first(data.WindowWidth)
        if data.get("VOILUTFunction", "LINEAR") == "LINEAR":  # PS3.3 C.11.2.1.2.1
            centre, width = centre - 0.5, max(width - 1, 1)
        return modes.eight_bit(values, modes.Span(centre - width / 2, centre + width / 2))
    return _of_extremes(values) if data.BitsStored <= 8 else None


def _of_extremes(values: Array) -> Pixels:
    return modes.eight_bit(values.astype(np.float64), _extremes(values))


def _extremes(values: Array) -> modes.Span:
    return modes.Span(float(values.min()), float(values.max()))


def _first(value: "float | str | Sequence[float]") -> float:
    """Return the first of several windows."""
    return float(value if isinstance(value, (int, float, str)) else value[0])
