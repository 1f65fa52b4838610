import os

import pytest

from kaggle_prz.core import devices
from kaggle_prz.core.errors import UsageError


@pytest.fixture
def cards(monkeypatch, tmp_path):
    """Set what CUDA shows and what the system has."""

    def set_up(visible, count=0):
        monkeypatch.setattr(devices, "_CARDS", tmp_path / "gpus")
        monkeypatch.setattr(devices, "_NODES", tmp_path / "dev")
        for number in range(count):
            (tmp_path / "gpus" / str(number)).mkdir(parents=True)
            (tmp_path / "gpus" / str(number) / "information").write_text("Model: T4")
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        if visible is not None:
            monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)

    return set_up


@pytest.mark.parametrize(
    ("visible", "count", "names"),
    [
        (None, 0, ()),
        (None, 2, ("0", "1")),
        ("", 2, ()),
        ("-1", 2, ()),
        ("1", 2, ("1",)),
        (" 3, GPU-5ab ", 0, ("3", "GPU-5ab")),
        ("0,-1,1", 2, ("0",)),
    ],
)
def test_graphics_cards_are_those_that_cuda_may_use(cards, visible, count, names):
    cards(visible, count)
    assert devices.graphics_cards() == names


def test_a_place_a_graphics_card(cards):
    cards("4,7")
    first, second = devices.places("auto", folds=5)
    assert (first.name, second.name) == ("GPU 4", "GPU 7")
    assert second.settings["CUDA_VISIBLE_DEVICES"] == "7"
    assert not first.processors & second.processors


@pytest.mark.parametrize(
    ("visible", "before", "after"),
    [("0,1", None, "true"), ("0", None, None), ("", None, None), ("0,1", "false", "false")],
)
def test_memory_is_shared_where_there_are_several_cards(cards, monkeypatch, visible, before, after):
    cards(visible)
    for name in devices._AS_NEEDED:
        monkeypatch.setenv(name, before or "")  # and so it is as before in the end
        if before is None:
            monkeypatch.delenv(name)
    devices.share_memory()
    assert os.environ.get("TF_FORCE_GPU_ALLOW_GROWTH") == after


def test_processors_are_shared_out(cards, monkeypatch):
    cards(None)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 5, 8})
    shares = [place.processors for place in devices.places(2, folds=5)]
    assert shares == [{0, 2, 8}, {1, 5}]


@pytest.mark.parametrize(
    ("visible", "workers", "count", "folds"),
    [(None, "auto", 1, 5), ("0,1", "auto", 2, 5), ("0,1,2,3", "auto", 3, 3), ("0,1", 1, 1, 5)],
)
def test_as_many_places_as_are_of_use(cards, visible, workers, count, folds):
    cards(visible)
    assert len(devices.places(workers, folds)) == count


@pytest.mark.parametrize(
    ("workers", "visible", "reason"),
    [
        (3, "0,1", "number of graphics cards, 2; received 3"),
        (5, None, "number of processors, 4; received 5"),
        (0, None, "number from 1, or auto; received 0"),
        ("many", None, "received 'many'"),
    ],
)
def test_more_than_there_is_is_refused(cards, monkeypatch, workers, visible, reason):
    cards(visible)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3})
    with pytest.raises(UsageError, match=reason):
        devices.places(workers, folds=9)
