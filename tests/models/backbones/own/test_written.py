"""Texts that name a network of the user's own, and those that name none; no Keras is needed."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaggle_prz.core.errors import UsageError
from kaggle_prz.models.backbones.own.written import Written, parse

PART = st.from_regex(r"[a-z_][a-z0-9_]{0,6}", fullmatch=True)
DOTTED = st.lists(PART, min_size=1, max_size=3).map(".".join)
FOLDER = st.lists(st.sampled_from(["nets", "..", "a b", "ä", ".hidden", "x:y"]), max_size=3)


@given(module=DOTTED, attribute=DOTTED)
def test_a_module_and_a_function(module, attribute):
    found = parse(f"{module}:{attribute}")
    if module.endswith(".py"):
        assert (found.path, found.module) == (module, "")
    else:
        assert (found.path, found.module) == ("", module)
    assert (found.attribute, found.is_saved) == (attribute, False)


@given(
    start=st.sampled_from(["", "/", "~/", "./", "C:\\", "d:/"]),
    folder=FOLDER,
    stem=PART,
    attribute=st.none() | DOTTED,
)
def test_a_path_is_read_whole_on_every_system(start, folder, stem, attribute):
    path = start + "/".join([*folder, stem])
    found = parse(f"{path}.keras" if attribute is None else f"{path}.py:{attribute}")
    assert found.path == (f"{path}.keras" if attribute is None else f"{path}.py")
    assert (found.module, found.attribute) == ("", attribute or "")


@pytest.mark.parametrize("name", ["tiny", "efficientnet_lite0", "my-net", "a.b", "", "net.pyx"])
def test_a_name_is_left_to_the_registry(name):
    assert parse(name) is None


def parsed_or_told(text: str) -> Written | str | None:
    try:
        return parse(text)
    except UsageError as error:
        return str(error)


@given(text=st.text(alphabet="aZ0_.:/\\ -()ä\0\n", max_size=12))
def test_any_other_text_is_refused_in_one_sentence(text):
    found = parsed_or_told(text)
    if isinstance(found, str):
        assert found.isprintable()
        assert found.startswith("--backbone ")
        assert " names no network: " in found
    else:
        assert found is None or bool(found.module) != bool(found.path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (":net", "the module before the colon is missing. Write MODULE:FUNCTION"),
        ("nets:", "the function after the colon is missing. Write nets:FUNCTION"),
        ("net.py:", "the function after the colon is missing. Write net.py:FUNCTION"),
        (":", "the module before the colon is missing"),
        ("net.py", "add the function that builds it, net.py:FUNCTION"),
        ("C:\\nets\\net.py", r"add the function that builds it, C:\nets\net.py:FUNCTION"),
        ("C:\\nets\\net", "it is a path. Write MODULE:FUNCTION, FILE.py:FUNCTION or FILE.keras"),
        ("nets/net", "it is a path. Write"),
        ("nets/net:small", "a file of Python code ends in .py. Write nets/net.py:small"),
        ("net.py:small()", "write the function without brackets, net.py:small"),
        ("nets:small(96)", "write the function without brackets, nets:small"),
        ("my-nets:small", "'my-nets' is no name of a module"),
        ("nets:small net", "'small net' is no name in Python"),
        ("hf://someone/net", "'//someone/net' is no name in Python"),
        ("a:b:c", "'a:b' is no name of a module"),
        ("net.h5", "If it has weights, give it with --weights"),
        ("nets/net.weights.h5", "If it has weights, give it with --weights"),
        ("NET.HDF5", "if it has a whole model, load it with keras.models.load_model"),
    ],
)
def test_what_is_neither_name_nor_text_says_why(text, told):
    with pytest.raises(UsageError, match=re.escape(f"--backbone {text!r} names no network: ")) as e:
        parse(text)
    assert told in str(e.value)


def test_a_saved_model_of_tensorflow_is_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model").mkdir()
    (tmp_path / "model/saved_model.pb").touch()
    for text in ("model", "./model", str(tmp_path / "model")):
        with pytest.raises(UsageError, match="it is a SavedModel"):
            parse(text)
