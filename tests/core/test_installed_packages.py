import importlib.metadata

import pytest

from kaggle_prz.core import installed_packages


@pytest.fixture
def installed(monkeypatch):
    """Distributions by name: version and requirements."""
    there: dict[str, tuple[str, list[str]]] = {}

    def version(name):
        if name not in there:
            raise importlib.metadata.PackageNotFoundError(name)
        return there[name][0]

    monkeypatch.setattr(importlib.metadata, "version", version)
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: there[name][1] or None)
    return there


def test_what_is_wanted_in_another_version_is_told(installed):
    installed |= {
        "hub": (
            "2.0",
            ["sdk==1.28", "a b", "extra>9; extra == 'more'", "old<1; python_version < '3'"],
        ),
        "sdk": ("1.37", []),
        "extra": ("1", []),
        "old": ("2", []),
    }
    (found,) = installed_packages.contradictions(["hub", "sdk", "absent"])
    assert found.sentence == "hub 2.0 requires sdk==1.28, and 1.37 is installed"


def test_what_is_not_installed_contradicts_nothing(installed):
    installed["hub"] = ("2.0", ["sdk==1.28"])
    assert list(installed_packages.contradictions(["hub"])) == []
    assert installed_packages.version("sdk") is None
    assert [str(each) for each in installed_packages.requirements("hub")] == ["sdk==1.28"]
