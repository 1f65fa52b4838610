"""The registry of image formats, and a format that a made-up package adds to it."""

import pkgutil
import sys
import tomllib
import zipfile
from pathlib import Path

import numpy as np
import pytest
from packaging.requirements import Requirement
from PIL import Image
from support.competitions.rows import record
from support.toys import Recorder
from support.trees import make_csv

from kaggle_prz import images
from kaggle_prz.commands import doctor, inspect
from kaggle_prz.core.errors import MissingExtraError, PrzError
from kaggle_prz.readers import formats
from kaggle_prz.readers.pictures import sources
from kaggle_prz.tasks import image_rows

BOX = """
import io
import struct

import numpy as np

from kaggle_prz.readers.formats import Format, Head


def read(file, wanted):
    content = file.getvalue() if isinstance(file, io.BytesIO) else file.read_bytes()
    height, width, channels = struct.unpack("<3I", content[4:16])
    return np.frombuffer(content[16:], np.uint8).reshape(height, width, channels)


def head(path):
    height, width, channels = struct.unpack("<3I", path.read_bytes()[4:16])
    return Head((width, height), f"{channels} channels")


FORMAT = Format(
    (".box", ".boxed"), KIND, "pixelbox:read", head="pixelbox:head", magic=(b"PBOX",),
    name="A picture of Pixelbox", package=PACKAGE,
)
NO_FORMAT = 7
JPEGS = Format((".jpg",), "images", "pixelbox:read")
"""
CLASSES = ("cat", "dog")


def boxed(pixels: np.ndarray) -> bytes:
    return b"PBOX" + np.array(pixels.shape, "<u4").tobytes() + pixels.tobytes()


