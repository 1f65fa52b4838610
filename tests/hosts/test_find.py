import pytest

from kaggle_prz.errors import CompetitionNotFoundError
from kaggle_prz.hosts import EmbeddedHost, FolderHost, Host, find


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


@pytest.mark.parametrize("slug", ["shapes", "elpv"])
def test_an_embedded_name(slug):
    host, found = find(slug)
    assert isinstance(host, EmbeddedHost)
    assert found == slug


@pytest.mark.parametrize("written", ["leaves", "./leaves", "leaves/", "../here/leaves"])
def test_a_directory(here, written):
    (here / "leaves").mkdir()
    host, slug = find(written)
    assert isinstance(host, FolderHost)
    assert (host.name, slug) == ("folder", "leaves")
    assert host.download(slug).samefile(here / "leaves")


def test_the_current_directory():
    host, slug = find(".")
    assert (host.name, slug) == ("folder", "here")


def test_a_folder_does_not_hide_an_embedded_competition(here):
    (here / "shapes").mkdir()
    assert find("shapes")[0].name == "embedded"
    assert find("./shapes")[0].name == "folder"


def test_a_path_that_is_not_there():
    with pytest.raises(CompetitionNotFoundError, match="leaves does not exist"):
        find("./leaves")


@pytest.mark.parametrize(
    ("name", "meant"), [("shape", "shapes"), ("Shapes", "shapes"), ("epv", "elpv")]
)
def test_a_near_miss_is_guessed(name, meant):
    with pytest.raises(CompetitionNotFoundError, match=f"Did you mean '{meant}'"):
        find(name)


@pytest.mark.parametrize("name", ["dogs-vs-cats", ""])
def test_an_unknown_name_lists_the_known_ones(name):
    with pytest.raises(CompetitionNotFoundError, match=r"Known are elpv, shapes") as caught:
        find(name)
    assert "Did you mean" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_both_hosts_keep_the_protocol(here):
    (here / "leaves").mkdir()
    hosts: list[Host] = [EmbeddedHost(), FolderHost(here / "leaves")]
    for host in hosts:
        assert all(host.knows(slug) for slug in host.competitions())
        assert [host.describe(slug).slug for slug in host.competitions()] == host.competitions()
