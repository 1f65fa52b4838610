"""Strategies that damage archives, or pack what no honest archive holds."""

import bz2
import gzip
import io
import lzma
import stat
import struct
import tarfile
import warnings
import zipfile
from functools import cache

from hypothesis import strategies as st

from . import bases
from .bases import Files
from .trial import ELSEWHERE

try:
    import py7zr
except ModuleNotFoundError:
    py7zr = None

KINDS = ("zip", "tar", "tar.gz", "tar.bz2", "tar.xz", *(["7z"] if py7zr else []))
_TAR_TYPES = (b"0", b"0", b"1", b"2", b"3", b"4", b"5", b"6", b"7", b"g", b"x", b"L", b"S", b"Z")
_ZIP_MODES = (0, stat.S_IFREG, stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO, stat.S_IFDIR, stat.S_IFBLK)
_PARTS = ["..", ".", "", "x", "train", "000.png", "C:", "\\", "..\\..", "é", "~", "\n", "a" * 300,
          "\x7f", "nul", "._x", "__MACOSX", "train.zip", "labels.csv"]  # fmt: skip
names = (
    st.lists(st.sampled_from(_PARTS), min_size=1, max_size=4).map("/".join)
    | st.sampled_from(
        [str(ELSEWHERE), f"../../../../../{ELSEWHERE.name}", f"../{ELSEWHERE.name}", "/" * 9 + "x"]
    )
    | st.just("d/" * 150 + "x")
)
Member = tuple[str, bytes, int]  # the last is which of the types it claims to be


def _zip(members: list[Member]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # two members of one name
        for name, content, kind in members:
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (_ZIP_MODES[kind % len(_ZIP_MODES)] | 0o644) << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _tar(members: list[Member]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, content, kind in members:
            entry = tarfile.TarInfo(name)
            entry.type = _TAR_TYPES[kind % len(_TAR_TYPES)]
            entry.linkname = str(ELSEWHERE) if entry.type in b"12" else ""
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def _seven(members: list[Member]) -> bytes:
    packed = io.BytesIO()
    with py7zr.SevenZipFile(packed, "w", filters=[{"id": py7zr.FILTER_COPY}]) as archive:
        for name, content, _ in members:
            archive._writestr(content, name)  # the public door refuses unsafe names
    return packed.getvalue()


def pack(kind: str, members: list[Member]) -> bytes:
    """An archive with members of exactly these names and types."""
    if kind == "zip":
        return _zip(members)
    if kind == "7z":
        return _seven(members)
    squeeze = {"tar.gz": gzip.compress, "tar.bz2": bz2.compress, "tar.xz": lzma.compress}
    return squeeze.get(kind, bytes)(_tar(members))


@cache
def _sound(kind: str, role: str) -> bytes:
    files = bases.images("{}.png", "{}.png")
    wanted = [name for name in files if name.startswith("9") == (role == "test")]
    return pack(kind, [(f"{role}/{name}", files[name], 0) for name in wanted])


@cache
def _tables() -> Files:
    base = bases.tabular()[0]
    return {name: content for name, content in base.items() if name.endswith(".csv")}


def _sealed(content: bytes, at: int, value: bytes) -> bytes:
    """A tar with bytes of its first header changed, and a checksum that fits."""
    header = bytearray(content[:512])
    header[at % 500 : at % 500 + len(value)] = value
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header[:512])
    return bytes(header[:512]) + content[512:]


@st.composite
def _damaged(draw: st.DrawFn, kind: str, content: bytes) -> bytes:
    what = draw(
        st.sampled_from(["flip", "flip", "head", "tail", "cut", "splice", "sealed", "size"])
    )
    at, value = draw(st.integers(0, len(content) - 1)), draw(st.binary(min_size=1, max_size=3))
    if what == "sealed" and kind == "tar":
        return _sealed(content, at, value)
    if what == "size" and kind == "zip":  # what the directory says of sizes
        place = content.find(b"PK\1\2")
        return (
            content[: place + 20] + struct.pack("<II", at, 2**32 - 1 - at) + content[place + 28 :]
        )
    if what == "cut":
        return content[:at]
    if what == "splice":
        return content[:at] + content[draw(st.integers(0, len(content))) :]
    if what in ("head", "tail"):
        at = at % 64 if what == "head" else max(0, len(content) - 1 - at % 128)
    return content[:at] + value + content[at + len(value) :]


@st.composite
def _hostile(draw: st.DrawFn, kind: str) -> bytes:
    contents = st.sampled_from([b"", b"evil", bases.picture(), bytes(2_000_000)])
    members = draw(st.lists(st.tuples(names, contents, st.integers(0, 20)), min_size=1, max_size=4))
    if kind == "7z":
        members = [member for member in members if member[0]] or [("x", b"", 0)]
    packed = pack(kind, members)
    for inner in draw(st.lists(st.sampled_from(KINDS), max_size=3)):  # archives in archives
        packed = pack(kind, [(f"inner.{kind}", packed, 0)]) if inner == kind else packed
    return packed


@st.composite
def competitions(draw: st.DrawFn) -> Files:
    """A small competition whose images come in archives, one of them damaged or hostile."""
    kind = draw(st.sampled_from(KINDS))
    train, test = _sound(kind, "train"), _sound(kind, "test")
    what = draw(st.sampled_from(["damaged", "damaged", "hostile", "table", "name", "parts"]))
    files = dict(_tables())
    if what == "table":
        table = gzip.compress(files.pop("train.csv"))
        files["train.csv.gz"] = draw(_damaged("gz", table))
    elif what == "damaged":
        train = draw(_damaged(kind, train))
    elif what == "hostile":
        files[f"more.{kind}"] = draw(_hostile(kind))
    elif what == "name":  # the suffix says another format
        other = draw(st.sampled_from(KINDS))
        files |= {f"more.{other}": train, "more.csv.gz": draw(st.sampled_from([train, b"", b"x"]))}
    elif what == "parts":
        at = draw(st.integers(0, len(train)))
        names_ = draw(st.lists(st.sampled_from(["001", "002", "003", "000"]), max_size=3))
        files |= {f"more.{kind}.{n}": train[:at] if n == "001" else train[at:] for n in names_}
    return files | {f"train.{kind}": train, f"test.{kind}": test}
