import pytest

from kaggle_prz.competitions.folder import FolderSource
from kaggle_prz.core.errors import UsageError
from kaggle_prz.tasks.infer import hints
from kaggle_prz.tasks.overrides import Overrides


@pytest.fixture
def toml(tmp_path):
    """Write a competition.toml."""

    def write(content):
        (tmp_path / "competition.toml").write_bytes(content.encode())
        return tmp_path

    return write


def test_a_directory_without_the_file_says_nothing(tmp_path):
    assert hints.read(tmp_path) == hints.Hints()


def test_every_key(toml):
    said = hints.read(
        toml(
            'metric = "Log Loss"\ntarget = "y"\nid_column = "image"\ngroup = "none"\n'
            'positive = "cat"\nflips = ["vertical"]\ntitle = "Cats"\n'
            "head_weights = { root = 2, vowel = 0.5 }\n"
        )
    )
    assert said.given == {
        "metric": "Log Loss",
        "target": "y",
        "group": "none",
        "id_column": "image",
        "positive": "cat",
    }
    assert said.head_weights == {"root": 2, "vowel": 0.5}
    assert (said.flips, said.title) == (("vertical",), "Cats")


def test_options_win(toml):
    said = hints.read(toml('metric = "rmse"\ntarget = "y"'), Overrides(metric="mae"))
    assert (said.metric, said.target) == ("mae", "y")


def test_every_fault_is_told_at_once(toml):
    with pytest.raises(UsageError) as caught:
        hints.read(
            toml('metrik = "rmse"\nflips = ["diagonal"]\ntarget = 3\nhead_weights = { a = 0 }')
        )
    told = str(caught.value)
    assert "unknown key 'metrik'" in told
    assert "flips must be a list of horizontal and vertical" in told
    assert "head_weights must be a table of numbers above 0, received {'a': 0}" in told
    assert "target must be text, received 3" in told
    assert "The keys are sample, labels, target, id_column" in told


@pytest.mark.parametrize("content", ["metric = ", "metric: rmse"])
def test_what_is_no_toml(toml, content):
    with pytest.raises(
        UsageError, match=r"competition\.toml is not valid TOML.*metric = 'accuracy'"
    ):
        hints.read(toml(content))


def test_a_folder_is_described_by_its_file(toml):
    competition = FolderSource(toml('metric = "rmse"\ntitle = "Cats"\nflips = []')).about
    assert (competition.metric, competition.title, competition.flips) == ("rmse", "Cats", ())
