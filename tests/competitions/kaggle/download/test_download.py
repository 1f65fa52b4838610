import contextlib
import hashlib
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections import namedtuple
from types import MappingProxyType, SimpleNamespace

import pytest
import requests
from support.kaggle_worlds import same_files, write_files
from support.toys import Recorder

from kaggle_prz.competitions import kaggle
from kaggle_prz.competitions.kaggle import download, paths
from kaggle_prz.competitions.kaggle.download import fetching
from kaggle_prz.core import filesystem
from kaggle_prz.core.errors import DataError, DiskFullError, HostError

Usage = namedtuple("Usage", "total used free")

LOAD = "from kaggle_prz.competitions.kaggle import KaggleSource as K"


def bodies(world) -> list[dict]:
    return world.server.requests("download")


@pytest.fixture(autouse=True)
def fresh_journal(world):
    world.server.control("requests", clear=True)


def test_files_land_in_the_home_once(world):
    console = Recorder()
    directory = world.source.download(console)
    assert directory == filesystem.home() / "competitions" / world.slug
    assert same_files(directory, world.files)
    assert [label for label, _ in console.bars] == [f"download {world.slug}", "unpack"]
    asked = len(world.server.requests())
    assert world.again().download() == directory
    assert len(world.server.requests()) == asked
    assert sorted(p.name for p in paths.state(world.slug).iterdir() if p.name[0] != ".") == [
        "facts.json"
    ]


def test_what_was_downloaded_needs_no_login(world, monkeypatch):
    directory = world.source.download()
    for name in ("KAGGLE_USERNAME", "KAGGLE_KEY"):
        monkeypatch.delenv(name)
    host = world.again()
    assert host.download() == directory
    assert host.about.metric == "Categorization Accuracy"
    assert (paths.state(world.slug) / "facts.json").is_file()


def test_the_credential_does_not_go_along_to_the_storage(world):
    world.source.download()
    assert {each["authorization"] for each in bodies(world)} == {None}
    assert {each["authorization"] for each in world.requests()} == {"Basic"}


def test_a_cut_download_goes_on_where_it_was(world):
    for nth, size in enumerate([70_000, 100_000, 0, 50_000], start=1):
        world.server.faults.add("download", "cut", nth=nth, size=size)
    assert same_files(world.source.download(), world.files)
    starts = [int((each["range"] or "bytes=0-")[6:-1]) for each in bodies(world)]
    assert starts == sorted(starts)
    assert starts[0] == 0 < starts[1]
    assert len(starts) == 5


def test_a_link_whose_time_is_over_is_renewed(world):
    world.server.faults.add("download", "cut", size=100_000)
    world.server.faults.add("download", 403, nth=2)
    assert same_files(world.source.download(), world.files)
    assert len(world.requests("DownloadDataFiles")) == 2
    assert int(bodies(world)[-1]["range"][6:-1]) > 0


def test_links_that_are_over_at_once_are_told(world):
    world.server.faults.add("download", 403, times=0)
    with pytest.raises(HostError, match="links to the files are refused"):
        world.source.download()


def test_another_file_behind_the_link_is_fetched_from_the_start(world):
    world.server.faults.add("download", "cut", size=100_000)
    world.server.faults.add("download", 503, nth=2, times=0)
    with pytest.raises(HostError):
        world.source.download()
    world.server.faults.clear()
    (world.files / "new.csv").write_text("a,b\n" * 1000)
    (world.server.root / "archives" / f"{world.slug}.zip").unlink()
    assert same_files(world.again().download(), world.files)


@pytest.mark.parametrize("kind", ["truncated", "html"])
def test_what_is_never_an_archive_is_told_and_not_kept(world, kind):
    world.server.faults.add("download", kind, times=0)
    with pytest.raises(
        HostError,
        match=r"3 times: what arrived was not a complete zip archive|login or maintenance page",
    ):
        world.source.download()
    assert not paths.has_files(world.slug)
    world.server.faults.clear()
    assert same_files(world.again().download(), world.files)


def test_a_byte_that_changed_on_the_way_is_noticed(world):
    part = paths.state(world.slug) / "files.zip.part"
    world.server.faults.add("download", "cut", size=200_000)
    world.server.faults.add("download", 503, nth=2, times=0)
    with pytest.raises(HostError):
        world.source.download()
    world.server.faults.clear()
    content = bytearray(part.read_bytes())
    content[100_000] ^= 1
    part.write_bytes(content)
    assert same_files(world.again().download(), world.files)


