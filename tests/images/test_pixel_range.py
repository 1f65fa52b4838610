"""One range for all images of a set, from a sample of them."""

import numpy as np
import pytest
from PIL import Image
from support.toys import Recorder

from kaggle_prz import images
from kaggle_prz.images import pixel_range

RANDOM = np.random.default_rng(0)


def waves(low: float, high: float, kind: type = np.float32) -> np.ndarray:
    values = np.linspace(low, high, 900).reshape(30, 30)
    return (np.rint(values) if np.issubdtype(kind, np.integer) else values).astype(kind)


@pytest.fixture
def found(tmp_path):
    """Return the range of arrays, each in a file."""

    def find(*arrays, **options):
        names = [f"{place:03d}.npy" for place in range(len(arrays))]
        for name, array in zip(names, arrays, strict=True):
            np.save(tmp_path / name, array)
        return pixel_range.of(tmp_path, names, 3, 10**6, **options)

    return find


@pytest.mark.parametrize(
    ("arrays", "span"),
    [
        ([waves(0, top, np.uint16) for top in (900, 4000, 4090)], (0, 4095)),
        ([waves(0, top, np.uint16) for top in (900, 65000)], (0, 65535)),
        ([waves(0, top, np.int32) for top in (900, 4000)], (0, 4095)),
        ([waves(0.1, top) for top in (0.3, 0.9)], (0, 1)),
        ([waves(10, top) for top in (100, 250)], (0, 255)),
        ([waves(2, top) for top in (9, 12)], (0, 12)),
    ],
)
def test_the_usual_range_serves_where_it_is_used(found, arrays, span):
    assert found(*arrays).span == pytest.approx(span)


@pytest.mark.parametrize(
    ("arrays", "span"),
    [
        ([waves(-34, -20), waves(-30, -2)], (-34, -2)),
        ([waves(250, 300), waves(280, 320)], (250, 320)),  # kelvins
        ([waves(25_000, 31_000, np.uint16)] * 3, (25_000, 31_000)),
        ([waves(0, 0.02), waves(0, 0.01)], (0, 0.02)),
        ([waves(-1000, 3000, np.int16), waves(-900, 100, np.int16)], (-1000, 3000)),
    ],
)
def test_measurements_have_the_range_of_their_values(found, arrays, span):
    width = span[1] - span[0]
    assert found(*arrays).span == pytest.approx(span, abs=0.01 * width)


def test_single_hot_pixels_and_odd_files_do_not_count(found):
    hot = waves(0, 4000, np.uint16)
    hot = np.repeat(np.repeat(hot, 3, 0), 3, 1)
    hot[0, 0] = 65_535
    assert found(hot, waves(0, 4000, np.uint16)).span.high == pytest.approx(4000, abs=40)
    many = [waves(-1, 1)] * 199
    assert found(*many, waves(-1000, 1000)).span == pytest.approx((-1, 1), abs=0.02)


def test_a_fill_far_below_all_else_does_not_count(found):
    filled = waves(10, 20)
    filled[:3] = -9999
    assert found(filled, filled).span == pytest.approx((0, 20))
    assert found(waves(-30, 20)).span == pytest.approx((-30, 20), abs=0.2)


def test_nan_and_infinity_do_not_count(found):
    values = waves(-5, 5)
    values[0, :3] = np.nan, np.inf, -np.inf
    assert found(values, np.full((4, 4), np.nan)).span == pytest.approx((-5, 5), abs=0.2)


@pytest.mark.parametrize(
    "arrays",
    [
        [waves(0, 255, np.uint8)],
        [waves(0, 200, np.int64), waves(0, 90, np.int64)],  # bytes, as JSON has them
        [waves(0, 1, np.uint8).astype(bool)],
        [np.full((4, 4), np.nan, np.float32)],
    ],
)
def test_bytes_have_no_range(found, arrays):
    assert found(*arrays) is None


def test_files_that_cannot_be_read_are_passed_over(tmp_path, found):
    (tmp_path / "999.npy").write_bytes(b"broken")
    np.save(tmp_path / "000.npy", waves(-1, 1))
    names = ["000.npy", "999.npy", "gone.npy"]
    assert pixel_range.of(tmp_path, names, 3, 10**6).rule.endswith("1 of 3 training images")


def test_images_that_use_little_of_the_range_are_counted(found):
    dim, bright = waves(0, 4000, np.uint16), waves(0, 65_000, np.uint16)
    assert found(*[bright] * 5, *[dim] * 5).dark == "5 of 10"
    assert found(*[bright] * 10, dim).dark == ""
    assert found(*[bright] * 5, *[dim] * 5, all_deep=True) is None


def test_one_image_of_8_bits_is_enough_where_all_must_be_deep(found):
    assert found(waves(-1, 1), waves(0, 255, np.uint8), all_deep=True) is None
    assert found(waves(-1, 1), waves(0, 255, np.uint8)) is not None


def test_a_sample_is_spread_and_rows_are_together():
    names = [f"{place:05d}.png" for place in range(10_000)]
    chosen = pixel_range._chosen(names, 200)
    assert (len(chosen), chosen[0], chosen[-1]) == (200, names[0], names[-1])
    rows = [f"s.npy#{place}" for place in range(10_000)]
    chosen = pixel_range._chosen(rows, 200)
    assert len(chosen) == 200
    assert chosen[:10] == rows[:10]
    assert chosen[10] != rows[10]
    assert chosen[-1] == rows[-1]
    assert pixel_range._chosen(names[:3], 200) == names[:3]


def decoded(root, names, **options):
    made = images.decode(root, names, (16,), root / "store", Recorder(), **options)
    return made.stores[16][:]


def test_a_level_is_kept_and_stores_are_not_shared(tmp_path):
    for name, top in (("a.png", 900), ("b.png", 4000)):
        Image.fromarray(np.full((16, 16), top, np.uint16)).save(tmp_path / name)
    Image.fromarray(np.full((16, 16), 77, np.uint8)).save(tmp_path / "c.png")
    names = ["a.png", "b.png", "c.png"]
    seen = [
        decoded(tmp_path, names, pixel_range=span)[:, 0, 0, 0].tolist()
        for span in ((0, 4095), (0, 8000), None, (0, 4095))
    ]
    assert seen == [[56, 250, 77], [29, 128, 77], [225, 250, 77], [56, 250, 77]]
    stores = [place.name for place in (tmp_path / "store").iterdir() if place.is_dir()]
    assert len(stores) == 3


def test_bytes_are_the_same_with_and_without_a_range(tmp_path):
    noise = RANDOM.integers(0, 256, (20, 30, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.png")
    np.save(tmp_path / "a.npy", noise)
    for name in ("a.png", "a.npy"):
        plain = decoded(tmp_path, [name])
        assert (decoded(tmp_path, [name], pixel_range=(0, 4095)) == plain).all()


def test_the_key_of_a_store_without_a_range_is_that_of_earlier_versions():
    how = images.How(3, "squash", images.LARGEST_PIXELS)
    assert how.key == "squash 3 200000000"
