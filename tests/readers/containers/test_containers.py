"""Files of many pictures: exact, read by blocks, and refused in a sentence where damaged."""

import importlib.util
import io
import json
import struct

import h5py
import numpy as np
import pytest
from support.competitions.rows import hdf5, parquet, record
from support.toys import Recorder

from kaggle_prz import images
from kaggle_prz.core.errors import DataError, MissingExtraError
from kaggle_prz.readers import containers
from kaggle_prz.readers.containers import example
from kaggle_prz.readers.containers.blocks import Blocks
from kaggle_prz.readers.containers.form import form_of, shape_of

RANDOM = np.random.default_rng(0)
PIXELS = RANDOM.integers(0, 256, (7, 9, 9), dtype=np.uint8)
JPEG = b"\xff\xd8\xff" + bytes(300)


def decoded(root, name, rows=7, **options):
    files = [f"{name}#{row}" for row in reversed(range(rows))]
    made = images.decode(root, files, (9,), root / "s", Recorder(), **options)
    assert made.readable.all()
    return made.stores[9][::-1]


def lists() -> list[dict]:
    return [{"id": n, "grid": grid.tolist()} for n, grid in enumerate(PIXELS)]


def written(name: str) -> tuple[str, bytes]:
    """A sound file of the pixels, and the reference to its pictures."""
    flat = PIXELS.reshape(7, -1)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, x_train=PIXELS, y_train=np.arange(7))
    wide = {"id": list(range(7))} | {f"p{n}": list(column) for n, column in enumerate(flat.T)}
    content = {
        "x.parquet": parquet(wide, row_group_size=3),
        "l.parquet": parquet({"id": range(7), "grid": flat.tolist()}, row_group_size=2),
        "x.json": json.dumps(lists(), indent=1).encode(),
        "x.jsonl": "\n".join(map(json.dumps, lists())).encode(),
        "x.tfrec": b"".join(record({"grid": row.tolist(), "id": 3}) for row in flat),
        "x.h5": hdf5({"deep/grids": PIXELS}, chunks=2),
        "x.npz": buffer.getvalue(),
    }[name]
    return name + {"x.h5": "#deep/grids", "x.npz": "#x_train"}.get(name, ""), content


NAMES = ["x.parquet", "l.parquet", "x.json", "x.jsonl", "x.tfrec", "x.h5", "x.npz"]


@pytest.mark.parametrize("name", NAMES)
def test_values_are_exact_at_native_size_in_any_order(tmp_path, name, monkeypatch):
    monkeypatch.setattr("kaggle_prz.readers.containers.blocks.BLOCK_BYTES", 200)
    reference, content = written(name)
    (tmp_path / name).write_bytes(content)
    assert (decoded(tmp_path, reference, channels=1)[..., 0] == PIXELS).all()


def test_without_pyarrow_the_extra_is_named(tmp_path, monkeypatch):
    (tmp_path / "x.parquet").write_bytes(written("x.parquet")[1])
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda n: None if n == "pyarrow" else find(n))
    with pytest.raises(MissingExtraError, match=r"pip install 'kaggle-prz\[parquet\]'"):
        containers.open_file(tmp_path / "x.parquet")
    with pytest.raises(MissingExtraError, match="pyarrow"):
        images.decode(tmp_path, ["x.parquet#0"], (9,), tmp_path / "s", Recorder())


def test_features_of_an_example():
    made = record({"image": JPEG, "class": 300, "share": [0.5, -1.5]})
    (length,) = struct.unpack("<Q", made[:8])
    assert example.parse(made, 12, 12 + length) == {
        "image": JPEG, "class": 300, "share": [0.5, -1.5],
    }  # fmt: skip
    assert set(example.parse(made, 12, 12 + length, most=50)) == {"class", "share"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\x1f\x8b" + bytes(40), "compressed with gzip"),
        (b"\xff" * 40, "the file ends before"),
        (bytes(40), "record 0 is empty"),
        (record({"image": JPEG}) + bytes(40), "record 1 is empty"),
        (record({"image": JPEG})[:-9], "the file ends before"),
        (b"short", "ends within the head"),
    ],
)
def test_files_that_are_no_records(tmp_path, content, said):
    (tmp_path / "x.tfrec").write_bytes(content)
    with pytest.raises(DataError, match=rf"x\.tfrec has no readable images: .*{said}"):
        containers.open_file(tmp_path / "x.tfrec")


def test_json_that_holds_no_pictures_is_left_alone(tmp_path):
    path = tmp_path / "x.json"
    for content in ('{"images": [{"id": 1}]}', '[{"id": 1}]', "[1, 2]", "[]", "", '"text"'):
        path.write_text(content)
        assert containers.open_file(path) == {}
    path.write_text(json.dumps(lists())[:-40])
    with pytest.raises(DataError, match="incomplete"):
        print(containers.open_file(path)[""].rows)


def test_signs_within_strings_are_no_signs_of_json(tmp_path):
    rows = [{"note": '}]{[" \\', "grid": PIXELS[0].tolist(), "id": k, "box": [1, 2]} for k in "ab"]
    (tmp_path / "x.json").write_text(json.dumps(rows))
    table = containers.open_file(tmp_path / "x.json")[""].table()
    assert table.to_dict("list") == {
        "note": ['}]{[" \\'] * 2, "id": ["a", "b"], "box": [[1, 2]] * 2,
    }  # fmt: skip


def test_objects_are_never_unpickled(tmp_path):
    np.savez(tmp_path / "x.npz", images=np.array([{"a": 1}] * 3, object), x=PIXELS)
    assert set(containers.open_file(tmp_path / "x.npz")) == {"x"}


def test_what_a_file_claims_and_cannot_hold_makes_no_room(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("images", (10**6, 1000, 1000), np.uint8, chunks=(1, 1000, 1000))
    with pytest.raises(DataError, match="claims to hold 1,000,000,000,000 bytes"):
        containers.open_file(tmp_path / "x.h5")


def test_masks_are_no_pictures_and_columns_of_the_other_role_no_labels(tmp_path):
    sets = {"x_train": PIXELS, "masks": PIXELS, "y_train": np.arange(7), "y_test": np.arange(7)}
    (tmp_path / "x.h5").write_bytes(hdf5(sets))
    (pictures,) = containers.open_file(tmp_path / "x.h5").values()
    assert list(pictures.table().columns) == ["y_train"]


def test_shapes_of_lists():
    assert [shape_of(n) for n in (64, 192, 16 * 24)] == [(8, 8), (8, 8, 3), (16, 24)]
    with pytest.raises(DataError, match="67 numbers are not the pixels of a"):
        shape_of(67)
    assert form_of({"a": list(range(64)), "mask": list(range(64))}).fields == ("a",)
    assert form_of({"box": [[1, 2, 3, 4]] * 20, "name": "x"}) is None


def test_a_block_that_cannot_be_read_is_tried_once():
    tried = []

    def read(begin, end):
        tried.append(begin)
        raise OSError("damaged")

    blocks = Blocks(read, rows=4, row_bytes=1)
    for row in range(4):
        with pytest.raises(DataError, match="rows 0 to 3: OSError: damaged"):
            blocks[row]
    assert tried == [0]
