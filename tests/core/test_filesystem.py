import errno
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from kaggle_prz.core import filesystem
from kaggle_prz.core.errors import DiskFullError, RunError

WITHOUT_ROOM = """
import pathlib, resource, signal, sys
import numpy as np
from kaggle_prz.core import filesystem
from kaggle_prz.core.errors import DiskFullError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
path = pathlib.Path(sys.argv[1])
try:
    if path.suffix == ".npz":
        filesystem.write_arrays(path, a=np.random.default_rng(0).random(100_000))
    else:
        filesystem.write_atomic(path, "x" * 100_000)
except DiskFullError as error:
    print(error)
"""


def _python(code: str, *arguments: object, **options) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True, **options)


def test_home_is_where_the_variable_says(monkeypatch, tmp_path):
    monkeypatch.setenv("KAGGLE_PRZ_HOME", str(tmp_path / "elsewhere"))
    assert filesystem.home() == tmp_path / "elsewhere"
    monkeypatch.delenv("KAGGLE_PRZ_HOME")
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    assert tmp_path / "user-home" in filesystem.home().parents


@pytest.mark.parametrize("content", ["näïve\n", b"\x00\xff"])
def test_a_file_is_written_with_its_directories(tmp_path, content):
    path = tmp_path / "a" / "b" / "file.txt"
    filesystem.write_atomic(path, content)
    assert path.read_bytes() == (content if isinstance(content, bytes) else content.encode())
    assert [p.name for p in path.parent.iterdir()] == ["file.txt"]


@pytest.mark.parametrize("name", ["old.txt", "old.npz"])
@pytest.mark.skipif(sys.platform == "win32", reason="limits of file size are POSIX")
def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path, name):
    path = tmp_path / "run" / name
    path.parent.mkdir()
    path.write_bytes(b"the old content")
    answer = _python(WITHOUT_ROOM, path)
    assert "The disk or a quota is full" in answer.stdout
    assert str(path) in answer.stdout
    assert "run the same command again" in answer.stdout
    assert path.read_bytes() == b"the old content"
    assert [p.name for p in path.parent.iterdir()] == [name]


def test_a_writer_that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "file.h5"
    path.write_text("old")

    def write() -> None:
        with filesystem.replacing(path) as temporary:
            assert temporary.suffix == ".h5"
            assert temporary.parent == path.parent
            temporary.write_text("half of the ne")
            raise ValueError("broken off")

    with pytest.raises(ValueError, match="broken off"):
        write()
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.glob("*file*")] == ["file.h5"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_room_is_told_for_places_that_are_not_there_yet(tmp_path, number):
    with (
        pytest.raises(DiskFullError, match=r"\d+ MB free"),
        filesystem.room_for(tmp_path / "not" / "yet"),
    ):
        raise OSError(number, "no room")


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EROFS])
def test_a_place_that_may_not_be_written_to_says_what_to_do(tmp_path, number):
    with (
        pytest.raises(RunError, match=r"--output-dir.*KAGGLE_PRZ_HOME"),
        filesystem.room_for(tmp_path),
    ):
        raise OSError(number, "not allowed")


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_not_replaced(tmp_path, make):
    path = tmp_path / "submission.csv"
    make(path)
    before = path.stat().st_mode
    for write in (filesystem.check_place, lambda path: filesystem.write_atomic(path, "new")):
        with pytest.raises(RunError, match="is a directory or a device"):
            write(path)
    assert path.stat().st_mode == before


def test_a_link_is_written_through(tmp_path):
    real, link = tmp_path / "real.csv", tmp_path / "link.csv"
    real.write_text("old")
    link.symlink_to(real)
    filesystem.write_atomic(link, "new")
    assert link.is_symlink()
    assert real.read_text() == "new"


def test_other_errors_pass_as_they_are(tmp_path):
    with pytest.raises(IsADirectoryError), filesystem.room_for(tmp_path):
        raise IsADirectoryError(errno.EISDIR, "a directory")


def test_json_comes_back_as_it_was(tmp_path):
    value = {"name": "é", "numbers": [1, 2.5, None], "deep": {"a": True}}
    filesystem.write_json(tmp_path / "value.json", value)
    assert filesystem.read_json(tmp_path / "value.json") == value
    assert "é" in (tmp_path / "value.json").read_text("utf-8")


@dataclass
class Scored:
    score: float


def test_a_key_that_a_file_lacks_is_told_as_its_damage(tmp_path):
    path = tmp_path / "blend.json"
    filesystem.write_json(path, {"score": 0.5})
    assert filesystem.read_json_as(path, Scored) == Scored(0.5)
    filesystem.write_json(path, {})
    with pytest.raises(RunError, match=r"blend\.json lacks 'score'.*Remove that file and run"):
        filesystem.read_json_as(path, Scored)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "is missing"),
        ("{", "is not valid JSON"),
        ("[]", r"has an unexpected value \(must be.*dictionary\)\. Remove that file"),
    ],
)
def test_json_that_cannot_be_read(tmp_path, content, told):
    path = tmp_path / "plan.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(RunError, match=f"plan.json {told}"):
        filesystem.read_json(path)


def test_arrays_come_back_as_they_were(tmp_path):
    path = tmp_path / "arrays.npz"
    filesystem.write_arrays(path, ids=np.array(["a", "bé"]), numbers=np.arange(3, dtype=np.float32))
    back = filesystem.read_arrays(path)
    assert back["ids"].tolist() == ["a", "bé"]
    assert back["numbers"].dtype == np.float32
    assert set(back) == {"ids", "numbers"}


