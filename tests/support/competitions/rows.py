"""Pictures that are rows of files of many: JSON, Parquet, TFRecord, HDF5, archives of arrays."""

import io
import struct
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from . import graders, pictures
from .drawn import Drawn
from .kit import Folder, Random, Sheet, deal, encode, finish, hashes, share

ACCURACY = "Categorization Accuracy"
FLOWERS = ("0", "1", "2", "3", "4")


def json_arrays(root: Path, seed: int) -> Drawn:
    """Icebergs: two bands in decibels per row, as lists, and an angle that can be `na`."""
    folder = Folder(root, seed)
    random = folder.random
    names = hashes(random, 80 + 36, 8)
    bergs = [*deal(random, (0, 1), 80), *deal(random, (0, 1), 36)]
    rows: list[dict[str, Any]] = []
    for name, berg in zip(names, bergs, strict=True):
        bands = _bands(random, berg)
        angle = "na" if random.uniform() < 0.1 else round(float(random.uniform(30, 45)), 4)
        row: dict[str, Any] = {"id": name, "band_1": bands[0], "band_2": bands[1]}
        rows.append(row | {"inc_angle": angle})
    train = [row | {"is_iceberg": berg} for row, berg in zip(rows[:80], bergs[:80], strict=True)]
    folder.json("train.json", train)
    folder.json("test.json", rows[80:])
    truth = dict(zip(names[80:], bergs[80:], strict=True))
    sheet = Sheet(("id", "is_iceberg"), dict.fromkeys(truth, ""))
    folder.raw(sheet.name, sheet.constant(0.5))
    return finish(
        folder,
        sheet,
        grade=graders.probability(sheet.header, truth, "log_loss"),
        answers=sheet.filled(truth),
        metric="Log Loss",
        maximize=False,
        chance=float(np.log(2)),
        cell="probability",
        classes=("0", "1"),
        train=80,
    )


def parquet_pixels(root: Path, seed: int) -> Drawn:
    """Digits of 16 × 24 px, one column per pixel, in two files.

    Labels by id are in a CSV. Needs pyarrow.
    """
    folder = Folder(root, seed)
    random = folder.random
    digits = [*deal(random, range(10), 120), *deal(random, range(10), 40)]
    wide = [np.pad(pictures.digit(random, digit), ((0, 0), (4, 4))).ravel() for digit in digits]
    names = [*(f"Train_{n}" for n in range(120)), *(f"Test_{n}" for n in range(40))]
    for name, begin, end in (("train_0", 0, 70), ("train_1", 70, 120), ("test_0", 120, 160)):
        role, _, number = name.partition("_")
        columns: dict[str, Any] = {"image_id": names[begin:end]}
        columns |= {str(n): values for n, values in enumerate(np.array(wide[begin:end]).T)}
        folder.raw(f"{role}_image_data_{number}.parquet", parquet(columns, row_group_size=32))
    order = random.permutation(120).tolist()
    folder.table("train.csv", ("image_id", "digit"), [(names[k], digits[k]) for k in order])
    truth = dict(zip(names[120:], digits[120:], strict=True))
    return _classes(folder, ("image_id", "digit"), truth, [str(n) for n in range(10)], 120)


def parquet_files(root: Path, seed: int) -> Drawn:
    """One column holds image files with their names, another holds the labels. Needs pyarrow."""
    folder = Folder(root, seed)
    random, kinds = folder.random, 5
    names = [f"{name}.jpg" for name in hashes(random, 80 + 36, 8)]
    labels = [*deal(random, range(kinds), 80), *deal(random, range(kinds), 36)]
    images = [
        {"bytes": encode(pictures.thing(random, label, kinds), ".jpg"), "path": name}
        for name, label in zip(names, labels, strict=True)
    ]
    train = {"image": images[:80], "label": labels[:80]}
    folder.raw("data/train-00000-of-00001.parquet", parquet(train, row_group_size=30))
    folder.raw("data/test-00000-of-00001.parquet", parquet({"image": images[80:]}))
    truth = dict(zip(names[80:], labels[80:], strict=True))
    return _classes(folder, ("file_name", "label"), truth, [str(n) for n in range(kinds)], 80)


