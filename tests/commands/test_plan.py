import numpy as np
import pytest
from support.toys import Recorder, make_bags, make_task

from kaggle_prz.commands import plan
from kaggle_prz.models import backbones
from kaggle_prz.runs import speeds
from kaggle_prz.schedule.cost import Speed
from kaggle_prz.schedule.recipe import Recipe

TASK = make_task([0, 1, 2] * 20)
TINY = Recipe(backbone="tiny", sizes=(16, 24), folds=3, epochs=2, batch_size=8)


def test_without_a_measurement_times_are_not_known():
    foreseen = plan.of(TINY, TASK)
    assert [stage.image_size for stage in foreseen.stages] == [16, 24]
    assert foreseen.seconds == (None, None)


def test_a_time_limit_is_divided_by_the_recipe_s_schedule():
    recipe = TINY.model_copy(update={"epochs": None, "time_limit": 60, "schedule": "equal_epochs"})
    first = plan.of(recipe, TASK).stages[0]
    speeds.keep(recipe, first, Speed(16, 50, 200, 1))
    foreseen = plan.of(recipe, TASK)
    first, second = foreseen.stages
    assert first.epochs == second.epochs
    assert sum(foreseen.seconds) <= 60


def test_a_limit_too_short_is_told():
    recipe = TINY.model_copy(update={"time_limit": 1})
    speeds.keep(recipe, plan.of(TINY, TASK).stages[0], Speed(16, 50, 200, 1))
    foreseen, console = plan.of(recipe, TASK), Recorder()
    foreseen.show(console)
    assert [(stage.image_size, stage.epochs) for stage in foreseen.stages] == [(16, 0)]
    assert console.lines[-1] == (
        "Too little time to fine-tune: predicting with the initial weights of the backbone."
    )


def test_as_many_images_are_made_up_as_a_fold_trains_on():
    rows = plan._made_up_rows(TASK, TINY)
    assert len(rows.trained_on(0)) == 40
    assert len(rows.held_out(0)) == 0
    assert set(rows.train) == set(range(8))
    bags = make_bags([0, 1, 2], [40, 40, 40], [1] * 3)
    rows = plan._made_up_rows(bags, TINY)
    assert len(rows.trained_on(0)) == 64
    assert np.bincount(rows.train_rows).tolist() == [40, 24]


@pytest.mark.keras
@pytest.mark.parametrize(
    ("task", "changes"),
    [
        pytest.param(TASK, {}, marks=pytest.mark.full),
        (make_bags([0, 1], [9, 9], [1] * 2, classes=2), {"presize": 0.2, "randaugment": 5.0}),
    ],
)
def test_every_stage_is_measured_on_made_up_pixels(task, changes):
    console, recipe = Recorder(), TINY.model_copy(update=changes)
    plan.calibrate_stages(recipe, backbones.resolve("tiny"), task, console)
    foreseen = plan.of(recipe, task)
    assert all(foreseen.speeds.knows(stage) for stage in foreseen.stages)
    assert all(took > 0 for took in foreseen.seconds)
    assert console.bars == [("measuring", 2)]
