"""Files are known by what they hold, and read again only where they may have changed."""

import contextlib
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from toys import Recorder

from kaggle_prz.images import digest_index, digests

ABSENT = bytes(16)


@pytest.fixture
def root(tmp_path):
    place = tmp_path / "files"
    place.mkdir()
    for name in ("a", "b", "c"):
        (place / name).write_bytes(name.encode())
    return place


@pytest.fixture
def index(tmp_path):
    return tmp_path / "store" / "digests.sqlite"


@pytest.fixture
def settled(monkeypatch):
    """Files that were written just now count as such that were written long ago."""
    monkeypatch.setattr(digests, "_SETTLED", -1)


@pytest.fixture
def read(monkeypatch):
    """Files that are read in this process."""
    seen: list[str] = []
    content = digests.content

    def of(file, size):
        seen.append(Path(file.name).name)
        return content(file, size)

    monkeypatch.setattr(digests, "content", of)
    return seen


def look(root: Path, index: Path, *names: str) -> list[bytes]:
    return [found.tobytes() for found in digests.of(root, names, index, Recorder())]


def test_files_are_told_apart_by_content(root, index):
    (root / "d").write_bytes(b"a")
    a, b, d = look(root, index, "a", "b", "d")
    assert a == d != b
    assert len(a) == 16


def test_files_that_are_as_they_were_are_not_read_again(root, index, settled, read):
    first = look(root, index, "a", "b")
    assert sorted(read) == ["a", "b"]
    read.clear()
    (root / "b").write_bytes(b"longer")
    second = look(root, index, "b", "c", "a")
    assert sorted(read) == ["b", "c"]
    assert (second[0] != first[1], second[2]) == (True, first[0])
    read.clear()
    assert look(root, index, "b", "c", "a") == second
    assert read == []


def test_a_file_that_was_written_just_now_is_read_again(root, index, read):
    look(root, index, "a")
    (root / "a").write_bytes(b"z")  # within the same step of the clock, perhaps
    assert look(root, index, "a") == look(root, index / "none", "a")
    assert read == ["a"] * 3


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps no time of an inode's change")
def test_a_byte_is_noticed_where_size_and_time_stayed(root, index, settled):
    before, (was,) = (root / "a").stat(), look(root, index, "a")
    time.sleep(0.05)  # systems count time by steps of some milliseconds
    (root / "a").write_bytes(b"z")
    os.utime(root / "a", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert look(root, index, "a") != [was]


def test_a_touched_file_is_read_and_the_same(root, index, settled, read):
    before = look(root, index, "a")
    os.utime(root / "a", (1e9, 1e9))
    assert look(root, index, "a") == before
    assert read == ["a", "a"]


def test_another_directory_is_another_one(root, index, settled, tmp_path):
    look(root, index, "a")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "a").write_bytes(b"z")
    at = (root / "a").stat().st_mtime_ns
    os.utime(tmp_path / "other" / "a", ns=(at, at))
    assert look(root, index, "a") != look(tmp_path / "other", index, "a")


@pytest.mark.parametrize(
    "content",
    [b"", b"{}" * 999, b"SQLite format 3\x00" + b"cut short", None],
    ids=["empty", "json", "cut", "directory"],
)
def test_what_is_no_index_is_passed_over(root, index, settled, read, content):
    expected = look(root, index, "a", "b")
    index.unlink()
    if content is None:
        index.mkdir()
    else:
        index.write_bytes(content)
    assert look(root, index, "a", "b") == expected
    if content is not None:
        read.clear()
        assert look(root, index, "a", "b") == expected
        assert read == []


@pytest.mark.parametrize(
    ("damage", "begin"),
    [
        (damage, begin)
        for damage in (np.random.default_rng(0).bytes(4096), bytes(4096))
        for begin in (0, 2000, 4096)
    ],
)
@pytest.mark.usefixtures("settled")
def test_a_damaged_index_is_made_anew(root, index, read, damage, begin):
    expected = look(root, index, "a", "b", "c")
    content = bytearray(index.read_bytes())
    content[begin : begin + 4096] = damage[: len(content) - begin]
    index.write_bytes(content)
    assert look(root, index, "a", "b", "c") == expected
    look(root, index, "a", "b", "c")
    read.clear()
    assert look(root, index, "a", "b", "c") == expected
    assert read == []


