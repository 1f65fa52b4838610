"""What is done to pictures: as drawn for each, within the rules, nothing at magnitude 0."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaggle_prz.core.errors import UsageError
from kaggle_prz.schedule.recipe import Recipe
from kaggle_prz.schedule.stages import stages_of
from kaggle_prz.tasks.outputs import shares as shares_of
from kaggle_prz.training import augmentation
from kaggle_prz.training.augmentation import (
    OPERATIONS,
    Augmentation,
    colour,
    crops,
    decoded_sizes,
    geometry,
    mix,
    randaugment,
    stored_size,
)
from kaggle_prz.training.augmentation import draws as columns
from kaggle_prz.training.augmentation.draws import DRAWS, draws
from kaggle_prz.training.augmentation.randaugment import operations_of

seeds = st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=4).map(tuple)


def smooth(count: int, size: int = 16, channels: int = 3) -> np.ndarray:
    """Pictures of soft spots, so that moving them a little changes them a little."""
    random = np.random.default_rng(2)
    coarse = random.integers(0, 256, (count, size // 4 + 1, size // 4 + 1, channels))
    fine = coarse.repeat(4, axis=1).repeat(4, axis=2)[:, : size + 3, : size + 3]
    for axis in (1, 2):
        parts = [np.take(fine, range(k, fine.shape[axis] - 3 + k), axis) for k in range(4)]
        fine = sum(parts) / 4
    return fine[:, :size, :size].astype(np.uint8)


def choose(name: str, *, sign: int = 1) -> np.ndarray:
    """Draws of one picture whose first operation is `name`, and whose second is none."""
    drawn = np.zeros((1, DRAWS), np.float32)
    drawn[0, columns.OPERATION] = (OPERATIONS.index(name) + 0.5) / len(OPERATIONS)
    drawn[0, columns.OPERATION + 1] = 0.2 if sign > 0 else 0.8
    return drawn


def apply(images: np.ndarray, drawn: np.ndarray, magnitude: float) -> np.ndarray:
    return randaugment(images, drawn, magnitude=magnitude, size=images.shape[1])


@given(seeds, st.integers(1, 40), st.integers(0, 40))
def test_numbers_of_a_row_depend_on_seed_and_row_alone(seed, images, more):
    few, many = draws(seed, images), draws(seed, images + more)
    np.testing.assert_array_equal(few, many[:images])
    assert ((few >= 0) & (few < 1)).all()
    assert not np.array_equal(few, draws((*seed, 1), images))


def test_numbers_are_even_and_unrelated():
    drawn = draws((3, 1), 20_000)
    np.testing.assert_allclose(drawn.mean(axis=0), 0.5, atol=0.02)
    np.testing.assert_allclose(np.corrcoef(drawn.T), np.eye(DRAWS), atol=0.04)


@given(seeds, st.integers(1, 6), st.floats(0, 10), st.data())
def test_a_picture_is_augmented_the_same_in_any_batch(seed, channels, magnitude, data):
    images = smooth(6, 12, channels)
    drawn = draws(seed, 6)
    whole = randaugment(images, drawn, magnitude=magnitude, size=10)
    some = data.draw(st.lists(st.integers(0, 5), min_size=1, max_size=9))
    part = randaugment(images[some], drawn[some], magnitude=magnitude, size=10)
    np.testing.assert_array_equal(part, whole[some])
    assert (whole.shape, whole.dtype) == ((6, 10, 10, channels), np.uint8)


@given(seeds, st.integers(1, 6))
def test_magnitude_0_is_the_crop_alone(seed, channels):
    images = smooth(5, 12, channels)
    drawn = draws(seed, 5)
    given_back = randaugment(images, drawn, magnitude=0.0, size=9)
    for image, (down, right), one in zip(images, crops(drawn, 12, 9), given_back, strict=True):
        np.testing.assert_array_equal(one, image[down : down + 9, right : right + 9])


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5, 6])
def test_greater_magnitudes_change_more(channels):
    images = smooth(60, 24, channels)
    drawn = draws((5,), 60)
    changes = [
        np.abs(apply(images, drawn, magnitude).astype(int) - images).mean()
        for magnitude in (0, 2, 5, 10)
    ]
    assert changes[0] == 0
    assert all(later > 1.3 * earlier for earlier, later in pairwise(changes[1:]))
    assert changes[1] > 0.5


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("sign", [1, -1])
def test_every_operation_changes_pictures_but_identity_and_grows(name, sign):
    images = smooth(1, 24)[:, :, ::-1] // 2 + 30  # neither black nor white
    weak, strong = (
        np.abs(apply(images, choose(name, sign=sign), magnitude).astype(int) - images).mean()
        for magnitude in (4, 10)
    )
    if name == "identity":
        assert weak == strong == 0
    else:
        assert 0 <= weak < strong


def test_operations_are_drawn_equally_often_with_either_sign():
    chosen = [one for row in draws((1,), 7000) for one in operations_of(row)]
    for name in OPERATIONS:
        for sign in (1, -1):
            assert chosen.count((name, sign)) == pytest.approx(500, rel=0.2)


def test_a_channel_is_treated_without_the_others():
    """Colours of saturation apart: it needs them all."""
    images = smooth(1, 16, 5)
    for name in set(OPERATIONS) - {"saturation"}:
        whole = apply(images, choose(name), 7)
        for channel in range(5):
            alone = apply(images[..., channel : channel + 1], choose(name), 7)
            difference = whole[..., channel : channel + 1].astype(int) - alone
            assert np.abs(difference).max() <= 1, name  # fills are rounded


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5, 6])
def test_translation_is_by_pixels_and_fills_with_mean_colours(channels):
    image = smooth(1, 20, channels)[0]
    moved = geometry.warp(image, geometry.translate_x(0.5), (0, 0), 20)  # 0.15 of 20 px
    np.testing.assert_array_equal(moved[:, :17], image[:, 3:])
    mean = image[::8, ::8].mean(axis=(0, 1)).round()
    np.testing.assert_array_equal(moved[:, 17:], np.broadcast_to(mean, (20, 3, channels)))
    down = geometry.warp(image, geometry.translate_y(-0.5), (0, 0), 20)
    np.testing.assert_array_equal(down[3:], image[:17])


def test_a_margin_comes_into_view_where_a_crop_is_moved():
    image = smooth(1, 30)[0]
    moved = geometry.warp(image, geometry.translate_x(0.5), (4, 2), 20)
    np.testing.assert_array_equal(moved, image[4:24, 5:25])


def test_a_quarter_turn_turns_about_the_centre():
    image = smooth(1, 16)[0]
    quarter = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    turned = geometry.warp(image, quarter, (0, 0), 16)
    np.testing.assert_array_equal(turned, np.rot90(image, 1))


def test_colours_are_those_of_their_definitions():
    image = np.array([[[0], [60]], [[120], [200]]], np.uint8)

    def values(table, strength):
        return colour.by_table(image, table, strength).ravel().tolist()

    assert values(colour.brightness, 1.0) == [0, 114, 228, 255]
    assert values(colour.brightness, -1.0) == [0, 6, 12, 20]
    assert values(colour.contrast, -1.0) == [86, 92, 98, 106]  # around 95
    assert values(colour.solarize, 0.5) == [0, 60, 120, 55]
    assert values(colour.solarize, -1.0) == [255, 195, 135, 55]
    assert values(colour.posterize, 1.0) == [0, 48, 112, 192]
    assert values(colour.autocontrast, 1.0) == [0, 76, 153, 255]
    assert values(colour.equalize, 1.0) == [0, 85, 170, 255]
    assert values(colour.equalize, -0.5) == [0, 72, 145, 228]


def test_a_plain_picture_stays_plain():
    image = np.full((8, 8, 2), 77, np.uint8)
    for table in (colour.autocontrast, colour.equalize, colour.contrast):
        np.testing.assert_array_equal(colour.by_table(image, table, 1.0), image)
    np.testing.assert_array_equal(colour.sharpness(image, 1.0), image)


def test_saturation_takes_colours_to_grey_and_away_from_it():
    image = np.array([[[90, 120, 150]]], np.uint8)
    assert colour.saturation(image, -1.0).tolist() == [[[117, 120, 123]]]
    assert colour.saturation(image, 1.0).tolist() == [[[63, 120, 177]]]
    grey = smooth(1, 8, 1)[0]
    assert colour.saturation(grey, 1.0) is grey


@given(
    seeds,
    st.integers(1, 9),
    st.sampled_from([(0.2, 0.0), (1.0, 0.0), (0.0, 1.0), (0.4, 3.0), (10.0, 10.0)]),
    st.integers(1, 6),
)
def test_mixing_conserves_the_mass_of_labels(seed, count, alphas, channels):
    images, targets = smooth(count, 8, channels), shares_of(np.arange(count) % 3, (3,))
    partners = np.roll(np.arange(count), 1)
    mixup, cutmix = alphas
    mixed, shares = mix(images, targets, draws(seed, count), partners, mixup=mixup, cutmix=cutmix)
    assert (mixed.shape, mixed.dtype) == (images.shape, np.uint8)
    assert (shares.shape, shares.dtype) == (targets.shape, np.float32)
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-6)
    assert (shares[np.arange(count), np.arange(count) % 3] >= 0.4).all()
    low, high = np.minimum(images, images[partners]), np.maximum(images, images[partners])
    assert ((mixed >= low) & (mixed <= high)).all()


@given(seeds, st.floats(0.05, 10))
def test_the_share_of_cutmix_is_the_area_that_was_pasted(seed, alpha):
    images = np.zeros((12, 10, 10, 2), np.uint8)
    images[1::2] = 255
    partners = np.arange(12) ^ 1
    mixed, shares = mix(
        images, shares_of(np.arange(12) % 2, (2,)), draws(seed, 12), partners, cutmix=alpha
    )
    np.testing.assert_allclose(mixed.mean(axis=(1, 2, 3)) / 255, shares[:, 1], atol=1e-6)
    for one in (mixed != images).any(axis=3):
        rows, columns_ = one.any(axis=1), one.any(axis=0)
        np.testing.assert_array_equal(one, rows[:, None] & columns_)  # a box


@given(seeds, st.floats(0.05, 10))
def test_the_share_of_mixup_is_that_of_pixels(seed, alpha):
    images = np.zeros((8, 4, 4, 1), np.uint8)
    images[1::2] = 255
    mixed, shares = mix(
        images, shares_of(np.arange(8) % 2, (2,)), draws(seed, 8), np.arange(8) ^ 1, mixup=alpha
    )
    np.testing.assert_allclose(mixed[:, 0, 0, 0] / 255, shares[:, 1], atol=0.5 / 255 + 1e-6)


def test_of_both_each_picture_takes_one():
    images = np.zeros((400, 8, 8, 1), np.uint8)
    images[1::2] = 200
    partners = np.arange(400) ^ 1
    mixed, _ = mix(images, shares_of(np.zeros(400, int), (1,)), draws((9,), 400), partners,
                   mixup=10, cutmix=10)  # fmt: skip
    blended = sum(len(np.unique(one)) == 1 and 0 < one[0, 0, 0] < 200 for one in mixed)
    pasted = sum(len(np.unique(one)) == 2 for one in mixed)
    assert blended == pytest.approx(200, abs=40)
    assert pasted == pytest.approx(200, abs=40)


def test_tags_and_numbers_are_mixed_linearly():
    targets = np.array([[0.0, 1.0], [0.5, 0.25]], np.float32)
    images = np.stack([np.zeros((4, 4, 1), np.uint8), np.full((4, 4, 1), 255, np.uint8)])
    mixed, shares = mix(images, targets, draws((4,), 2), np.array([1, 0]), mixup=1.0)
    for one, share, own, other in zip(mixed, shares, targets, targets[::-1], strict=True):
        kept = abs(own[0] - share[0]) / 0.5
        np.testing.assert_allclose(share, own * (1 - kept) + other * kept, atol=1e-6)
        assert 0 < one[0, 0, 0] < 255


@pytest.mark.parametrize("targets", [np.arange(3), np.zeros((3, 2), int)])
def test_class_indexes_are_not_mixed(targets):
    with pytest.raises(UsageError, match=r"need targets .* received shape \(3"):
        mix(smooth(3), targets, draws((1,), 3), np.array([1, 2, 0]), mixup=1.0)


def test_crops_reach_every_place():
    corners = crops(draws((1,), 500), 12, 9)
    assert {tuple(corner) for corner in corners.tolist()} == {
        (down, right) for down in range(4) for right in range(4)
    }
    assert not crops(draws((1,), 5), 9, 9).any()


@given(st.integers(8, 4096), st.floats(0, 0.99))
def test_stores_are_as_large_as_their_margin_asks(size, margin):
    stored = stored_size(size, margin)
    if margin == 0:
        assert stored == size
    else:
        assert stored % 2 == 0
        assert -1e-5 <= stored - size * (1 + margin) < 2


def test_stores_of_a_recipe_are_shared_where_they_have_the_same_size():
    assert decoded_sizes(Recipe(sizes=(32, 48))) == (32, 48)
    assert decoded_sizes(Recipe(sizes=(32, 48), presize=0.5)) == (32, 48, 72)
    assert decoded_sizes(Recipe(sizes=(32, 48), presize=0.1)) == (32, 36, 48, 54)


def test_a_stage_says_what_it_does_to_pictures():
    recipe = Recipe(sizes=(32, 48), presize=0.5, randaugment=(0, 9), mixup=0.2, cutmix=(0.0, 1.0))
    first, last = stages_of(recipe)
    assert augmentation.sentence(first, recipe, ()) == (
        "augmentation: crops of 32 from 48 px, mixup 0.2; drawn for each image, on the CPU"
    )
    assert augmentation.sentence(last, recipe, ("horizontal", "vertical")) == (
        "augmentation: crops of 48 from 72 px, horizontal and vertical flips, RandAugment 9, mixup "
        "0.2, cutmix 1; drawn for each image, on the CPU"
    )
    plain = Recipe(sizes=(32,))
    assert augmentation.sentence(stages_of(plain)[0], plain, ()) == "augmentation: none"
    assert Augmentation.of(last) == Augmentation(9, 0.2, 1.0)
    assert not Augmentation(randaugment=3).mixes
