import numpy as np
import pytest
from support.toys import Recorder, make_bags, make_task

from kaggle_prz.commands import plan
from kaggle_prz.commands.settle import calibration
from kaggle_prz.models import backbones
from kaggle_prz.schedule.recipe import Recipe

TASK = make_task([0, 1, 2] * 20)
TINY = Recipe(backbone="tiny", sizes=(16, 24), folds=3, epochs=2, batch_size=8)


def test_as_many_images_are_made_up_as_a_fold_trains_on():
    rows = calibration._made_up_rows(TASK, TINY)
    assert len(rows.trained_on(0)) == 40
    assert len(rows.held_out(0)) == 0
    assert set(rows.train) == set(range(8))
    bags = make_bags([0, 1, 2], [40, 40, 40], [1] * 3)
    rows = calibration._made_up_rows(bags, TINY)
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
    calibration.calibrate_stages(recipe, backbones.resolve("tiny"), task, console)
    foreseen = plan.of(recipe, task)
    assert all(foreseen.speeds.knows(stage) for stage in foreseen.stages)
    assert all(took > 0 for took in foreseen.seconds)
    assert console.bars == [("measuring", 2)]
