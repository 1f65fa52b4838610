"""The one file that a bundle takes of a network, or why it takes none."""

import re

import pytest

from kaggle_prz.core.errors import UsageError
from kaggle_prz.models.backbones import Origin
from kaggle_prz.models.backbones.own import carried


@pytest.mark.parametrize(
    ("code", "needs"),
    [
        ("import keras\nfrom keras import layers\nimport os.path, json, kaggle_prz", None),
        ("def net(size):\n    import beside", "beside"),
        ("import numpy, beside.inner", "beside.inner"),
        ("from beside import K", "beside"),
        ("from . import other", "."),
        ("from .other import K", ".other"),
        ("try:\n    import of_another_machine\nexcept ImportError: pass", None),
    ],
)
def test_a_file_that_needs_another_is_refused(tmp_path, code, needs):
    (tmp_path / "beside.py").touch()
    file = tmp_path / "net.py"
    file.write_text(code)
    origin = Origin("net.py:net", tmp_path, file, "net")
    if needs is None:
        assert carried.file_of(origin) == file
        return
    told = rf"received the backbone 'net.py:net'.*imports {re.escape(needs)}, which is code of"
    with pytest.raises(UsageError, match=told):
        carried.file_of(origin)


def test_code_of_an_installed_package_is_refused(tmp_path):
    file = pytest.__file__
    with pytest.raises(UsageError, match=r"belongs to an installed package.*docs/backbones\.md"):
        carried.file_of(Origin("pytest:net", tmp_path, tmp_path / file, "net"))
    for compiled in (None, tmp_path / "net.so"):
        with pytest.raises(UsageError, match="it is compiled"):
            carried.file_of(Origin("net:net", tmp_path, compiled, "net"))


def test_a_saved_model_is_one_file(tmp_path):
    assert carried.file_of(Origin("a.keras", tmp_path, tmp_path / "a.keras")).name == "a.keras"
