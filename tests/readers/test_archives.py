import contextlib
import errno
import gzip
import importlib.util
import io
import itertools
import os
import random
import shutil
import stat
import subprocess
import sys
import tarfile
import tempfile
import threading
import tracemalloc
import warnings
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kaggle_prz.core.errors import DataError, DiskFullError, MissingExtraError, RunError
from kaggle_prz.readers.archives import meter, unpacked

IF_7Z = ["7z"] if importlib.util.find_spec("py7zr") else []
needs_7z = pytest.mark.skipif(not IF_7Z, reason="py7zr is not installed")
SEVEN = pytest.param("7z", marks=needs_7z)
COMPRESSED = ["tar.gz", "tgz", "tar.bz2", "tar.xz"]
KINDS = ["zip", "tar", *COMPRESSED, SEVEN]
NOISE = random.Random(0).randbytes(20_000)


def pack(kind: str, members: dict[str, bytes] | list[tuple[str, bytes]]) -> bytes:
    """An archive with members of exactly these names; a name that ends in / is a folder."""
    packed = io.BytesIO()
    pairs = members.items() if isinstance(members, dict) else members
    if kind == "zip":
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in pairs:
                archive.writestr(zipfile.ZipInfo(name), content)
    elif kind == "7z":
        import py7zr

        with py7zr.SevenZipFile(packed, "w", filters=[{"id": py7zr.FILTER_COPY}]) as archive:
            for name, content in pairs:
                archive._writestr(content, name)  # the public door refuses unsafe names
    else:
        mode = {"tar": "w", "tgz": "w:gz"}.get(kind, f"w:{kind[4:]}")
        with tarfile.open(fileobj=packed, mode=mode) as archive:
            for name, content in pairs:
                member = tarfile.TarInfo(name.rstrip("/"))
                member.type = tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def tree_of(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file()
    }


class Recorder:
    """A console that keeps what it is told."""

    def __init__(self, at_first_step=lambda: None):
        self.said: list[str] = []
        self.total = 0
        self.steps = 0
        self._at_first_step = at_first_step

    def say(self, text):
        self.said.append(text)

    @contextlib.contextmanager
    def bar(self, label, total):
        self.total += total

        def advance(steps, *, note=""):
            if not self.steps:
                self._at_first_step()
            assert steps >= 0
            self.steps += steps

        yield advance


