"""The whole way at a loopback Kaggle: build, push, run there without us, and get a score."""

from pathlib import Path

import kaggle_image
import pytest
from kaggle_shapes import QUICK, SHOWN, SLUG, hidden_test, write_answers
from toys import Recorder

import kaggle_prz as prz
from kaggle_prz import kernel, lineage
from kaggle_prz.hosts.kaggle import Door, patience
from kaggle_prz.kernel import pushing, remote

pytestmark = pytest.mark.keras


@pytest.fixture
def files(tmp_path) -> Path:
    SHOWN.materialise(tmp_path / "files" / SLUG)
    return tmp_path / "files" / SLUG


@pytest.fixture
def kaggle(loopback, files, tmp_path, monkeypatch):
    """A code competition of shapes, kernels on an image without us, and a login."""
    hidden = hidden_test(files, tmp_path / "hidden", 30)
    loopback.competition(
        SLUG,
        files,
        hidden=tmp_path / "hidden",
        answers=write_answers(hidden, tmp_path / "answers.csv"),
        metric="log_loss",
        maximize=False,
        isKernelsSubmissionsOnly=True,
    )
    loopback.settings(
        scoring_seconds=0.0,
        queue_seconds=0.0,
        root_variable="KAGGLE_PRZ_ROOT",
        python=str(kaggle_image.make_image(tmp_path / "image")),
    )
    for name, value in loopback.environment().items():
        if name.startswith("KAGGLE_") or name.endswith("_proxy"):
            monkeypatch.setenv(name, value)
    for name in ("no_proxy", "NO_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    pause = patience.time.sleep
    monkeypatch.setattr(patience, "pause", lambda seconds: pause(min(seconds, 0.5)))
    return loopback


def test_a_training_over_several_versions_comes_home_and_is_whole(kaggle, tmp_path):
    built = kernel.build(SLUG, output=tmp_path / "built", machine="cpu", session=1, options=QUICK)
    pushed = pushing.push(built.kernel.parent, until_done=True, console=Recorder())
    assert pushed.version.number == 2
    remote.pull(Door(), pushed.version.ref, tmp_path, Recorder())
    (path,) = (tmp_path / "runs" / SLUG).iterdir()
    run = prz.load_run(path)
    assert run.competition == SLUG  # so that it can be submitted from here
    assert 0 < run.score < 3
    assert lineage.audit(path).clean