def forget() -> None:
    for cached in (formats.known, formats.by_suffix, formats.kinds, sources._with_row):
        cached.cache_clear()


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Install the package Pixelbox for one test."""

    def install(kind: str = "images", value: str = "FORMAT", package: str = "") -> None:
        info = tmp_path / "site" / "pixelbox-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: pixelbox\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[kaggle_prz.readers]\nbox = pixelbox:{value}\n")
        code = BOX.replace("KIND", repr(kind)).replace("PACKAGE", repr(package))
        (tmp_path / "site" / "pixelbox.py").write_text(code)
        monkeypatch.syspath_prepend(str(tmp_path / "site"))
        forget()

    yield install
    monkeypatch.undo()
    sys.modules.pop("pixelbox", None)
    forget()


def picture(seed: int, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (24, 24, channels), np.uint8)


def competition(root: Path, pictures: dict[str, bytes]) -> Path:
    """A competition of the pictures, which are called after role and number."""
    root.mkdir()
    for name, content in pictures.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    labels = [(f"train{number}", CLASSES[number % 2]) for number in range(12)]
    (root / "train.csv").write_text(make_csv(["id", "label"], *labels))
    sample = [(f"test{number}", 0.5, 0.5) for number in range(4)]
    (root / "sample_submission.csv").write_text(make_csv(["id", *CLASSES], *sample))
    return root


def names() -> list[str]:
    counts = {"train": 12, "test": 4}
    return [f"{role}/{role}{n}" for role, count in counts.items() for n in range(count)]


def shown(root: Path) -> dict[str, str]:
    console = Recorder()
    found = inspect.look(str(root))
    inspect.show(found, console)
    return dict(console.tables[-1][2]) | {"first": image_rows.files_of(found.task)[0]}


@pytest.mark.parametrize("kind", ["images", "boxes"])
def test_inspect_reads_the_format_of_a_package(tmp_path, installed, kind):
    installed(kind)
    pictures = {f"{n}.box": boxed(picture(k)) for k, n in enumerate(names())}
    found = shown(competition(tmp_path / "pets", pictures))
    assert found["size, px"] == "24×24 (all)"
    assert found["mode"] == "3 channels (all)"
    assert found["unreadable"] == "none of 16"
    assert found["near-duplicates"] == "none"


def test_a_plain_format_mixes_with_png_files(tmp_path, installed):
    installed()
    root = competition(tmp_path / "pets", {f"{n}.box": boxed(picture(7)) for n in names()[::2]})
    for name in names()[1::2]:
        Image.fromarray(picture(7)).save(root / f"{name}.png")
    found = shown(root)
    assert found["mode"] == "3 channels 50%, RGB 50%"
    assert found["leaks"] != "none"  # as decoded pixels are equal


def test_image_files_are_preferred_to_another_kind(tmp_path, installed):
    installed("boxes")
    root = competition(tmp_path / "pets", {f"{n}.box": boxed(picture(7)) for n in names()})
    for name in names():
        Image.fromarray(picture(7)).save(root / f"{name}.png")
    assert shown(root)["mode"] == "RGB (all)"


def test_a_format_is_read_a_file_a_channel(tmp_path, installed):
    installed()
    colours = ("red", "green", "blue")
    pictures = {
        f"{name}_{colour}.box": boxed(picture(16 * k + n, 1))
        for k, colour in enumerate(colours)
        for n, name in enumerate(names())
    }
    root = competition(tmp_path / "pets", pictures)
    found = shown(root)
    assert found["first"] == "train/train0_{red,green,blue}.box"
    assert found["unreadable"] == "none of 16"
    made = np.asarray(images.open_rgb(root / found["first"], 24))
    assert (made == np.concatenate([picture(16 * k, 1) for k in range(3)], axis=2)).all()


def test_a_format_is_read_within_a_zip(tmp_path, installed):
    installed()
    root = competition(tmp_path / "pets", {})
    for role in ("train", "test"):
        with zipfile.ZipFile(root / f"{role}.zip", "w") as archive:
            for n, name in enumerate(names()):
                if name.startswith(role):
                    archive.writestr(f"{Path(name).name}.box", boxed(picture(n)))
    assert shown(root)["unreadable"] == "none of 16"


def test_bytes_within_a_file_of_many(tmp_path, installed):
    installed()
    rows = [record({"id": f"a{n}".encode(), "image": boxed(picture(n))}) for n in range(3)]
    (tmp_path / "x.tfrec").write_bytes(b"".join(rows))
    made = images.open_rgb(tmp_path / "x.tfrec#2", 24)
    assert (np.asarray(made) == picture(2)).all()


@pytest.mark.parametrize(
    ("value", "said"), [("NO_FORMAT", "is 7"), ("JPEGS", r"reads \('\.jpg',\)")]
)
def test_a_plugin_without_suffixes_of_its_own_is_refused(installed, value, said):
    installed(value=value)
    with pytest.raises(PrzError, match=rf"plugin 'box' of kaggle_prz\.readers {said}; .*Remove"):
        formats.known()


def test_a_package_that_a_format_lacks_is_named(tmp_path, installed):
    installed(package="no_such_package")
    (tmp_path / "a.box").write_bytes(boxed(picture(0)))
    said = r"A picture of Pixelbox needs the package no_such_package, .* pip install no_such"
    with pytest.raises(MissingExtraError, match=said):
        images.open_rgb(tmp_path / "a.box", 24)


def test_every_suffix_has_one_format():
    ends = [end for each in formats.known() for end in each.suffixes]
    assert sorted(ends) == sorted(formats.by_suffix())
    assert all(end == end.lower() and end.startswith(".") for end in ends)


def test_every_function_of_a_format_is_there():
    for each in formats.known():
        assert each.records or each.kind != formats.RECORDS
        assert callable(pkgutil.resolve_name(each.read))
        assert all(len(start) <= 16 for start in each.magic)


def test_doctor_lists_the_extras_of_formats(monkeypatch):
    monkeypatch.setattr(doctor, "version", lambda _: None)
    assert formats.extras()
    assert ",".join(formats.extras()) in doctor.packages()[-1].text


def test_pyproject_names_the_package_of_every_extra():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
    extras = project["project"]["optional-dependencies"]
    (own,) = (Requirement(each) for each in extras["test"] if each.startswith("kaggle-prz"))
    unchecked = project["tool"]["mypy"]["overrides"][1]["module"]
    for extra, package in formats.extras().items():
        assert [Requirement(each).name for each in extras[extra]] == [package]
        assert extra in own.extras
        assert f"{package}.*" in unchecked


def test_doctor_names_a_plugin_that_is_no_format(installed):
    installed(value="NO_FORMAT")
    (fault,) = (each for each in doctor.packages() if each.name == "image formats")
    assert fault.state == "fault"
    assert "'box'" in fault.text