@pytest.fixture(autouse=True, scope="module")
def without_waiting_for_the_disk():
    """Hundreds of small trees are made here, none of which has to outlive the machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


@pytest.fixture
def root(tmp_path) -> Path:
    (tmp_path / "dogs").mkdir()
    return tmp_path / "dogs"


@pytest.fixture
def unpack(root, tmp_path):
    """Write files of a competition, and unpack them."""

    def run(files: dict[str, bytes] | None = None, **options) -> Path:
        for name, content in (files or {}).items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(content)
        return unpacked(root, tmp_path / "cache", **options)

    return run


def left_in(cache: Path) -> list[str]:
    """Directories of a cache; the files there are locks."""
    return [path.name for path in cache.iterdir() if path.is_dir()] if cache.is_dir() else []


def test_without_archives_the_directory_itself_is_taken(unpack, root, tmp_path):
    assert unpack({"train.csv": b"id", "scan.nii.gz": b"1", "part.001": b"2"}) == root
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("kind", KINDS)
def test_an_archive_unpacks_into_a_folder_of_its_name(unpack, root, kind):
    files = {f"train.{kind}": pack(kind, {"a.png": b"A", "b/c d.png": NOISE, "b/é.txt": b""})}
    home = unpack(files)
    assert tree_of(home) == {"train/a.png": b"A", "train/b/c d.png": NOISE, "train/b/é.txt": b""}
    assert tree_of(root) == files


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_an_empty_folder_is_kept(unpack, kind):
    assert (unpack({f"x.{kind}": pack(kind, {"a": b"", "none/": b""})}) / "x/none").is_dir()


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        (["x/a", "x/b/c"], ["x/a", "x/b/c"]),
        (["x/x/a"], ["x/a"]),
        (["x/a", "readme"], ["x/a", "x/readme"]),
        (["x/a", "a"], ["x/a", "x/x/a"]),
        (["x/a", "y/a"], ["x/x/a", "x/y/a"]),
        (["x/x"], ["x/x"]),
        (["x"], ["x"]),
        (["y/a"], ["x/y/a"]),
    ],
    ids=["one", "two", "and a file", "collision", "classes", "a file in it", "alone", "other"],
)
def test_a_folder_of_the_archives_name_is_folded_into_it(unpack, members, expected):
    home = unpack({"x.zip": pack("zip", {name: name.encode() for name in members})})
    assert sorted(tree_of(home)) == expected


@pytest.mark.parametrize("kind", ["zip", SEVEN])
@pytest.mark.parametrize("member", ["labels.csv", "LABELS_v2.csv"])
def test_a_packed_table_lies_beside(unpack, kind, member):
    home = unpack({f"in/labels.csv.{kind}": pack(kind, {member: b"id", "__MACOSX/._l": b""})})
    assert tree_of(home) == {"in/labels.csv": b"id"}


def test_several_tables_in_the_archive_of_one_lie_in_a_folder(unpack):
    home = unpack({"t.csv.zip": pack("zip", {"a.csv": b"1", "b.csv": b"2"})})
    assert tree_of(home) == {"t/a.csv": b"1", "t/b.csv": b"2"}


@pytest.mark.parametrize("name", ["labels.csv", "a.JSON"])
def test_a_gzipped_table(unpack, name):
    assert tree_of(unpack({f"{name}.gz": gzip.compress(NOISE)})) == {name: NOISE}


def test_plain_files_are_reachable_and_hidden_ones_left_out(unpack, root, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/m.png").write_bytes(b"M")
    (root / "more").symlink_to(tmp_path / "elsewhere")
    (root / "lost").symlink_to(tmp_path / "nowhere")
    plain = {"train.csv": b"id", "test/a.png": b"A"}
    junk = {".part/b.zip": b"", ".x": b"", ".y.zip": b"", "Thumbs.db": b"", "__MACOSX/y.zip": b""}
    home = unpack({**plain, **junk, "x.zip": pack("zip", {"b": b"B"})})
    assert (home / "more/m.png").read_bytes() == b"M"
    (home / "more").unlink()
    assert tree_of(home) == {**plain, "x/b": b"B"}
    assert not os.path.lexists(home / "lost")


def test_what_is_no_file_of_the_competition_stays_in_the_archive(unpack):
    junk = ["__MACOSX/a/._b.png", "a/._b.png", "a/.DS_Store", "Thumbs.db"]
    home = unpack({"x.zip": pack("zip", dict.fromkeys([*junk, "a/b.png", "a/.c"], b"1"))})
    assert sorted(tree_of(home)) == ["x/a/.c", "x/a/b.png"]


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz", SEVEN])
def test_archives_in_archives_are_unpacked_three_deep(unpack, kind):
    fourth = pack("zip", {"e.txt": b"E"})
    third = pack("zip", {"c.txt": b"C", "d.zip": fourth})
    second = pack("tar", {"third.zip": third, "b.csv.gz": gzip.compress(b"B")})
    home = unpack({f"first.{kind}": pack(kind, {"in/second.tar": second, "a": b"A"})})
    assert tree_of(home) == {
        "first/a": b"A",
        "first/in/second/b.csv": b"B",
        "first/in/second/third/c.txt": b"C",
        "first/in/second/third/d.zip": fourth,
    }


@needs_7z
@pytest.mark.parametrize("inner", ["jpg.tar", "other.tar"])
def test_tar_in_7z(unpack, inner):
    home = unpack({"jpg.tar.7z": pack("7z", {inner: pack("tar", {"jpg/a.jpg": b"A"})})})
    expected = "jpg/a.jpg" if inner == "jpg.tar" else "jpg/other/jpg/a.jpg"
    assert tree_of(home) == {expected: b"A"}


@pytest.mark.parametrize("kind", ["zip", "tar.gz", SEVEN])
@pytest.mark.parametrize("first", [0, 1])
def test_parts_are_read_as_one(unpack, kind, first):
    whole = pack(kind, {"a": NOISE, "b": b"B"})
    step = len(whole) // 11 + 1
    pieces = [whole[start : start + step] for start in range(0, len(whole), step)]
    home = unpack({f"x.{kind}.{k:03d}": piece for k, piece in enumerate(pieces, first)})
    assert tree_of(home) == {"x/a": NOISE, "x/b": b"B"}


def test_an_archive_in_one_piece_is_taken_before_its_parts(unpack):
    files = {f"x.zip{end}": pack("zip", {"a": end.encode()}) for end in ["", ".001", ".002"]}
    assert tree_of(unpack(files)) == {"x/a": b""}


@pytest.mark.parametrize("there", [[2], [1, 3], [1, 2, 5]])
def test_a_part_that_is_missing_is_named(unpack, there):
    missing = min({1, 2, 3} - set(there))
    with pytest.raises(DataError, match=rf"in/x\.zip\.00{missing} is missing .* Download it"):
        unpack({f"in/x.zip.{k:03d}": b"" for k in there})


def test_an_archive_that_was_unpacked_already_is_passed_over(unpack, root):
    files = {
        "x.zip": b"no archive at all",
        "x/sub/a.png": b"A",
        "labels.csv.zip": b"nor this",
        "labels.csv": b"id",
    }
    assert unpack(files) == root
    (root / "y").mkdir()
    (root / "y/.DS_Store").touch()
    home = unpack({"y.zip": pack("zip", {"b": b"B"})})
    assert tree_of(home) == {**files, "y/b": b"B"}


def test_one_of_several_archives_of_one_content_is_unpacked(unpack):
    recorder = Recorder()
    home = unpack({"x.7z": b"", "x.zip": pack("zip", {"a": b"A"})}, console=recorder)
    assert (home / "x/a").read_bytes() == b"A"
    assert recorder.said == ["x.7z is skipped: x.zip beside it unpacks to x too."]


def test_a_file_in_the_way(unpack):
    with pytest.raises(
        DataError, match=r"t\.csv\.zip unpacks to a, but another file or folder of that"
    ):
        unpack({"t/a": b"", "t.csv.zip": pack("zip", {"a": b"1", "b": b"2"})})


def test_nothing_is_unpacked_through_a_link(unpack, root, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (root / "x").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(
        DataError, match=r"x\.zip unpacks to x, but another file or folder of that name"
    ):
        unpack({"x.zip": pack("zip", {"a": b"A"})})
    assert tree_of(tmp_path / "elsewhere") == {}


def test_an_archive_that_is_not_there_is_none(unpack, root, tmp_path):
    (root / "lost.zip").symlink_to(tmp_path / "nowhere")
    assert unpack() == root


UNSAFE = [
    "../a",
    "a/../../b",
    "/etc/a",
    "..\\a",
    "C:\\a",
    "c:a",
    "\\\\host\\share",
    "x/..",
    "a/D:/b",
]


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        *itertools.product(["zip", "tar"], UNSAFE),
        *(pytest.param("7z", name, marks=needs_7z) for name in UNSAFE[:4]),
    ],
)
def test_a_path_that_leads_out_is_refused(unpack, tmp_path, kind, name):
    with pytest.raises(DataError, match=rf"x\.{kind} contains .*may lead out.*unpack it yourself"):
        unpack({f"x.{kind}": pack(kind, {"good": b"", name: b"evil"})})
    assert left_in(tmp_path / "cache") == []


def test_windows_separators_are_folders(unpack):
    home = unpack({"x.zip": pack("zip", {"a\\": b"", "a\\b\\c.png": b"C", "./d//e": b"E"})})
    assert tree_of(home) == {"x/a/b/c.png": b"C", "x/d/e": b"E"}


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_a_path_of_too_many_folders_is_refused(unpack, kind):
    with pytest.raises(DataError, match="more than 100 folders deep"):
        unpack({f"x.{kind}": pack(kind, {"a/" * 1500 + "b": b""})})


@pytest.mark.parametrize("kind", ["zip", "tar", SEVEN])
def test_a_name_that_no_file_system_holds(unpack, tmp_path, kind):
    with pytest.raises(DataError, match=r"of x\.\w+ cannot be written .*too long"):
        unpack({f"x.{kind}": pack(kind, {"b" * 300: b""})})
    assert left_in(tmp_path / "cache") == []


@pytest.mark.parametrize(
    "type_", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE]
)
def test_links_and_devices_in_tar_are_refused(unpack, type_):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        member = tarfile.TarInfo("evil")
        member.type, member.linkname = type_, "/etc/passwd"
        archive.addfile(member)
    with pytest.raises(DataError, match=r"x\.tar contains 'evil', which is a link or a device"):
        unpack({"x.tar": packed.getvalue()})


def test_a_link_in_zip_is_refused(unpack):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        member = zipfile.ZipInfo("evil")
        member.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(member, "/etc/passwd")
    with pytest.raises(DataError, match=r"x\.zip contains 'evil', which is a link or a device"):
        unpack({"x.zip": packed.getvalue()})


@needs_7z
def test_a_link_in_7z_is_refused(unpack, tmp_path):
    import py7zr

    (tmp_path / "file").write_text("x")
    (tmp_path / "evil").symlink_to("file")
    with py7zr.SevenZipFile(tmp_path / "x.7z", "w") as archive:
        archive.write(tmp_path / "evil", "evil")
    with pytest.raises(DataError, match=r"x\.7z contains 'evil', which is a link or a device"):
        unpack({"x.7z": (tmp_path / "x.7z").read_bytes()})


def test_an_encrypted_zip(unpack):
    packed = bytearray(pack("zip", {"a": b"A"}))
    packed[packed.index(b"PK\1\2") + 8] |= 1
    packed[6] |= 1
    with pytest.raises(DataError, match=r"x\.zip is encrypted.*unpack it yourself"):
        unpack({"x.zip": bytes(packed)})


@needs_7z
@pytest.mark.parametrize("names_too", [False, True])
def test_an_encrypted_7z(unpack, tmp_path, names_too):
    import py7zr

    path = tmp_path / "x.7z"
    with py7zr.SevenZipFile(path, "w", password="p", header_encryption=names_too) as archive:
        archive.writestr("A", "a")
    with pytest.raises(DataError, match=r"x\.7z is encrypted.*unpack it yourself"):
        unpack({"x.7z": path.read_bytes()})


def test_a_compression_that_is_not_known(unpack):
    packed = bytearray(pack("zip", {"a": b"A"}))
    packed[packed.index(b"PK\1\2") + 10] = packed[8] = 9
    with pytest.raises(DataError, match=r"x\.zip uses a compression method .*unpack it yourself"):
        unpack({"x.zip": bytes(packed)})


@pytest.mark.parametrize("kind", [*KINDS, "csv.gz"])
@pytest.mark.parametrize("kept", [0, 5, 10_000])
def test_an_archive_that_was_cut_short_is_named(unpack, tmp_path, kind, kept):
    whole = gzip.compress(NOISE) if kind == "csv.gz" else pack(kind, {"a": NOISE, "b": NOISE})
    with pytest.raises(DataError, match=rf"in/x\.{kind} is damaged or incomplete"):
        unpack({f"in/x.{kind}": whole[:kept]})
    assert left_in(tmp_path / "cache") == []


@pytest.mark.parametrize("kind", ["tar", "tar.gz"])
def test_a_tar_that_ends_between_members_was_cut_short(unpack, kind):
    whole = pack("tar", {"a": NOISE, "b": NOISE})[: 512 + -(-len(NOISE) // 512) * 512]
    with pytest.raises(DataError, match="incomplete"):
        unpack({f"x.{kind}": gzip.compress(whole) if kind == "tar.gz" else whole})


def test_a_damaged_header_in_a_tar_is_not_its_end(unpack):
    whole = bytearray(pack("tar", {"a": b"A", "b": b"B"}))
    whole[1024] ^= 1
    with pytest.raises(DataError, match="damaged"):
        unpack({"x.tar": bytes(whole)})


@pytest.mark.parametrize("kind", COMPRESSED)
def test_the_last_byte_is_missed(unpack, kind):
    with pytest.raises(DataError, match="damaged"):
        unpack({f"x.{kind}": pack(kind, {"a": NOISE})[:-1]})


def test_a_header_without_end_is_not_read_into_memory(unpack):
    member = tarfile.TarInfo("a")
    member.type, member.size = tarfile.GNUTYPE_LONGNAME, 70_000_000
    packed = gzip.compress(member.tobuf() + bytes(70_000_000), 1)
    with pytest.raises(DataError, match="a header of 70000128 bytes"):
        unpack({"x.tar.gz": packed})


def test_more_bytes_than_allowed_are_refused(unpack, tmp_path):
    files = {"a.zip": pack("zip", {"1": b"12345"}), "b.csv.gz": gzip.compress(b"123456")}
    with pytest.raises(DataError, match=r"more than 0\.0 GB.*b\.csv\.gz exceeds"):
        unpack(files, limit_bytes=10)
    assert left_in(tmp_path / "cache") == []
    assert len(tree_of(unpack(files, limit_bytes=11))) == 2


def test_an_archive_that_was_removed_no_longer_counts(unpack):
    inner = pack("tar", {"a": NOISE})
    nested = {"x.zip": pack("zip", {"a.tar": inner, "b.tar": inner})}
    with pytest.raises(DataError, match="which is the limit"):
        unpack(nested, limit_bytes=2 * len(inner) + len(NOISE) - 1)
    unpack(nested, limit_bytes=2 * len(inner) + len(NOISE))


@pytest.mark.parametrize("kind", KINDS)
def test_more_entries_than_allowed_are_refused(unpack, tmp_path, monkeypatch, kind):
    files = {f"x.{kind}": pack(kind, {"a": b"", "b/c": b""})}
    monkeypatch.setattr(meter, "_MOST_ENTRIES", 2)
    with pytest.raises(DataError, match=rf"more than 2 files and folders.*x\.{kind} exceeds"):
        unpack(files)
    assert left_in(tmp_path / "cache") == []
    monkeypatch.setattr(meter, "_MOST_ENTRIES", 3)
    assert len(tree_of(unpack())) == 2


@pytest.mark.parametrize("kind", ["tar.bz2", "tar.xz", "nested"])
def test_bombs_are_refused(unpack, monkeypatch, kind):
    zeros = {"a": bytes(4_000_000)}
    name = "x.zip" if kind == "nested" else f"x.{kind}"
    packed = pack("zip", {"a.tar.bz2": pack("tar.bz2", zeros)}) if kind == "nested" else None
    files = {name: packed or pack(kind, zeros)}
    assert len(files[name]) < 4000
    monkeypatch.setattr(meter, "_RATIO_FROM", 3_000_000)
    with pytest.raises(DataError, match=rf"{name} unpacks to more than 1000 times its size"):
        unpack(files)
    monkeypatch.setattr(meter, "_RATIO_FROM", 5_000_000)
    assert len(tree_of(unpack())) == 1


def test_a_gigabyte_of_the_disk_is_kept_free(unpack, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1_000_000_010))
    with pytest.raises(DiskFullError, match=r"x\.zip is too large for .*Free some space"):
        unpack({"x.zip": pack("zip", {"a": b"12345678901"})})
    assert left_in(tmp_path / "cache") == []


class Full(io.BytesIO):
    def write(self, data):
        raise OSError(errno.ENOSPC, "no room")


@pytest.mark.parametrize("kind", ["zip", "tar.gz", SEVEN])
def test_a_disk_that_fills_meanwhile(unpack, tmp_path, monkeypatch, kind):
    whole, opens = pack(kind, {"a": NOISE}), Path.open
    monkeypatch.setattr(
        Path,
        "open",
        lambda path, mode="r", *a, **k: Full() if mode == "xb" else opens(path, mode, *a, **k),
    )
    with pytest.raises(DiskFullError, match="The disk or a quota is full"):
        unpack({f"x.{kind}": whole})
    assert left_in(tmp_path / "cache") == []


def test_a_cache_that_may_not_be_written_to(unpack, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, "not allowed")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    monkeypatch.setattr(Path, "hardlink_to", refuse)
    monkeypatch.setattr(shutil, "copyfile", refuse)
    with pytest.raises(RunError, match="KAGGLE_PRZ_HOME"):
        unpack({"a": b"", "x.zip": pack("zip", {"b": b""})})


@pytest.mark.parametrize("lacking", [["symlink_to"], ["symlink_to", "hardlink_to"]])
def test_file_systems_without_links(unpack, monkeypatch, lacking):
    def refuse(*_, **__):
        raise OSError(errno.EPERM, "no links")

    for name in lacking:
        monkeypatch.setattr(Path, name, refuse)
    home = unpack({"in/a": b"A", "x.zip": pack("zip", {"b": b"B"})})
    assert tree_of(home) == {"in/a": b"A", "x/b": b"B"}


@pytest.fixture
def one_case(monkeypatch):
    """A file system that keeps the spelling of names, but takes `a` and `A` for one."""
    opens, makes = Path.open, Path.mkdir

    def taken(path: Path) -> bool:
        return path.name.lower() in [name.lower() for name in os.listdir(path.parent)]  # noqa: PTH208

    def open_(path, mode="r", *a, **k):
        if mode == "xb" and taken(path):
            raise FileExistsError(path)
        return opens(path, mode, *a, **k)

    def mkdir(path, *a, **k):
        if "members-" in str(path.parent) and taken(path):
            raise FileExistsError(path)
        return makes(path, *a, **k)

    monkeypatch.setattr(Path, "open", open_)
    monkeypatch.setattr(Path, "mkdir", mkdir)


@pytest.mark.parametrize("kind", ["zip", "tar", SEVEN])
@pytest.mark.parametrize("names", [["b/a.png", "b/A.png"], ["b/a.png", "B/c.png"]])
def test_names_that_differ_by_case_only(unpack, tmp_path, kind, names):
    home = unpack({f"x.{kind}": pack(kind, {name: name.encode() for name in names})})
    assert tree_of(home) == {f"x/{name}": name.encode() for name in names}


@pytest.mark.parametrize("kind", ["zip", "tar", SEVEN])
@pytest.mark.parametrize("names", [["b/a.png", "b/A.png"], ["b/a.png", "B/c.png"]])
def test_names_of_which_a_file_system_keeps_one(unpack, one_case, kind, names):
    with pytest.raises(DataError, match=r"contains 'b/A\.png'|contains 'B'.*differs only in case"):
        unpack({f"x.{kind}": pack(kind, dict.fromkeys(names, b""))})


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_the_last_of_two_members_of_one_name_is_kept(unpack, kind):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile knows that it is unusual
        packed = pack(kind, [("a", b"first"), ("a", b"last")])
    assert tree_of(unpack({f"x.{kind}": packed})) == {"x/a": b"last"}


@pytest.mark.parametrize("kind", ["zip", "tar"])
@pytest.mark.parametrize("names", [["a", "a/b"], ["a/b", "a"]])
def test_a_name_that_is_a_file_and_a_folder(unpack, kind, names):
    with pytest.raises(DataError, match="a file where this one is a folder"):
        unpack({f"x.{kind}": pack(kind, dict.fromkeys(names, b""))})


@needs_7z
def test_7z_without_its_package_says_what_to_install(unpack, monkeypatch):
    files = {"in/x.7z": pack("7z", {"a": b""})}
    monkeypatch.setitem(sys.modules, "py7zr", None)
    with pytest.raises(
        MissingExtraError, match=r"Unpacking in/x\.7z needs the package py7zr.*kaggle-prz\[archives"
    ):
        unpack(files)


@needs_7z
def test_7z_with_two_members_of_one_name(unpack):
    with pytest.raises(DataError, match="two members with one name"):
        unpack({"x.7z": pack("7z", [("a", b"first"), ("a", b"last")])})


def test_a_cache_in_the_competition_is_refused(unpack, root):
    files = {"x.zip": pack("zip", {"a": b""})}
    unpack(files)
    with pytest.raises(DataError, match="which is inside it"):
        unpacked(root, root / "cache")
    assert tree_of(root) == files


def test_archives_are_unpacked_once(unpack, root):
    large = random.Random(1).randbytes(2_500_000)  # read in pieces, and some of them twice
    files = {"a.zip": pack("zip", {"1": large}), "b.csv.gz": gzip.compress(NOISE)}
    recorder = Recorder()
    home = unpack(files, console=recorder)
    assert recorder.steps == recorder.total == sum(map(len, files.values()))
    again = Recorder()
    assert unpack(console=again) == home
    assert again.total == 0


@pytest.mark.parametrize("change", ["size", "time"])
def test_archives_that_changed_are_unpacked_anew(unpack, root, change):
    first = unpack({"x.zip": pack("zip", {"a": b"A"})})
    if change == "size":
        then = (root / "x.zip").stat().st_mtime_ns
        (root / "x.zip").write_bytes(pack("zip", {"a": b"other"}))
        os.utime(root / "x.zip", ns=(then, then))
    else:
        os.utime(root / "x.zip", (1, 1))
    second = unpack()
    assert first != second
    assert tree_of(first) == {"x/a": b"A"}
    assert tree_of(second) == {"x/a": b"other" if change == "size" else b"A"}


def test_plain_files_that_come_go_and_change(unpack, root):
    home = unpack({"a": b"1", "in/b": b"2", "x.zip": pack("zip", {"c": b"3"})})
    (root / "a").unlink()
    (root / "in/b").write_bytes(b"new")
    recorder = Recorder()
    assert unpack({"in/d": b"4"}, console=recorder) == home
    assert recorder.total == 0
    assert tree_of(home) == {"in/b": b"new", "in/d": b"4", "x/c": b"3"}
    assert not os.path.lexists(home / "a")


def test_two_directories_of_one_name_and_one_archive(unpack, root, tmp_path):
    home = unpack({"plain": b"1", "x.zip": pack("zip", {"c": b"3"})})
    shutil.copytree(root, tmp_path / "other/dogs")
    (tmp_path / "other/dogs/plain").write_bytes(b"2")
    other = unpacked(tmp_path / "other/dogs", tmp_path / "cache")
    assert (tree_of(home)["plain"], tree_of(other)["plain"]) == (b"1", b"2")


def test_a_cache_that_was_emptied_by_hand(unpack):
    home = unpack({"a": b"1", "x.zip": pack("zip", {"c": b"3"})})
    shutil.rmtree(home)
    assert tree_of(unpack()) == {"a": b"1", "x/c": b"3"}


def test_an_interrupt_leaves_nothing(unpack, tmp_path):
    def interrupt():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        unpack({"x.zip": pack("zip", {"a": b"A"})}, console=Recorder(interrupt))
    assert left_in(tmp_path / "cache") == []
    assert tree_of(unpack()) == {"x/a": b"A"}


# The house of this room imports scikit-learn, which takes longer than all else here.
KILLED = """
import contextlib, os, pathlib, signal, sys
from kaggle_prz.readers.archives import unpacked
class Console:
    @contextlib.contextmanager
    def bar(self, label, total):
        done = []
        def advance(steps, note=""):
            done.append(steps)
            if len(done) == 8:
                os.kill(os.getpid(), signal.SIGKILL)
        yield advance
