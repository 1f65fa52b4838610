"""Modules and files of the user's code: imported, or refused in a sentence; without Keras."""

import os
import re
import sys
from pathlib import Path

import pytest

from kaggle_prz.core.errors import UsageError
from kaggle_prz.models.backbones.own import imported
from kaggle_prz.models.backbones.own.written import parse


@pytest.fixture(autouse=True)
def as_it_was(monkeypatch):
    before, path = set(sys.modules), list(sys.path)
    yield
    assert sys.path == path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def load(text: str, *directories: Path) -> object:
    written = parse(text)
    assert written is not None
    return imported.load(written, directories)[0]


def write(folder: Path, **files: str) -> None:
    for name, code in files.items():
        file = folder / f"{name.replace('__', '/')}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(code)


def test_a_module_is_found_in_the_directory(tmp_path):
    write(tmp_path, mynets_one="def net(size): return size + 1", mypack__inner="class A: net = 5")
    assert load("mynets_one:net", tmp_path)(3) == 4
    assert load("mypack.inner:A.net", tmp_path) == 5


def test_a_file_imports_what_lies_beside_it(tmp_path):
    write(tmp_path, nets__top="import beside_it\ndef net(size): return beside_it.K")
    write(tmp_path, nets__beside_it="K = 7")
    assert load("nets/top.py:net", tmp_path)(1) == 7
    assert not list(tmp_path.rglob("nets/__pycache__/top*"))


def test_a_file_that_changed_is_read_again(tmp_path):
    write(tmp_path, changing="K = 1\ndef net(size): return K")
    first = load("changing.py:net", tmp_path)
    assert load("changing.py:net", tmp_path) is first
    stamp = (tmp_path / "changing.py").stat()
    write(tmp_path, changing="K = 2\ndef net(size): return K")
    os.utime(tmp_path / "changing.py", ns=(stamp.st_atime_ns, stamp.st_mtime_ns + 1000))
    assert load("changing.py:net", tmp_path)(1) == 2


def test_a_file_may_be_called_as_a_module_is(tmp_path):
    write(tmp_path, json="def net(size): return 'mine'", other__json="net = 'other'")
    known = sys.modules["json"]
    assert load("json.py:net", tmp_path)(1) == "mine"
    assert load("other/json.py:net", tmp_path) == "other"
    assert sys.modules["json"] is known


def test_the_first_directory_that_has_a_file_wins(tmp_path):
    write(tmp_path, first__net="K = 1", second__net="K = 2", second__only="K = 3")
    places = tmp_path / "first", tmp_path / "second"
    assert [load(f"{stem}.py:K", *places) for stem in ("net", "only")] == [1, 3]
    assert load(f"{tmp_path / 'second/net.py'}:K", *places) == 2


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("1 / 0", r"importing {} fails in line 1 of .*broken_one.py with ZeroDivisionError: div"),
        ("import os\n\nraise ValueError('a\\nb')", r"in line 3 of .* with ValueError: a\.$"),
        ("\ndef net(:\n  pass", r"in line 2 of .*broken_one.py with SyntaxError: invalid syntax"),
        ("import not_here_at_all", r"in line 1 .* ModuleNotFoundError: No module named 'not_here"),
        ("from os import nothing_so", r"in line 1 .* ImportError: cannot import name 'nothing_so"),
        ("import sys\nsys.exit(3)", r"in line 2 of .* with SystemExit: 3"),
        ("import json\njson.loads('{')", r"in line 2 of .* with JSONDecodeError: "),
        ("raise Exception", r"in line 1 of .* with Exception\.$"),
    ],
)
def test_code_that_fails_is_told_with_its_line(tmp_path, code, told):
    write(tmp_path, broken_one=code)
    for text, name in (("broken_one.py:net", "broken_one.py"), ("broken_one:net", "broken_one")):
        with pytest.raises(UsageError, match=told.format(re.escape(name))) as caught:
            load(text, tmp_path)
        assert "\n" not in str(caught.value)
        assert "broken_one" not in sys.modules


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("not_there_at_all:net", r"there is no module 'not_there_at_all' here or among"),
        ("defining_nets.inner:net", r"there is no module 'defining_nets.inner' here or among"),
        ("not_there.py:net", r"there is no file .*not_there\.py"),
        ("folder.py:net", r"folder\.py is a directory"),
        ("defining_nets:smal_net", r"defining_nets has no 'smal_net'. Did you mean 'small_net'\?"),
        ("defining_nets.py:zzz", r"defining_nets\.py has no 'zzz'\. It has Wide, small_net\.$"),
        ("defining_nets:Wide.nett", r"has no 'nett'"),
    ],
)
def test_what_is_not_there_is_told(tmp_path, text, told):
    write(tmp_path, defining_nets="import os\ndef small_net(size): pass\nclass Wide: net = 1")
    (tmp_path / "folder.py").mkdir()
    with pytest.raises(UsageError, match=told) as caught:
        load(text, tmp_path)
    assert str(caught.value).startswith(f"--backbone {text!r} names no network: ")
