"""What is opened once for all threads."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kaggle_prz.core.errors import DataError
from kaggle_prz.readers.kept import KeptFiles


@pytest.fixture
def file(tmp_path) -> Path:
    path = tmp_path / "a"
    path.write_text("one")
    return path


def test_many_threads_read_a_file_once_until_it_changes(file):
    read = []
    kept = KeptFiles(lambda path: read.append(path) or path.read_text())
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

    kept = KeptFiles(broken)
    for _ in range(3):
        with pytest.raises(DataError, match="KeyError: 'no such column'"):
            kept(file)
    assert len(tried) == 1


def test_no_more_files_are_kept_than_said(tmp_path):
    kept = KeptFiles(lambda path: path.read_text(), most=2)
    for number in range(5):
        (tmp_path / str(number)).write_text(str(number))
        assert kept(tmp_path / str(number)) == str(number)
    assert len(kept._kept._kept) == 2


def test_too_little_memory_is_no_damaged_file(file):
    def large(_):
        raise MemoryError

    with pytest.raises(MemoryError):
        KeptFiles(large)(file)
