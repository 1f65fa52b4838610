"""Every drawn competition, from its files to a graded submission, without a hint but the metric.

What is read, decoded, split, blended and written is tested with a worker that trains in a tenth of
a second; the full tests train a network.
"""

from pathlib import Path

import pytest
from support.competitions import BAGS, DRAWN, MELTED, MELTED_HEADS, Drawn
from support.light_worker import LightWorker

import kaggle_prz as prz
from kaggle_prz import report
from kaggle_prz.runs import leak_audit
from kaggle_prz.training.workers import in_process

pytestmark = pytest.mark.keras


@pytest.fixture
def light(monkeypatch: pytest.MonkeyPatch) -> None:
    """Train trees in place of a network, and draw no report."""
    monkeypatch.setattr(in_process, "InProcess", LightWorker)
    monkeypatch.setattr(report, "write_if_possible", lambda _run, _console: None)


def is_learnt(competition: Drawn, runs: Path) -> prz.Run:
    """Fit a competition, have it graded by its own grader, and read its run back."""
    run = prz.fit(
        str(competition.root),
        metric=None if competition.metric == "Custom Metric" else competition.metric,
        backbone="tiny",
        sizes=(24,),
        folds=2,
        epochs=8,
        batch_size=8,
        learning_rate=5e-3,
        tta=False,
        output_dir=runs,
    )
    score = competition.grade(run.submission)
    half_way = (competition.chance + competition.perfect) / 2
    assert score > half_way if competition.maximize else score < half_way
    read = prz.load_run(run.path)
    assert read.oof.index.tolist() == read.task.train_ids.tolist()
    assert leak_audit.audit(run.path).clean
    return read


@pytest.mark.usefixtures("light")
@pytest.mark.parametrize("slug", DRAWN)
def test_it_is_read_and_its_grader_takes_the_answer(drawn, tmp_path, slug):
    run = is_learnt(drawn(slug), tmp_path / "runs")
    assert (run.task.bags is not None) == (slug in BAGS)


@pytest.mark.usefixtures("light")
@pytest.mark.parametrize("draw", [MELTED, MELTED_HEADS])
def test_rows_of_images_and_heads(tmp_path, draw):
    assert is_learnt(draw(tmp_path / "files", 0), tmp_path / "runs").task.melted


@pytest.mark.full
@pytest.mark.parametrize("slug", DRAWN)
def test_a_small_network_learns_it(drawn, tmp_path, slug):
    assert is_learnt(drawn(slug), tmp_path / "runs").report.is_file()
