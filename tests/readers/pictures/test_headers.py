"""Sizes and modes, from heads alone."""

import pytest
from PIL import Image

from kaggle_prz.readers.pictures import headers


def save(path, *pictures):
    names = [f"{place}.png" for place in range(len(pictures))]
    for name, (mode, size) in zip(names, pictures, strict=True):
        Image.new(mode, size).save(path / name)
    return names


def test_one_size_and_mode(tmp_path):
    heads = headers.look(tmp_path, [*save(tmp_path, *[("RGB", (30, 20))] * 3), ""])
    assert (heads.looked, heads.of) == (3, 3)
    assert (heads.size, heads.mode) == ("30×20 (all)", "RGB (all)")


def test_several_sizes_and_modes(tmp_path):
    names = save(tmp_path, ("RGB", (30, 20)), ("RGB", (30, 20)), ("RGB", (30, 20)), ("L", (9, 20)))
    heads = headers.look(tmp_path, names)
    assert heads.size == "9–30 × 20, mostly 30×20"
    assert heads.mode == "RGB 75%, L 25%"


def test_a_sample_is_spread_evenly(tmp_path):
    names = save(tmp_path, *[("L", (width, 5)) for width in range(1, 22)])
    heads = headers.look(tmp_path, names, most=5)
    assert sorted(size for (size, _), _ in heads.sizes) == [1, 6, 11, 16, 21]
    assert (heads.looked, heads.of) == (5, 21)


def test_unreadable_files_are_named_and_shown(tmp_path):
    names = save(tmp_path, ("L", (4, 4)))
    (tmp_path / "bad.jpg").write_bytes(b"no picture")
    heads = headers.look(tmp_path, [*names, "bad.jpg", "gone.png"])
    assert heads.unreadable == ("bad.jpg", "gone.png")


@pytest.mark.parametrize("reference", ["a.npy", "stack.npy#3", "table.csv#0", "x.dcm", ""])
def test_what_is_no_image_file_is_left_out(tmp_path, reference):
    heads = headers.look(tmp_path, [reference])
    assert (heads.looked, heads.size, heads.mode) == (0, "unknown", "unknown")
