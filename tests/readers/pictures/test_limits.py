"""Images of too many pixels, by what would be held in memory; Pillow's limit comes back."""

import threading
import warnings

import pytest
from PIL import Image
from support.toys import Recorder

from kaggle_prz import images
from kaggle_prz.core.errors import DataError
from kaggle_prz.readers.pictures.limits import LARGEST_PIXELS, pillow_limit_lifted


@pytest.fixture
def saved(tmp_path):
    def save(name, size, mode="L", **options):
        Image.new(mode, size).save(tmp_path / name, **options)
        return tmp_path / name

    return save


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.gif", "a.webp", "a.jpg"])
def test_an_image_of_too_many_pixels_is_refused(saved, name):
    path = saved(name, (60, 50), "RGB")
    said = r"up to 2,999 pixels.* 60 × 50 = 3,000\. Allow it with --largest-pixels 3000"
    with pytest.raises(DataError, match=said):
        images.open_rgb(path, 50, largest_pixels=2999)
    assert images.open_rgb(path, 50, largest_pixels=3000).size == (60, 50)


def test_it_counts_as_unreadable_until_it_is_allowed(saved, tmp_path):
    files = [saved("bomb.png", (60, 50)).name, saved("good.png", (20, 20)).name]
    for largest, wanted in ((2999, [False, True]), (3000, [True, True]), (2999, [False, True])):
        decoded = images.decode(
            tmp_path, files, (16,), tmp_path / "s", Recorder(), largest_pixels=largest
        )
        assert decoded.readable.tolist() == wanted


def test_a_jpeg_counts_by_the_fraction_at_which_it_is_decoded(saved):
    path = saved("a.jpg", (1600, 800))
    assert images.open_rgb(path, 100, largest_pixels=20_000).size == (200, 100)
    with pytest.raises(DataError, match="800 × 400 = 320,000"):
        images.open_rgb(path, 400, largest_pixels=20_000)


def test_a_progressive_jpeg_counts_in_full(saved):
    path = saved("a.jpg", (1600, 800), progressive=True)
    with pytest.raises(DataError, match="1,600 × 800"):
        images.open_rgb(path, 100, largest_pixels=20_000)


def test_a_jpeg_too_large_for_one_size_is_passed_over_at_all(saved, tmp_path):
    files = [saved("a.jpg", (1600, 800)).name, saved("b.jpg", (20, 20)).name]
    for sizes, wanted in (((100,), True), ((100, 400), False), ((50, 100), False)):
        decoded = images.decode(
            tmp_path, files, sizes, tmp_path / "s", Recorder(), largest_pixels=20_000
        )
        assert decoded.readable.tolist() == [wanted, True]


def test_pillows_own_limit_does_not_count_and_stays(saved, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    path = saved("a.png", (60, 50))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert images.open_rgb(path, 50).size == (60, 50)
    assert Image.MAX_IMAGE_PIXELS == 1000
    with pytest.raises(Image.DecompressionBombError):
        Image.open(path)
    assert LARGEST_PIXELS > 178_956_970  # what Pillow refuses


def test_the_last_thread_puts_pillows_limit_back(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    inside, go = threading.Event(), threading.Event()

    def first():
        with pillow_limit_lifted():
            inside.set()
            go.wait(5)

    thread = threading.Thread(target=first)
    thread.start()
    inside.wait(5)
    with pillow_limit_lifted():
        assert Image.MAX_IMAGE_PIXELS is None
        go.set()
        thread.join()
        assert Image.MAX_IMAGE_PIXELS is None
    assert Image.MAX_IMAGE_PIXELS == 1000
