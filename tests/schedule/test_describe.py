"""A sentence for every choice, none for a plain recipe."""

import pytest
from support.toy_nets import stage
from support.toys import Recorder, make_stage

from kaggle_prz.schedule import describe
from kaggle_prz.schedule.cost import Speed, Workload
from kaggle_prz.schedule.recipe import Recipe
from kaggle_prz.schedule.stages import stages_of


def test_a_plain_recipe_has_none():
    assert describe.of(stage(), Recipe(ema=0)) == []


def test_every_choice_is_told():
    recipe = Recipe(
        layer_decay=0.8, accumulate=4, loss="focal", class_weight="balanced", ema=0.99, patience=2
    )
    assert describe.of(stage(label_smoothing=0.1), recipe) == [
        "layer decay: the learning rate of a group of layers is 0.8 of that of the next group",
        "gradients are averaged over 4 steps before the weights change",
        "loss: focal, which gives less weight to images that are classified well",
        "loss: every class has the same total weight in the training rows of a fold",
        "EMA of the weights with momentum 0.99; the averaged weights predict",
        "early stopping: the stage of a fold ends after 2 epochs without a better "
        "out-of-fold score and keeps its best epoch, "
        "so out-of-fold scores are slightly optimistic",
    ]


def test_numbers_are_not_smoothed():
    assert describe.of(stage(label_smoothing=0.1), Recipe(ema=0), has_classes=False) == [
        "label smoothing: none, because numbers have no classes"
    ]


WORKLOAD = Workload(folds=3, train_rows=300, test_rows=100, views=2)
SPEED = Speed(image_size=50, train_images=100, predict_images=200, start=5)


@pytest.fixture
def console() -> Recorder:
    return Recorder()


STAGES = (make_stage(1, 50, epochs=4), make_stage(2, 100, epochs=1))


def test_stages_are_shown_with_their_share_and_forecast(console):
    describe.show_stages(STAGES, WORKLOAD, SPEED, console)
    ((title, columns, rows),) = console.tables
    assert title == "stages of 3 folds, 300 training images"
    assert columns[-2:] == ["compute", "predicted"]
    # 5 s start + 4 × 200 × 3 / 100 s training + 2 × (300 + 3 × 100) / 200 s prediction
    assert rows[0] == ("1", "50 px", "4", "8", "1.0e-03", "50%", "35 s")
    assert rows[1] == ("2", "100 px", "1", "8", "1.0e-03", "50%", "53 s")
    assert console.lines == [
        "2.50× less compute than the same epochs at 100 px; predicted in total: 1 min 28 s"
    ]


def test_a_ramp_has_a_column_where_it_is_not_zero_throughout(console):
    recipe = Recipe(sizes=(32, 48, 64), mixup=(0, 0.2), dropout=(0.1, 0.3), epochs=3)
    describe.show_stages(stages_of(recipe), WORKLOAD, None, console)
    ((_, columns, rows),) = console.tables
    assert columns[4:8] == ["learning rate", "dropout", "mixup", "compute"]
    assert [row[5:7] for row in rows] == [("0.1", "0"), ("0.2", "0.1"), ("0.3", "0.2")]


def test_without_a_speed_times_are_left_open(console):
    describe.show_stages(STAGES, WORKLOAD, None, console)
    assert [row[-1] for row in console.tables[0][2]] == ["not measured"] * 2
    assert console.lines == ["2.50× less compute than the same epochs at 100 px"]


@pytest.mark.parametrize("stages", [[make_stage()], [make_stage(epochs=0)]])
def test_one_stage_is_not_compared_with_itself(console, stages):
    describe.show_stages(stages, WORKLOAD, SPEED, console)
    assert console.lines == []
