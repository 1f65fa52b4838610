"""Pages, colours of 16 bits, and files that are not what they are called."""

import io
import zlib

import numpy as np
import pytest
from PIL import Image
from PIL.TiffImagePlugin import AppendingTiffWriter
from support.competitions.kinds.pixels import deep_png, tiff_of_bands

from kaggle_prz import images
from kaggle_prz.core.errors import DataError, MissingExtraError
from kaggle_prz.readers import formats
from kaggle_prz.readers.formats import Head
from kaggle_prz.readers.pictures import image_files, sources, tiff
from kaggle_prz.readers.pictures.modes import Span

RANDOM = np.random.default_rng(0)
COLOURS = ("red", "lime", "blue")


def save_pages(path, **options):
    pages = [Image.new("RGB", (16, 16), colour) for colour in COLOURS]
    pages[0].save(path, save_all=True, append_images=pages[1:], **options)


@pytest.mark.parametrize("name", ["a.tif", "a.gif", "a.webp", "a.PNG"])
def test_a_page_is_read_by_its_number(tmp_path, name):
    save_pages(tmp_path / name, **({"lossless": True} if name.endswith("webp") else {}))
    assert image_files.pages(tmp_path / name) == (0, 1, 2)
    assert image_files.head(tmp_path / name).pages == 3
    for number, colour in enumerate(COLOURS):
        seen = images.open_rgb(tmp_path / f"{name}#{number}", 16).getpixel((3, 3))
        assert seen == Image.new("RGB", (1, 1), colour).getpixel((0, 0))
    with pytest.raises((EOFError, ValueError)):
        images.open_rgb(tmp_path / f"{name}#3", 16)


def test_smaller_copies_are_no_pages(tmp_path):
    with AppendingTiffWriter(tmp_path / "a.tif", new=True) as writer:
        for kind in (0, 1, 0, 4):
            Image.new("L", (16, 16)).save(writer, "TIFF", tiffinfo={254: kind})
            writer.newFrame()
    assert image_files.pages(tmp_path / "a.tif") == (0, 2)


def test_one_page_is_the_rule(tmp_path):
    for name in ("a.jpg", "a.png", "a.tif", "a.gif"):
        Image.new("RGB", (8, 8)).save(tmp_path / name)
        assert image_files.pages(tmp_path / name) == (0,)


@pytest.mark.parametrize("channels", [3, 4])
def test_colours_of_16_bits_are_read_whole(tmp_path, channels):
    values = RANDOM.integers(0, 4096, (12, 10, channels)).astype(np.uint16)
    (tmp_path / "a.png").write_bytes(deep_png(values))
    assert (sources.numbers(tmp_path / "a.png", channels, 1000) == values).all()
    content = io.BytesIO((tmp_path / "a.png").read_bytes())
    wanted = formats.Wanted(channels, 1, 1000, deep=True)
    assert (image_files.read(content, wanted).values == values).all()
    assert image_files.head(tmp_path / "a.png").deep
    planes = sources.planes(tmp_path / "a.png", 1, channels, 1000, Span(0, 4095))
    assert (np.dstack([np.asarray(plane) for plane in planes]) == values >> 4).all()


def test_without_a_range_colours_have_their_upper_byte(tmp_path):
    values = RANDOM.integers(0, 65_536, (12, 10, 3)).astype(np.uint16)
    (tmp_path / "a.png").write_bytes(deep_png(values))
    assert (np.asarray(images.open_rgb(tmp_path / "a.png", 1)) == values >> 8).all()


@pytest.mark.parametrize("planar", [True, False])
def test_bands_are_known_without_the_package(tmp_path, planar, monkeypatch):
    bands = RANDOM.integers(0, 4096, (13, 9, 8)).astype("<u2")
    (tmp_path / "a.tif").write_bytes(tiff_of_bands(bands, planar=planar))
    assert image_files.head(tmp_path / "a.tif") == Head((8, 9), "13 × 16 bits", True, 13, 1)
    monkeypatch.setattr(tiff.importlib.util, "find_spec", lambda _: None)
    said = r"TIFF with 13 bands of 16-bit whole numbers needs .* 'kaggle-prz\[tiff\]'"
    with pytest.raises(MissingExtraError, match=said):
        sources.planes(tmp_path / "a.tif", 1, 13, 1000)


@pytest.mark.parametrize("planar", [True, False])
@pytest.mark.parametrize("count", [2, 3, 4, 13])
def test_bands_are_read(tmp_path, planar, count):
    pytest.importorskip("tifffile")
    bands = RANDOM.integers(0, 4096, (count, 9, 8)).astype("<u2")
    (tmp_path / "a.tif").write_bytes(tiff_of_bands(bands, planar=planar))
    planes = sources.planes(tmp_path / "a.tif", 1, count, 1000, Span(0, 4095))
    if count == 3:
        planes = planes[0].split()
    assert (np.stack([np.asarray(plane) for plane in planes]) == bands >> 4).all()
    with pytest.raises(DataError, match=r"--largest-pixels 72"):
        sources.planes(tmp_path / "a.tif", 1, count, 71)


def test_a_damaged_tiff_needs_no_package(tmp_path):
    content = tiff_of_bands(np.zeros((13, 9, 8), "<u2"), planar=False)
    for damaged in (content[:2000], b"II*\0" + b"\xff" * 60, content[:4] + b"\0" * 40):
        (tmp_path / "a.tif").write_bytes(damaged)
        with pytest.raises(Exception) as caught:  # noqa: PT011 - decoders raise errors of every kind
            images.open_rgb(tmp_path / "a.tif", 1)
        assert not isinstance(caught.value, MissingExtraError)


def test_content_of_a_phone_names_its_extra(tmp_path, monkeypatch):
    monkeypatch.setattr(formats.importlib.util, "find_spec", lambda _: None)
    content = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + zlib.compress(b"x" * 40)
    for name in ("a.heic", "a.HEIF", "a.jpg"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(MissingExtraError, match=r"HEIF image needs .*'kaggle-prz\[heic\]'"):
            images.open_rgb(tmp_path / name, 1)


def test_a_heif_file_is_read(tmp_path):
    pytest.importorskip("pillow_heif").register_heif_opener()
    Image.new("RGB", (32, 16), "red").save(tmp_path / "a.heic", quality=100)
    assert image_files.head_heif(tmp_path / "a.heic").size == (32, 16)
    assert images.open_rgb(tmp_path / "a.heic", 1).getpixel((3, 3))[0] > 240


@pytest.mark.parametrize("end", [".jfif", ".JPE", ".jp2", ".ppm", ".PGM", ".pnm", ".tga", ".ico"])
def test_a_suffix_is_an_image(tmp_path, end):
    assert formats.of(f"a{end}") is formats.IMAGE_FILES
    Image.new("L", (16, 16), 200).save(tmp_path / f"a{end}")
    seen = images.open_rgb(tmp_path / f"a{end}", 16).getpixel((3, 3))
    assert seen == pytest.approx((200, 200, 200), abs=3)


def test_a_codec_that_pillow_lacks_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(image_files.features, "check", lambda _: False)
    (tmp_path / "a.avif").write_bytes(b"no codec reads this")
    with pytest.raises(MissingExtraError, match=r"image of format avif needs .*pillow>=11\.3"):
        images.open_rgb(tmp_path / "a.avif", 1)
