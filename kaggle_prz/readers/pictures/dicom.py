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


def read(file: File, wanted: Wanted) -> Pixels:
    """Read the first frame of a DICOM file, `(height, width, 1 or 3)`.

    Grey numbers are rescaled to their units and then cut to the file's window, or, without one,
    to their smallest and largest; `MONOCHROME1`, where large is dark, is inverted.

    Compressed files need what pydicom asks for, in the words of its error.
    """
    import pydicom
    from pydicom.pixels import apply_color_lut

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
    grey = _windowed(pixels, data)
    inverted = data.PhotometricInterpretation == "MONOCHROME1"
    return (255 - grey if inverted else grey)[..., None]


def _windowed(pixels: Array, data: "pydicom.Dataset") -> Pixels:
    from pydicom.pixels import apply_modality_lut, apply_voi_lut

    values = apply_modality_lut(pixels, data)
    if "VOILUTSequence" in data or data.get("VOILUTFunction", "LINEAR") == "SIGMOID":
        values = apply_voi_lut(values, data)
    elif data.get("WindowWidth") and data.get("WindowCenter") is not None:
        centre, width = _first(data.WindowCenter), _first(data.WindowWidth)
        if data.get("VOILUTFunction", "LINEAR") == "LINEAR":  # PS3.3 C.11.2.1.2.1
            centre, width = centre - 0.5, max(width - 1, 1)
        return modes.eight_bit(
            values.astype(np.float64), modes.Span(centre - width / 2, centre + width / 2)
        )
    low, high = values.min(), values.max()
    return modes.eight_bit(values.astype(np.float64), modes.Span(float(low), float(high)))


def _first(value: "float | str | Sequence[float]") -> float:
    """Return the first of several windows."""
    return float(value if isinstance(value, (int, float, str)) else value[0])
