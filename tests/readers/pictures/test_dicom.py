"""DICOM files as their makers show them. Needs pydicom."""

import importlib.util
import tracemalloc

import numpy as np
import pytest
from support.toys import Recorder

from kaggle_prz import images
from kaggle_prz.core.errors import DataError, MissingExtraError
from kaggle_prz.readers.formats import Wanted
from kaggle_prz.readers.pictures import dicom, sources

pydicom = pytest.importorskip("pydicom")


def write(path, pixels: np.ndarray, **values):
    """A file of `(height, width)` numbers, or of `(height, width, 3)` colours."""
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = "1.2.3"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = FileDataset(path, {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID, data.SOPInstanceUID = SecondaryCaptureImageStorage, "1.2.3"
    frames = pixels.shape[0] if "NumberOfFrames" in values else None
    data.Rows, data.Columns = pixels.shape[1:3] if frames else pixels.shape[:2]
    colour = pixels.shape[-1] == 3
    data.SamplesPerPixel = 3 if colour else 1
    data.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    if colour:
        data.PlanarConfiguration = 0
    data.BitsAllocated = data.BitsStored = 8 * pixels.dtype.itemsize
    data.HighBit = data.BitsStored - 1
    data.PixelRepresentation = int(pixels.dtype.kind == "i")
    data.PixelData = pixels.tobytes()
    for name, value in values.items():
        setattr(data, name, value)
    data.save_as(path, enforce_file_format=True)
    return path


def ramp(low: int, high: int, kind=np.int16) -> np.ndarray:
    return np.linspace(low, high, 256).reshape(16, 16).round().astype(kind)


def seen(path) -> np.ndarray:
    picture = np.asarray(images.open_rgb(path, 16))
    assert (picture == picture[..., :1]).all()
    return picture[..., 0].astype(int)


def test_a_window_of_rescaled_units(tmp_path):
    hounsfield = ramp(-1000, 1000)
    path = write(
        tmp_path / "a.dcm", ((hounsfield + 1024) // 2).astype(np.uint16),
        RescaleSlope=2, RescaleIntercept=-1024, WindowCenter=40, WindowWidth=400,
    )  # fmt: skip
    wanted = np.clip((hounsfield - (40 - 200)) / 400 * 255, 0, 255)
    assert np.abs(seen(path) - wanted).max() <= 2
    assert (seen(path) == 0).mean() == pytest.approx(0.42, abs=0.02)


def test_of_several_windows_the_first_and_exact_ones_are_exact(tmp_path):
    path = write(tmp_path / "a.dcm", ramp(0, 1000), WindowCenter=[500, 100], WindowWidth=[1000, 20])
    assert np.abs(seen(path).ravel() - np.arange(256)).max() <= 1
    path = write(
        tmp_path / "b.dcm", ramp(0, 4), WindowCenter=2, WindowWidth=4,
        VOILUTFunction="LINEAR_EXACT",
    )  # fmt: skip
    assert np.unique(seen(path)).tolist() == [0, 64, 128, 191, 255]


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int16])
def test_without_a_window_the_extremes_are_black_and_white(tmp_path, kind):
    picture = seen(write(tmp_path / "a.dcm", ramp(10, 120, kind)))
    assert (picture.min(), picture.max()) == (0, 255)


def test_monochrome1_is_inverted(tmp_path):
    picture = ramp(0, 4000)
    plain = seen(write(tmp_path / "a.dcm", picture))
    inverted = write(tmp_path / "b.dcm", picture, PhotometricInterpretation="MONOCHROME1")
    assert (seen(inverted) == 255 - plain).all()


def test_a_sigmoid_window_keeps_the_order(tmp_path):
    path = write(
        tmp_path / "a.dcm", ramp(0, 1000), WindowCenter=500, WindowWidth=200,
        VOILUTFunction="SIGMOID",
    )  # fmt: skip
    picture = seen(path).ravel()
    assert (np.diff(picture) >= 0).all()
    assert picture[64] < 20
    assert picture[192] > 235


def test_colours_and_the_first_of_several_frames(tmp_path):
    colours = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    picture = images.open_rgb(write(tmp_path / "a.dcm", colours), 8)
    assert (np.asarray(picture) == colours).all()
    film = np.stack([ramp(0, 255, np.uint8), ramp(255, 0, np.uint8)])
    first = seen(write(tmp_path / "b.dcm", film, NumberOfFrames=2))
    assert (first == film[0]).all()


def test_a_store_of_grey(tmp_path):
    write(tmp_path / "a.dcm", ramp(0, 255, np.uint8))
    decoded = images.decode(tmp_path, ["a.dcm"], (16,), tmp_path / "s", Recorder(), channels=1)
    assert (decoded.stores[16][0, ..., 0] == ramp(0, 255, np.uint8)).all()


def test_what_holds_no_picture_is_passed_over(tmp_path):
    (tmp_path / "html.dcm").write_bytes(b"<html>404</html>" * 20)
    whole = write(tmp_path / "cut.dcm", ramp(0, 255)).read_bytes()
    (tmp_path / "cut.dcm").write_bytes(whole[:-100])
    write(tmp_path / "large.dcm", ramp(0, 255))
    write(tmp_path / "good.dcm", ramp(0, 255)[:4])
    files = ["html.dcm", "cut.dcm", "large.dcm", "good.dcm"]
    decoded = images.decode(tmp_path, files, (16,), tmp_path / "s", Recorder(), largest_pixels=255)
    assert decoded.readable.tolist() == [False, False, False, True]


def test_without_pydicom_the_extra_is_named_before_a_file_is_read(tmp_path, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "pydicom" else find(name)
    )
    console = Recorder()
    with pytest.raises(MissingExtraError, match=r"pip install 'kaggle-prz\[medical\]'"):
        images.decode(tmp_path, ["a.png", "b.DCM"], (16,), tmp_path / "s", console)
    assert console.bars == []
    with pytest.raises(MissingExtraError):
        images.open_rgb(tmp_path / "b.dcm", 16)


def test_a_dicom_file_without_pixels(tmp_path):
    path = write(tmp_path / "a.dcm", ramp(0, 255))
    data = pydicom.dcmread(path)
    del data.PixelData
    data.save_as(path)
    with pytest.raises(DataError, match="has no pixels"):
        images.open_rgb(path, 16)


def test_a_damaged_length_makes_no_room_for_what_is_not_there(tmp_path):
    tracemalloc.start()
    try:
        element = b"\x10\x00\x10\x00UN\0\0\xf0\xff\xff\x3f" + b"few"  # 1 GiB
        (tmp_path / "x.dcm").write_bytes(bytes(128) + b"DICM" + element)
        with pytest.raises(Exception, match=r"no pixels|EOF|end|unpack"):
            dicom.read(tmp_path / "x.dcm", Wanted(3, 16, 1000))
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("window", [{}, {"WindowCenter": 40, "WindowWidth": 10}])
@pytest.mark.parametrize("inverted", [True, False])
def test_the_range_of_all_images_counts_in_units(tmp_path, window, inverted):
    path = write(
        tmp_path / "a.dcm", ramp(924, 1424), RescaleSlope=1, RescaleIntercept=-1024,
        PhotometricInterpretation="MONOCHROME1" if inverted else "MONOCHROME2", **window,
    )  # fmt: skip
    picture = np.asarray(images.open_rgb(path, 16, pixel_range=(-100, 400)))[..., 0]
    wanted = np.linspace(0, 255, 256).reshape(16, 16)
    assert np.abs(picture - (255 - wanted if inverted else wanted)).max() <= 1


def test_a_window_or_8_bits_leave_no_numbers(tmp_path):
    window = {"WindowCenter": 40, "WindowWidth": 10}
    for path, deep in (
        (write(tmp_path / "a.dcm", ramp(0, 900)), True),
        (write(tmp_path / "b.dcm", ramp(0, 900), **window), False),
        (write(tmp_path / "c.dcm", ramp(0, 90, np.uint8)), False),
    ):
        assert (sources.numbers(path, 3, 10**6) is not None) == deep
