"""Every drawn competition, from its files to a graded submission, without a hint but the metric."""

import pytest
from competitions import DRAWN

import kaggle_prz as prz

pytestmark = pytest.mark.keras


@pytest.mark.parametrize("slug", DRAWN)
def test_a_small_network_learns_it_and_its_grader_takes_the_answer(drawn, tmp_path, slug):
    competition = drawn(slug)
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
        output_dir=tmp_path / "runs",
    )
    score = competition.grade(run.submission)
    half_way = (competition.chance + competition.perfect) / 2
    assert score > half_way if competition.maximize else score < half_way
    assert run.report.is_file()
