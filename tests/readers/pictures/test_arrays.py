"""Arrays in any order of axes, stacks of them, any number of channels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from support.toys import Recorder

from kaggle_prz import images
from kaggle_prz.core.errors import DataError, UsageError
from kaggle_prz.readers.pictures import arrays

SIZES = st.integers(10, 40)


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.fixture
def decode(tmp_path):
    """Decode references below `tmp_path`, at 12 px."""

    def run(*files, **options):
        decoded = images.decode(tmp_path, files, (12,), tmp_path / "s", Recorder(), **options)
        assert decoded.readable.all()
        return decoded.stores[12]

    return run


@given(SIZES, SIZES, st.integers(1, 9))
def test_channels_go_last(height, width, channels):
    image = noise(height, width, channels)
    assert (arrays.upright(image, channels) == image).all()
    assert (arrays.upright(np.moveaxis(image, -1, 0), channels) == image).all()


@given(SIZES, SIZES, st.sampled_from([1, 3, 4]))
def test_few_channels_are_told_where_others_are_wanted(height, width, channels):
    image = noise(height, width, channels)
    assert (arrays.upright(image, 7) == image).all()
    assert (arrays.upright(np.moveaxis(image, -1, 0), 7) == image).all()
    assert arrays.upright(image[..., 0], 7).shape == (height, width, 1)


@pytest.mark.parametrize("shape", [(30, 40, 6), (2, 3, 4, 5), (0, 4, 3)])
def test_another_shape_is_refused(shape):
    with pytest.raises(DataError, match=r"\(height, width, 3\).*has the shape \(\d, |\(30"):
        arrays.upright(np.zeros(shape), 3)


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5, 13])
def test_an_array_at_its_own_size_is_kept_exactly(tmp_path, decode, channels):
    image = noise(12, 12, channels)
    np.save(tmp_path / "last.npy", image)
    np.save(tmp_path / "first.npy", np.ascontiguousarray(np.moveaxis(image, -1, 0)))
    store = decode("last.npy", "first.npy", channels=channels)
    assert store.shape == (2, 12, 12, channels)
    assert (store == image).all()


def test_channels_are_resized_one_by_one_and_antialiased(tmp_path, decode):
    image = noise(50, 70, 5)
    image[..., 1] = np.arange(50)[:, None] % 2 * 200  # lines that no pixel of 12 can hold
    image[..., 3] = 0  # alpha, were it one
    np.save(tmp_path / "a.npy", image)
    seen = decode("a.npy", channels=5)[0]
    for channel in range(5):
        plane = Image.fromarray(np.ascontiguousarray(image[..., channel]))
        alone = np.asarray(plane.resize((12, 12), Image.Resampling.LANCZOS, reducing_gap=3.0))
        assert (seen[..., channel] == alone).all()
    assert np.abs(seen[2:-2, :, 1].astype(int) - 100).max() < 40
    four = image[..., :4]
    np.save(tmp_path / "four.npy", four)
    assert (decode("four.npy", channels=4)[0] == seen[..., :4]).all()


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_image_files_have_the_channels_that_are_wanted(tmp_path, decode, channels):
    Image.new("RGBA", (20, 20), (200, 100, 50, 255)).save(tmp_path / "a.png")
    grey = round(0.299 * 200 + 0.587 * 100 + 0.114 * 50)
    wanted = {1: [grey], 2: [grey, 255], 3: [200, 100, 50], 4: [200, 100, 50, 255]}[channels]
    assert decode("a.png", channels=channels)[0, 5, 5].tolist() == pytest.approx(wanted, abs=1)
    Image.new("RGB", (20, 20), (200, 100, 50)).save(tmp_path / "a.jpg", quality=98)
    assert decode("a.jpg", channels=channels)[0, 5, 5].tolist() == pytest.approx(wanted, abs=3)


def test_alpha_is_a_channel_of_its_own_where_four_are_wanted(tmp_path, decode):
    picture = noise(12, 12, 4)
    picture[..., 3] = 7
    Image.fromarray(picture).save(tmp_path / "a.png")
    assert (decode("a.png", channels=4)[0] == picture).all()


def test_grey_and_alpha_are_converted_to_colour(tmp_path, decode):
    grey = noise(12, 12)
    np.save(tmp_path / "grey.npy", grey)
    np.save(tmp_path / "clear.npy", np.dstack([grey, grey, grey, np.zeros_like(grey)]))
    store = decode("grey.npy", "clear.npy")
    assert (store[0] == grey[..., None]).all()
    assert (store[1] == 255).all()


@pytest.mark.parametrize("order", ["nhw", "nhwc", "nchw"])
def test_a_stack_is_read_row_by_row_and_scaled_as_a_whole(tmp_path, decode, order):
    stack = (noise(9, 12, 12, 3).astype(np.uint16) << 4) // 8
    stack[8, 0, 0, 0] = 4095  # in one image alone
    saved = {"nhw": stack[..., 0], "nhwc": stack, "nchw": np.moveaxis(stack, -1, 1)}[order]
    np.save(tmp_path / "s.npy", np.ascontiguousarray(saved))
    seen = decode(*(f"s.npy#{row}" for row in (3, 0, 8)))
    wanted = (stack[[3, 0, 8]] >> 4).astype(np.uint8)
    assert (seen == (wanted[..., :1] if order == "nhw" else wanted)).all()


def test_the_numbers_of_a_stack_are_looked_at_once(tmp_path, decode, monkeypatch):
    looked = []
    span_of = arrays.modes.span_of
    monkeypatch.setattr(arrays.modes, "span_of", lambda a: looked.append(a.shape) or span_of(a))
    np.save(tmp_path / "s.npy", noise(30, 12, 12).astype(np.float32) / 255)
    decode(*(f"s.npy#{row}" for row in range(30)))
    assert looked == [(30, 12, 12)]


@pytest.mark.parametrize(
    ("name", "array", "channels", "said"),
    [
        ("a.npy#4", noise(4, 12, 12), 3, "the rows are 0 to 3; received row 4"),
        ("a.npy", noise(12), 3, r"an array of shape (12,) is not an image"),
        ("a.npy", noise(9, 12, 12, 3), 3, "has the shape (9, 12, 12, 3)"),
        ("a.npy", noise(12, 12, 5), 5, ""),
        ("a.npy", noise(12, 12, 3), 5, "images must have 5 channels; this one has 3"),
        ("a.npy", np.array([["a", "b"]]), 3, "has <U1"),
        ("a.npy", np.array([[{}, {}]]), 3, "Python objects in dtype"),
        ("a.npy", noise(40, 60), 3, "60 × 40 = 2,400. Allow it with --largest-pixels 2400"),
    ],
)
def test_what_is_no_image_is_said(tmp_path, name, array, channels, said):
    np.save(tmp_path / "a.npy", array, allow_pickle=True)
    images.decode(
        tmp_path, [name], (12,), tmp_path / "s", Recorder(),
        channels=channels, largest_pixels=2000,
    )  # fmt: skip
    (record,) = (tmp_path / "s").rglob("unreadable.json")
    assert said in record.read_text("utf-8")
    assert (record.read_text("utf-8").strip() == "[]") == (said == "")


def test_image_files_have_no_five_channels(tmp_path):
    for row in range(11):
        Image.new("RGB", (4, 4)).save(tmp_path / f"{row}.png")
    files = [f"{row}.png" for row in range(11)]
    with pytest.raises(DataError, match="1 to 4 channels, but 5 are needed"):
        images.decode(tmp_path, files, (12,), tmp_path / "s", Recorder(), channels=5)


@pytest.mark.parametrize("option", ["channels", "largest_pixels"])
def test_numbers_below_one_are_refused(tmp_path, option):
    with pytest.raises(UsageError, match=f"{option} must be at least 1; received 0"):
        images.decode(tmp_path, [], (12,), tmp_path / "s", Recorder(), **{option: 0})
