"""Stores that decode when they are asked: indexed as arrays are, the same every time."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image
from support.toys import Recorder

from kaggle_prz import images
from kaggle_prz.images import lazy_store

COUNT = 7


def smooth(channels: int, size: int = 24) -> np.ndarray:
    """A picture such as JPEG is made for, other in every channel."""
    random = np.random.default_rng(channels)
    planes = random.integers(0, 256, (channels, 4, 4), dtype=np.uint8)
    return np.stack([np.asarray(Image.fromarray(p).resize((size, size), 3)) for p in planes], -1)


@pytest.fixture
def opened(tmp_path):
    """The same drawn images, kept in each of three ways; the last one cannot be read."""
    root = tmp_path / "files"
    root.mkdir()
    for number in range(COUNT):
        Image.fromarray(np.roll(smooth(3, 40), 5 * number, axis=1)).save(root / f"{number}.png")
    names = [*(f"{number}.png" for number in range(COUNT)), ""]

    def of(cache: str) -> images.Decoded:
        return images.decode(root, names, (24, 16), tmp_path / "store", Recorder(), cache=cache)

    return of


@pytest.mark.parametrize("channels", [1, 2, 3, 5])
def test_a_picture_that_was_written_comes_back_nearly_the_same(channels):
    pixels = smooth(channels)
    back = lazy_store.read(lazy_store.written(pixels), channels)
    assert back.shape == pixels.shape
    assert np.abs(back.astype(int) - pixels).mean() < 2


@pytest.mark.parametrize("cache", ["encoded", "none"])
def test_every_way_to_index_is_that_of_the_array(opened, cache):
    array, store = opened("raw").stores[24], opened(cache).stores[24]
    assert store.shape == array.shape == (COUNT + 1, 24, 24, 3)
    assert len(store) == len(array)
    for rows in (
        np.array([5, 0, 5, -2]),
        slice(1, None, 3),
        3,
        np.zeros(0, int),
        array[:, 0, 0, 0] < 9,
    ):
        given, meant = store[rows], array[rows]
        assert given.shape == meant.shape
        assert given.dtype == np.uint8
        assert not given.size or np.abs(given.astype(int) - meant).mean() < 2
    with pytest.raises(IndexError):
        store[np.array([COUNT + 1])]


def test_what_is_decoded_from_files_is_what_an_array_of_that_size_holds(opened):
    array, store = opened("raw").stores[24], opened("none").stores[24]
    assert (store[:] == array[:]).all()


@pytest.mark.parametrize("cache", ["encoded", "none"])
def test_batches_asked_for_at_once_by_many_threads_are_the_same(opened, cache):
    store = opened(cache).stores[16]
    meant = store[np.arange(COUNT)]
    with ThreadPoolExecutor(8) as pool:
        given = list(pool.map(lambda _: store[np.arange(COUNT)], range(40)))
    assert all((one == meant).all() for one in given)


@pytest.mark.parametrize("cache", ["encoded", "none"])
def test_an_image_without_pixels_is_black(opened, cache):
    decoded = opened(cache)
    assert decoded.readable.tolist() == [True] * COUNT + [False]
    assert not decoded.stores[24][COUNT].any()
    assert decoded.stores[24][COUNT - 1].any()


@pytest.mark.skipif(not hasattr(os, "register_at_fork"), reason="needs fork")
def test_a_forked_process_has_threads_of_its_own():
    before = lazy_store._threads()
    callback = lazy_store._threads.cache_clear
    callback()  # what a forked process does first
    assert lazy_store._threads() is not before
    before.shutdown()
