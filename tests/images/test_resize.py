"""What becomes of pictures that are no squares."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from support.toys import Recorder

from kaggle_prz import images
from kaggle_prz.core.errors import UsageError
from kaggle_prz.images import resize
from kaggle_prz.images.resize import square

SIDES = st.integers(1, 90)
ASPECTS = ("squash", "pad", "crop")


def striped(width: int, height: int, middle: int = 200) -> Image.Image:
    """Three parts along the longer side: 100, `middle`, 100."""
    longest = np.full((max(width, height), min(width, height)), 100, np.uint8)
    third = len(longest) // 3
    longest[third : len(longest) - third] = middle
    return Image.fromarray(longest.T.copy() if width > height else longest)


@given(SIDES, SIDES, st.integers(1, 40), st.sampled_from(ASPECTS), st.sampled_from([1, 3, 5]))
def test_every_picture_becomes_a_square(width, height, size, aspect, channels):
    plane = Image.new("L", (width, height), 90)
    planes = [Image.merge("RGB", [plane] * 3)] if channels == 3 else [plane] * channels
    made = square(planes, size, aspect)
    assert (made.shape, made.dtype) == ((size, size, channels), np.uint8)
    assert set(np.unique(made)) <= ({0, 90} if aspect == "pad" else {90})


@pytest.mark.parametrize("turned", [False, True])
def test_squash_pad_and_crop(turned):
    picture = striped(30, 90) if turned else striped(90, 30)
    seen = {aspect: square([picture], 30, aspect)[..., 0] for aspect in ASPECTS}
    along = {name: (made if turned else made.T)[:, 15] for name, made in seen.items()}
    across = {name: (made.T if turned else made)[:, 15] for name, made in seen.items()}
    assert along["squash"][[3, 15, 27]].tolist() == [100, 200, 100]
    assert (across["squash"] == 200).all()
    assert along["pad"][[3, 15, 27]].tolist() == [100, 200, 100]
    assert (across["pad"] > 0).tolist() == [False] * 10 + [True] * 10 + [False] * 10
    assert (seen["crop"] == 200).all()


def test_squash_is_a_plain_resize():
    noise = np.random.default_rng(0).integers(0, 256, (70, 50, 3), dtype=np.uint8)
    picture = Image.fromarray(noise)
    plain = picture.resize((24, 24), Image.Resampling.LANCZOS, reducing_gap=3.0)
    assert (square([picture], 24, "squash") == np.asarray(plain)).all()


def test_a_policy_has_stores_of_its_own(tmp_path):
    striped(90, 30).save(tmp_path / "a.png")
    seen = {}
    for _ in range(2):
        for aspect in ASPECTS:
            decoded = images.decode(
                tmp_path, ["a.png"], (30,), tmp_path / "s", Recorder(), aspect=aspect
            )
            seen.setdefault(aspect, decoded.stores[30])
            assert (decoded.stores[30] == seen[aspect]).all()
    assert len({made.tobytes() for made in seen.values()}) == 3
    with pytest.raises(UsageError, match="squash, pad, crop; received 'stretch'"):
        images.decode(tmp_path, ["a.png"], (30,), tmp_path / "s", Recorder(), aspect="stretch")


def test_small_sizes_are_made_from_large_ones_where_the_picture_is_as_large():
    random = np.random.default_rng(0)
    small = random.integers(0, 256, (12, 12, 3), dtype=np.uint8)
    picture = Image.fromarray(small).resize((96, 80), Image.Resampling.BICUBIC)
    made = resize.every([picture], (16, 32, 64), "squash")
    assert {size: pixels.shape for size, pixels in made.items()} == {
        size: (size, size, 3) for size in (16, 32, 64)
    }
    assert (made[32] == resize.shrunk(made[64], 32)).all()
    assert (made[16] == resize.shrunk(made[32], 16)).all()
    direct = resize.square([picture], 16, "squash").astype(float)
    noise = np.square(made[16] - direct).mean()
    assert 10 * np.log10(255**2 / noise) > 38
    tiny = picture.resize((20, 20))
    assert (resize.every([tiny], (16, 64), "pad")[16] == resize.square([tiny], 16, "pad")).all()