def tfrecords(root: Path, seed: int) -> Drawn:
    """Flowers in TFRecord files, at two image sizes. A test row has an id and no class."""
    folder = Folder(root, seed)
    random, kinds = folder.random, len(FLOWERS)
    names = hashes(random, 80 + 36, 9)
    labels = [*deal(random, range(kinds), 80), *deal(random, range(kinds), 36)]
    images = [pictures.thing(random, label, kinds, side=40) for label in labels]
    for side in (16, 40):
        records = []
        for row, (name, label, image) in enumerate(zip(names, labels, images, strict=True)):
            content = encode(image.resize((side, side)), ".jpg")
            features: dict[str, bytes | int] = {"image": content, "id": name.encode()}
            records.append(record(features | {"class": label} if row < 80 else features))
        for role, begin, end in (("train", 0, 48), ("train", 48, 80), ("test", 80, 116)):
            place = f"tfrecords-jpeg-{side}x{side}/{role}/{begin:02}-{side}x{side}.tfrec"
            folder.raw(place, b"".join(records[begin:end]))
    truth = dict(zip(names[80:], labels[80:], strict=True))
    return _classes(folder, ("id", "label"), truth, FLOWERS, 80)


def hdf5_stacks(root: Path, seed: int) -> Drawn:
    """Arrays of images, labels and ids; one file for training and one for test."""
    folder = Folder(root, seed)
    random, kinds = folder.random, 5
    labels = [*deal(random, range(kinds), 80), *deal(random, range(kinds), 36)]
    images = np.stack([np.asarray(pictures.thing(random, k, kinds, side=32)) for k in labels])
    names = hashes(random, 36, 8)
    train = {"images": images[:80], "labels": np.array(labels[:80])}
    folder.raw("train.h5", hdf5(train, chunks=16))
    folder.raw("test.h5", hdf5({"images": images[80:], "ids": np.array(names, "S")}))
    truth = dict(zip(names, labels[80:], strict=True))
    return _classes(folder, ("id", "label"), truth, [str(n) for n in range(kinds)], 80)


def hdf5_files(root: Path, seed: int) -> Drawn:
    """Moles: one dataset per id holds an image file; the labels are in a metadata table."""
    folder = Folder(root, seed)
    random = folder.random
    names = [f"ISIC_{name}" for name in hashes(random, 84 + 36, 7)]
    moles = [*deal(random, (0, 0, 1), 84), *deal(random, (0, 0, 1), 36)]
    held = {}
    for name, mole in zip(names, moles, strict=True):
        image = encode(pictures.thing(random, 2 * mole, 4), ".jpg")
        held[name] = np.array(image, dtype=f"S{len(image)}")
    folder.raw("train-image.hdf5", hdf5({name: held[name] for name in names[:84]}))
    folder.raw("test-image.hdf5", hdf5({name: held[name] for name in names[84:]}))
    rows = [
        (name, mole, int(random.integers(20, 85)), ("male", "female")[int(random.integers(2))])
        for name, mole in zip(names, moles, strict=True)
    ]
    folder.table("train-metadata.csv", ("isic_id", "target", "age_approx", "sex"), rows[:84])
    tests = [(name, *more) for name, _, *more in rows[84:]]
    folder.table("test-metadata.csv", ("isic_id", "age_approx", "sex"), tests)
    truth = dict(zip(names[84:], moles[84:], strict=True))
    sheet = Sheet(("isic_id", "target"), dict.fromkeys(truth, ""))
    folder.raw(sheet.name, sheet.constant(0.3))
    return finish(
        folder,
        sheet,
        grade=graders.probability(sheet.header, truth, "auc"),
        answers=sheet.filled(truth),
        metric="Area Under Receiver Operating Characteristic Curve",
        maximize=True,
        chance=0.5,
        cell="probability",
        classes=("0", "1"),
        train=84,
    )