unpacked(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), Console())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_a_killed_process_leaves_nothing_that_is_taken_for_whole(unpack, root, tmp_path):
    files = {f"{k}.csv.gz": gzip.compress(NOISE) for k in range(8)}
    for name, content in files.items():
        (root / name).write_bytes(content)
    ended = subprocess.run([sys.executable, "-c", KILLED, root, tmp_path / "cache"], check=False)
    assert ended.returncode < 0
    (left,) = left_in(tmp_path / "cache")
    assert left.startswith(".part-dogs-")
    home = unpack()
    assert tree_of(home) == {f"{k}.csv": NOISE for k in range(8)}
    assert left_in(tmp_path / "cache") == [home.name]


def test_a_second_process_waits_for_the_first(unpack, root, tmp_path):
    (root / "x.zip").write_bytes(pack("zip", {"a": b"A"}))
    begun, go_on, homes = threading.Event(), threading.Event(), []

    def hold():
        begun.set()
        assert go_on.wait(10)

    second = Recorder()
    work = [
        threading.Thread(target=lambda: homes.append(unpack(console=Recorder(hold)))),
        threading.Thread(target=lambda: homes.append(unpack(console=second))),
    ]
    work[0].start()
    assert begun.wait(10)
    work[1].start()
    work[1].join(0.15)
    assert work[1].is_alive()
    go_on.set()
    for thread in work:
        thread.join(10)
    assert homes[0] == homes[1]
    assert second.total == 0


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_memory_does_not_grow_with_members(unpack, kind):
    files = {f"x.{kind}": pack(kind, {"a": NOISE * 1000})}
    tracemalloc.start()
    try:
        unpack(files)
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()


