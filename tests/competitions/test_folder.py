import pytest

from kaggle_prz.competitions.folder import FolderHost, slugify
from kaggle_prz.core.errors import CompetitionNotFoundError, SubmissionError


@pytest.fixture
def leaves(tmp_path):
    (tmp_path / "My Leaves 2").mkdir()
    return FolderHost(tmp_path / "My Leaves 2")


def test_the_directory_gives_the_name(leaves, tmp_path):
    assert leaves.competitions() == ["my-leaves-2"]
    assert leaves.knows("my-leaves-2")
    assert not leaves.knows("My Leaves 2")
    assert leaves.download("my-leaves-2") == tmp_path / "My Leaves 2"


def test_nothing_is_written_to_it(leaves, tmp_path):
    leaves.describe("my-leaves-2")
    leaves.download("my-leaves-2")
    assert list((tmp_path / "My Leaves 2").iterdir()) == []


def test_the_metric_is_not_known(leaves):
    competition = leaves.describe("my-leaves-2")
    assert (competition.metric, competition.title) == ("", "My Leaves 2")


def test_a_relative_directory_keeps_its_own_name(tmp_path, monkeypatch):
    (tmp_path / "leaves").mkdir()
    monkeypatch.chdir(tmp_path / "leaves")
    assert FolderHost(tmp_path / "leaves" / ".").slug == "leaves"
    assert FolderHost(type(tmp_path)(".")).slug == "leaves"


def test_there_is_no_leaderboard(leaves, tmp_path):
    with pytest.raises(SubmissionError, match=r"no leaderboard\. The submission is in .*sub\.csv"):
        leaves.submit("my-leaves-2", tmp_path / "sub.csv", "")
    with pytest.raises(SubmissionError, match=r"no leaderboard.* in runs/my-leaves-2"):
        leaves.standings("my-leaves-2")
    assert leaves.submissions("my-leaves-2") == []


def test_a_missing_directory_is_a_sentence(tmp_path):
    with pytest.raises(CompetitionNotFoundError, match="none does not exist"):
        FolderHost(tmp_path / "none")


def test_a_file_is_no_directory(tmp_path):
    (tmp_path / "train.csv").touch()
    with pytest.raises(CompetitionNotFoundError, match=r"train\.csv is a file"):
        FolderHost(tmp_path / "train.csv")


def test_a_directory_that_went_away_is_a_sentence(leaves, tmp_path):
    (tmp_path / "My Leaves 2").rmdir()
    with pytest.raises(CompetitionNotFoundError, match="does not exist"):
        leaves.download("my-leaves-2")


def test_another_name_is_refused(leaves):
    with pytest.raises(CompetitionNotFoundError, match="holds the competition 'my-leaves-2', not"):
        leaves.download("shapes")


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
