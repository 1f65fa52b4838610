"""What image files hold."""

import importlib.util
import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from .. import pictures
from ..drawn import Drawn
from .kind import Kind, Plain

Write = Callable[[str, int], bytes]  # suffix and number of a class -> content of an image file
LEVELS = ("calm", "breeze", "gale", "storm")


def _replaced(plain: Plain, suffix: Callable[[int], str], write: Write) -> None:
    """Replace the images; suffix by the number of an image."""
    truth = plain.train | plain.test
    for number, (name, file) in enumerate(plain.files.items()):
        (plain.folder.root / file).unlink()
        end = suffix(number)
        plain.files[name] = file.rpartition(".")[0] + end
        content = write(end, plain.classes.index(truth[name]))
        plain.folder.raw(plain.files[name], content)


def _listed(plain: Plain, column: str = "label") -> Drawn:
    plain.folder.table("train.csv", ("id", column), plain.train.items())
    sheet = plain.sheet(column)
    plain.folder.raw(sheet.name, sheet.constant(plain.classes[0]))
    return plain.labelled(sheet)


def _saved(image: Image.Image, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def _array(values: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values)
    return buffer.getvalue()


def _pattern(random: np.random.Generator, side: int = 20) -> np.ndarray:
    """Waves from 0 to 1 that say nothing of a class."""
    across, down, phase = random.uniform(0.2, 1.0, 3)
    y, x = np.mgrid[:side, :side]
    waves = np.sin(across * x + down * y + 6 * phase) + random.normal(0, 0.1, (side, side))
    return (waves - waves.min()) / np.ptp(waves)


def exposure_of_16_bit_png(root: Path, seed: int) -> Drawn:
    """The class is how bright a grey PNG of 16 bits is; each file needs other bits."""
    plain = Plain(root, seed, LEVELS)
    brightest = (900, 2000, 4000, 7900)  # each nearly fills its bits

    def write(_: str, kind: int) -> bytes:
        top = brightest[kind] * plain.folder.random.uniform(0.9, 1.1)
        values = np.rint(top * (0.2 + 0.8 * _pattern(plain.folder.random)))
        return _saved(Image.fromarray(values.astype(np.uint16)), "PNG")

    _replaced(plain, lambda _: ".png", write)
    return _listed(plain, "exposure")


def decibels(root: Path, seed: int) -> Drawn:
    """Arrays of decibels: the class is their level, some numbers are NaN, and one file is odd."""
    plain = Plain(root, seed, LEVELS[:3])

    def write(_: str, kind: int) -> bytes:
        values = -34 + 6 * kind + 5 * _pattern(plain.folder.random)
        values[0, :3] = np.nan
        return _array(values.astype(np.float32))

    _replaced(plain, lambda _: ".npy", write)
    return _listed(plain, "sea")


def kelvins(root: Path, seed: int) -> Drawn:
    """TIFFs of floating-point kelvins: the class is the temperature; -9999 stands for none."""
    plain = Plain(root, seed, ("cold", "mild", "hot"))

    def write(_: str, kind: int) -> bytes:
        values = 255 + 15 * kind + 12 * _pattern(plain.folder.random)
        values[-2:, :4] = -9999
        return _saved(Image.fromarray(values.astype(np.float32)), "TIFF")

    _replaced(plain, lambda number: (".tif", ".TIFF")[number % 2], write)
    return _listed(plain, "weather")


def stacks_of_other_maxima(root: Path, seed: int) -> Drawn:
    """Two stacks of fractions; the one to predict has a smaller maximum."""
    plain = Plain(root, seed, LEVELS, rows=(40, 12))
    random = plain.folder.random
    dims = {name: kind for name, kind in plain.test.items() if kind != "storm"}
    plain.test.clear()
    plain.test.update(dims)
    for role, truth in (("train", plain.train), ("test", plain.test)):
        tops = [5 + 8 * LEVELS.index(kind) for kind in truth.values()]
        stack = np.stack([top * (0.5 + 0.5 * _pattern(random)) for top in tops])
        plain.folder.raw(f"{role}.npy", _array(stack.astype(np.float32)))
    for file in plain.files.values():
        (plain.folder.root / file).unlink()
    rows = {name: str(number) for number, name in enumerate(plain.test)}
    plain.test = {rows[name]: kind for name, kind in plain.test.items()}
    plain.train = {str(number): kind for number, kind in enumerate(plain.train.values())}
    plain.files = dict.fromkeys(plain.test, "")
    return _listed(plain, "wind")


def ranges_of_two_devices(root: Path, seed: int) -> Drawn:
    """Half of the PNGs have 12 bits and half 16; the class is what is seen, not its level."""
    plain = Plain(root, seed)
    random = plain.folder.random

    def write(_: str, kind: int) -> bytes:
        shape = np.zeros((20, 20))
        shape[: 10 * (1 + kind % 2), : 10 * (1 + kind // 2)] = 1
        values = (shape * 0.8 + 0.1 * random.uniform(size=shape.shape) + 0.1) / 1.01
        full = 65535 if random.uniform() < 0.5 else 4095
        return _saved(Image.fromarray((full * values).astype(np.uint16)), "PNG")

    _replaced(plain, lambda _: ".png", write)
    return _listed(plain)


def _thing(plain: Plain, kind: int) -> Image.Image:
    return pictures.thing(plain.folder.random, kind, len(plain.classes), side=20)


def films(root: Path, seed: int) -> Drawn:
    """Animated GIFs, some of one frame; the first frame shows the class."""
    plain = Plain(root, seed)
    random = plain.folder.random

    def write(_: str, kind: int) -> bytes:
        frames = [Image.effect_noise((20, 20), 60) for _ in range(random.integers(0, 4))]
        return _saved(_thing(plain, kind), "GIF", save_all=True, append_images=frames)

    _replaced(plain, lambda _: ".gif", write)
    return _listed(plain)


def slices_in_pages(root: Path, seed: int) -> Drawn:
    """The first page of a TIFF is a cover; the class is on the others, and their number varies."""
    plain = Plain(root, seed)

    def write(_: str, kind: int) -> bytes:
        count = int(plain.folder.random.integers(3, 6))
        slices = [_thing(plain, kind) for _ in range(count)]
        cover = Image.new("RGB", (20, 20), "white")
        return _saved(cover, "TIFF", save_all=True, append_images=slices)

    _replaced(plain, lambda _: ".tiff", write)
    return _listed(plain, "finding")


def portable_pixmaps(root: Path, seed: int) -> Drawn:
    """Images are .ppm, .PNM and .tga."""
    plain = Plain(root, seed)
    forms = {".ppm": "PPM", ".PNM": "PPM", ".tga": "TGA"}
    _replaced(
        plain,
        lambda number: tuple(forms)[number % 3],
        lambda end, kind: _saved(_thing(plain, kind), forms[end]),
    )
    return _listed(plain)


def newer_formats(root: Path, seed: int) -> Drawn:
    """Images are .jfif, .JPE, .jp2, .webp and .bmp, and PNG files that are called .jpg."""
    plain = Plain(root, seed)
    forms = {
        ".jfif": "JPEG", ".JPE": "JPEG", ".jp2": "JPEG2000", ".webp": "WEBP", ".bmp": "BMP",
        ".jpg": "PNG",
    }  # fmt: skip
    _replaced(
        plain,
        lambda number: tuple(forms)[number % len(forms)],
        lambda end, kind: _saved(_thing(plain, kind), forms[end]),
    )
    return _listed(plain)


def modes_of_all_kinds(root: Path, seed: int) -> Drawn:
    """A few PNGs beside many JPEGs: colour, alpha, palette, CMYK, and turned by EXIF."""
    plain = Plain(root, seed, rows=(48, 24))
    random = plain.folder.random

    def write(end: str, kind: int) -> bytes:
        picture = _thing(plain, kind)
        if end == ".png":
            mode = ("RGBA", "P", "RGB")[random.integers(3)]
            return _saved(picture.convert(mode), "PNG")
        exif = Image.Exif()
        exif[0x0112] = int(random.choice([1, 3]))
        if exif[0x0112] == 3:
            picture = picture.transpose(Image.Transpose.ROTATE_180)
        mode = "CMYK" if random.uniform() < 0.2 else "RGB"
        return _saved(picture.convert(mode), "JPEG", quality=95, exif=exif)

    _replaced(plain, lambda number: ".jpg" if number % 5 else ".png", write)
    return _listed(plain)


def colours_of_12_bits(root: Path, seed: int) -> Drawn:
    """Colour PNGs of 16 bits that use 12 of them."""
    plain = Plain(root, seed)

    def write(_: str, kind: int) -> bytes:
        return deep_png(np.asarray(_thing(plain, kind)).astype(np.uint16) * 16)

    _replaced(plain, lambda _: ".png", write)
    return _listed(plain)


def hounsfield_units(root: Path, seed: int) -> Drawn:
    """DICOM files without a window: the class is the level, in rescaled units."""
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

    plain = Plain(root, seed, ("air", "fat", "water", "bone"))

    def write(_: str, kind: int) -> bytes:
        values = (-900, -200, 0, 700)[kind] + 200 * _pattern(plain.folder.random)
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = CTImageStorage, "1.2"
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        data = FileDataset("", {}, file_meta=meta, preamble=bytes(128))
        data.SOPClassUID, data.SOPInstanceUID = CTImageStorage, "1.2"
        data.Rows, data.Columns = values.shape
        data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
        data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 12, 11, 0
        data.RescaleSlope, data.RescaleIntercept = 1, -1024
        data.PixelData = np.rint(values + 1024).astype("<u2").tobytes()
        buffer = io.BytesIO()
        data.save_as(buffer, enforce_file_format=True)
        return buffer.getvalue()

    _replaced(plain, lambda _: ".dcm", write)
    return _listed(plain, "tissue")


def bands_of_a_satellite(root: Path, seed: int) -> Drawn:
    """TIFFs of seven bands of 16 bits, in both orders; the class is the brightest band."""
    plain = Plain(root, seed, ("city", "field", "forest", "lake"))
    random = plain.folder.random

    def write(_: str, kind: int) -> bytes:
        bands = np.stack([1500 * _pattern(random) for _ in range(7)])
        bands[2 * kind] += 1400
        return tiff_of_bands(bands.astype("<u2"), planar=random.uniform() < 0.5)

    _replaced(plain, lambda _: ".tif", write)
    return _listed(plain, "land")


def deep_png(values: np.ndarray) -> bytes:
    """The content of a PNG with colours of 16 bits, `(height, width, 3 or 4)`; Pillow has none."""
    height, width, channels = values.shape
    lines = b"".join(b"\0" + line.tobytes() for line in values.astype(">u2"))
    head = struct.pack(">IIBBBBB", width, height, 16, 2 if channels == 3 else 6, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(lines)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )


def tiff_of_bands(bands: np.ndarray, *, planar: bool) -> bytes:
    """The content of a TIFF with one page of several bands, `(bands, height, width)`."""
    count, height, width = bands.shape
    data = (bands if planar else np.moveaxis(bands, 0, -1)).tobytes()
    plane = len(data) // count
    tags: list[tuple[int, int, tuple[int, ...]]] = [
        (256, 4, (width,)), (257, 4, (height,)), (258, 3, (16,) * count), (259, 3, (1,)),
        (262, 3, (1,)),
        (273, 4, tuple(8 + plane * n for n in range(count)) if planar else (8,)),
        (277, 3, (count,)), (278, 4, (height,)),
        (279, 4, (plane,) * count if planar else (len(data),)),
        (284, 3, (2 if planar else 1,)), (338, 3, (0,) * (count - 1)), (339, 3, (1,) * count),
    ]  # fmt: skip
    begin = 8 + len(data)
    end = begin + 2 + 12 * len(tags) + 4
    entries, beyond = b"", b""
    for tag, kind, values in tags:
        packed = struct.pack(f"<{len(values)}{'H' if kind == 3 else 'I'}", *values)
        entries += struct.pack("<HHI", tag, kind, len(values))
        if len(packed) > 4:
            entries += struct.pack("<I", end + len(beyond))
            beyond += packed + b"\0" * (len(packed) % 2)
        else:
            entries += packed.ljust(4, b"\0")
    head = struct.pack("<2sHI", b"II", 42, begin)
    return head + data + struct.pack("<H", len(tags)) + entries + struct.pack("<I", 0) + beyond


KINDS: dict[str, Kind] = {
    "exposure-of-16-bit-png": Kind(exposure_of_16_bit_png),
    "decibels": Kind(decibels),
    "kelvins": Kind(kelvins),
    "stacks-of-other-maxima": Kind(stacks_of_other_maxima),
    "two-devices": Kind(ranges_of_two_devices, {"pixel_range": "file"}),
    "two-devices-unsaid": Kind(ranges_of_two_devices, note="--pixel-range file"),
    "films": Kind(films, note=r"several pages or frames .* --pages all"),
    "slices-in-pages": Kind(slices_in_pages, {"pages": "all"}),
    "portable-pixmaps": Kind(portable_pixmaps),
    "newer-formats": Kind(newer_formats),
    "modes-of-all-kinds": Kind(modes_of_all_kinds),
    "colours-of-12-bits": Kind(colours_of_12_bits),
}
WITH_EXTRAS: dict[str, Kind] = {}  # kinds whose package is installed
if importlib.util.find_spec("pydicom"):
    WITH_EXTRAS["hounsfield-units"] = Kind(hounsfield_units)
if importlib.util.find_spec("tifffile"):
    WITH_EXTRAS["bands-of-a-satellite"] = Kind(bands_of_a_satellite)
