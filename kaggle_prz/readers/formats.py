"""Registry of image formats, the only list of them.

A new format is a module with a `read`, and a line in `_BUILT_IN`. Another package adds one with
an entry point of the group `kaggle_prz.readers` that names a `Format`.
"""

import importlib.util
import io
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from PIL import Image

from kaggle_prz.core import plugins
from kaggle_prz.core.errors import MissingExtraError, PrzError
from kaggle_prz.core.image_store import Pixels

if TYPE_CHECKING:
    from kaggle_prz.readers.containers import Records
    from kaggle_prz.readers.pictures.modes import Numbers, Span

File: TypeAlias = Path | io.BytesIO
Picture: TypeAlias = "Image.Image | Pixels | Numbers"
IMAGES, RECORDS, TABLES = "images", "records", "tables"


class Wanted(NamedTuple):
    """What a reader is asked for."""

    channels: int  # of the picture; a reader may return another number, which is then converted
    enough: int  # px; a reader may decode at a fraction that is at least as wide and high
    largest_pixels: int  # the most that may be decoded, see `readers.pictures.limits`
    member: str = ""  # name of an array in a file of many pictures, or `""`
    row: int | None = None  # number of the picture in a file of several, from 0
    span: "Span | None" = None  # the range of all images, where they have one
    deep: bool = False  # colours of 16 bits are wanted as numbers; always where there is a `span`


class Head(NamedTuple):
    """What a picture says of itself before it is decoded: px, and a mode such as `"RGB"`."""

    size: tuple[int, int]
    mode: str
    deep: bool = False  # more than 8 bits a channel
    channels: int | None = None  # where they are bands, and no colours
    pages: int = 1


Read: TypeAlias = "Callable[[File, Wanted], Picture | bytes]"
ReadHead: TypeAlias = Callable[[Path], Head]
OpenRecords: TypeAlias = Callable[[Path], "Mapping[str, Records]"]


@dataclass(frozen=True)
class Format:
    """A format of files with pictures; functions are `"module:name"`, imported when needed.

    Attributes:
        suffixes: in lower case, with the dot.
        kind: `"images"` for image files: one competition may mix their formats, and an image may
            have one file per channel (`a_red.png`). `"records"` for files with many images.
            `"tables"` for files with many images that may hold labels instead. Any other name is
            a kind of its own, with one image per file. All images of a competition have one
            kind; image files are preferred, since they are often copies of the others.
        read: `read(file, wanted)` returns an image, `(height, width, channels)` bytes or
            `Numbers`, or the bytes of an image file. It may raise anything for a damaged file.
        records: opens a file of many pictures, see `readers.containers`.
        head: reads size and mode of a file; without it `inspect` shows neither.
        magic: how files begin, in 16 bytes at most; files of many may hold such content.
        name: for messages, such as `"A DICOM image"`.
        package: that is imported and may be missing.
        extra: of kaggle-prz that installs it; `""` where pip installs it by its name.
        seldom: only some files need the package; the reader says which.
    """

    suffixes: tuple[str, ...]
    kind: str
    read: str
    records: str = ""
    head: str = ""
    magic: tuple[bytes, ...] = ()
    name: str = ""
    package: str = ""
    extra: str = ""
    seldom: bool = False

    @property
    def has_rows(self) -> bool:
        """Whether a file may hold several pictures, which are then named as `file#row`."""
        return self.kind in (RECORDS, TABLES, IMAGES) or self is ARRAYS

    def require(self) -> None:
        """Refuse to go on without the package.

        Raises:
            MissingExtraError: it is not installed.
        """
        if self.package and not self.seldom and importlib.util.find_spec(self.package) is None:
            raise MissingExtraError(self.name, self.package, self.extra)

    def reader(self) -> Read:
        """Return `read` itself; see `require`."""
        self.require()
        found: Read = pkgutil.resolve_name(self.read)
        return found

    def opened(self, path: Path) -> "Mapping[str, Records]":
        """Open a file of many pictures; see `require`."""
        self.require()
        open_records: OpenRecords = pkgutil.resolve_name(self.records)
        return open_records(path)

    def read_head(self, path: Path) -> Head:
        """Read size and mode of a file, whose format has a `head`."""
        self.require()
        head: ReadHead = pkgutil.resolve_name(self.head)
        return head(path)


