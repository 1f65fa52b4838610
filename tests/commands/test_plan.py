from support.toys import Recorder, make_task

from kaggle_prz.commands import plan
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


def test_missing_weights_are_noted():
    console = Recorder()
    plan.foresee("shapes", backbone="VGG16", sizes=(32,), console=console)
    assert "Note: `fit` would not start here. " in console.lines[-1]
    assert "VGG16" in console.lines[-1]
