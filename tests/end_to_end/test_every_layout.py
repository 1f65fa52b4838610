"""Every drawn competition, from its files to a graded submission, without a hint but the metric."""

import pytest
from support.competitions import BAGS, DRAWN, MELTED, MELTED_HEADS, Drawn

import kaggle_prz as prz
from kaggle_prz.runs import leak_audit

pytestmark = pytest.mark.keras


def _learns(competition: Drawn, runs) -> prz.Run:
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
    assert run.report.is_file()
    return run


@pytest.mark.parametrize("slug", DRAWN)
def test_a_small_network_learns_it_and_its_grader_takes_the_answer(drawn, tmp_path, slug):
    run = _learns(drawn(slug), tmp_path / "runs")
    task = prz.load_run(run.path).task
    assert (task.bags is not None) == (slug in BAGS)
    assert run.oof.index.tolist() == task.train_ids.tolist()
    assert leak_audit.audit(run.path).clean


@pytest.mark.parametrize("draw", [MELTED, MELTED_HEADS])
def test_rows_of_images_and_heads(tmp_path, draw):
    run = _learns(draw(tmp_path / "files", 0), tmp_path / "runs")
    assert prz.load_run(run.path).task.melted
