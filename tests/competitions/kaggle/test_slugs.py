import pytest

from kaggle_prz.competitions.kaggle import slugs


@pytest.mark.parametrize(
    ("text", "is_slug"),
    [("dogs-vs-cats", True), ("dogs_vs_cats", False), ("-", False), ("a", True), ("a-", False)],
)
def test_slugs_have_letters_digits_and_inner_hyphens(text, is_slug):
    assert slugs.is_slug(text) is is_slug


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("https://www.kaggle.com/competitions/dogs-vs-cats/overview", "dogs-vs-cats"),
        ("kaggle.com/c/Dogs-vs-cats", "dogs-vs-cats"),
        ("./dogs-vs-cats", None),
        ("https://www.kaggle.com/competitions/dogs_vs_cats", None),
    ],
)
def test_an_address_has_a_slug(text, slug):
    assert slugs.from_address(text) == slug
