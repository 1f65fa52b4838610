"""A training at a loopback Kaggle that takes several sessions."""

import pytest
from support.kaggle_shapes import QUICK, SLUG, code_competition
from support.kaggle_worlds import login
from support.toys import Recorder

import kaggle_prz as prz
from kaggle_prz.commands import kernel
from kaggle_prz.commands.kernel import pushing, remote
from kaggle_prz.competitions.kaggle import Door
from kaggle_prz.runs import leak_audit

pytestmark = [pytest.mark.keras, pytest.mark.full]


@pytest.fixture
def kaggle(loopback, tmp_path, monkeypatch):
    code_competition(loopback, tmp_path, monkeypatch)
    with login(loopback):
        yield loopback


def test_a_training_over_several_versions_comes_home_and_is_whole(kaggle, tmp_path):
    built = kernel.build(SLUG, output=tmp_path / "built", machine="cpu", session=1, options=QUICK)
    pushed = pushing.push(built.kernel.parent, until_done=True, console=Recorder())
    assert pushed.version.number == 2
    remote.pull(Door(), pushed.version.ref, tmp_path, Recorder())
    (path,) = (tmp_path / "runs" / SLUG).iterdir()
    run = prz.load_run(path)
    assert run.competition == SLUG  # so that it can be submitted from here
    assert 0 < run.score < 3
    assert leak_audit.audit(path).clean