@contextlib.contextmanager
def sandbox(name: str, content: bytes):
    """Unpack one archive; afterwards nothing but the cache has changed."""
    with tempfile.TemporaryDirectory() as place:
        root, cache = Path(place, "root"), Path(place, "cache")
        root.mkdir()
        (root / name).write_bytes(content)
        try:
            yield lambda: unpacked(root, cache)
        finally:
            assert tree_of(root) == {name: content}
            assert {path.name for path in Path(place).iterdir()} <= {"cache", "root"}
            assert not [n for n in left_in(cache) if n.startswith(".part")]


KIND = st.sampled_from(["zip", "tar", *IF_7Z])
wild = st.lists(
    st.sampled_from(
        ["..", ".", "", "x", "a b", "C:", "é", "e\u0301", "\\", "\\..", "/", "~", "\n"]
    ),
    max_size=5,
).map("/".join)


@given(kind=KIND, names=st.lists(wild, min_size=1, max_size=3, unique=True))
@settings(max_examples=40, deadline=None)
def test_nothing_is_ever_written_outside_of_the_cache(kind, names):
    members = {name: b"evil" for name in names if name or kind != "7z"}
    with sandbox(f"x.{kind}", pack(kind, members)) as run, contextlib.suppress(DataError):
        home = run()
        assert all(home in path.resolve().parents for path in home.rglob("*"))


