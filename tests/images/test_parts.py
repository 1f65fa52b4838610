"""A decode that was killed or interrupted is gone on with, and ends as if it never was."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image
from support.toys import Recorder

from kaggle_prz import images
from kaggle_prz.images import decode_one, filling, parts

pytestmark = pytest.mark.slow

COUNT = 120
CHILD = """
import sys, time
from pathlib import Path
from kaggle_prz import images
from kaggle_prz.core.console import Silent
from kaggle_prz.images import decode_one, filling

quick = decode_one.decode
def slow(*given):
    time.sleep(0.02)
    return quick(*given)
decode_one.decode, filling._SAVED_EVERY = slow, 0.05
root, store, cache = sys.argv[1:]
names = sorted(path.name for path in Path(root).iterdir())
images.decode(Path(root), names, (16, 24), Path(store), Silent(), cache=cache)
"""


@pytest.fixture
def root(tmp_path):
    place = tmp_path / "files"
    place.mkdir()
    random = np.random.default_rng(0)
    for number in range(COUNT):
        small = random.integers(0, 256, (4, 4, 3), dtype=np.uint8)
        Image.fromarray(small).resize((30, 30), 3).save(place / f"{number:03d}.png")
    (place / "001.png").write_bytes(b"damaged")
    return place


@pytest.fixture
def counted(monkeypatch):
    """References that are decoded in this process."""
    seen: list[str] = []
    decode = decode_one.decode

    def count(root, reference, sizes, how):
        seen.append(reference)
        return decode(root, reference, sizes, how)

    monkeypatch.setattr(decode_one, "decode", count)
    return seen


def decoded(root, store, cache="raw") -> images.Decoded:
    names = sorted(path.name for path in root.iterdir())
    return images.decode(root, names, (16, 24), store, Recorder(), cache=cache)


@pytest.mark.parametrize(
    ("sign", "cache"),
    [(signal.SIGKILL, "raw"), (signal.SIGKILL, "encoded"), (signal.SIGINT, "raw")],
)
def test_a_killed_process_is_gone_on_with(root, tmp_path, counted, cache, sign):
    store = tmp_path / "store" / "of"
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, root, store, cache],
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    while not (saved := [*store.rglob(".filled.json")]) or '"done": 0' in saved[0].read_text():
        assert child.poll() is None
        time.sleep(0.01)
    child.send_signal(sign)
    assert child.wait() != 0
    made = [*store.rglob("*.*")]
    assert {path.name[:6] for path in made if path.suffix != ".json"} == {
        ".part-",
        ".lock",
    }
    again = decoded(root, store, cache)
    assert 0 < len(counted) < COUNT
    assert again.readable.tolist() == [number != 1 for number in range(COUNT)]
    whole = decoded(root, tmp_path / "other" / "of", cache)
    for size in (16, 24):
        assert (again.stores[size][:] == whole.stores[size][:]).all()
    assert not [*store.rglob(".part-*"), *store.rglob(".filled.json")]


def test_only_what_is_on_disk_counts_as_done(root, tmp_path, monkeypatch, counted):
    saved = []
    save = parts.Filling.save

    def stop(self):
        save(self)
        saved.append(self.done)
        if self.done:
            raise KeyboardInterrupt

    monkeypatch.setattr(filling, "_SAVED_EVERY", 0)
    monkeypatch.setattr(parts.Filling, "save", stop)
    with pytest.raises(KeyboardInterrupt):
        decoded(root, tmp_path / "store" / "of")
    monkeypatch.setattr(parts.Filling, "save", save)
    done = max(saved)
    assert 0 < done < COUNT
    counted.clear()
    decoded(root, tmp_path / "store" / "of")
    assert len(counted) == COUNT - done


def test_parts_of_other_sizes_are_not_gone_on_with(root, tmp_path, monkeypatch, counted):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(filling, "_in_threads", stop)
    store, names = tmp_path / "store" / "of", sorted(path.name for path in root.iterdir())
    with pytest.raises(KeyboardInterrupt):
        decoded(root, store)
    monkeypatch.undo()
    found = images.decode(root, names, (8,), store, Recorder(), cache="raw")
    assert found.stores[8][0].any()
    assert not [*store.rglob(".part-*")]


@pytest.mark.parametrize("threads", [1, 2, 64])
@pytest.mark.parametrize("count", [0, 1, 40, 200, 5000])
def test_threads_end_at_nearly_the_same_time(count, threads):
    rows = np.arange(count)[::-1]
    found = [*filling.in_blocks(rows, threads)]
    assert np.concatenate([*found, np.array([], int)]).tolist() == rows.tolist()
    longest = max(map(len, found), default=1)
    assert longest == 1 or longest <= min(16, count / threads / 16)
    assert count < 5000 or threads == 64 or longest == 16


def test_an_error_leaves_nothing(root, tmp_path, monkeypatch):
    def broken(*_):
        raise MemoryError

    monkeypatch.setattr(decode_one, "decode", broken)
    with pytest.raises(MemoryError):
        decoded(root, tmp_path / "store" / "of")
    assert not [*(tmp_path / "store").rglob(".part-*"), *(tmp_path / "store").rglob("*.npy")]