_HERE = "kaggle_prz.readers"
_STORED = f"{_HERE}.pictures.stored:read"
_FILES = f"{_HERE}.pictures.image_files"
IMAGE_FILES = Format(
    (
        ".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".avif", ".jfif", ".jpe", ".jp2", ".j2k",
        ".ppm", ".pgm", ".pbm", ".pnm", ".tga", ".ico",
    ),
    IMAGES, f"{_FILES}:read", head=f"{_FILES}:head",
    magic=(b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM", b"RIFF"),
)  # fmt: skip
TIFF = Format(
    (".tif", ".tiff"), IMAGES, f"{_FILES}:read", head=f"{_FILES}:head",
    magic=(b"II*\0", b"MM\0*"), package="tifffile", extra="tiff", seldom=True,
)  # fmt: skip
HEIF = Format(
    (".heic", ".heif"), IMAGES, f"{_FILES}:read_heif", head=f"{_FILES}:head_heif",
    name="A HEIF image", package="pillow_heif", extra="heic",
)  # fmt: skip
ARRAYS = Format((".npy",), "arrays", f"{_HERE}.pictures.arrays:read")
NPZ = Format((".npz",), RECORDS, _STORED, f"{_HERE}.containers.npz:members")
PIXEL_TABLES = Format((".csv", ".tsv", ".txt"), TABLES, f"{_HERE}.pictures.pixel_tables:read")
SHEETS = Format(
    (".xlsx",), TABLES, f"{_HERE}.pictures.pixel_tables:read",
    name="An Excel file", package="openpyxl", extra="excel",
)  # fmt: skip
JSON = Format((".json", ".jsonl"), TABLES, _STORED, f"{_HERE}.containers.json_rows:members")
# Of several kinds of files in a competition, the first here is read.
_BUILT_IN = (
    IMAGE_FILES,
    TIFF,
    HEIF,
    ARRAYS,
    Format(
        (".dcm", ".dicom"), "scans", f"{_HERE}.pictures.dicom:read",
        name="A DICOM image", package="pydicom", extra="medical",
    ),
    Format(
        (".tfrec", ".tfrecord", ".tfrecords"), RECORDS, _STORED,
        f"{_HERE}.containers.tfrecord:members",
    ),
    Format(
        (".parquet", ".pq"), RECORDS, _STORED, f"{_HERE}.containers.parquet:members",
        name="A Parquet file", package="pyarrow", extra="parquet",
    ),
    Format((".h5", ".hdf5", ".hdf"), RECORDS, _STORED, f"{_HERE}.containers.hdf5:members"),
    NPZ,
    JSON,
    PIXEL_TABLES,
    SHEETS,
)  # fmt: skip


@cache
def known() -> tuple[Format, ...]:
    """Return all formats, those of other packages last.

    Raises:
        PrzError: an entry point of another package is no format, or reads a suffix that is known.
    """
    formats, taken = list(_BUILT_IN), {end for each in _BUILT_IN for end in each.suffixes}
    for name in plugins.names(plugins.READERS):
        found = plugins.load(plugins.READERS, name)
        if not isinstance(found, Format) or taken.intersection(found.suffixes):
            what = f"reads {found.suffixes}" if isinstance(found, Format) else f"is {found!r}"
            raise PrzError(
                f"The plugin {name!r} of {plugins.READERS} {what}; it must be a Format with "
                "suffixes that no other format has. Remove the package that provides it."
            )
        formats.append(found)
        taken.update(found.suffixes)
    return tuple(formats)


@cache
def by_suffix() -> Mapping[str, Format]:
    """Return the format of every suffix."""
    return {suffix: each for each in known() for suffix in each.suffixes}


@cache
def kinds() -> Mapping[str, tuple[str, ...]]:
    """Return the kinds of files of one picture, the preferred first, and their suffixes."""
    found: dict[str, tuple[str, ...]] = {}
    for each in known():
        if each.kind not in (RECORDS, TABLES):
            found[each.kind] = (*found.get(each.kind, ()), *each.suffixes)
    return found


def of(file: str) -> Format:
    """Return the format of a file by its name: image files where nothing else is known.

    Example:
        >>> of("train/a.DCM").kind, of("a").kind
        ('scans', 'images')
    """
    return by_suffix().get(suffix_of(file), IMAGE_FILES)


def is_table(file: str) -> bool:
    """Return whether a file is a table with a header by its name: CSV or Excel."""
    return of(file) in (PIXEL_TABLES, SHEETS)


def suffix_of(file: str) -> str:
    """Return the suffix of a path in lower case, of hidden files none."""
    stem, dot, suffix = file.rpartition("/")[2].rpartition(".")
    return f"{dot}{suffix.lower()}" if stem else ""


def of_content(content: object) -> Format | None:
    """Return the format of bytes by how they begin."""
    if not isinstance(content, bytes):
        return None
    return next((each for each in known() if content.startswith(each.magic)), None)


def extras() -> dict[str, str]:
    """Return the extras of kaggle-prz that formats need, and the package that each installs."""
    return {each.extra: each.package for each in known() if each.extra}