def test_what_cannot_be_read_is_absent(root, index, settled, monkeypatch):
    (root / "folder").mkdir()
    names = ["gone", "folder", "nu\0ll", "\ud800", "a/below", os.fsdecode(b"\xff"), "a"]
    *odd, a = look(root, index, *names)
    assert (odd, a != ABSENT) == ([ABSENT] * 6, True)

    def broken(*_):
        raise OSError("input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(digests, "content", broken)
        assert look(root, index, "a", "b") == [a, ABSENT]
    assert ABSENT not in look(root, index, "a", "b")


def test_a_file_that_vanishes_in_between_is_absent(root, index, settled, monkeypatch):
    facts = digests._facts

    def then_gone(file):
        found = facts(file)
        (root / "a").unlink(missing_ok=True)
        return found

    monkeypatch.setattr(digests, "_facts", then_gone)
    assert look(root, index, "a") == [ABSENT]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes in directories are POSIX")
def test_a_pipe_is_not_waited_for(root, index):
    os.mkfifo(root / "pipe")
    assert look(root, index, "pipe") == [ABSENT]


def test_times_of_any_century(root, index, settled, read):
    os.utime(root / "a", ns=(10**19, 10**19))
    os.utime(root / "b", ns=(-(10**18), -(10**18)))
    assert ABSENT not in look(root, index, "a", "b")


def test_blocks_of_a_large_file(tmp_path, monkeypatch):
    monkeypatch.setattr(digests, "WHOLE", 99)
    monkeypatch.setattr(digests, "BLOCK", 4)
    monkeypatch.setattr(digests, "STEP", 16)
    content = bytearray(range(200))

    def of(content):
        (tmp_path / "x").write_bytes(content)
        with (tmp_path / "x").open("rb", buffering=0) as file:
            return digests.content(file, len(content))

    def changed(place, length=1):
        other = content.copy()
        other[place : place + length] = bytes(
            255 - value for value in other[place : place + length]
        )
        return of(other) != of(content)

    assert all(changed(place) for place in (0, 3, 16, 19, 160, 196, 199))
    assert not changed(8)
    assert all(changed(place, 16) for place in range(185))
    assert of(content[:199]) != of(content)
    assert of(content[:100]) != of(content[:101])
    assert not any(of(content[:99]) == of(content[:size]) for size in (98, 100))


CHILD = """
import sys
from pathlib import Path
from kaggle_prz.console import Silent
from kaggle_prz.images import digests

digests._SETTLED = -1
root, index, *names = sys.argv[1:]
for name in names:
    digests.of(Path(root), [name], Path(index), Silent())
"""


def test_processes_share_an_index(root, index, settled, read):
    names = [f"{number}.png" for number in range(60)]
    for name in names:
        (root / name).write_bytes(name.encode())
    children = [
        subprocess.Popen(
            [sys.executable, "-c", CHILD, root, index, *names[begin::3]],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )
        for begin in range(3)
    ]
    assert [child.wait() for child in children] == [0] * 3
    assert len(set(look(root, index, *names))) == 60
    assert read == []
    assert [path.name for path in index.parent.iterdir()] == ["digests.sqlite"]


def test_what_was_read_before_an_interrupt_is_known(root, index, settled, read, monkeypatch):
    class Stopped(Recorder):
        def __enter__(self):
            def advance(_steps, **_note):
                raise KeyboardInterrupt

            return advance

    monkeypatch.setattr(digests, "_MANY_FILES", 3)
    with pytest.raises(KeyboardInterrupt):
        digests.of(root, ["a", "b", "c"], index, Stopped())
    read.clear()
    look(root, index, "a", "b", "c")
    assert sorted(read) == ["b", "c"]


def test_very_many_files_get_a_bar(root, index, settled, monkeypatch):
    monkeypatch.setattr(digests, "_MANY_FILES", 3)
    console = Recorder()
    for names in (["a", "b"], ["a", "b", "c"]):
        digests.of(root, names, index, console)
    assert console.bars == []
    index.unlink()
    digests.of(root, ["a", "b", "c"], index, console)
    assert console.bars == [("compare files with earlier runs", 3)]


def test_an_index_does_not_grow_without_end(root, index, settled, read, monkeypatch):
    monkeypatch.setattr(digest_index, "MOST", 1)
    look(root, index, "a")
    look(root, index, "b")
    read.clear()
    look(root, index, "a", "b")
    assert read == []
    look(root, index, "c")
    read.clear()
    look(root, index, "a", "b", "c")
    assert len(read) == 1


def test_files_are_looked_at_block_by_block(root, index, settled, read, monkeypatch):
    expected = look(root, index, "a", "b", "c")
    monkeypatch.setattr(digests, "_A_BLOCK", 2)
    assert look(root, index.with_name("other.sqlite"), "a", "b", "c") == expected
    assert sorted(read) == ["a", "a", "b", "b", "c", "c"]


def test_a_place_that_takes_no_index_only_costs_time(root, index, settled, read):
    index.parent.write_bytes(b"a file")
    assert look(root, index, "a") == look(root, index, "a")
    assert read == ["a", "a"]


def test_an_index_that_takes_nothing_only_costs_time(root, index, settled, read):
    look(root, index, "a")
    with contextlib.closing(sqlite3.connect(index)) as other:
        other.execute(
            "CREATE TRIGGER full BEFORE INSERT ON files BEGIN SELECT RAISE(FAIL, ''); END"
        )
        other.execute("DELETE FROM files")
        other.commit()
    read.clear()
    assert look(root, index, "a") == look(root, index, "a")
    assert read == ["a", "a"]
