import importlib.metadata

import pytest

from kaggle_prz.core import plugins
from kaggle_prz.core.errors import PrzError, UsageError

KIND = "kaggle_prz.backbones"


@pytest.fixture
def registered(monkeypatch):
    """Entry points as other packages would register them."""
    entries = [
        importlib.metadata.EntryPoint("pi", "math:pi", KIND),
        importlib.metadata.EntryPoint("gone", "no_such_package.net:build", KIND),
        importlib.metadata.EntryPoint("renamed", "math:tau_of_old", KIND),
    ]

    def entry_points(group, name=None):
        return [e for e in entries if e.group == group and name in {None, e.name}]

    monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)


def test_names_are_sorted(registered):
    assert plugins.names(KIND) == ["gone", "pi", "renamed"]
    assert plugins.names("other") == []


def test_a_name_gives_what_was_registered(registered):
    assert plugins.load(KIND, "pi") == pytest.approx(3.14159, abs=1e-4)


@pytest.mark.parametrize(
    ("name", "value"), [("gone", "no_such_package.net:build"), ("renamed", "math:tau_of_old")]
)
def test_a_plugin_that_cannot_be_imported_is_named(registered, name, value):
    with pytest.raises(PrzError, match=f"'{name}'.*entry point {value}.*Install"):
        plugins.load(KIND, name)


def test_an_unknown_name_is_guessed_and_all_are_listed(registered):
    with pytest.raises(UsageError) as caught:
        plugins.load(KIND, "renamd")
    message = "Unknown backbone 'renamd'. Did you mean 'renamed'? Known: gone, pi, renamed."
    assert str(caught.value) == message


def test_nothing_is_guessed_where_nothing_is_near(registered):
    with pytest.raises(UsageError) as caught:
        plugins.load(KIND, "zzz")
    assert "Did you mean" not in str(caught.value)


def test_of_many_names_the_nearest_are_said():
    many = [f"net{number}" for number in range(30)] + ["wide_net2", "other"]
    said = str(plugins.unknown("backbone", "NET2", many))
    assert said == (
        "Unknown backbone 'NET2'. Did you mean 'net2' or 'net20' or 'net21'? "
        "kaggle-prz backbones lists all."
    )


def test_the_packages_own_backbone_is_registered_like_any_other():
    assert "tiny" in plugins.names(plugins.BACKBONES)
