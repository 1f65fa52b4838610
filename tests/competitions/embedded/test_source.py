import dataclasses

import pytest

from kaggle_prz.competitions import embedded
from kaggle_prz.competitions.embedded import source
from kaggle_prz.competitions.embedded.shapes import Shapes
from kaggle_prz.competitions.embedded.source import EmbeddedSource
from kaggle_prz.core.errors import CompetitionNotFoundError, SubmissionError
from kaggle_prz.core.filesystem import home


@pytest.fixture
def shapes(monkeypatch: pytest.MonkeyPatch) -> EmbeddedSource:
    """A `shapes` that is quick to draw."""
    small = {**embedded.EMBEDDED, "shapes": Shapes(train=8, test=8)}
    monkeypatch.setattr(source, "EMBEDDED", small)
    return EmbeddedSource("shapes")


@pytest.mark.parametrize("slug", ["elpv", "shapes"])
def test_a_competition_is_described_without_its_files(slug):
    competition = EmbeddedSource(slug).about
    assert (competition.slug, competition.metric, competition.daily_limit) == (slug, "log_loss", 5)
    assert competition.flips == ("horizontal", "vertical")
    assert competition.recipe["sizes"] == {"elpv": (96, 144), "shapes": (32, 48, 64)}[slug]
    assert competition.license
    assert not home().exists() or not any(home().iterdir())
    with pytest.raises(dataclasses.FrozenInstanceError):
        competition.metric = "accuracy"


def test_download_writes_the_files_into_the_home_once(shapes):
    directory = shapes.download()
    assert directory == home() / "competitions" / "shapes"
    before = (directory / "train.csv").stat().st_mtime_ns
    assert shapes.download() == directory
    assert (directory / "train.csv").stat().st_mtime_ns == before


def test_a_submission_reaches_the_leaderboard(shapes):
    sample = shapes.download() / "sample_submission.csv"
    board = shapes.leaderboard
    received = board.submit(sample, "chance")
    assert board.submissions() == [received]
    assert {row.team for row in board.standings()} == {"you", "sample submission benchmark"}
    assert len(board.standings(private=True)) == 2


def test_a_refused_file_raises(shapes, tmp_path):
    (tmp_path / "bad.csv").write_text("id\n")
    with pytest.raises(SubmissionError, match="was refused"):
        shapes.leaderboard.submit(tmp_path / "bad.csv", "")


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(
        CompetitionNotFoundError,
        match=r"Did you mean 'shapes'\? The embedded competitions are elpv, sh",
    ):
        EmbeddedSource("shape")
