"""Keys of image stores say what files hold, and not what they are called."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from toys import Recorder

from kaggle_prz.images import stores


@pytest.fixture
def key(tmp_path):
    def of(root: Path, *references: str, how: str = "squash 3 100") -> str:
        return stores.fingerprint(root, references, how, tmp_path / "digests", Recorder())

    return of


@pytest.fixture
def root(tmp_path):
    place = tmp_path / "files"
    place.mkdir()
    for name in ("a.png", "b.png", "c_red.png", "c_green.png"):
        (place / name).write_bytes(name.encode())
    np.savez(place / "x.npz", train=np.zeros((2, 4, 4)), test=np.ones((2, 4, 4)))
    return place


def test_the_same_content_has_the_same_key(root, key, tmp_path):
    references = ["a.png", "b.png", "", "c_{red,green}.png", "x.npz#train#1", "gone.png"]
    shutil.copytree(root, tmp_path / "copy")
    assert key(tmp_path / "copy", *references) == key(root, *references)
    (root / "d").mkdir()
    for old, new in (("a.png", "d/1.PNG"), ("x.npz", "y.npz"), ("c_red.png", "c_r.png")):
        (root / old).rename(root / new)
    renamed = ["d/1.PNG", "b.png", "", "c_{r,green}.png", "y.npz#train#1", "lost.png"]
    assert key(root, *renamed) == key(tmp_path / "copy", *references)


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
def test_rows_of_another_content_have_another_key(root, key, one, other):
    shutil.copyfile(root / "a.png", root / "a.dcm")
    assert key(root, *one) != key(root, *other)


@pytest.mark.parametrize("name", ["a.png", "c_green.png", "x.npz"])
def test_a_byte_of_any_file_is_part_of_the_key(root, key, name):
    references = ["a.png", "c_{red,green}.png", "x.npz#train#1"]
    before = key(root, *references)
    content = bytearray((root / name).read_bytes())
    content[len(content) // 2] ^= 1
    (root / name).write_bytes(content)
    assert key(root, *references) != before


def test_a_file_with_braces_in_its_name_is_looked_at_itself(root, key):
    (root / "odd_{1,2}.png").write_bytes(b"one")
    before = key(root, "odd_{1,2}.png")
    (root / "odd_{1,2}.png").write_bytes(b"two")
    assert key(root, "odd_{1,2}.png") != before


def test_what_else_pixels_follow_from_is_part_of_the_key(root, key):
    assert key(root, "a.png") != key(root, "a.png", how="pad 3 100")


@pytest.mark.parametrize(
    ("reference", "said", "kept"),
    [
        (
            "a.png",
            "OSError: [Errno 2] No such file: '{root}/a.png'",
            "OSError: [Errno 2] No such file",
        ),
        ("it's\n.png", "cannot identify {shown}", "cannot identify"),
        (
            "x.h5#a#7",
            "unable to open (name = '{root}/x.h5', errno = 2)",
            "unable to open (name =, errno = 2)",
        ),
        ("c_{red,green}.png", 'broken: "{root}/c_green.png"', "broken"),
        ("", "no file", "no file"),
        ("a.png", "image file is truncated: a.png", "image file is truncated: a.png"),
    ],
)
def test_reasons_have_no_names_of_files(tmp_path, reference, said, kept):
    shown = repr(str(tmp_path / reference))
    said = said.replace("{root}", str(tmp_path)).replace("{shown}", shown)
    assert stores.nameless(said, tmp_path, reference) == kept
