"""A run that kernels trained, as it is written down where it is fetched to."""

import pytest

from kaggle_prz.commands.kernel import fitting
from kaggle_prz.core import filesystem
from kaggle_prz.core.identity import Identity
from kaggle_prz.runs import records
from kaggle_prz.runs.records import RunRecord

IDENTITY = Identity("s", "w", (0.5,))


@pytest.mark.parametrize(
    ("there", "here", "named"),
    [
        ("/tmp/kaggle-prz/bundle/backbone/net.py:f", "nets/net.py:f", "nets/net.py:f"),
        ("/tmp/kaggle-prz/bundle/backbone/net.keras", "net.keras", "net.keras"),
        ("tiny", "tiny", None),
        ("tiny", None, None),
    ],
)
def test_a_fetched_run_names_the_network_of_this_machine(tmp_path, monkeypatch, there, here, named):
    monkeypatch.chdir(tmp_path)
    record = RunRecord(
        competition="c", recipe={"backbone": there, "folds": 2}, backbone_identity=IDENTITY
    )
    records.write(tmp_path / "recipe.json", record)
    before = (tmp_path / "recipe.json").read_bytes()
    fitting._name_network_as_here(tmp_path, there, here)
    if named is None:
        assert (tmp_path / "recipe.json").read_bytes() == before
        return
    found = filesystem.read_json(tmp_path / "recipe.json")
    assert found["recipe"] == {"backbone": named, "folds": 2}
    assert found["backbone_directory"] == str(tmp_path)
    assert records.read(tmp_path / "recipe.json", RunRecord).backbone_identity == IDENTITY
