"""Position embeddings pass between grids, and nothing else does."""

import numpy as np
import pytest

from kaggle_prz.models.positions import fit, resampled

pytestmark = pytest.mark.keras


@pytest.mark.parametrize(
    ("name", "given", "wanted", "fits"),
    [
        ("position_embedding/embeddings", (16, 8), (36, 8), True),
        ("pos_embed", (1, 17, 8), (1, 37, 8), True),
        ("vit/PosEmbed", (1, 18, 8), (1, 38, 8), True),
        ("patch_embedding/kernel", (4, 4, 3, 8), (6, 6, 3, 8), False),
        ("dense/kernel", (16, 8), (36, 8), False),
        ("pos_embed", (16, 8), (37, 8), False),
        ("pos_embed", (16, 8), (36, 9), False),
        ("pos_embed", (15, 8), (35, 8), False),
        ("pos_embed", (16, 8), (1, 36, 8), False),
        ("pos_embed", (16,), (36,), False),
        ("pos_embed", (2, 16, 8), (2, 36, 8), False),
    ],
)
def test_square_grids_of_one_width_fit(name, given, wanted, fits):
    assert fit(name, given, wanted) is fits


@pytest.mark.parametrize("tokens", [0, 1, 2])
@pytest.mark.parametrize("ahead", [(), (1,)])
def test_a_slope_over_the_grid_stays_one_and_tokens_stay(tokens, ahead):
    rows, columns = np.mgrid[0:8, 0:8]
    patches = np.stack([rows, columns], axis=-1).reshape(64, 2) / 8 + 1 / 16
    vectors = np.concatenate([np.full((tokens, 2), 9.0), patches]).astype("float32")
    larger = resampled(vectors.reshape(*ahead, 64 + tokens, 2), (*ahead, 144 + tokens, 2))
    flat = larger.reshape(-1, 2)
    np.testing.assert_array_equal(flat[:tokens], vectors[:tokens])
    rows, columns = np.mgrid[0:12, 0:12]
    expected = np.stack([rows, columns], axis=-1) / 12 + 1 / 24
    inner = slice(3, -3)  # edges are clamped
    got = flat[tokens:].reshape(12, 12, 2)
    np.testing.assert_allclose(got[inner, inner], expected[inner, inner], atol=0.01)


def test_other_shapes_are_not_resampled():
    with pytest.raises(ValueError, match="must be those of square grids"):
        resampled(np.zeros((15, 4), "float32"), (36, 4))
