"""References to images, and files that are opened once for all threads."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from kaggle_prz import images
from kaggle_prz.core.errors import DataError
from kaggle_prz.readers.pictures.kept import Kept
from kaggle_prz.readers.pictures.sources import place_of


@given(st.text(st.characters(exclude_characters="\0"), max_size=12), st.integers(0, 10**9))
def test_a_row_is_told_from_a_name(stem, row):
    for suffix in (".npy", ".csv", ".CSV"):
        if stem:
            assert place_of(f"{stem}{suffix}#{row}") == (f"{stem}{suffix}", "", row)
    for name in (f"{stem}#{row}.png", f"{stem}.png#{row}", f"{stem}.npy", f"{stem}.npy#"):
        assert place_of(name) == (name, "", None)


def test_a_picture_may_have_a_hash_in_its_name(tmp_path):
    Image.new("RGB", (8, 8), "red").save(tmp_path / "a#7.png")
    assert images.open_rgb(tmp_path / "a#7.png", 8).getpixel((0, 0)) == (255, 0, 0)


@pytest.fixture
def file(tmp_path) -> Path:
    path = tmp_path / "a"
    path.write_text("one")
    return path


def test_many_threads_read_a_file_once_until_it_changes(file):
    read = []
    kept = Kept(lambda path: read.append(path) or path.read_text())
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: kept(file), range(50))) == {"one"}
    assert len(read) == 1
    file.write_text("changed")
    assert kept(file) == "changed"
    os.utime(file, ns=(0, 0))
    kept(file)
    assert len(read) == 3
    kept.forget()
    kept(file)
    assert len(read) == 4


def test_an_error_is_kept_as_well(file):
    tried = []

    def broken(path):
        tried.append(path)
        raise KeyError("no such column")

    kept = Kept(broken)
    for _ in range(3):
        with pytest.raises(DataError, match="KeyError: 'no such column'"):
            kept(file)
    assert len(tried) == 1


def test_no_more_files_are_kept_than_said(tmp_path):
    kept = Kept(lambda path: path.read_text(), most=2)
    for number in range(5):
        (tmp_path / str(number)).write_text(str(number))
        assert kept(tmp_path / str(number)) == str(number)
    assert len(kept._kept) == 2


def test_too_little_memory_is_no_damaged_file(file):
    def large(_):
        raise MemoryError

    with pytest.raises(MemoryError):
        Kept(large)(file)
