"""Strategies that damage the bytes of pictures of every form that is decoded."""

import io
import struct
import zlib
from functools import cache

import numpy as np
from hypothesis import strategies as st

from . import bases

try:
    import pydicom
except ModuleNotFoundError:
    pydicom = None

_FORMS = [
    ("png", "PNG", "RGB", 1), ("png", "PNG", "RGBA", 1), ("png", "PNG", "P", 1),
    ("png", "PNG", "L", 3), ("jpg", "JPEG", "RGB", 1), ("jpeg", "JPEG", "CMYK", 1),
    ("gif", "GIF", "P", 1), ("gif", "GIF", "RGB", 4), ("bmp", "BMP", "RGB", 1),
    ("webp", "WEBP", "RGB", 1), ("webp", "WEBP", "RGBA", 3), ("tif", "TIFF", "RGB", 1),
    ("tiff", "TIFF", "L", 2),
]  # fmt: skip
_SHAPES = [(8, 8), (8, 8, 3), (3, 8, 8), (8, 8, 5), (8,), (0, 8), (2, 8, 8, 3), ()]
_DTYPES = ["uint8", "uint16", "float32", "float64", "bool", "complex64", "S3", "U2", "int64"]
_SIDES = [0, 1, 9, 65_535, 65_536, 100_000, 2**31 - 1, 2**32 - 1]


@cache
def _scan() -> bytes:
    """A small DICOM file."""
    meta = pydicom.dataset.FileMetaDataset()
    meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = pydicom.uid.SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = "1.2.3"
    one = pydicom.Dataset()
    one.file_meta = meta
    one.SamplesPerPixel, one.PhotometricInterpretation = 1, "MONOCHROME2"
    one.Rows = one.Columns = 8
    one.BitsAllocated = one.BitsStored = 8
    one.HighBit, one.PixelRepresentation = 7, 0
    one.PixelData = bytes(range(64))
    packed = io.BytesIO()
    pydicom.dcmwrite(packed, one, enforce_file_format=True)
    return packed.getvalue()


def _png_of(width: int, height: int) -> bytes:
    """A picture that claims a size, with a checksum that fits."""
    sound = bases.picture()
    head = b"IHDR" + struct.pack(">II", width, height) + sound[24:29]
    return sound[:12] + head + struct.pack(">I", zlib.crc32(head)) + sound[33:]


@cache
def _where(form: str) -> tuple[int, str]:
    """Where a form says its size, and how."""
    if form == "JPEG":
        return bases.picture("JPEG").index(b"\xff\xc0") + 5, ">HH"
    return {"BMP": (18, "<II"), "GIF": (6, "<HH"), "WEBP": (26, "<HH"), "TIFF": (18, "<II")}[form]


@st.composite
def _giants(draw: st.DrawFn) -> tuple[str, bytes]:
    form = draw(st.sampled_from(["PNG", "PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF"]))
    sides = draw(st.tuples(st.sampled_from(_SIDES), st.sampled_from(_SIDES)))
    if form == "PNG":
        return "x.png", _png_of(*sides)
    sound = bases.picture(form, "P" if form == "GIF" else "RGB")
    at, how = _where(form)
    most = 2 ** (8 * struct.calcsize(how[:2])) - 1
    said = struct.pack(how, *(min(side, most) for side in sides))
    return f"x.{form.lower()}", sound[:at] + said + sound[at + len(said) :]


@st.composite
def _arrays(draw: st.DrawFn) -> tuple[str, bytes]:
    shape, dtype = draw(st.sampled_from(_SHAPES)), draw(st.sampled_from(_DTYPES))
    packed = io.BytesIO()
    if draw(st.integers(0, 9)) == 0:
        np.save(packed, np.array([{"a": print}], dtype=object), allow_pickle=True)
    else:
        values = np.arange(int(np.prod(shape))).reshape(shape).astype(dtype)
        np.save(packed, np.asfortranarray(values) if draw(st.booleans()) else values)
    content = packed.getvalue()
    if draw(st.integers(0, 3)) == 0:
        side = str(draw(st.sampled_from([-1, *_SIDES]))).encode()
        content = content.replace(b"(8,", b"(" + side + b",")
    return draw(st.sampled_from(["x.npy", "x.npy#0", "x.npy#9"])), content


@st.composite
def _sheets(draw: st.DrawFn) -> tuple[str, bytes]:
    count = draw(st.sampled_from([0, 15, 16, 17, 48, 64]))
    cells = draw(st.lists(st.sampled_from(["0", "255", "", "x", "-1", "1e999", "256", '"']),
                          min_size=1, max_size=3))  # fmt: skip
    row = ",".join(cells[n % len(cells)] for n in range(count))
    header = ",".join(f"pixel{n}" for n in range(count))
    if draw(st.booleans()):
        header, row = "pixels", f'"{row.replace(",", " ")}"'
    return draw(st.sampled_from(["x.csv#0", "x.csv#1", "x.csv#7"])), f"{header}\n{row}\n".encode()


@st.composite
def _sound(draw: st.DrawFn) -> tuple[str, bytes]:
    suffix, form, mode, frames = draw(st.sampled_from(_FORMS))
    other = draw(st.sampled_from(_FORMS))[0]  # now and then the suffix lies
    suffix = other if draw(st.integers(0, 4)) == 0 else suffix
    side = draw(st.sampled_from([1, 8, 40]))
    return f"x.{suffix}", bases.picture(form, mode, side, frames)


_scans = st.builds(lambda: ("x.dcm", _scan())) if pydicom else _sound()


@st.composite
def files(draw: st.DrawFn) -> tuple[str, bytes, int]:
    """A picture's reference, the bytes of its file, and the channels that are wanted."""
    name, content = draw(_sound() | _sound() | _giants() | _arrays() | _sheets() | _scans)
    for _ in range(draw(st.integers(0, 3))):
        what = draw(st.sampled_from(["flip", "head", "cut", "insert"]))
        at = draw(st.integers(0, 5000)) % max(1, min(len(content), 80 if what == "head" else 9999))
        value = draw(st.binary(min_size=1, max_size=4))
        skip = len(value) if what in ("flip", "head") else 0
        content = content[:at] if what == "cut" else content[:at] + value + content[at + skip :]
    return name, content, draw(st.sampled_from([1, 3, 3, 4, 5]))
