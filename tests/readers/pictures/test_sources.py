"""References to images."""

from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from kaggle_prz import images
from kaggle_prz.readers.pictures.sources import place_of


@given(st.text(st.characters(exclude_characters="\0"), max_size=12), st.integers(0, 10**9))
def test_a_row_is_told_from_a_name(stem, row):
    for suffix in (".npy", ".csv", ".CSV", ".tif"):
        if stem:
            assert place_of(f"{stem}{suffix}#{row}") == (f"{stem}{suffix}", "", row)
    for name in (f"{stem}#{row}.png", f"{stem}.zip#{row}", f"{stem}.npy", f"{stem}.npy#"):
        assert place_of(name) == (name, "", None)


def test_a_picture_may_have_a_hash_in_its_name(tmp_path):
    Image.new("RGB", (8, 8), "red").save(tmp_path / "a#7.png")
    assert images.open_rgb(tmp_path / "a#7.png", 8).getpixel((0, 0)) == (255, 0, 0)