leaf = st.text("abx0 -_é☃.", min_size=1, max_size=4).filter(lambda name: name.strip(". "))
trees = st.recursive(
    st.binary(max_size=20),
    lambda inner: st.dictionaries(leaf, inner, min_size=1, max_size=4),
    max_leaves=10,
).filter(lambda tree: isinstance(tree, dict))


def flat(tree: dict, prefix: str = "") -> dict[str, bytes]:
    found = {}
    for name, node in tree.items():
        inside = isinstance(node, dict)
        found |= flat(node, f"{prefix}{name}/") if inside else {prefix + name: node}
    return found


def folded(tree: dict) -> dict:
    inner = tree.get("x")
    others = {name: node for name, node in tree.items() if name != "x"}
    if not isinstance(inner, dict) or others.keys() & inner.keys():
        return tree
    if any(isinstance(node, dict) for node in others.values()):
        return tree
    return folded({**inner, **others})


@given(kind=KIND, tree=trees)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
def test_the_tree_that_comes_out_is_the_tree_that_went_in(kind, tree):
    expected = flat(folded(tree), "x/")
    if list(tree) == ["x"] and isinstance(tree["x"], bytes):
        expected = {"x": tree["x"]}
    if any(part.startswith("._") for name in expected for part in name.split("/")):
        return
    with sandbox(f"x.{kind}", pack(kind, flat(tree))) as run:
        assert tree_of(run()) == expected


WHOLE = {
    "csv.gz": gzip.compress(b"id,label\n" * 20),
    **{
        kind: pack(kind, {"a.png": NOISE[:50], "b/c.csv": b"id\n" * 20, "d.zip": pack("zip", {})})
        for kind in ["zip", "tar", "tar.gz", "tar.bz2", *IF_7Z]
    },
}


@pytest.mark.slow
@given(data=st.data())
@settings(max_examples=200, deadline=None)
def test_damaged_bytes_are_a_sentence_or_harmless(data):
    kind = data.draw(st.sampled_from(sorted(WHOLE)))
    mutated = bytearray(WHOLE[kind])
    place = st.integers(0, len(mutated) - 1)
    for position, value in data.draw(st.lists(st.tuples(place, st.integers(0, 255)), max_size=4)):
        mutated[position] = value
    cut = data.draw(st.none() | place)
    with sandbox(f"x.{kind}", bytes(mutated[:cut])) as run, contextlib.suppress(DataError):
        run()
