"""Tables of pixels: parsed once, exact at their own size."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from support.competitions import DRAWN
from support.toys import Recorder

from kaggle_prz import images
from kaggle_prz.core.errors import DataError
from kaggle_prz.readers import kept
from kaggle_prz.readers.containers import form
from kaggle_prz.readers.pictures import pixel_tables


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def wide(path, pixels: np.ndarray, name="pixel{}", **columns) -> str:
    flat = pixels.reshape(len(pixels), -1)
    names = [name.format(number) for number in range(flat.shape[1])]
    frame = pd.DataFrame(flat, columns=names)
    for number, (key, values) in enumerate(columns.items()):
        frame.insert(number, key, values)
    frame.to_csv(path, index=False)
    return path.name


def decoded(root, files, size, **options):
    made = images.decode(root, files, (size,), root / "s", Recorder(), **options)
    return made.stores[size], made.readable


@pytest.mark.parametrize("name", ["pixel{}", "pixel_{}", "{}", "Pixel{:04}", "p{}"])
@pytest.mark.parametrize("colours", [1, 3])
def test_values_are_exact_at_native_size(tmp_path, name, colours):
    pixels = noise(6, 9, 9, colours)
    table = wide(tmp_path / "t.csv", pixels, name, label=range(6), id_1=range(6))
    store, readable = decoded(tmp_path, [f"{table}#{row}" for row in (4, 0, 5)], 9)
    assert readable.all()
    assert (store == pixels[[4, 0, 5]]).all()
    if colours == 1:
        grey, _ = decoded(tmp_path, [f"{table}#2"], 9, channels=1)
        assert (grey[0] == pixels[2]).all()


@pytest.mark.parametrize(
    ("file", "separator", "encoding"),
    [("t.csv", ";", "utf-8"), ("t.tsv", "\t", "utf-8"), ("t.csv", ",", "utf-16")],
)
def test_tables_are_read_in_every_form_that_labels_may_have(tmp_path, file, separator, encoding):
    pixels = noise(3, 5, 5)
    frame = pd.DataFrame(pixels.reshape(3, -1), columns=[f"pixel{n}" for n in range(25)])
    frame.insert(0, "label", 0)
    frame.to_csv(tmp_path / file, index=False, sep=separator, encoding=encoding)
    store, readable = decoded(tmp_path, [f"{file}#{row}" for row in range(3)], 5)
    assert readable.all()
    assert (store[..., 0] == pixels).all()


def test_columns_are_sorted_by_their_numbers(tmp_path):
    pixels = noise(2, 5, 5)
    names = [f"{row}x{column}" for row in range(1, 6) for column in range(1, 6)]
    frame = pd.DataFrame(pixels.reshape(2, -1), columns=names)
    frame[sorted(names, reverse=True)].to_csv(tmp_path / "t.csv", index=False)
    store, _ = decoded(tmp_path, ["t.csv#0", "t.csv#1"], 5)
    assert (store[..., 0] == pixels).all()


@pytest.mark.parametrize("form", ["{}", "[{}]"])
@pytest.mark.parametrize("between", [" ", ", "])
def test_pixels_in_one_string(tmp_path, form, between):
    pixels = noise(4, 6, 6)
    text = [form.format(between.join(map(str, row))) for row in pixels.reshape(4, -1).tolist()]
    frame = pd.DataFrame({"emotion": range(4), "pixels": text, "Usage": "Training"})
    frame.to_csv(tmp_path / "t.csv", index=False)
    store, readable = decoded(tmp_path, [f"t.csv#{row}" for row in range(4)], 6)
    assert readable.all()
    assert (store[..., 0] == pixels).all()


@pytest.mark.parametrize("text", [False, True])
def test_fractions_and_deep_numbers_are_scaled_by_the_whole_table(tmp_path, text):
    for name, factor in (("share", 1 / 255), ("deep", 16.0)):
        pixels = noise(3, 5, 5)
        pixels[1:] //= 8  # dark images stay dark
        values = pixels.reshape(3, -1) * factor
        if text:
            frame = pd.DataFrame({"pixels": [" ".join(map(str, row)) for row in values.tolist()]})
            frame.to_csv(tmp_path / f"{name}.csv", index=False)
        else:
            wide(tmp_path / f"{name}.csv", values)
        store, _ = decoded(tmp_path, [f"{name}.csv#{row}" for row in range(3)], 5)
        assert np.abs(store[..., 0].astype(int) - pixels).max() <= 1


@pytest.mark.parametrize("text", [False, True])
def test_a_row_that_lacks_pixels_is_passed_over(tmp_path, text):
    pixels = noise(3, 5, 5).reshape(3, -1)
    if text:
        rows = [" ".join(map(str, row)) for row in pixels.tolist()]
        rows[1] = rows[1].rpartition(" ")[0]
        pd.DataFrame({"pixels": rows}).to_csv(tmp_path / "t.csv", index=False)
    else:
        frame = pd.DataFrame(pixels, columns=[f"pixel{k}" for k in range(25)]).astype(object)
        frame.loc[1, "pixel7"] = None
        frame.to_csv(tmp_path / "t.csv", index=False)
    store, readable = decoded(tmp_path, [f"t.csv#{row}" for row in range(3)], 5)
    assert readable.tolist() == [True, False, True]
    assert (store[[0, 2], ..., 0] == pixels.reshape(3, 5, 5)[[0, 2]]).all()


def test_a_table_is_parsed_once_and_forgotten(tmp_path, monkeypatch):
    table = wide(tmp_path / "t.csv", noise(40, 5, 5))
    parsed = []
    counted = kept.KeptFiles(lambda file: parsed.append(file) or pixel_tables.parse(file))
    monkeypatch.setattr(pixel_tables, "_tables", counted)
    monkeypatch.setattr(pixel_tables, "forget", counted.forget)
    decoded(tmp_path, [f"{table}#{row}" for row in range(40)], 5)
    assert len(parsed) == 1
    assert not counted._kept._kept


def test_a_changed_table_is_decoded_anew(tmp_path):
    table = wide(tmp_path / "t.csv", noise(2, 5, 5))
    decoded(tmp_path, [f"{table}#0"], 5)
    wide(tmp_path / "t.csv", noise(3, 5, 5) // 2)
    store, _ = decoded(tmp_path, [f"{table}#0"], 5)
    assert (store[0, ..., 0] == noise(3, 5, 5)[0] // 2).all()


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({f"pixel{k}": [1] for k in range(20)}, "20 numbers are not the pixels of a square"),
        ({"id": [1], "breed": ["a b"]}, "column of strings of numbers; this one has id, breed"),
    ],
)
def test_a_table_without_pixels_is_read_once_and_said(tmp_path, monkeypatch, columns, said):
    pd.DataFrame(columns).to_csv(tmp_path / "t.csv", index=False)
    tried = []
    monkeypatch.setattr(
        pixel_tables,
        "_tables",
        kept.KeptFiles(lambda file: tried.append(file) or pixel_tables.parse(file)),
    )
    with pytest.raises(DataError, match=said):
        decoded(tmp_path, [f"t.csv#{row}" for row in range(12)], 5)
    assert len(tried) == 1


def test_a_row_that_is_not_there(tmp_path):
    table = wide(tmp_path / "t.csv", noise(2, 5, 5))
    with pytest.raises(DataError, match="the rows are 0 to 1; received row 2"):
        images.open_rgb(tmp_path / f"{table}#2", 5)
    with pytest.raises(DataError, match="5 × 5 = 25"):
        images.open_rgb(tmp_path / f"{table}#1", 5, largest_pixels=24)


@given(st.integers(4, 60), st.sampled_from([1, 3]))
def test_squares_are_told_by_their_number(side, channels):
    shape = form.shape_of(channels * side * side, longest=1)
    assert shape == ((side, side, 3) if channels == 3 else (side, side))


@settings(max_examples=30)
@given(st.permutations(range(20)))
def test_names_are_sorted_in_any_order(numbers):
    names = ["label", *(f"pixel{number}" for number in numbers), "x1", "x2"]
    assert pixel_tables.pixel_columns(names) == [f"pixel{number}" for number in range(20)]


def test_digits_of_a_drawn_competition_are_their_pixels(tmp_path):
    root = tmp_path / "files"
    DRAWN["pixel-table"](root, 0)
    frame = pd.read_csv(root / "train.csv").drop(columns="label")
    seen = images.open_rgb(root / "train.csv#17", 16)
    assert seen.size == (16, 16)
    assert (np.asarray(seen)[..., 1].ravel() == frame.iloc[17].to_numpy()).all()
    assert isinstance(seen, Image.Image)


def test_what_was_refused_is_decoded_again(tmp_path):
    """A codec may have been installed, or the tool be a newer one."""
    (tmp_path / "t.csv").write_text("label,a\n" + "0,1\n" * 11)
    rows = [f"t.csv#{row}" for row in range(11)]
    with pytest.raises(DataError, match="11 of 11 images cannot be decoded"):
        decoded(tmp_path, rows, 5)
    assert not list((tmp_path / "s").rglob("*.npy"))
