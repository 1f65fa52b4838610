import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kaggle_prz.competitions.competition import Answers
from kaggle_prz.competitions.embedded.publish import (
    MARKER,
    link_or_copy,
    publish,
    write_test_tables,
)
from kaggle_prz.core.errors import DiskFullError, RunError


def _write(directory: Path) -> None:
    (directory / "train").mkdir()
    (directory / "train" / "a.png").write_bytes(b"picture")
    (directory / "train.csv").write_text("id,label\na,cat\n")


def _never(directory: Path) -> None:
    raise AssertionError("was already published")


def test_the_directory_appears_with_what_was_written(tmp_path):
    publish(tmp_path / "deep" / "x", "1", _write)
    assert (tmp_path / "deep" / "x" / "train" / "a.png").read_bytes() == b"picture"
    assert sorted(p.name for p in (tmp_path / "deep").iterdir()) == [".x.lock", "x"]


def test_a_second_call_writes_nothing(tmp_path):
    publish(tmp_path / "x", "1", _write)
    publish(tmp_path / "x", "1", _never)


def test_a_published_directory_needs_no_lock_and_no_room(tmp_path, monkeypatch):
    publish(tmp_path / "x", "1", _write)
    (tmp_path / ".x.lock").unlink(missing_ok=True)
    publish(tmp_path / "x", "1", _never)
    assert not (tmp_path / ".x.lock").exists()


@pytest.mark.parametrize(
    "harm",
    [
        lambda d: (d / "train" / "a.png").unlink(),
        lambda d: (d / "train" / "a.png").write_bytes(b""),
        lambda d: (d / MARKER).write_text("{"),
        lambda d: (d / MARKER).write_text('{"edition": "1", "files": []}'),
    ],
)
def test_a_harmed_directory_is_written_again(tmp_path, harm):
    publish(tmp_path / "x", "1", _write)
    harm(tmp_path / "x")
    publish(tmp_path / "x", "1", _write)
    assert (tmp_path / "x" / "train" / "a.png").read_bytes() == b"picture"


def test_another_edition_takes_its_place_whole(tmp_path):
    publish(tmp_path / "x", "1", _write)
    publish(tmp_path / "x", "2", lambda directory: (directory / "only").touch())
    assert sorted(p.name for p in (tmp_path / "x").iterdir()) == [MARKER, "only"]


@pytest.mark.parametrize("foreign", ["directory", "file"])
def test_what_others_wrote_is_left_alone(tmp_path, foreign):
    if foreign == "directory":
        (tmp_path / "x").mkdir()
        (tmp_path / "x" / "thesis.txt").touch()
    else:
        (tmp_path / "x").touch()
    with pytest.raises(RunError, match="already exists and was not written by kaggle-prz"):
        publish(tmp_path / "x", "1", _write)
    assert (tmp_path / "x").is_file() or (tmp_path / "x" / "thesis.txt").is_file()


def test_an_empty_directory_may_be_filled(tmp_path):
    (tmp_path / "x").mkdir()
    publish(tmp_path / "x", "1", _write)
    assert (tmp_path / "x" / "train.csv").is_file()


def test_a_failure_half_way_leaves_nothing(tmp_path):
    def fail(directory: Path) -> None:
        _write(directory)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        publish(tmp_path / "x", "1", fail)
    assert [p.name for p in tmp_path.iterdir() if "x" in p.name and p.name != ".x.lock"] == []


def test_a_full_disk_is_a_sentence_and_keeps_the_old_edition(tmp_path):
    def fill(directory: Path) -> None:
        (directory / "train.csv").write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")

    publish(tmp_path / "x", "1", _write)
    with pytest.raises(DiskFullError, match="disk or a quota is full"):
        publish(tmp_path / "x", "2", fill)
    publish(tmp_path / "x", "1", _never)


def test_a_failed_exchange_puts_the_old_edition_back(tmp_path, monkeypatch):
    publish(tmp_path / "x", "1", _write)
    rename = Path.rename

    def fail(self: Path, target: Path) -> Path:
        if self.name == ".x.part":
            raise OSError(errno.ENOSPC, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(DiskFullError):
        publish(tmp_path / "x", "2", _write)
    publish(tmp_path / "x", "1", _never)


def test_what_a_killed_process_left_is_cleared(tmp_path):
    (tmp_path / ".x.part" / "train").mkdir(parents=True)
    (tmp_path / ".x.part" / "stale").touch()
    publish(tmp_path / "x", "1", _write)
    assert not (tmp_path / ".x.part").exists()
    assert not (tmp_path / "x" / "stale").exists()


@pytest.mark.full
def test_processes_at_once_write_it_once(tmp_path):
    program = (
        "import sys, time, os; from pathlib import Path\n"
        "from kaggle_prz.competitions.embedded.publish import publish\n"
        "target, log = Path(sys.argv[1]), Path(sys.argv[2])\n"
        "def write(d):\n"
        "    (log / str(os.getpid())).touch(); (d / 'a').touch(); time.sleep(0.3)\n"
        "publish(target, '1', write)\n"
        "assert (target / 'a').is_file()\n"
    )
    log = tmp_path / "log"
    log.mkdir()
    command = [sys.executable, "-c", program, str(tmp_path / "x"), str(log)]
    running = [subprocess.Popen(command) for _ in range(2)]
    assert [process.wait(timeout=60) for process in running] == [0, 0]
    assert len(list(log.iterdir())) == 1


def test_a_copy_stands_in_where_links_are_impossible(tmp_path, monkeypatch):
    def refuse(source: Path, target: Path) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    (tmp_path / "a").write_bytes(b"picture")
    link_or_copy(tmp_path / "a", tmp_path / "linked")
    assert (tmp_path / "linked").samefile(tmp_path / "a")
    monkeypatch.setattr(os, "link", refuse)
    link_or_copy(tmp_path / "a", tmp_path / "copied")
    assert (tmp_path / "copied").read_bytes() == b"picture"
    assert not (tmp_path / "copied").samefile(tmp_path / "a")


def test_the_sample_gives_every_class_the_same_chance(tmp_path):
    answers = Answers(
        ids=np.array(["b", "a"]),
        labels=np.array([0, 1]),
        usage=np.array(["public", "private"]),
        classes=("w", "x", "y", "z"),
    )
    write_test_tables(tmp_path, answers)
    assert (tmp_path / "test.csv").read_bytes() == b"id\nb\na\n"
    assert (tmp_path / "sample_submission.csv").read_bytes() == (
        b"id,w,x,y,z\nb,0.25,0.25,0.25,0.25\na,0.25,0.25,0.25,0.25\n"
    )


def test_the_marker_lists_files_with_their_sizes(tmp_path):
    publish(tmp_path / "x", "1", _write)
    marker = json.loads((tmp_path / "x" / MARKER).read_text())
    assert marker == {"edition": "1", "files": {"train.csv": 15, "train/a.png": 7}}
