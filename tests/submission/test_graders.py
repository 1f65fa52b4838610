"""What is written from perfect predictions, before the graders of the drawn competitions."""

from dataclasses import replace

import numpy as np
import pytest
from support.competitions import DRAWN, Drawn
from support.handmade import task_of, truth_of

from kaggle_prz import submission
from kaggle_prz.core.task import Task
from kaggle_prz.metrics.decisions import Decision

pytestmark = pytest.mark.slow

# Their cells have no name of a class.
ONE_PROBABILITY = [*list(DRAWN)[:4], "json-arrays", "hdf5-files", "bag-folders", "breasts"]
by_slug = pytest.mark.parametrize("slug", DRAWN)


def _decision(task: Task) -> Decision | None:
    """Tags from one half on; unlike the default, nothing where nothing is likely."""
    if task.cell != "labels":
        return None
    return Decision("tags", "given", thresholds=(0.5,) * len(task.classes), never_empty=False)


def _perfect(drawn: Drawn, score: float) -> bool:
    return score == pytest.approx(drawn.perfect, abs=2e-6)  # what log loss keeps aside


def _bad(drawn: Drawn, score: float) -> bool:
    middle = (drawn.chance + drawn.perfect) / 2
    return score < middle if drawn.maximize else score > middle


@by_slug
def test_perfect_predictions_in_any_order_score_as_perfect(drawn, slug, tmp_path):
    competition = drawn(slug)
    task, (ids, rows) = task_of(competition), truth_of(competition)
    order = np.random.default_rng(0).permutation(len(ids))
    path = tmp_path / "submission.csv"
    submission.write(path, task, np.array(ids)[order], rows[order], _decision(task))
    submission.validate(path, task)
    assert _perfect(competition, competition.grade(path))


@by_slug
def test_predictions_under_other_ids_do_not(drawn, slug, tmp_path):
    competition = drawn(slug)
    task, (ids, rows) = task_of(competition), truth_of(competition)
    order = np.random.default_rng(0).permutation(len(ids))
    path = tmp_path / "submission.csv"
    submission.write(path, task, np.array(ids), rows[order], _decision(task))
    assert _bad(competition, competition.grade(path))


@pytest.mark.parametrize("slug", [slug for slug in DRAWN if slug not in ONE_PROBABILITY])
def test_classes_in_another_order_than_columns_are_joined_by_name(drawn, slug, tmp_path):
    competition = drawn(slug)
    task, (ids, rows) = task_of(competition), truth_of(competition)
    labels = task.labels if task.kind != "classes" else len(task.classes) - 1 - task.labels
    if task.heads:
        labels = np.array(task.head_sizes) - 1 - task.labels
    turned = replace(
        task,
        classes=task.classes[::-1],
        heads=tuple(replace(head, classes=head.classes[::-1]) for head in task.heads[::-1]),
        labels=labels if labels.ndim == 1 else labels[:, ::-1],
        metric="accuracy" if task.metric == "quadratic_kappa" else task.metric,
    )
    path = tmp_path / "submission.csv"
    submission.write(path, turned, np.array(ids), rows[:, ::-1], _decision(turned))
    assert _perfect(competition, competition.grade(path))


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@by_slug
def test_predictions_of_networks_are_accepted(drawn, slug, dtype, tmp_path):
    competition = drawn(slug)
    task, (ids, rows) = task_of(competition), truth_of(competition)
    noise = np.random.default_rng(1).random(rows.shape)
    blurred = (0.9 * rows + 0.1 * noise).astype(dtype)
    path = tmp_path / "submission.csv"
    submission.write(path, task, np.array(ids), blurred)
    score = competition.grade(path)
    assert np.isfinite(score)
    assert not _bad(competition, score)