def test_pickles_are_neither_written_nor_read(tmp_path):
    with pytest.raises(ValueError, match="bad contains Python objects"):
        filesystem.write_arrays(tmp_path / "a.npz", bad=np.array([{}], dtype=object))
    assert not (tmp_path / "a.npz").exists()
    np.savez(tmp_path / "b.npz", bad=np.array([{}], dtype=object))
    with pytest.raises(RunError, match=r"b\.npz is damaged"):
        filesystem.read_arrays(tmp_path / "b.npz")


@pytest.mark.parametrize("keep", [0, 10, 200])
def test_arrays_that_are_cut_short_are_damaged(tmp_path, keep):
    path = tmp_path / "arrays.npz"
    filesystem.write_arrays(path, numbers=np.random.default_rng(0).random(1000))
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(RunError, match=r"arrays\.npz is damaged.*run the command that wrote it"):
        filesystem.read_arrays(path)


def test_arrays_that_are_not_there(tmp_path):
    with pytest.raises(RunError, match=r"task\.npz is missing"):
        filesystem.read_arrays(tmp_path / "task.npz")


@pytest.fixture
def sealed(tmp_path) -> Path:
    directory = tmp_path / "fold0"
    filesystem.write_atomic(directory / "weights.h5", b"weights")
    filesystem.write_atomic(directory / "oof.npz", b"predictions")
    (directory / ".hidden").write_text("left over")
    filesystem.seal(directory, score=0.5)
    return directory


def test_a_seal_has_digests_and_facts(sealed):
    assert filesystem.is_sealed(sealed)
    content = filesystem.read_json(sealed / "DONE")
    assert content["version"] == filesystem.RECORD_VERSION
    assert content["score"] == 0.5
    assert set(content["files"]) == {"weights.h5", "oof.npz"}
    assert content["files"]["oof.npz"] == filesystem.sha256(sealed / "oof.npz")


@pytest.mark.parametrize("name", ["weights.h5", "oof.npz", "DONE"])
@pytest.mark.parametrize("loss", [Path.unlink, lambda p: p.write_bytes(p.read_bytes()[:-3])])
def test_work_that_lost_a_file_or_a_part_of_one_is_not_sealed(sealed, name, loss):
    loss(sealed / name)
    assert not filesystem.is_sealed(sealed)


@pytest.mark.parametrize("content", ["null", "[]", "{}", '{"bytes": null}', '{"bytes": []}'])
def test_a_seal_of_another_form_seals_nothing(sealed, content):
    (sealed / "DONE").write_text(content)
    assert not filesystem.is_sealed(sealed)


def test_sealing_again_does_not_seal_the_seal(sealed):
    filesystem.seal(sealed)
    assert "DONE" not in json.loads((sealed / "DONE").read_text())["files"]


HOLD = """
import pathlib, sys, time
from kaggle_prz.core import filesystem
with filesystem.{hold}(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def _holder(hold: str, path: Path) -> subprocess.Popen:
    command = [sys.executable, "-c", HOLD.format(hold=hold), str(path)]
    holder = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    assert holder.stdout.readline() == "held\n"
    return holder


def test_a_run_in_use_by_another_process_is_refused_until_that_ends(tmp_path):
    with _holder("locked", tmp_path / "run") as holder:
        with (
            pytest.raises(RunError, match=r"Another process is using .*run.*--run NAME"),
            filesystem.locked(tmp_path / "run"),
        ):
            pass
        holder.communicate("")
    with filesystem.locked(tmp_path / "run"):
        pass


def test_a_killed_process_holds_nothing(tmp_path):
    with _holder("locked", tmp_path / "run") as holder:
        holder.kill()
        holder.wait()
        with filesystem.locked(tmp_path / "run"):
            pass


@pytest.mark.slow
def test_exclusive_waits_for_the_other_process(tmp_path):
    with _holder("exclusive", tmp_path / "images" / ".lock") as holder:
        begun = time.monotonic()
        release = subprocess.Popen(
            [sys.executable, "-c", "import time; time.sleep(0.3)"], stdout=holder.stdin
        )
        holder.stdin.close()
        holder.stdin = None
        with filesystem.exclusive(tmp_path / "images" / ".lock"):
            waited = time.monotonic() - begun
        release.wait()
    assert waited >= 0.25


def test_a_place_that_cannot_be_a_directory(tmp_path):
    (tmp_path / "file").write_text("x")
    place = tmp_path / "file" / "run"
    rule = r"cannot be created .* --output-dir"
    with pytest.raises(RunError, match=rule), filesystem.locked(place):
        pass


def test_a_file_is_no_run(tmp_path):
    (tmp_path / "notes.py").write_text("x")
    with pytest.raises(RunError, match="Give the directory of a run"):
        filesystem.read_json(tmp_path / "notes.py" / "recipe.json")


def test_unfinished_work_is_begun_anew(tmp_path):
    place = tmp_path / "stage1-32" / "fold0"
    place.mkdir(parents=True)
    (place / "history.csv").write_text("step\n1\n")
    (place / ".part-7-oof.npz").write_bytes(b"half")
    filesystem.make_empty(place)
    assert list(place.iterdir()) == []
    filesystem.make_empty(tmp_path / "new" / "fold1")
    assert (tmp_path / "new" / "fold1").is_dir()


def test_what_has_no_room_is_refused_before_it_is_written(tmp_path):
    free = shutil.disk_usage(tmp_path).free
    begun: list[Path] = []
    with pytest.raises(DiskFullError, match=r"w\.h5 could not be written"):  # noqa: SIM117
        with filesystem.replacing(tmp_path / "w.h5", size=2 * free) as path:
            begun.append(path)
    assert begun == list(tmp_path.glob("*w.h5")) == []
    with filesystem.replacing(tmp_path / "w.h5", size=5000) as path:
        path.write_bytes(b"short")
    assert (tmp_path / "w.h5").read_bytes() == b"short"
