"""Which of a directory's files are its pictures, where some are files of many."""

import io

import numpy as np
import pytest
from PIL import Image
from support.competitions.rows import hdf5, record
from support.trees import make_csv

from kaggle_prz import images
from kaggle_prz.core.console import Silent
from kaggle_prz.core.errors import DataError
from kaggle_prz.tasks import infer

IDS = [f"a{n}" for n in range(12)]
TESTS = [f"b{n}" for n in range(4)]
SAMPLE = make_csv(["id", "label"], *[(name, 0) for name in TESTS])
LABELS = make_csv(["id", "label"], *[(name, n % 3) for n, name in enumerate(IDS)])
STACK = np.zeros((12, 9, 9), np.uint8)


@pytest.fixture
def read(tmp_path):
    def make(files: dict) -> infer.Task:
        for name, content in {"sample_submission.csv": SAMPLE, **files}.items():
            (tmp_path / "c" / name).parent.mkdir(parents=True, exist_ok=True)
            raw = content.encode() if isinstance(content, str) else content
            (tmp_path / "c" / name).write_bytes(raw)
        return infer.read(tmp_path / "c", slug="c")

    return make


def npy(array) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.asarray(array))
    return buffer.getvalue()


def png(value: int, mode: str = "L") -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, (8, 8), value).save(buffer, "PNG")
    return buffer.getvalue()


def records(ids, **more) -> bytes:
    return b"".join(record({"image": png(9), "id": name.encode()} | more) for name in ids)


def test_image_files_are_preferred_to_records(read):
    files = {f"train/{name}.png": png(9) for name in IDS}
    files |= {f"test/{name}.png": png(9) for name in TESTS}
    files |= {"train_tfrecords/0.tfrec": b"damaged", "test_tfrecords/0.tfrec": records(TESTS)}
    task = read({**files, "train.csv": LABELS})
    assert task.train_files[0] == "train/a0.png"


def test_records_serve_where_one_role_has_no_image_files(read):
    held = {name: np.bytes_(png(9)) for name in IDS + TESTS}
    task = read({
        **{f"train-image/image/{name}.png": png(9) for name in IDS},
        "train-image.hdf5": hdf5({name: held[name] for name in IDS}),
        "test-image.hdf5": hdf5({name: held[name] for name in TESTS}),
        "train.csv": LABELS,
    })  # fmt: skip
    assert task.train_files[0] == "train-image.hdf5#0"
    assert task.test_files.tolist() == [f"test-image.hdf5#{n}" for n in range(4)]


def test_damaged_records_are_told_where_there_is_nothing_else(read):
    files = {"train/0.tfrec": b"damaged", "test/0.tfrec": records(TESTS), "train.csv": LABELS}
    with pytest.raises(DataError, match=r"train/0\.tfrec has no readable images"):
        read(files)


def test_labels_in_an_array_beside_a_stack(read):
    task = read({
        "train_images.npy": npy(STACK),
        "test_images.npy": npy(STACK[:4]),
        "train_labels.npy": npy([[n % 3] for n in range(12)]),
    })  # fmt: skip
    assert task.labels.tolist() == [n % 3 for n in range(12)]
    assert ("labels", "train_labels.npy: train_labels") in [
        (each.name, each.value) for each in task.evidence
    ]
    assert any("train_labels.npy are matched" in warning for warning in task.warnings)


def test_a_table_is_preferred_to_an_array_of_labels(read):
    task = read({
        "train_images.npy": npy(STACK),
        "test_images.npy": npy(STACK[:4]),
        "train_labels.npy": npy(["x", "y"] * 6),
        "train.csv": make_csv(["id", "label"], *[(n, n % 3) for n in range(12)]),
    })  # fmt: skip
    assert task.classes == ("0", "1", "2")


def test_a_file_a_channel(read, tmp_path):
    names = {"blue": 10, "green": 20, "red": 30, "yellow": 40}
    files = {
        f"{role}/{name}_{channel}.png": png(value)
        for role, ids in (("train", IDS), ("test", TESTS))
        for name in ids
        for channel, value in names.items()
    }
    task = read({**files, "train.csv": LABELS})
    assert task.train_files[0] == "train/a0_{red,green,blue,yellow}.png"
    assert task.channels == 4
    made = images.decode(
        task.root, task.train_files.tolist(), (8,), tmp_path / "s", Silent(), channels=4
    )
    assert made.stores[8][0, 0, 0].tolist() == [30, 20, 10, 40]
    shown = images.open_rgb(task.root / task.train_files[0], 8)
    assert shown.getpixel((0, 0)) == (30, 20, 10)


def test_names_that_end_in_a_colour_and_are_ids_stay_files(read):
    ids = [f"{name}_red" for name in IDS[:6]] + [f"{name}_blue" for name in IDS[:6]]
    tests = ["b0_red", "b0_blue"]
    files = {f"train/{name}.png": png(9) for name in ids}
    files |= {f"test/{name}.png": png(9) for name in tests}
    task = read({
        **files,
        "train.csv": make_csv(["id", "label"], *[(name, n % 3) for n, name in enumerate(ids)]),
        "sample_submission.csv": make_csv(["id", "label"], *[(name, 0) for name in tests]),
    })  # fmt: skip
    assert task.train_files[0] == "train/a0_red.png"
