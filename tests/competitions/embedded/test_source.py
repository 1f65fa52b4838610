import dataclasses
from pathlib import Path

import pytest

from kaggle_prz.competitions import embedded
from kaggle_prz.competitions.embedded import source
from kaggle_prz.competitions.embedded.shapes import Shapes
from kaggle_prz.competitions.embedded.source import EmbeddedHost
from kaggle_prz.core.errors import CompetitionNotFoundError, SubmissionError
from kaggle_prz.core.filesystem import home


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> EmbeddedHost:
    """The host, with a `shapes` that is quick to draw."""
    small = {**embedded.EMBEDDED, "shapes": Shapes(train=8, test=8)}
    monkeypatch.setattr(source, "EMBEDDED", small)
    return EmbeddedHost()


def test_it_knows_what_comes_with_the_package():
    host = EmbeddedHost()
    assert host.competitions() == ["elpv", "shapes"]
    assert host.knows("shapes")
    assert not host.knows("dogs")


@pytest.mark.parametrize("slug", ["elpv", "shapes"])
def test_it_describes_a_competition_without_its_files(slug):
    competition = EmbeddedHost().describe(slug)
    assert (competition.slug, competition.metric, competition.daily_limit) == (slug, "log_loss", 5)
    assert competition.flips == ("horizontal", "vertical")
    assert competition.recipe["sizes"] == {"elpv": (96, 144), "shapes": (32, 48, 64)}[slug]
    assert competition.license
    assert not home().exists() or not any(home().iterdir())
    with pytest.raises(dataclasses.FrozenInstanceError):
        competition.metric = "accuracy"


def test_download_writes_the_files_into_the_home_once(host):
    directory = host.download("shapes")
    assert directory == home() / "competitions" / "shapes"
    before = (directory / "train.csv").stat().st_mtime_ns
    assert host.download("shapes") == directory
    assert (directory / "train.csv").stat().st_mtime_ns == before


def test_a_submission_reaches_the_leaderboard(host):
    sample = host.download("shapes") / "sample_submission.csv"
    received = host.submit("shapes", sample, "chance")
    assert host.submissions("shapes") == [received]
    assert {row.team for row in host.standings("shapes")} == {"you", "sample submission benchmark"}
    assert len(host.standings("shapes", private=True)) == 2


def test_a_refused_file_raises(host, tmp_path):
    (tmp_path / "bad.csv").write_text("id\n")
    with pytest.raises(SubmissionError, match="was refused"):
        host.submit("shapes", tmp_path / "bad.csv", "")


@pytest.mark.parametrize(
    "use",
    [
        lambda host: host.describe("shape"),
        lambda host: host.download("shape"),
        lambda host: host.submit("shape", Path("x.csv"), ""),
        lambda host: host.submissions("shape"),
        lambda host: host.standings("shape"),
    ],
)
def test_an_unknown_name_lists_the_known_ones(use):
    with pytest.raises(
        CompetitionNotFoundError, match=r"Did you mean 'shapes'\? Known are elpv, sh"
    ):
        use(EmbeddedHost())