def test_a_full_disk_is_told_before_anything_is_fetched(world, monkeypatch):
    monkeypatch.setattr(fetching.shutil, "disk_usage", lambda _: Usage(10**6, 10**6, 1000))
    with pytest.raises(DiskFullError, match=r"needs 0\.6 MB more, and 0\.0 MB are free"):
        world.source.download()
    assert not (paths.state(world.slug) / "files.zip.part").exists()


def test_a_killed_process_goes_on(world, tmp_path):
    world.server.faults.add("download", "slow", size=400_000)
    code = f"{LOAD}; K({world.slug!r}).download()"
    process = subprocess.Popen([sys.executable, "-c", code], env=os.environ)
    part = paths.state(world.slug) / "files.zip.part"
    end = time.monotonic() + 60
    while not (part.exists() and part.stat().st_size > 60_000) and time.monotonic() < end:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    there = part.stat().st_size
    assert 60_000 < there < 300_000
    assert same_files(world.source.download(), world.files)
    assert bodies(world)[-1]["range"] == f"bytes={there}-"


@pytest.mark.full
def test_two_processes_download_once(world):
    code = f"{LOAD}; K({world.slug!r}).download()"
    command = [sys.executable, "-c", code]
    both = [subprocess.Popen(command, env=os.environ) for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    assert same_files(paths.files(world.slug), world.files)
    assert len(bodies(world)) == 1


@pytest.mark.parametrize("name", ["../out.csv", "/out.csv", "a/../../out.csv", "..\\out.csv"])
def test_a_member_that_would_leave_the_directory_is_refused(tmp_path, name):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr("fine.csv", "x")
        packed.writestr(name, "x")
    with pytest.raises(DataError, match="outside the directory"):
        download.unpack(tmp_path / "a.zip", tmp_path / "here" / "files", Recorder())
    assert not (tmp_path / "here" / "files").exists()
    assert not list(tmp_path.rglob("out.csv"))


def test_an_archive_is_unpacked_whole_or_not_at_all(tmp_path):
    files = write_files(tmp_path / "files", size=5000)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        for path in sorted(files.rglob("*")):
            packed.write(path, path.relative_to(files))
    target = tmp_path / "here" / "files"
    download.unpack(tmp_path / "a.zip", target, Recorder())
    assert same_files(target, files)
    content = (tmp_path / "a.zip").read_bytes()
    for damaged in (content[:-30], content[:2000] + b"x" + content[2001:], b"", b"<html>"):
        (tmp_path / "b.zip").write_bytes(damaged)
        with pytest.raises(download.DamagedError):
            download.unpack(tmp_path / "b.zip", tmp_path / "there" / "files", Recorder())
        assert not list((tmp_path / "there").iterdir())


def test_an_announced_digest_is_compared(tmp_path):
    fetch = fetching.Fetch(kaggle.Door(), "dogs", tmp_path / "a.zip.part")
    fetch.part.write_bytes(b"abc")
    record = tmp_path / "a.zip.json"
    good = hashlib.md5(b"abc").hexdigest()
    for total, digest, sound in ((3, good, True), (3, "0" * 32, False), (4, good, False)):
        filesystem.write_json(record, {"total": total, "tag": "", "md5": digest})
        assert fetch.is_sound() is sound
    assert list(fetching._digests("crc32c=n03x6A==,md5=kAFQmDzST7DWlj99KOF/cg==")) == [good]


class Forgetful:
    """A storage that knows no ranges, and whose connections all end at the same place."""

    status_code, ok = 200, True
    headers = MappingProxyType({"Content-Length": "100"})

    def __init__(self):
        self.asked = 0

    def get(self, link, **options):
        self.asked += 1
        return contextlib.nullcontext(self)

    def raise_for_status(self):
        pass

    def iter_content(self, size):
        yield b"x" * 50
        raise requests.exceptions.ChunkedEncodingError


def test_a_storage_without_ranges_is_not_asked_for_ever(tmp_path, waits, monkeypatch):
    monkeypatch.setenv("KAGGLE_API_TOKEN", "made-up")
    door = kaggle.Door()
    door.storage = Forgetful()
    door.http = SimpleNamespace(link=lambda *_, **__: "https://storage/x")
    fetch = fetching.Fetch(door, "dogs", tmp_path / "a.zip.part")
    with pytest.raises(HostError, match="the connection was refused or interrupted"):
        fetch.run(Recorder())
    assert door.storage.asked == 7  # once further than before, then six times not
