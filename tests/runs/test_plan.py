import json
import time
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.toys import Recorder, make_task

from kaggle_prz.core import filesystem
from kaggle_prz.core.clock import Budget
from kaggle_prz.core.errors import PausedError
from kaggle_prz.runs import plan as planning
from kaggle_prz.runs import speeds
from kaggle_prz.runs.plan import Plan
from kaggle_prz.runs.run import Run
from kaggle_prz.schedule.cost import Slot, Speed, Speeds, Workload, cost_of
from kaggle_prz.schedule.describe import HEADS_FIRST, NO_TIME_TO_TRAIN
from kaggle_prz.schedule.ramps import RAMPS
from kaggle_prz.schedule.recipe import Recipe
from kaggle_prz.schedule.stages import stages_of
from kaggle_prz.schedule.time_limit import FEWEST_EPOCHS_WORTH_A_STAGE

TASK = make_task([0, 1, 2] * 100, test_ids=[f"t{row}" for row in range(60)])
SIZES = (32, 64, 96)
FAST = Speed(image_size=32, train_images=1000, predict_images=4000, start=2)


class Clock:
    """`time.monotonic()` that passes when it is told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock)
    return clock


@pytest.fixture
def console() -> Recorder:
    return Recorder()


@pytest.fixture
def begin(tmp_path, console, clock):
    """A plan of the run in `tmp_path`, opened now; the budget starts now."""

    def opened(**recipe) -> Plan:
        run = Run(
            tmp_path, Recipe(**{"backbone": "tiny", "sizes": SIZES, "folds": 3} | recipe), TASK
        )
        return Plan(run, Budget(run.recipe.time_limit, started=clock.now), console)

    return opened


def _written(tmp_path) -> dict:
    return json.loads((tmp_path / "plan.json").read_text())


def _told(console: Recorder) -> list[str]:
    return [line for line in console.lines if line.startswith(("The time limit", "Too little"))]


def _cost(stages, recipe=None) -> float:
    workload = planning.workload_of(recipe or Recipe(folds=3), TASK)
    return sum(cost_of(stage, workload, FAST).total for stage in stages)


def test_a_new_plan_is_written_down(begin, tmp_path):
    begin(epochs=(3, 2, 1))
    plan = _written(tmp_path)
    assert {key: plan[key] for key in ("folds", "time_limit", "settled", "complete")} == {
        "folds": 3, "time_limit": None, "settled": 0, "complete": False,
    }  # fmt: skip
    assert plan["predicted_seconds"] is None
    assert [stage["name"] for stage in plan["stages"]] == ["stage1-32", "stage2-64", "stage3-96"]
    assert [stage["epochs"] for stage in plan["stages"]] == [3, 2, 1]


def test_stages_come_in_order_and_end(begin):
    plan = begin()
    assert [plan.next().image_size for _ in SIZES] == list(SIZES)
    assert plan.next() is None


def test_without_a_limit_stages_are_settled_as_they_are(begin, tmp_path):
    plan = begin(epochs=(3, 2, 1))
    for index in (1, 2, 3):
        stage = plan.next()
        assert plan.settle(stage, FAST if index == 1 else None) == stage
        assert _written(tmp_path)["settled"] == index
        assert plan.slot(stage, 0) == Slot(stage.epochs)
        assert plan.has_time_for(stage, 2)
    plan.close()
    assert _written(tmp_path)["complete"] is True
    assert len(_written(tmp_path)["predicted_seconds"]) == 3


def test_a_speed_is_measured_at_the_first_stage_and_under_a_limit(begin):
    plan = begin()
    first, second = plan.next(), plan.next()
    assert plan.needs_speed(first)
    assert not plan.needs_speed(second)
    plan.settle(first, FAST)
    assert not begin().needs_speed(first)


def test_under_a_limit_every_stage_is_worth_measuring(begin):
    plan = begin(time_limit=100)
    assert all(plan.needs_speed(plan.next()) for _ in SIZES)


def test_epochs_are_fitted_to_the_time_left(begin, clock):
    plan = begin(time_limit=60)
    clock.now += 5
    stage = plan.next()
    settled = plan.settle(stage, FAST)
    ahead = [settled, plan.next(), plan.next()]
    assert _cost(ahead) <= Budget(60, started=1000).left() + FAST.start
    assert _cost(ahead) >= 0.8 * Budget(60, started=1000).left()


def test_epochs_that_were_asked_for_are_not_exceeded_under_a_limit(begin):
    plan = begin(time_limit=3600, epochs=(1, 0.5, 0.29))
    assert plan.settle(plan.next(), FAST).epochs == 1
    assert [plan.next().epochs, plan.next().epochs] == [0.5, 0.29]


@pytest.mark.parametrize("limit", [None, 60])
def test_a_settled_stage_never_changes(begin, clock, limit, tmp_path):
    plan = begin(time_limit=limit)
    settled = plan.settle(plan.next(), FAST)
    plan.learn(2000.0)
    forecast = _written(tmp_path)["predicted_seconds"][0]
    for slower in (0.1, 10):
        clock.now += 500
        again = begin(time_limit=limit)
        stage = again.next()
        assert stage == settled
        speed = Speed(32, FAST.train_images * slower, FAST.predict_images, 1)
        assert again.settle(stage, speed) == settled
        again.close()
        assert _written(tmp_path)["predicted_seconds"][0] == forecast
        assert _written(tmp_path)["settled"] == 1


def test_stages_after_the_settled_one_are_planned_anew(begin, clock):
    plan = begin(time_limit=60)
    plan.settle(plan.next(), FAST)
    second = plan.next()
    clock.now += 25
    assert plan.settle(second, FAST).epochs < second.epochs


def test_a_limit_too_short_for_anything_leaves_the_head(begin, clock, console, tmp_path):
    plan = begin(time_limit=6.2)
    settled = plan.settle(plan.next(), FAST)
    assert settled.epochs == 0
    assert plan.next() is None
    assert _told(console) == [
        "The time limit leaves 0.1 s, too little for 64 px and 96 px; left out.",
        NO_TIME_TO_TRAIN,
    ]
    assert [stage["name"] for stage in _written(tmp_path)["stages"]] == ["stage1-32"]
    slot = plan.slot(settled, 0)
    assert slot.epochs == 0
    assert plan.has_time_for(settled, 2)


def test_time_that_is_too_short_to_train_goes_to_heads_at_larger_sizes(begin, clock, console):
    plan = begin(time_limit=11)
    slow = Speed(image_size=32, train_images=20, predict_images=4000, start=2)
    first = plan.settle(plan.next(), slow)
    assert first.epochs == 0
    second = plan.next()
    assert (second.image_size, second.epochs) == (64, 0)
    assert not plan.needs_speed(second)
    clock.now += 2.5
    assert plan.settle(second, None) == second
    assert plan.has_time_for(second, 2)
    assert plan.slot(second, 2).epochs == 0
    assert plan.next() is None
    assert _told(console) == [
        "The time limit leaves 4.9 s, too little for 96 px; left out.",
        HEADS_FIRST,
    ]


def test_heads_that_can_be_fitted_no_more_are_given_up(begin, clock):
    plan = begin(time_limit=11)
    slow = Speed(image_size=32, train_images=20, predict_images=4000, start=2)
    plan.settle(plan.next(), slow)
    second = plan.next()
    clock.now += 10
    assert plan.settle(second, None) is None


@pytest.mark.parametrize("recipe", [{"refit_head": False}, {"batch_norm": "recalibrate"}])
def test_folds_that_share_no_features_are_trained_however_short(begin, recipe):
    plan = begin(time_limit=11, **recipe)
    slow = Speed(image_size=32, train_images=20, predict_images=4000, start=2)
    assert plan.settle(plan.next(), slow).epochs == 0.14
    assert plan.next() is None


def test_the_last_stage_of_heads_is_trained_with_what_time_is_left(begin, clock, tmp_path):
    plan = begin(time_limit=30)
    slow = Speed(image_size=32, train_images=100, predict_images=4000, start=2)
    assert plan.settle(plan.next(), slow).epochs == 0
    second = plan.next()
    assert not plan.needs_speed(second)
    clock.now += 4
    assert plan.settle(second, None).epochs == 0
    third = plan.next()
    assert third.epochs == 0
    assert plan.needs_speed(third)
    clock.now += 4
    trained = plan.settle(third, Speed(96, 100 / 9, 4000 / 9, 2))
    assert trained.epochs > FEWEST_EPOCHS_WORTH_A_STAGE
    assert plan.has_time_for(trained, 0)
    assert plan.slot(trained, 0).epochs > trained.epochs
    assert [stage["epochs"] for stage in _written(tmp_path)["stages"]] == [0, 0, trained.epochs]
    later = begin(time_limit=30)
    assert [later.next().epochs for _ in range(3)] == [0, 0, trained.epochs]


def test_a_large_stage_that_does_not_fit_is_given_up_in_a_sentence(begin, console, tmp_path):
    plan = begin(time_limit=14, refit_head=False)
    settled = plan.settle(plan.next(), FAST)
    assert settled.epochs >= FEWEST_EPOCHS_WORTH_A_STAGE
    assert plan.next().image_size == 64
    assert plan.next() is None
    assert _told(console) == ["The time limit leaves 7.9 s, too little for 96 px; left out."]
    assert len(_written(tmp_path)["stages"]) == 2


def test_a_stage_whose_time_has_passed_is_not_begun(begin, clock, console):
    plan = begin(time_limit=60)
    plan.settle(plan.next(), FAST)
    second = plan.next()
    clock.now += 55
    assert plan.settle(second, FAST) is None
    assert "64 px and 96 px; left out" in _told(console)[0]
    assert begin(time_limit=60).next().image_size == 32


any_speeds = st.builds(
    Speed,
    image_size=st.just(32),
    train_images=st.floats(1, 1e4),
    predict_images=st.floats(1, 1e5),
    start=st.just(1.0),
)


@given(st.floats(10, 5000), st.floats(0, 1.2), any_speeds, st.integers(0, 2))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_fold_may_train_beyond_the_end(tmp_path_factory, limit, passed, speed, fold):
    """Except that what is over stays over: a deadline in the past does not train at all."""
    clock, place = Clock(), tmp_path_factory.mktemp("run")
    with mock.patch("time.monotonic", clock):
        recipe = Recipe(backbone="tiny", sizes=SIZES, folds=3, time_limit=limit)
        budget = Budget(limit, started=clock.now)
        plan = Plan(Run(place, recipe, TASK), budget, Recorder())
        settled = plan.settle(plan.next(), speed)
        clock.now += passed * limit
        slot = plan.slot(settled, fold)
        assert slot.epochs <= 30
        assert slot.deadline <= max(budget.end_of_training, clock.now)
        if settled.epochs == 0:
            assert slot.epochs == 0


def test_folds_share_the_time_that_is_left(begin, clock):
    plan = begin(time_limit=100, sizes=(32,))
    stage = plan.settle(plan.next(), FAST)
    left = Budget(100, started=1000).left()
    prediction = cost_of(stage, planning.workload_of(Recipe(folds=3), TASK), FAST).predict
    deadlines = [plan.slot(stage, fold).deadline - clock.now for fold in range(3)]
    expected = [left / remaining - prediction / 3 for remaining in (3, 2, 1)]
    assert deadlines == pytest.approx(expected)


def test_time_for_later_stages_is_kept_back(begin, clock):
    plan = begin(time_limit=100)
    stage = plan.settle(plan.next(), FAST)
    later = _cost([plan.next(), plan.next()])
    ends = plan.slot(stage, 2).deadline - clock.now
    assert ends + later < Budget(100, started=1000).left()


@pytest.mark.parametrize(("took", "less"), [(1.0, 0.0), (3.0, 0.0), (20.0, 34.0)])
def test_an_ensemble_and_report_that_take_long_are_left_more_time(begin, clock, took, less):
    plan = begin(time_limit=500)
    stage = plan.settle(plan.next(), FAST)
    before = plan.slot(stage, 2).deadline
    with plan.closing_timed():
        clock.now += took
    assert plan.closing == took
    assert plan.slot(stage, 2).deadline == pytest.approx(before - less)


def test_under_a_limit_the_clock_decides_and_not_the_forecast(begin):
    plan = begin(refit_head=False, time_limit=20)
    stage = plan.settle(plan.next(), FAST)
    assert stage.epochs < 10 < plan.slot(stage, 0).epochs <= 30


def test_under_a_limit_epochs_that_were_asked_for_stay_the_most(begin):
    plan = begin(refit_head=False, time_limit=20, epochs=(20, 1, 1))
    stage = plan.settle(plan.next(), FAST)
    assert stage.epochs < 20
    assert plan.slot(stage, 0).epochs == 20


def test_a_later_stage_ends_before_a_fold_that_has_no_time(begin, clock, console):
    plan = begin(time_limit=100)
    first = plan.settle(plan.next(), FAST)
    second = plan.settle(plan.next(), FAST)
    assert plan.has_time_for(second, 0)
    clock.now += 90
    assert not plan.has_time_for(second, 1)
    assert console.lines[-1].startswith("The time limit ends stage2-64 before fold 2;")
    assert plan.has_time_for(first, 1)


TINY = Recipe(backbone="tiny", sizes=SIZES, folds=3)


def test_what_was_measured_is_known_to_later_runs(begin):
    plan = begin()
    assert speeds.known(TINY) is None
    plan.settle(plan.next(), FAST)
    plan.learn(None)
    assert speeds.known(TINY) is None
    plan.learn(123.0)
    assert speeds.known(TINY) == Speeds({(32, 32): Speed(32, 1000, 123.0, 2)})


def test_every_stage_adds_what_it_took(begin):
    plan = begin()
    plan.settle(plan.next(), FAST)
    plan.learn(4000.0, 900.0)
    second = plan.settle(plan.next(), None)
    plan.learn(500.0, 300.0)
    assert speeds.known(TINY) == Speeds(
        {(32, 32): Speed(32, 900, 4000, 2), (64, 32): Speed(64, 300, 500, 2)}
    )
    assert begin().next() == plan._stages[0]
    assert speeds.known(TINY).of(second) == Speed(64, 300, 500, 2)


def test_a_speed_that_was_only_scaled_is_not_kept(begin):
    plan = begin()
    plan.settle(plan.next(), FAST)
    plan.settle(plan.next(), None)
    plan.learn(50.0)
    assert speeds.known(TINY) is None


def test_stages_are_forecast_by_the_speed_of_the_nearest_size(begin, tmp_path):
    slow, stages = Speed(96, 10, 20, 5), stages_of(TINY)
    speeds.keep(TINY, stages[2], slow)
    plan = begin()
    plan.settle(plan.next(), FAST)
    workload = planning.workload_of(TINY, TASK)
    expected = [  # 64 px are nearer to 96 px than to 32 px
        cost_of(stage, workload, speed).total
        for stage, speed in zip(stages, (FAST, slow, slow), strict=True)
    ]
    assert _written(tmp_path)["predicted_seconds"] == pytest.approx(expected, abs=0.1)


def test_under_a_limit_the_recipe_s_schedule_is_kept(begin):
    plan = begin(refit_head=False, time_limit=60, schedule="equal_epochs")
    first = plan.settle(plan.next(), FAST)
    assert plan.next().epochs == plan.next().epochs == first.epochs
    assert plan.slot(first, 0).epochs == pytest.approx(10)


def test_a_plan_holds_every_ramp(begin, tmp_path):
    begin(mixup=(0, 0.2), dropout=(0.1, 0.3))
    stages = _written(tmp_path)["stages"]
    assert [stage["mixup"] for stage in stages] == [0, 0.1, 0.2]
    assert [stage["dropout"] for stage in stages] == [0.1, 0.2, 0.3]
    assert all(set(RAMPS) <= set(stage) for stage in stages)


def test_stages_are_shown_before_and_after_the_first_measurement(begin, console):
    plan = begin()
    assert console.tables[0][2][0][-1] == "not measured"
    plan.settle(plan.next(), FAST)
    assert console.tables[1][2][0][-1] != "not measured"
    assert len(console.tables) == 2


@pytest.mark.parametrize("time_limit", [20, 3600])
def test_a_last_size_without_epochs_stays_untrained(begin, time_limit):
    plan = begin(time_limit=time_limit, epochs=(3, 2, 0))
    settled = []
    while (stage := plan.next()) is not None:
        if (one := plan.settle(stage, FAST)) is None:
            break
        settled.append(one)
    assert all(stage.epochs > 0 for stage in settled[:2])
    assert [stage.epochs for stage in settled[2:]] == [0.0]
    assert not plan._workload.shares_features


@pytest.mark.parametrize(
    ("recipe", "flips", "views"),
    [
        ({}, ("horizontal",), 2),
        ({"tta": False}, ("horizontal",), 1),
        ({"refit_head": False}, (), 1),
    ],
)
def test_views_are_counted_where_the_task_allows_flips(recipe, flips, views):
    task = make_task([0, 1, 2] * 3, flips=flips)
    assert planning.workload_of(Recipe(folds=2, **recipe), task) == Workload(
        2,
        9,
        5,
        views,
        refits_head=recipe.get("refit_head", True),
        shares_features=recipe.get("refit_head", True),
        head_views=views,
    )


def test_a_session_pauses_between_folds_and_not_before_its_first(tmp_path, console, clock):
    run = Run(tmp_path, Recipe(backbone="tiny", sizes=SIZES, folds=3), TASK)
    plan = Plan(run, Budget(None, started=clock.now, session=1000), console)
    stage = plan.next()
    clock.now += 2000
    plan.pause_unless_session_lasts(stage)
    clock.now -= 2000
    for _ in range(2):  # the third would end 390 s later, after 1000 s
        plan.pause_unless_session_lasts(stage)
        clock.now += 320
        plan.fold_took(320)
    filesystem.make_empty(run.directory(stage, 0))
    filesystem.seal(run.directory(stage, 0))
    with pytest.raises(PausedError, match="next fold of stage1-32: 1 of 9 folds are finished"):
        plan.pause_unless_session_lasts(stage)


def test_the_batch_that_was_used_is_written_down(begin, tmp_path):
    plan = begin()
    stage = plan.next()
    plan.settle(stage, None)
    before = _written(tmp_path)["stages"]
    plan.use(stage.model_copy(update={"epochs": 99.0}))
    assert _written(tmp_path)["stages"] == before
    plan.use(stage.model_copy(update={"batch_size": 8, "learning_rate": 1e-3, "epochs": 99.0}))
    first, *others = _written(tmp_path)["stages"]
    assert first == before[0] | {"batch_size": 8, "learning_rate": 1e-3}
    assert others == before[1:]
    again = begin()
    assert again.next().batch_size == 8
