import pytest

from kaggle_prz.competitions.folder import FolderSource, slugify
from kaggle_prz.core.errors import CompetitionNotFoundError, SubmissionError


@pytest.fixture
def leaves(tmp_path):
    (tmp_path / "My Leaves 2").mkdir()
    return FolderSource(tmp_path / "My Leaves 2")


def test_the_directory_gives_the_name(leaves, tmp_path):
    assert leaves.slug == "my-leaves-2"
    assert leaves.download() == tmp_path / "My Leaves 2"


def test_nothing_is_written_to_it(leaves, tmp_path):
    assert leaves.about
    leaves.download()
    assert list((tmp_path / "My Leaves 2").iterdir()) == []


def test_the_metric_is_not_known(leaves):
    competition = leaves.about
    assert (competition.metric, competition.title) == ("", "My Leaves 2")


def test_a_relative_directory_keeps_its_own_name(tmp_path, monkeypatch):
    (tmp_path / "leaves").mkdir()
    monkeypatch.chdir(tmp_path / "leaves")
    assert FolderSource(tmp_path / "leaves" / ".").slug == "leaves"
    assert FolderSource(type(tmp_path)(".")).slug == "leaves"


def test_there_is_no_leaderboard(leaves):
    assert not leaves.has_leaderboard
    with pytest.raises(SubmissionError, match=r"no leaderboard.* in runs/my-leaves-2"):
        _ = leaves.leaderboard


def test_a_missing_directory_is_a_sentence(tmp_path):
    with pytest.raises(CompetitionNotFoundError, match="none does not exist"):
        FolderSource(tmp_path / "none")


def test_a_file_is_no_directory(tmp_path):
    (tmp_path / "train.csv").touch()
    with pytest.raises(CompetitionNotFoundError, match=r"train\.csv is a file"):
        FolderSource(tmp_path / "train.csv")


def test_a_directory_that_went_away_is_a_sentence(leaves, tmp_path):
    (tmp_path / "My Leaves 2").rmdir()
    with pytest.raises(CompetitionNotFoundError, match="does not exist"):
        leaves.download()


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("plain_name-1", "plain_name-1"),
        ("Dog  Breeds!", "dog-breeds"),
        ("Blätter (2026)", "blatter-2026"),
        ("犬", "competition"),
        ("", "competition"),
        ("..", "competition"),
    ],
)
def test_names_become_fit_for_paths(name, slug):
    assert slugify(name) == slug
