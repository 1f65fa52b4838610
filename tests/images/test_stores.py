"""Keys of image stores follow names, sizes and times of files, and the order of rows."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from kaggle_prz.images import stores


def key(root: Path, *references: str, how: str = "squash 3 100") -> str:
    return stores.fingerprint(root, references, how)


@pytest.fixture
def root(tmp_path):
    place = tmp_path / "files"
    place.mkdir()
    for name in ("a.png", "b.png", "c_red.png", "c_green.png"):
        (place / name).write_bytes(name.encode())
    np.savez(place / "x.npz", train=np.zeros((2, 4, 4)), test=np.ones((2, 4, 4)))
    return place


REFERENCES = ["a.png", "c_{red,green}.png", "x.npz#train#1", "", "gone.png", "nu\0ll", "\ud800"]


def test_a_moved_directory_keeps_its_key(root, tmp_path):
    before = key(root, *REFERENCES)
    root.rename(tmp_path / "moved")
    assert key(tmp_path / "moved", *REFERENCES) == before
    shutil.copytree(tmp_path / "moved", root)  # keeps times
    assert key(root, *REFERENCES) == before


@pytest.mark.parametrize("name", ["a.png", "c_green.png", "x.npz"])
@pytest.mark.parametrize("change", ["time", "size", "gone"])
def test_a_change_of_any_file_changes_the_key(root, name, change):
    before, was = key(root, *REFERENCES), (root / name).stat()
    if change == "time":
        os.utime(root / name, ns=(0, was.st_mtime_ns + 1))
    elif change == "size":
        (root / name).write_bytes((root / name).read_bytes() + b" ")
        os.utime(root / name, ns=(0, was.st_mtime_ns))
    else:
        (root / name).unlink()
    assert key(root, *REFERENCES) != before


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["a.png"], ["b.png"]),
        (["a.png", "b.png"], ["b.png", "a.png"]),
        (["a.png", "b.png"], ["a.png"]),
        (["a.png", ""], ["a.png"]),
        (["a.png"], ["gone.png"]),
        (["a.png"], ["a.dcm"]),
        (["c_{red,green}.png"], ["c_{green,red}.png"]),
        (["c_{red,green}.png"], ["c_{red,gone}.png"]),
        (["c_{red,green}.png"], ["c_red.png"]),
        (["x.npz#train#0"], ["x.npz#train#1"]),
        (["x.npz#train#0"], ["x.npz#test#0"]),
        (["x.npz#train#0"], ["x.npz#0"]),
    ],
)
def test_other_rows_have_another_key(root, one, other):
    shutil.copyfile(root / "a.png", root / "a.dcm")
    assert key(root, *one) != key(root, *other)


def test_a_file_with_braces_in_its_name_is_looked_at_itself(root):
    (root / "odd_{1,2}.png").write_bytes(b"one")
    before = key(root, "odd_{1,2}.png")
    (root / "odd_{1,2}.png").write_bytes(b"other")
    assert key(root, "odd_{1,2}.png") != before


def test_what_else_pixels_follow_from_is_part_of_the_key(root):
    assert key(root, "a.png") != key(root, "a.png", how="pad 3 100")
