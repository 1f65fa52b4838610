import io
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import warnings
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.toys import Recorder

from kaggle_prz import images
from kaggle_prz.core.errors import DiskFullError
from kaggle_prz.images import decode_one, resize
from kaggle_prz.readers.pictures import modes

RED, BLUE = (220, 30, 30), (30, 30, 220)


def _halves(width: int = 40, height: int = 30) -> Image.Image:
    """Red on the left, blue on the right."""
    picture = Image.new("RGB", (width, height), RED)
    picture.paste(BLUE, (width // 2, 0, width, height))
    return picture


@pytest.fixture
def root(tmp_path) -> Path:
    place = tmp_path / "files"
    place.mkdir()
    return place


@pytest.fixture
def decode(root, tmp_path):
    """Decode files of `root`, at 16 px unless told otherwise."""

    def run(files, sizes=(16,), console=None):
        return images.decode(root, files, sizes, tmp_path / "store", console or Recorder())

    return run


def _save(root: Path, name: str, picture: Image.Image, **options) -> str:
    picture.save(root / name, **options)
    return name


def _sides(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean colours of the left and of the right third."""
    third = pixels.shape[1] // 3
    return pixels[:, :third].mean(axis=(0, 1)), pixels[:, -third:].mean(axis=(0, 1))


def _looks_like_halves(pixels: np.ndarray) -> bool:
    left, right = _sides(pixels)
    return bool(np.abs(left - RED).max() < 12 and np.abs(right - BLUE).max() < 12)


@pytest.mark.parametrize(
    ("name", "mode", "options"),
    [
        ("a.png", "RGB", {}),
        ("a.png", "RGBA", {}),
        ("a.png", "P", {}),
        ("a.bmp", "RGB", {}),
        ("a.webp", "RGB", {"lossless": True}),
        ("a.tif", "RGB", {}),
        ("a.jpg", "RGB", {"quality": 95, "subsampling": 0}),
        ("a.jpg", "CMYK", {"quality": 95}),
        ("a.gif", "P", {}),
    ],
)
def test_every_kind_of_colour_image_becomes_rgb(root, decode, name, mode, options):
    decoded = decode([_save(root, name, _halves().convert(mode), **options)])
    assert decoded.stores[16].shape == (1, 16, 16, 3)
    assert decoded.stores[16].dtype == np.uint8
    assert _looks_like_halves(decoded.stores[16][0])


@pytest.mark.parametrize("mode", ["L", "LA", "1"])
def test_grey_images_get_three_equal_channels(root, decode, mode):
    picture = Image.new("L", (20, 20), 255)
    picture.paste(0, (0, 0, 10, 20))
    pixels = decode([_save(root, "g.png", picture.convert(mode))]).stores[16][0]
    assert (pixels == pixels[..., :1]).all()
    assert pixels[:, :5].max() < 30
    assert pixels[:, -5:].min() > 225


@pytest.mark.parametrize("aspect", ["squash", "pad", "crop"])
def test_grey_pictures_are_resized_once_and_are_as_in_colour(root, tmp_path, monkeypatch, aspect):
    drawn = np.random.default_rng(0).integers(0, 256, (40, 30), np.uint8)
    for name, pixels in (("grey", drawn), ("colour", np.stack([drawn] * 3, axis=-1))):
        Image.fromarray(pixels).save(root / f"{name}.png")
    resized = []
    original = resize._resized

    def count(plane, size, policy):
        resized.append(plane.mode)
        return original(plane, size, policy)

    monkeypatch.setattr(resize, "_resized", count)
    how = decode_one.How(3, aspect, 10**6)
    found = [
        decode_one.decode(root, f"{name}.png", (24, 16), how)[0] for name in ("grey", "colour")
    ]
    for size in (24, 16):
        np.testing.assert_array_equal(found[0][size], found[1][size])
    assert resized == ["L", "L", "RGB", "RGB"]
    assert images.open_rgb(root / "grey.png", 8).mode == "RGB"


def test_sixteen_bits_keep_their_high_byte(root, decode):
    deep = np.full((20, 20), 0x40FF, np.uint16)
    deep[:, 10:] = 0xC000
    picture = Image.fromarray(deep)
    assert picture.mode == "I;16"
    pixels = decode([_save(root, "deep.png", picture)]).stores[16][0]
    assert pixels[8, 2].tolist() == [0x40] * 3
    assert pixels[8, 13].tolist() == [0xC0] * 3


def test_a_palette_with_transparency_says_nothing_to_the_terminal(root, decode, capfd):
    picture = _halves().convert("P")
    name = _save(root, "p.png", picture, transparency=bytes(range(256)))
    assert decode([name]).readable.all()
    assert capfd.readouterr() == ("", "")


def test_a_picture_is_turned_upright(root, decode):
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    lying = _halves().rotate(180)
    decoded = decode(
        [
            _save(root, "turned.jpg", lying, exif=exif, quality=95, subsampling=0),
            _save(root, "as_is.jpg", lying, quality=95, subsampling=0),
        ]
    )
    assert _looks_like_halves(decoded.stores[16][0])
    assert not _looks_like_halves(decoded.stores[16][1])


def test_large_jpegs_are_not_decoded_smaller_than_needed(root, decode):
    lines = np.zeros((512, 512, 3), np.uint8)
    lines[:, ::16] = 255
    name = _save(root, "lines.jpg", Image.fromarray(lines), quality=95)
    pixels = decode([name], sizes=(16, 256)).stores[256][0]
    assert pixels[:, ::8].mean() > pixels[:, 4::8].mean() + 60


def test_every_size_is_decoded_in_one_go(root, decode):
    console = Recorder()
    names = [_save(root, f"{k}.png", _halves()) for k in range(3)]
    decoded = decode(names, sizes=(16, 24, 32), console=console)
    assert {size: store.shape for size, store in decoded.stores.items()} == {
        size: (3, size, size, 3) for size in (16, 24, 32)
    }
    assert console.bars == [("decode to 16 and 24 and 32 px", 3)]
    assert all(_looks_like_halves(store[2]) for store in decoded.stores.values())


def test_rows_stay_in_the_order_of_the_files(root, decode):
    greys = [10, 200, 90, 150]
    names = [_save(root, f"{grey}.png", Image.new("RGB", (20, 20), (grey,) * 3)) for grey in greys]
    assert decode(names).stores[16][:, 8, 8, 0].tolist() == greys


def _never(*_: object) -> None:
    raise AssertionError("a file was read again")


def test_a_second_run_opens_the_store_without_reading_a_file(root, decode, monkeypatch):
    names = [_save(root, f"{k}.png", _halves()) for k in range(2)]
    first = decode(names, sizes=(16, 24))
    monkeypatch.setattr(decode_one, "decode", _never)
    console = Recorder()
    second = decode(names, sizes=(24,), console=console)
    assert (second.stores[24] == first.stores[24]).all()
    assert console.bars == []


def test_a_size_more_reads_the_files_for_that_size_alone(root, decode):
    names = [_save(root, "a.png", _halves())]
    decode(names)
    console = Recorder()
    decoded = decode(names, sizes=(16, 24), console=console)
    assert console.bars == [("decode to 24 px", 1)]
    assert _looks_like_halves(decoded.stores[16][0])


def test_changed_content_of_one_size_is_decoded_again(root, decode):
    name = _save(root, "a.bmp", _halves())
    decode([name])
    before = (root / name).stat()
    _save(root, name, Image.new("RGB", (40, 30), BLUE))
    os.utime(root / name, ns=(before.st_atime_ns, before.st_mtime_ns + 10**6))
    assert (root / name).stat().st_size == before.st_size
    assert decode([name]).stores[16][0, 8, 2].tolist() == list(BLUE)


@pytest.mark.parametrize("cache", ["raw", "none"])
def test_a_moved_competition_keeps_its_store(root, tmp_path, monkeypatch, cache):
    names = [_save(root, f"{k}.png", _halves(40 + k)) for k in range(3)] + ["", "bad.png"]
    (root / "bad.png").write_bytes(b"no image")
    place, moved, console = tmp_path / "home" / "one", tmp_path / "moved", Recorder()
    first = images.decode(root, names, (16,), place, Recorder(), cache=cache)
    root.rename(moved)
    if cache == "raw":
        monkeypatch.setattr(decode_one, "decode", _never)
    second = images.decode(moved, names, (16,), place, console, cache=cache)
    assert console.bars == []
    assert second.readable.tolist() == first.readable.tolist() == [True] * 3 + [False] * 2
    assert second.reasons == first.reasons
    assert second.reasons[4] == "UnidentifiedImageError: cannot identify image file 'bad.png'"
    assert _looks_like_halves(second.stores[16][2])


CHILD = """
import sys
from pathlib import Path
from kaggle_prz import images
from kaggle_prz.core.console import Silent

root, store = map(Path, sys.argv[1:])
names = sorted(path.name for path in root.iterdir())
print(images.decode(root, names, (16,), store, Silent()).stores[16].filename)
"""


@pytest.mark.slow
def test_processes_at_once_share_a_store(root, tmp_path):
    for number in range(40):
        _save(root, f"{number}.png", _halves(40 + number))
    shutil.copytree(root, tmp_path / "copy")
    children = [
        subprocess.Popen(
            [sys.executable, "-c", CHILD, files, tmp_path / "home" / "of"],
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )
        for files in (root, tmp_path / "copy", root)
    ]
    told = {child.communicate()[0] for child in children}
    assert {child.returncode for child in children} == {0}
    (made,) = (tmp_path / "home").rglob("16.npy")
    assert told == {f"{made}\n".encode()}


def test_a_file_elsewhere_in_the_directory_changes_nothing(root, decode, monkeypatch):
    files = [_save(root, "a.png", _halves()), ""]
    decode(files)
    (root / "notes.txt").write_text("new")
    os.utime(root)
    monkeypatch.setattr(decode_one, "decode", _never)
    assert decode(files).readable.tolist() == [True, False]


def test_a_row_without_a_file_is_not_readable_and_not_an_error(root, decode):
    decoded = decode([_save(root, "a.png", _halves()), *[""] * 50])
    assert decoded.readable.tolist() == [True] + [False] * 50
    assert not decoded.stores[16][1:].any()


def _truncated(picture: Image.Image, form: str) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form)
    return buffer.getvalue()[: len(buffer.getvalue()) // 2]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("bad.jpg", _truncated(Image.effect_noise((60, 60), 90).convert("RGB"), "JPEG")),
        ("bad.png", _truncated(Image.effect_noise((60, 60), 90), "PNG")),
        ("bad.png", b""),
        ("bad.png", b"<html>404</html>"),
        ("gone.png", None),
    ],
    ids=["jpeg", "png", "empty", "html", "gone"],
)
def test_a_file_that_cannot_be_decoded_is_passed_over(root, tmp_path, decode, name, content):
    if content is not None:
        (root / name).write_bytes(content)
    good = _save(root, "good.png", _halves())
    decoded = decode([name, good])
    assert decoded.readable.tolist() == [False, True]
    assert not decoded.stores[16][0].any()
    (record,) = (tmp_path / "store").rglob("unreadable.json")
    ((row, reason),) = json.loads(record.read_text())
    assert row == 0
    assert "Error" in reason


def test_an_error_of_any_kind_is_a_damaged_file(root, decode, monkeypatch):
    def broken(*_):
        raise TypeError("'float' object cannot be interpreted as an integer")

    monkeypatch.setattr(modes, "flat", broken)
    assert not decode([_save(root, "a.png", _halves())]).readable.any()


def test_filters_of_warnings_are_left_as_they_were(root, decode):
    before = list(warnings.filters)
    decode([_save(root, f"{k}.png", _halves()) for k in range(8)])
    assert warnings.filters == before


def test_more_broken_files_than_are_passed_over(root, decode):
    for row in range(11):
        (root / f"{row}.png").write_bytes(b"no image")
    names = [f"{row}.png" for row in range(11)]
    decoded = decode(names[:10])
    assert not decoded.readable.any()
    assert list(decoded.reasons) == [*range(10)]
    for _ in range(2):  # the second time from the store
        told = r"11 of 11 images .* than the limit of 10: 0\.png \(Unid"
        with pytest.raises(images.TooManyUnreadableError, match=told) as caught:
            decode(names)
        assert list(caught.value.reasons) == [*range(11)]
        assert caught.value.reasons[10].startswith("UnidentifiedImageError")


def test_many_images_that_are_too_large_name_the_option(root, tmp_path):
    names = [_save(root, f"{side}.png", Image.new("L", (side, side))) for side in range(20, 32)]
    told = r"12 of 12 images .*\. Allow larger images with --largest-pixels 961, or remove"
    for largest, fits in ((399, False), (961, True)):
        with nullcontext() if fits else pytest.raises(images.TooManyUnreadableError, match=told):
            images.decode(
                root, names, (16,), tmp_path / "store", Recorder(), largest_pixels=largest
            )


@pytest.fixture
def small_disk(tmp_path):
    """Files of this process grow to 20 kB and no further."""
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.skipif(sys.platform == "win32", reason="limits of file size are POSIX")
def test_a_full_disk_is_a_sentence_and_leaves_no_parts(root, tmp_path, decode, small_disk):
    name = _save(root, "a.png", _halves())
    with pytest.raises(DiskFullError, match="The disk or a quota is full"):
        decode([name], sizes=(16, 256))
    assert [p.name for p in (tmp_path / "store").rglob("*npy")] == []
    assert _looks_like_halves(decode([name], sizes=(16,)).stores[16][0])