def npz(root: Path, seed: int) -> Drawn:
    """`x_train`, `y_train` and `x_test` in one archive. The id of a row is its index, from 0."""
    folder = Folder(root, seed)
    random = folder.random
    digits = [*deal(random, range(10), 120), *deal(random, range(10), 40)]
    images = np.stack([pictures.digit(random, digit) for digit in digits])
    buffer = io.BytesIO()
    labels = np.array(digits[:120], np.uint8)
    np.savez_compressed(buffer, x_train=images[:120], y_train=labels, x_test=images[120:])
    folder.raw("digits.npz", buffer.getvalue())
    truth = {str(row): digit for row, digit in enumerate(digits[120:])}
    return _classes(folder, ("id", "digit"), truth, [str(n) for n in range(10)], 120)


def _bands(random: Random, berg: int) -> list[list[float]]:
    """Two bands of 20 × 20 decibels; an iceberg is bright in the first, a ship in the second."""
    bands = random.normal(-25, 2, (2, 20, 20))
    top, left = random.integers(3, 10, 2)
    bands[1 - berg, top : top + 7, left : left + 7] += random.uniform(14, 20)
    bands[berg, top : top + 7, left : left + 7] += random.uniform(2, 6)
    return [[round(value, 6) for value in band.ravel().tolist()] for band in bands]


def _classes(
    folder: Folder,
    header: tuple[str, ...],
    truth: Mapping[str, int],
    classes: Sequence[str],
    train: int,
) -> Drawn:
    sheet = Sheet(header, dict.fromkeys(truth, ""))
    folder.raw(sheet.name, sheet.constant(0))
    return finish(
        folder,
        sheet,
        grade=graders.class_id(sheet.header, truth, classes, "accuracy"),
        answers=sheet.filled(truth),
        metric=ACCURACY,
        maximize=True,
        chance=share(truth, 0),
        cell="label",
        classes=classes,
        train=train,
    )


def parquet(columns: Mapping[str, Any], **how: Any) -> bytes:
    """The bytes of a Parquet file."""
    pyarrow = pytest.importorskip("pyarrow")
    tables = pytest.importorskip("pyarrow.parquet")
    sink = pyarrow.BufferOutputStream()
    tables.write_table(pyarrow.table(dict(columns)), sink, **how)
    return bytes(sink.getvalue().to_pybytes())


def hdf5(sets: Mapping[str, NDArray[Any]], chunks: int | None = None) -> bytes:
    """The bytes of an HDF5 file; with `chunks`, packed, so many rows of images in one."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for name, values in sets.items():
            packed = chunks is not None and values.ndim > 2
            how: dict[str, Any] = (
                {"chunks": (chunks, *values.shape[1:]), "compression": "gzip"} if packed else {}
            )
            file.create_dataset(name, data=values, **how)
    return buffer.getvalue()


def record(features: Mapping[str, bytes | int | Iterable[float]]) -> bytes:
    """A `tf.train.Example` as TFRecord files frame it."""
    entries = b""
    for name, value in features.items():
        if isinstance(value, bytes):
            feature = _field(1, _field(1, value))
        elif isinstance(value, int):
            feature = _field(3, _field(1, _varint(value)))
        else:
            floats = [*value]
            feature = _field(2, _field(1, struct.pack(f"<{len(floats)}f", *floats)))
        entries += _field(1, _field(1, name.encode()) + _field(2, feature))
    content = _field(1, entries)
    head = struct.pack("<Q", len(content))
    return head + _checksum(head) + content + _checksum(content)


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    if number < 0x80:
        return bytes([number])
    return bytes([number & 0x7F | 0x80]) + _varint(number >> 7)


def _checksum(content: bytes) -> bytes:
    """CRC-32C, bit by bit, masked as TensorFlow masks it."""
    remainder = 0xFFFFFFFF
    for byte in content[:64] if len(content) > 64 else content:  # of contents nobody looks at it
        for bit in range(8):
            odd = (remainder ^ byte >> bit) & 1
            remainder = remainder >> 1 ^ (0x82F63B78 if odd else 0)
    remainder ^= 0xFFFFFFFF
    return struct.pack("<I", (((remainder >> 15) | (remainder << 17)) + 0xA282EAD8) & 0xFFFFFFFF)
