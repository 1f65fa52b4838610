"""How images are kept follows the room there is; stores are never removed."""

import shutil

import numpy as np
import pytest
from PIL import Image
from support.toys import Recorder

from kaggle_prz import images
from kaggle_prz.core.errors import UsageError
from kaggle_prz.images import cache_limit

IMAGES, SIZE = 10, 16
RAW = IMAGES * SIZE * SIZE * 3


@pytest.fixture
def decode(tmp_path):
    """Decode ten drawn images of a competition of that name."""

    def of(slug: str, console=None, **options) -> images.Decoded:
        root = tmp_path / "files" / slug
        root.mkdir(parents=True, exist_ok=True)
        names = [f"{slug}{number}.png" for number in range(IMAGES)]
        for name in names:
            if not (root / name).is_file():
                colour = (90, 40, 60 + sum(slug.encode()) % 190)  # others share no store
                Image.new("RGB", (20, 20), colour).save(root / name)
        place = tmp_path / "home" / slug
        return images.decode(root, names, (SIZE,), place, console or Recorder(), **options)

    return of


def kept(tmp_path) -> set[str]:
    return {path.parents[1].name for path in (tmp_path / "home").rglob("16.npy")}


@pytest.mark.parametrize(
    ("budget", "kind", "said"),
    [
        (2 * RAW, np.memmap, "images: raw arrays, 0.0 MB of "),
        (RAW / 2, images.lazy_store.Encoded, "images: JPEGs, about 0.0 MB of "),
        (RAW / 8, images.FromFiles, "images: no cache, decoded for every batch"),
    ],
)
def test_the_first_way_that_there_is_room_for(decode, monkeypatch, budget, kind, said):
    monkeypatch.setenv("KAGGLE_PRZ_CACHE_GB", str(budget / 1e9))
    console = Recorder()
    decoded = decode("one", console)
    assert isinstance(decoded.stores[SIZE], kind)
    assert decoded.stores[SIZE][np.arange(IMAGES)].shape == (IMAGES, SIZE, SIZE, 3)
    assert [line[: len(said)] for line in console.lines] == [said]


def test_a_disk_that_is_nearly_full_leaves_a_reserve(decode, monkeypatch):
    full = cache_limit.shutil.disk_usage("/")._replace(total=10**12, free=10**9)
    monkeypatch.setattr(cache_limit.shutil, "disk_usage", lambda _: full)
    assert isinstance(decode("one").stores[SIZE], images.FromFiles)


def test_what_is_asked_for_is_done_whatever_the_room(decode, monkeypatch):
    monkeypatch.setenv("KAGGLE_PRZ_CACHE_GB", "0")
    assert isinstance(decode("one", cache="raw").stores[SIZE], np.memmap)
    assert isinstance(decode("one", cache="encoded").stores[SIZE], images.lazy_store.Encoded)
    assert isinstance(decode("one", cache="none").stores[SIZE], images.FromFiles)


def test_what_is_there_is_taken_without_a_word(decode, monkeypatch):
    decode("one", cache="encoded")
    monkeypatch.setenv("KAGGLE_PRZ_CACHE_GB", "0")
    console = Recorder()
    assert isinstance(decode("one", console).stores[SIZE], images.lazy_store.Encoded)
    assert (console.lines, console.bars) == ([], [])


def test_files_are_looked_at_once_where_nothing_is_kept(decode):
    first, second = Recorder(), Recorder()
    decode("one", first, cache="none")
    decode("one", second, cache="none")
    assert first.bars == [("look at every image", IMAGES)]
    assert second.bars == []


def test_stores_in_the_way_are_named(decode, tmp_path, monkeypatch):
    decode("old")
    monkeypatch.setenv("KAGGLE_PRZ_CACHE_GB", str(1.5 * RAW / 1e9))
    console = Recorder()
    assert isinstance(decode("new", console).stores[SIZE], images.lazy_store.Encoded)
    (note,) = (line for line in console.lines if line.startswith("Note: "))
    assert f"Delete {tmp_path / 'home'} while no run is active" in note
    assert "KAGGLE_PRZ_CACHE_GB" in note
    assert kept(tmp_path) == {"old"}
    shutil.rmtree(tmp_path / "home")
    decode("new")
    assert kept(tmp_path) == {"new"}


@pytest.mark.parametrize("given", ["much", "-1", "nan"])
def test_a_budget_that_is_no_number(decode, monkeypatch, given):
    monkeypatch.setenv("KAGGLE_PRZ_CACHE_GB", given)
    with pytest.raises(UsageError, match=f"in GB, such as 50; received '{given}'"):
        decode("one")


def test_a_way_to_keep_images_that_does_not_exist(decode):
    with pytest.raises(UsageError, match="one of auto, raw, encoded, none; received 'disk'"):
        decode("one", cache="disk")
