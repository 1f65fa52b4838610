import pytest

from kaggle_prz.competitions import find
from kaggle_prz.core.errors import CompetitionNotFoundError


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


@pytest.mark.parametrize("slug", ["shapes", "elpv"])
def test_an_embedded_name(slug):
    source = find(slug)
    assert (source.host, source.slug) == ("embedded", slug)
    assert source.has_leaderboard


@pytest.mark.parametrize("written", ["leaves", "./leaves", "leaves/", "../here/leaves"])
def test_a_directory(here, written):
    (here / "leaves").mkdir()
    source = find(written)
    assert (source.host, source.slug) == ("folder", "leaves")
    assert source.download().samefile(here / "leaves")


def test_the_current_directory():
    source = find(".")
    assert (source.host, source.slug) == ("folder", "here")


def test_a_folder_does_not_hide_an_embedded_competition(here):
    (here / "shapes").mkdir()
    assert find("shapes").host == "embedded"
    assert find("./shapes").host == "folder"


def test_a_path_that_is_not_there():
    with pytest.raises(CompetitionNotFoundError, match="leaves does not exist"):
        find("./leaves")


@pytest.mark.parametrize(
    ("name", "meant"), [("shape", "shapes"), ("Shapes", "shapes"), ("epv", "elpv")]
)
def test_a_near_miss_is_guessed(name, meant):
    with pytest.raises(CompetitionNotFoundError, match=f"Did you mean '{meant}'"):
        find(name)


@pytest.mark.parametrize("name", ["dogs-vs-cats", "", "dogs vs cats"])
def test_an_unknown_name_lists_the_known_ones(name):
    with pytest.raises(
        CompetitionNotFoundError, match=r"embedded competitions are elpv, shapes"
    ) as caught:
        find(name)
    assert "Did you mean" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_without_a_login_the_sentence_says_how_to_get_one():
    with pytest.raises(
        CompetitionNotFoundError, match=r"embedded competitions are elpv, shapes.*KAGGLE_API_TOKEN"
    ):
        find("dogs-vs-cats")
    with pytest.raises(CompetitionNotFoundError) as caught:
        find("no slug")
    assert "KAGGLE_API_TOKEN" not in str(caught.value)


def test_with_a_login_a_slug_is_kaggles(monkeypatch):
    monkeypatch.setenv("KAGGLE_API_TOKEN", "made-up")
    source = find("Dogs-vs-cats")
    assert (source.host, source.slug, source.address) == ("kaggle", *["dogs-vs-cats"] * 2)
    assert source.has_kernels
    assert find("shapes").host == "embedded"


def test_a_directory_of_that_name_is_meant_first(here, monkeypatch):
    monkeypatch.setenv("KAGGLE_API_TOKEN", "made-up")
    (here / "dogs").mkdir()
    (here / "c" / "cats").mkdir(parents=True)
    assert find("dogs").host == "folder"
    assert find("c/cats").host == "folder"


@pytest.mark.parametrize(
    "written",
    [
        "https://www.kaggle.com/competitions/shapes/overview",
        "https://www.kaggle.com/c/shapes",
        "kaggle.com/competitions/shapes?tab=data",
        "/c/shapes",
        "competitions/shapes",
    ],
)
def test_an_address_means_kaggle(monkeypatch, written):
    monkeypatch.setenv("KAGGLE_API_TOKEN", "made-up")
    source = find(written)
    assert (source.host, source.slug) == ("kaggle", "shapes")
    assert find(source.address).host == "kaggle"


def test_what_is_mounted_needs_no_login(tmp_path, monkeypatch):
    monkeypatch.setenv("KAGGLE_PRZ_INPUT", str(tmp_path / "input"))
    (tmp_path / "input" / "competitions" / "dogs").mkdir(parents=True)
    (tmp_path / "input" / "cats").mkdir()
    for slug, place in (("dogs", "competitions/dogs"), ("cats", "cats")):
        source = find(slug)
        assert (source.host, source.slug) == ("kaggle", slug)
        assert source.download() == tmp_path / "input" / place
        assert source.about.slug == slug


@pytest.mark.parametrize(
    "wrong",
    [
        "https://me:hidden-word@www.kaggle.com/c/leaf",
        "https://www.kaggle.com/datasets/leaf",
        "https://store.example/a.zip?X-Goog-Signature=hidden-word",
        "file:///data/leaf",
    ],
)
def test_an_address_of_something_else(wrong):
    with pytest.raises(CompetitionNotFoundError, match="that of a competition's page") as caught:
        find(wrong)
    assert "hidden-word" not in str(caught.value)
