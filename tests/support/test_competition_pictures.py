"""Pictures of the drawn competitions are learnable: a linear model of few pixels tells them."""

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from support.competitions import pictures


def _accuracy(seen: list[NDArray[np.uint8]], kinds: NDArray[np.int64]) -> float:
    """On the second half, of a linear model of the first."""
    values, half = np.array(seen).reshape(len(seen), -1) / 255, len(seen) // 2
    model = LogisticRegression(max_iter=200).fit(values[:half], kinds[:half])
    return float(model.score(values[half:], kinds[half:]))


def test_things_are_told_apart_on_a_thumbnail():
    random, kinds = np.random.default_rng(0), np.arange(200) % 12
    seen = [np.asarray(pictures.thing(random, kind, 12).resize((8, 8))) for kind in kinds]
    assert _accuracy(seen, kinds) > 0.9


def test_whales_that_are_seen_often_are_told_apart_on_a_thumbnail():
    random, kinds = np.random.default_rng(0), np.arange(72) % 6
    seen = [np.asarray(pictures.two_tone(random, k, 6, 0, 5).resize((8, 8))) for k in kinds]
    assert _accuracy(seen, kinds) > 0.9


def test_digits_are_told_apart_by_their_pixels():
    random, kinds = np.random.default_rng(0), np.arange(200) % 10
    assert _accuracy([pictures.digit(random, kind) for kind in kinds], kinds) > 0.9


def test_marks_are_told_by_thumbnails():
    random = np.random.default_rng(0)
    there = random.uniform(size=(120, 6)) < 0.4
    seen = [
        np.asarray(pictures.marks(random, np.flatnonzero(row).tolist(), 6).resize((8, 8)))
        for row in there
    ]
    for kind in range(6):
        assert _accuracy(seen, there[:, kind].astype(np.int64)) > 0.9


def test_a_level_is_the_colour_of_the_middle():
    random = np.random.default_rng(0)
    shares = random.uniform(0, 1, 60)
    middles = [np.asarray(pictures.level(random, s).resize((9, 9)))[4, 4] for s in shares]
    red, _, blue = np.corrcoef(np.column_stack([shares, *np.array(middles).T]).T)[0, 1:]
    assert red > 0.95
    assert blue < -0.95
