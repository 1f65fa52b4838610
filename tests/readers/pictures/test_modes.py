"""One picture in every mode Pillow has is one picture; deep ones are scaled by their numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image, ImageCms

from kaggle_prz.core.errors import DataError
from kaggle_prz.images import open_rgb
from kaggle_prz.readers.pictures.modes import Span, eight_bit, flat, span_of

SEEDS = st.integers(0, 2**32 - 1)


def smooth(seed: int, mode: str = "RGB") -> Image.Image:
    """A picture without hard edges, 48 × 40."""
    few = np.random.default_rng(seed).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    picture = Image.fromarray(few).resize((48, 40), Image.Resampling.BICUBIC)
    return picture.convert(mode)


def far(one: Image.Image, other: Image.Image) -> float:
    """Mean difference of two pictures."""
    return float(np.abs(np.asarray(one, float) - np.asarray(other, float)).mean())


def in_lab(picture: Image.Image) -> Image.Image:
    profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    made = ImageCms.applyTransform(picture, ImageCms.buildTransform(*profiles, "RGB", "LAB"))
    assert made is not None
    return made


COLOUR = {
    "rgb.png": (lambda p: p, {}, 0),
    "rgba.png": (lambda p: p.convert("RGBA"), {}, 0),
    "rgb.bmp": (lambda p: p, {}, 0),
    "rgb.webp": (lambda p: p, {"lossless": True}, 0),
    "palette.png": (lambda p: p.quantize(256, dither=Image.Dither.NONE), {}, 8),
    "palette.gif": (lambda p: p.quantize(256, dither=Image.Dither.NONE), {}, 8),
    "cmyk.tif": (lambda p: p.convert("CMYK"), {}, 1),
    "cmyk.jpg": (lambda p: p.convert("CMYK"), {"quality": 98, "subsampling": 0}, 3),
    "ycc.jpg": (lambda p: p, {"quality": 98, "subsampling": 0}, 3),
    "ycc.tif": (lambda p: p.convert("YCbCr"), {}, 3),
    "lab.tif": (in_lab, {}, 4),
}


@pytest.mark.parametrize("name", COLOUR)
def test_a_picture_is_the_same_in_every_mode(tmp_path, name):
    convert, options, tolerance = COLOUR[name]
    for seed in range(5):
        picture = smooth(seed)
        convert(picture).save(tmp_path / name, **options)
        seen = open_rgb(tmp_path / name, 40)
        assert (seen.mode, seen.size) == ("RGB", (48, 40))
        assert far(seen, picture) <= tolerance


GREY = {
    "l.png": lambda p: p,
    "la.png": lambda p: p.convert("LA"),
    "16.png": lambda p: Image.fromarray(np.asarray(p).astype(np.uint16) * 257),
    "16.tif": lambda p: Image.fromarray(np.asarray(p).astype(np.uint16) * 257),
    "32.tif": lambda p: Image.fromarray(np.asarray(p).astype(np.int32)),
    "float.tif": lambda p: Image.fromarray(np.asarray(p).astype(np.float32)),
    "float1.tif": lambda p: Image.fromarray(np.asarray(p).astype(np.float32) / 255),
}


@pytest.mark.parametrize("name", GREY)
def test_grey_of_any_depth_is_the_same(tmp_path, name):
    for seed in range(5):
        picture = smooth(seed, "L")
        GREY[name](picture).save(tmp_path / name)
        assert far(open_rgb(tmp_path / name, 16), picture.convert("RGB")) == 0


def test_one_bit_is_black_and_white(tmp_path):
    smooth(1, "L").convert("1").save(tmp_path / "bit.png")
    assert set(np.unique(open_rgb(tmp_path / "bit.png", 16))) == {0, 255}


def half_clear(mode: str) -> Image.Image:
    """Red on the left, nothing on the right; what is hidden there is blue."""
    picture = Image.new("RGBA", (8, 4), (0, 0, 250, 0))
    picture.paste((250, 0, 0, 255), (0, 0, 4, 4))
    return picture.convert(mode)


@pytest.mark.parametrize(
    ("name", "picture", "options"),
    [
        ("rgba.png", half_clear("RGBA"), {}),
        ("rgba.webp", half_clear("RGBA"), {"lossless": True}),
        ("rgba.tif", half_clear("RGBA"), {}),
        ("key.png", half_clear("RGB"), {"transparency": (0, 0, 250)}),
        ("palette.png", half_clear("RGB").quantize(2), {"transparency": None}),
    ],
)
def test_what_is_transparent_is_white(tmp_path, name, picture, options):
    if "transparency" in options and options["transparency"] is None:
        blue = np.asarray(picture)[0, 7].item()
        options = {"transparency": bytes(0 if k == blue else 255 for k in range(2))}
    picture.save(tmp_path / name, **options)
    seen = np.asarray(open_rgb(tmp_path / name, 4))
    assert seen[0, 0].tolist() == [250, 0, 0]
    assert seen[0, 7].tolist() == [255, 255, 255]


def test_half_transparent_grey_is_half_white():
    picture = Image.merge("LA", (Image.new("L", (2, 2), 100), Image.new("L", (2, 2), 128)))
    assert flat(picture, "L").getpixel((0, 0)) == pytest.approx(255 - 155 * 128 / 255, abs=1)
    assert flat(picture, "LA") is picture
    assert flat(picture, "RGBA").getpixel((0, 0)) == (100, 100, 100, 128)
    assert flat(Image.new("RGB", (2, 2)), "RGBA").getpixel((0, 0)) == (0, 0, 0, 255)


@given(SEEDS, st.sampled_from([8, 10, 12, 14, 16]))
def test_a_deep_picture_is_as_bright_as_its_bytes(seed, depth):
    small = np.random.default_rng(seed).integers(0, 256, (6, 6), dtype=np.uint16)
    small[0, 0] = 255
    deep = np.rint(small * ((2**depth - 1) / 255)).astype(np.uint16)
    assert span_of(deep) == (0, 2**depth - 1)
    assert np.abs(eight_bit(deep).astype(int) - small).max() <= 1


NUMBERS = st.sampled_from([np.uint8, np.int16, np.uint16, np.int32, np.float32, np.float64, bool])


@given(NUMBERS.flatmap(lambda kind: arrays(kind, array_shapes(min_dims=2, max_dims=3))))
def test_any_numbers_become_bytes_in_their_order(values):
    seen = eight_bit(values)
    assert (seen.dtype, seen.shape) == (np.uint8, values.shape)
    real = ~np.isnan(values)
    order = np.argsort(values[real], kind="stable")
    assert (np.diff(seen[real][order].astype(int)) >= 0).all()


@pytest.mark.parametrize(
    ("values", "span"),
    [
        (np.array([[0, 4095]], ">u2"), (0, 4095)),
        (np.array([[0, 70_000]]), (0, 2**24 - 1)),
        (np.array([[-1000, 3000]], np.int16), (-1000, 3000)),
        (np.array([[0, 1]], np.uint8), (0, 1)),
        (np.array([[0.25, 0.75]]), (0, 1)),
        (np.array([[0.0, 254.5]]), (0, 255)),
        (np.array([[0.5, 12.0]]), (0, 12)),
        (np.array([[-1.0, np.nan, np.inf, 0.5]]), (-1, 0.5)),
        (np.array([[np.nan]]), (0, 1)),
    ],
)
def test_black_and_white_are_told_by_the_numbers(values, span):
    assert span_of(values) == span


def test_a_span_is_that_of_all_pieces(monkeypatch):
    monkeypatch.setattr("kaggle_prz.readers.pictures.modes._AT_A_TIME", 10)
    values = np.zeros((40, 5), np.uint16)
    values[39, 4] = 1023
    assert span_of(values) == (0, 1023)
    assert span_of((values > 0).astype(np.uint8)) == (0, 1)


def test_numbers_beyond_a_span_are_cut_and_nan_is_black():
    values = np.array([[-5.0, 0, 5, 10, 99, np.nan, np.inf]])
    assert eight_bit(values, Span(0, 10)).tolist() == [[0, 0, 128, 255, 255, 0, 255]]
    assert eight_bit(np.array([[300, 4096]], np.uint16), Span(0, 255)).tolist() == [[255, 255]]
    assert eight_bit(np.full((2, 2), -3)).tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize("span", [Span(0, 800), Span(0, 4095), Span(900, 4000), Span(0, 4000.5)])
def test_whole_numbers_are_spread_over_any_span(span):
    values = np.linspace(span.low, span.high, 60).astype(np.uint16)
    wanted = (values - span.low) / (span.high - span.low) * 255
    assert np.abs(eight_bit(values, span) - wanted).max() <= 1


def test_other_things_than_numbers_are_refused():
    with pytest.raises(DataError, match="array of real numbers; this one has complex128"):
        span_of(np.zeros((2, 2), complex))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp"])
def test_a_picture_is_turned_by_each_orientation(tmp_path, suffix, orientation):
    upright = Image.new("RGB", (32, 16), (30, 30, 30))
    upright.paste((220, 30, 30), (0, 0, 16, 8))
    lying = {
        1: upright,
        2: upright.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        3: upright.transpose(Image.Transpose.ROTATE_180),
        4: upright.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
        5: upright.transpose(Image.Transpose.TRANSPOSE),
        6: upright.transpose(Image.Transpose.ROTATE_90),
        7: upright.transpose(Image.Transpose.TRANSVERSE),
        8: upright.transpose(Image.Transpose.ROTATE_270),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    lying.save(tmp_path / f"a.{suffix}", exif=exif)
    assert far(open_rgb(tmp_path / f"a.{suffix}", 16), upright) < 8


@pytest.mark.parametrize("suffix", ["gif", "png", "webp", "tif"])
def test_of_a_film_the_first_frame_is_seen(tmp_path, suffix):
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue", "lime")]
    options = {"lossless": True} if suffix == "webp" else {}
    frames[0].save(tmp_path / f"a.{suffix}", save_all=True, append_images=frames[1:], **options)
    assert np.asarray(open_rgb(tmp_path / f"a.{suffix}", 16))[8, 8].tolist() == [255, 0, 0]
