"""How images are read: channels, pages and the pixel range, by option or by what files hold."""

import numpy as np
import pytest
from PIL import Image
from support.competitions.kinds.pixels import tiff_of_bands
from support.trees import make_csv

from kaggle_prz.readers.pictures import sources
from kaggle_prz.tasks import infer

RANDOM = np.random.default_rng(0)


def competition(root, save, suffix, *, train=12, test=4):
    """Write images with `save(path, number)`, half of them cats."""
    for role, count in (("train", train), ("test", test)):
        (root / role).mkdir(parents=True)
        for number in range(count):
            save(root / role / f"{role}{number:02d}{suffix}", number)
    labels = [(f"train{number:02d}", ("cat", "dog")[number % 2]) for number in range(train)]
    (root / "train.csv").write_text(make_csv(["id", "label"], *labels))
    sample = [(f"test{number:02d}", "cat") for number in range(test)]
    (root / "sample_submission.csv").write_text(make_csv(["id", "label"], *sample))
    return root


def read(root, **options):
    return infer.read(root, slug="pets", **options)


def shown(task):
    return {each.name: (each.value, each.rule) for each in task.evidence}


def save_deep(path, number):
    pixels = RANDOM.integers(0, 300 * (number + 1), (9, 9)).astype(np.uint16)
    Image.fromarray(pixels).save(path)


def save_grey(path, number):
    Image.fromarray(RANDOM.integers(0, 256, (9, 9), np.uint8)).save(path)


def save_pages(path, number):
    pages = [Image.new("L", (9, 9), shade) for shade in range(2 + number % 3)]
    pages[0].save(path, save_all=True, append_images=pages[1:])


@pytest.fixture
def deep(tmp_path):
    return competition(tmp_path / "pets", save_deep, ".png")


@pytest.fixture
def paged(tmp_path):
    return competition(tmp_path / "pets", save_pages, ".tif")


def test_deep_images_have_one_range(deep):
    task = read(deep)
    assert task.pixel_range == (0, 4095)
    assert shown(task)["pixel range"][0] == "0 to 4095"
    assert "of 12 of 12 training images" in shown(task)["pixel range"][1]


def test_images_of_8_bits_are_not_decoded(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "numbers", lambda *_: pytest.fail("an image was decoded"))
    task = read(competition(tmp_path / "pets", save_grey, ".png"))
    assert task.pixel_range is None
    assert "pixel range" not in shown(task)


def test_a_range_is_given(deep):
    task = read(deep, pixel_range="10,2000")
    assert task.pixel_range == (10, 2000)
    assert shown(task)["pixel range"] == ("10 to 2000", "given with --pixel-range")


def test_each_file_may_have_its_own_range(deep):
    task = read(deep, pixel_range="file")
    assert task.pixel_range is None
    assert shown(task)["pixel range"][0] == "that of each file"


def test_a_range_for_bytes_is_a_warning(tmp_path):
    task = read(competition(tmp_path / "pets", save_grey, ".png"), pixel_range="0,100")
    assert task.pixel_range is None
    assert "--pixel-range has no effect" in "".join(task.warnings)


def test_competition_toml_settles_pixels(deep):
    (deep / "competition.toml").write_text("pixel_range = '0,500'\nlargest_pixels = 10000\n")
    task = read(deep)
    assert (task.pixel_range, task.largest_pixels) == ((0, 500), 10_000)
    assert read(deep, largest_pixels=90).largest_pixels == 90


def test_images_larger_than_allowed_are_left_out_of_the_sample(deep):
    Image.fromarray(np.full((20, 20), 60_000, np.uint16)).save(deep / "train/train00.png")
    assert read(deep).pixel_range.high > 4095
    assert read(deep, largest_pixels=100).pixel_range == (0, 4095)


def test_the_first_page_alone_is_a_note(paged):
    task = read(paged)
    (note,) = (each for each in task.warnings if "pages" in each)
    assert note.startswith("16 of 16 image files have several pages or frames (2 to 4, 47 in all)")
    assert "--pages all" in note
    assert task.bags is None
    assert not read(paged, pages="first").warnings


def test_all_pages_are_images_of_their_row(paged):
    task = read(paged, pages="all")
    assert shown(task)["pages"][0] == "47 pages of 16 files, as images of their rows"
    first = "train/train01.tif"
    assert task.images.train_files[2:5].tolist() == [first, f"{first}#1", f"{first}#2"]
    assert task.images.train_rows[:6].tolist() == [0, 0, 1, 1, 1, 2]
    assert task.images.test_rows.tolist() == [0, 0, 1, 1, 1, 2, 2, 2, 2, 3, 3]
    assert len(task.train_files) == len(task.labels) == 12


def test_pages_of_bags_stay_with_their_row(tmp_path):
    def save(path, number):
        path = path.with_suffix("")
        path.mkdir()
        for view in ("left", "right"):
            save_pages(path / f"{view}.tif", number)

    task = read(competition(tmp_path / "pets", save, ""), pages="all")
    rows, counts = np.unique(task.images.train_rows, return_counts=True)
    assert rows.tolist() == list(range(12))
    assert counts.tolist() == [2 * (2 + number % 3) for number in range(12)]


def test_all_pages_of_plain_files_is_a_warning(tmp_path):
    task = read(competition(tmp_path / "pets", save_grey, ".png"), pages="all")
    assert task.bags is None
    assert "--pages all has no effect" in "".join(task.warnings)


def test_channels_are_the_bands_of_most_files(tmp_path):
    def save(path, number):
        bands = RANDOM.integers(0, 4096, (7 if number else 5, 9, 8)).astype("<u2")
        path.write_bytes(tiff_of_bands(bands, planar=bool(number % 2)))

    task = read(competition(tmp_path / "pets", save, ".tif"))
    assert task.channels == 7
    assert shown(task)["channels"] == ("7", "bands of 11 of 12 image files looked at")
    assert (task.pixel_range is None) != ("pixel range" in shown(task))  # by tifffile


def test_a_damaged_file_does_not_stop_the_look(deep):
    (deep / "train/train00.png").write_bytes(b"no image")
    assert read(deep).pixel_range == (0, 4095)
