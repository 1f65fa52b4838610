import itertools
import math
import typing
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.toys import make_stage

from kaggle_prz.schedule import division
from kaggle_prz.schedule.cost import Speed, Speeds, Workload, cost_of, relative_compute
from kaggle_prz.schedule.division import SCHEDULES, equal_compute, equal_epochs, late_jump, linear
from kaggle_prz.schedule.ramps import mixes, ramped, ramps_to_show
from kaggle_prz.schedule.recipe import Recipe, Stage
from kaggle_prz.schedule.short import (
    FEWEST_STEPS_BETTER_THAN_A_HEAD,
    after_heads,
    heads_alone,
    in_time,
)
from kaggle_prz.schedule.stages import DEFAULT_EPOCHS, stages_of
from kaggle_prz.schedule.time_limit import (
    FEWEST_EPOCHS_WORTH_A_STAGE,
    MOST_EPOCHS_UNDER_A_TIME_LIMIT,
    SAFETY,
    within,
)

all_sizes = st.lists(st.integers(8, 512), min_size=1, max_size=4, unique=True).map(
    lambda sizes: tuple(sorted(sizes))
)
workloads = st.builds(
    Workload,
    folds=st.integers(2, 10),
    train_rows=st.integers(10, 100_000),
    test_rows=st.integers(0, 100_000),
    views=st.integers(1, 4),
)
speeds = st.builds(
    Speed,
    image_size=st.integers(8, 512),
    train_images=st.floats(0.5, 1e5),
    predict_images=st.floats(0.5, 1e5),
    start=st.floats(0, 120),
)
recipes = st.builds(
    Recipe,
    sizes=all_sizes,
    epochs=st.none() | st.floats(0.01, 100),
    schedule=st.sampled_from(sorted(SCHEDULES)),
)
ramps = st.floats(0, 0.9) | st.tuples(st.floats(0, 0.9), st.floats(0, 0.9))


def _seconds(stages, workload, speed) -> float:
    return sum(cost_of(stage, workload, speed).total for stage in stages)


def test_every_schedule_of_a_recipe_has_a_rule():
    assert set(SCHEDULES) == {*typing.get_args(Recipe.model_fields["schedule"].annotation)}


@given(all_sizes, st.floats(0.01, 1000), st.sampled_from(sorted(SCHEDULES)))
def test_every_schedule_divides_all_epochs(sizes, epochs, name):
    divided = SCHEDULES[name](sizes, epochs)
    assert len(divided) == len(sizes)
    assert all(count > 0 for count in divided)
    assert sum(divided) == pytest.approx(epochs)


@given(recipes)
def test_the_stages_of_a_recipe_have_its_epochs(recipe):
    stages = stages_of(recipe)
    wanted = division.divided(recipe, recipe.epochs or DEFAULT_EPOCHS)
    for stage, epochs in zip(stages, wanted, strict=True):
        assert stage.epochs == pytest.approx(epochs, abs=0.0101)
        assert stage.epochs > 0


def test_the_schedules_of_others_spend_the_shares_that_they_say():
    sizes = (160, 240, 320)
    assert equal_epochs(sizes, 6) == (2, 2, 2)
    assert late_jump(sizes, 10) == pytest.approx((8, 1, 1))
    assert linear(sizes, 10) == pytest.approx((4, 4, 2))
    for name in SCHEDULES:
        assert SCHEDULES[name]((64,), 5) == (5,)


@given(all_sizes.filter(lambda sizes: len(sizes) > 1))
def test_a_linear_rise_spends_epochs_where_sizes_are_far_apart(sizes):
    *rising, full = linear(sizes, 1.0)
    assert full == pytest.approx(0.2)
    rises = [later - earlier for earlier, later in itertools.pairwise(sizes)]
    assert [share / sum(rising) for share in rising] == pytest.approx(
        [rise / sum(rises) for rise in rises]
    )


def test_epochs_a_stage_win_over_the_schedule():
    recipe = Recipe(sizes=(32, 48), epochs=(3, 0.5), schedule="late_jump")
    assert [stage.epochs for stage in stages_of(recipe)] == [3, 0.5]


@given(ramps, st.integers(1, 6))
def test_a_ramp_goes_from_its_first_to_its_last_value(value, stages):
    values = [ramped(value, index, stages) for index in range(stages)]
    first, last = value if isinstance(value, tuple) else (value, value)
    assert values[-1] == pytest.approx(last, abs=1e-6)
    if stages > 1:
        assert values[0] == pytest.approx(first, abs=1e-6)
    assert values in (sorted(values), sorted(values, reverse=True))


@given(st.integers(1, 6), st.data(), st.floats(0, 1))
def test_images_are_mixed_until_the_end_of_the_last_stage(stages, data, progress):
    index = data.draw(st.integers(0, stages - 1))
    assert mixes(index, stages, progress) is (index + 1 < stages or progress < 0.8)


@pytest.mark.parametrize(
    ("recipe", "shown"),
    [
        ({}, {}),
        ({"dropout": (0.1, 0.3)}, {"dropout": [0.1, 0.2, 0.3]}),
        ({"mixup": (0, 0.2)}, {"mixup": [0, 0.1, 0.2]}),
        ({"stochastic_depth": 0.1}, {"stochastic depth": [0.1, 0.1, 0.1]}),
        ({"frozen": (0.5, 0)}, {"frozen": [0.5, 0.25, 0]}),
    ],
)
def test_ramps_that_tell_something_are_shown(recipe, shown):
    assert ramps_to_show(stages_of(Recipe(**recipe))) == shown


@given(all_sizes, st.floats(0.01, 1000))
def test_equal_compute_divides_all_epochs_into_stages_of_equal_cost(sizes, epochs):
    shares = equal_compute(sizes, epochs)
    assert sum(shares) == pytest.approx(epochs)
    costs = [share * size**2 for share, size in zip(shares, sizes, strict=True)]
    assert costs == pytest.approx([costs[0]] * len(sizes))


def test_one_epoch_count_a_stage_is_taken_as_it_is():
    stages = stages_of(Recipe(sizes=(32, 48), epochs=(3, 0.5)))
    assert [stage.epochs for stage in stages] == [3, 0.5]


def test_epochs_in_all_are_divided():
    stages = stages_of(Recipe(sizes=(160, 240, 320), epochs=10))
    assert [stage.epochs for stage in stages] == [5.9, 2.62, 1.48]


def test_the_learning_rate_falls_from_stage_to_stage():
    rates = [stage.learning_rate for stage in stages_of(Recipe(learning_rate=0.01))]
    assert rates == pytest.approx([0.01, 0.006, 0.0036])


@given(all_sizes, st.integers(1, 1024))
def test_a_later_stage_needs_no_more_memory_than_the_first(sizes, batch_size):
    stages = stages_of(Recipe(sizes=sizes, batch_size=batch_size))
    smallest = min(batch_size, 32)
    for stage in stages:
        assert stage.batch_size >= smallest
        pixels = stage.batch_size * stage.image_size**2
        if stage.batch_size > smallest:
            assert pixels <= batch_size * sizes[0] ** 2 * (1 + 1e-9)
            assert stage.batch_size % 8 == 0


def test_fewer_than_32_images_a_step_are_those_asked_for():
    for batch_size in (8, 32, 48):
        stages = stages_of(Recipe(sizes=(96, 144, 192), batch_size=batch_size))
        assert [stage.batch_size for stage in stages][1:] == [min(batch_size, 32)] * 2


def test_fitting_heads_anew_costs_a_pass_of_predicting_in_every_later_stage():
    one, two = stages_of(Recipe(sizes=(32, 48), epochs=2))
    plain = Workload(folds=3, train_rows=300, test_rows=100, views=2)
    refits = replace(plain, refits_head=True)
    speed = Speed(image_size=32, train_images=50, predict_images=200, start=5)
    assert cost_of(one, plain, speed) == cost_of(one, refits, speed)
    seconds = cost_of(two, refits, speed).total - cost_of(two, plain, speed).total
    assert seconds == pytest.approx(2 * 300 / (200 * (32 / 48) ** 2))


def test_batch_sizes_fall_with_the_square_of_the_size():
    stages = stages_of(Recipe(sizes=(100, 200), batch_size=128))
    assert [stage.batch_size for stage in stages] == [128, 32]


def test_speed_falls_with_the_square_of_the_size():
    there = Speed(image_size=100, train_images=80, predict_images=400, start=7).at(200)
    assert there == Speed(image_size=200, train_images=20, predict_images=100, start=7)


measured_at = st.dictionaries(
    st.tuples(st.integers(8, 512), st.integers(1, 256)), st.floats(1, 1e4), min_size=1, max_size=6
)


@given(measured_at, st.integers(8, 512), st.integers(1, 256))
def test_a_speed_is_that_of_the_very_size_or_scaled_from_the_nearest(rates, size, batch):
    speeds = Speeds({key: Speed(key[0], rate, rate, 1) for key, rate in rates.items()})
    stage = Stage(index=1, image_size=size, epochs=1, batch_size=batch, learning_rate=1e-3)
    found = speeds.of(stage)
    nearest = min(abs(math.log(at / size)) for at, _ in rates)
    assert found.image_size == size
    assert found.train_images in [
        pytest.approx(rate * (at / size) ** 2)
        for (at, _), rate in rates.items()
        if abs(math.log(at / size)) == nearest
    ]
    assert speeds.knows(stage) is ((size, batch) in rates)
    if (size, batch) in rates:
        assert found.train_images == rates[size, batch]


def test_a_batch_of_another_size_is_nearer_than_another_image_size():
    speeds = Speeds({(64, 8): Speed(64, 40, 80, 1), (64, 32): Speed(64, 60, 90, 1)})
    stage = Stage(index=1, image_size=64, epochs=1, batch_size=24, learning_rate=1e-3)
    assert speeds.of(stage) == Speed(64, 60, 90, 1)
    known = speeds.adding(stage, Speed(64, 55, 85, 1))
    assert known.of(stage) == Speed(64, 55, 85, 1)
    assert speeds.of(stage) == Speed(64, 60, 90, 1)


def test_the_cost_of_a_stage_counts_every_fold():
    workload = Workload(folds=3, train_rows=300, test_rows=100, views=2)
    speed = Speed(image_size=32, train_images=100, predict_images=200, start=5)
    cost = cost_of(make_stage(epochs=2), workload, speed)
    # 2 epochs over 200 of 300 rows by 3 folds; 2 views of every held out and test row.
    assert (cost.train, cost.predict, cost.start) == (12.0, 6.0, 5.0)
    assert cost.total == 23.0


def test_relative_compute_is_that_of_the_largest_size_alone():
    stages = [make_stage(1, 50, epochs=4), make_stage(2, 100, epochs=1)]
    assert relative_compute(stages) == pytest.approx(2 / 5)
    assert relative_compute([make_stage(epochs=0)]) == 0


@given(recipes, workloads, speeds, st.floats(-10, 1e6), st.booleans())
def test_what_fits_never_costs_more_than_the_time_given(recipe, workload, speed, seconds, capped):
    shares = division.divided(recipe, 1.0)
    stages = within(seconds, stages_of(recipe), workload, speed, capped=capped, shares=shares)
    assert _seconds(stages, workload, speed) <= max(0.0, seconds)


@given(recipes, workloads, speeds, st.floats(0.1, 1e6), st.booleans())
def test_the_largest_stages_are_given_up_first(recipe, workload, speed, seconds, capped):
    given_stages = stages_of(recipe)
    kept = within(seconds, given_stages, workload, speed, capped=capped)
    assert [stage.name for stage in kept] == [stage.name for stage in given_stages[: len(kept)]]
    if capped:
        for stage, before in zip(kept, given_stages, strict=False):
            assert stage.epochs <= before.epochs
    else:
        assert sum(stage.epochs for stage in kept) <= MOST_EPOCHS_UNDER_A_TIME_LIMIT


@given(
    recipes, workloads, speeds, st.lists(st.floats(0.1, 1e6), min_size=2, max_size=2), st.booleans()
)
def test_more_time_never_brings_less(recipe, workload, speed, times, capped):
    stages = stages_of(recipe)
    less = within(min(times), stages, workload, speed, capped=capped)
    more = within(max(times), stages, workload, speed, capped=capped)
    assert len(more) >= len(less)
    if len(more) == len(less):
        for slow, fast in zip(less, more, strict=True):
            assert fast.epochs >= slow.epochs


@given(recipes, workloads, speeds, st.floats(0.1, 1e6))
def test_the_time_is_divided_as_the_schedule_says(recipe, workload, speed, seconds):
    wanted = division.divided(recipe, 1.0)
    stages = within(seconds, stages_of(recipe), workload, speed, capped=False, shares=wanted)
    total = sum(stage.epochs for stage in stages)
    for stage, share in zip(stages, wanted, strict=False):
        expected = total * share / sum(wanted[: len(stages)])
        assert stage.epochs == pytest.approx(expected, abs=0.01 * len(stages))


def test_a_late_jump_keeps_most_of_the_time_at_the_small_size():
    recipe = Recipe(sizes=(32, 64), schedule="late_jump", folds=2)
    workload = Workload(folds=2, train_rows=100, test_rows=10, views=1)
    speed = Speed(image_size=32, train_images=100, predict_images=1000, start=0)
    first, second = within(20, stages_of(recipe), workload, speed, capped=False, shares=(0.8, 0.2))
    assert first.epochs / second.epochs == pytest.approx(4, rel=0.01)


@given(recipes, workloads, speeds, st.floats(0.1, 1e6))
def test_every_stage_that_is_kept_is_worth_its_start(recipe, workload, speed, seconds):
    stages = within(seconds, stages_of(recipe), workload, speed, capped=False)
    assert all(stage.epochs >= FEWEST_EPOCHS_WORTH_A_STAGE for stage in stages)


@given(st.lists(st.integers(1, 500), min_size=1, max_size=3))
@settings(max_examples=50)
def test_epochs_that_were_asked_for_are_kept_where_there_is_time(hundredths):
    asked = [count / 100 for count in hundredths]
    stages = [make_stage(k + 1, 32 * (k + 1), epochs) for k, epochs in enumerate(asked)]
    workload = Workload(folds=2, train_rows=100, test_rows=10, views=1)
    speed = Speed(image_size=32, train_images=1e4, predict_images=1e4, start=0)
    kept = within(1e6, stages, workload, speed, capped=True)
    assert [stage.epochs for stage in kept] == asked


@given(recipes, workloads, speeds, st.floats(0.1, 1e6), st.booleans())
def test_time_too_short_to_train_goes_to_heads(recipe, workload, speed, seconds, capped):
    stages = stages_of(recipe)
    workload = replace(workload, refits_head=True, shares_features=True, head_views=4)
    asked = [stage.epochs for stage in stages] if capped else None
    fitted = in_time(seconds, stages, workload, speed, asked=asked)
    cost = _seconds(fitted, workload, speed)
    assert cost <= seconds or [stage.epochs for stage in fitted] == [0]
    if fitted[0].epochs:
        steps = fitted[0].epochs * workload.train_rows * (1 - 1 / workload.folds)
        steps /= fitted[0].batch_size
        as_asked = capped and fitted[0].epochs == stages[0].epochs
        assert as_asked or steps >= FEWEST_STEPS_BETTER_THAN_A_HEAD - 1e-6
    else:
        assert not any(stage.epochs for stage in fitted)


@given(recipes, workloads, speeds, st.floats(0.1, 1e6))
def test_of_heads_the_last_alone_is_trained(recipe, workload, speed, seconds):
    workload = replace(workload, refits_head=True, shares_features=True, head_views=4)
    heads = [stage.model_copy(update={"epochs": 0.0}) for stage in stages_of(recipe)][1:]
    for count in range(1, len(heads) + 1):
        fitted = in_time(seconds, heads[:count], workload, speed)
        assert count == 1 or not any(stage.epochs for stage in fitted)
        after = after_heads(workload)
        cost = _seconds(fitted, after, speed)
        assert cost <= seconds


def test_heads_see_as_many_flips_as_fit_before_a_larger_size_is_thought_of():
    stages = [make_stage(1, 32, 1.0), make_stage(2, 64, 1.0)]
    workload = Workload(2, 90, 10, views=1, refits_head=True, shares_features=True, head_views=4)
    speed = Speed(image_size=32, train_images=1.0, predict_images=100.0, start=0)
    found = [
        [(head.image_size, head.head_views) for head in heads]
        for seconds in (1, 3, 5, 9, 13, 26)
        if (heads := heads_alone(seconds, stages, workload, speed))
    ]
    assert found == [
        [(32, 1)],
        [(32, 2)],
        [(32, 4)],
        [(32, 4), (64, 1)],
        [(32, 4), (64, 2)],
        [(32, 4), (64, 4)],
    ]


def test_features_that_are_made_already_leave_time_for_more_views():
    workload = Workload(2, 90, 10, views=1, refits_head=True, shares_features=True, head_views=4)
    speed = Speed(image_size=32, train_images=1.0, predict_images=100.0, start=0)
    for seen, views in ((False, 1), (True, 2)):
        (head,) = heads_alone(2, [make_stage()], workload, speed, seen=seen)
        assert head.head_views == views


@pytest.mark.parametrize(
    ("sizes", "seconds", "views", "trained"),
    [
        ((32,), 110, 4, True),  # 100 steps of 16 images in each of two folds, 32 images a second
        ((32,), 90, 4, False),
        ((32,), 90, 2, True),
        ((32,), 50, 2, False),
        ((32, 256), 170, 4, True),  # 150, where the larger size is given up
        ((32, 256), 130, 4, False),
    ],
)
def test_steps_that_better_what_heads_answer(sizes, seconds, views, trained):
    stages = [make_stage(k + 1, size, 1.0) for k, size in enumerate(sizes)]
    stages = [stage.model_copy(update={"batch_size": 16}) for stage in stages]
    workload = Workload(2, 640, 0, 1, refits_head=True, shares_features=True, head_views=views)
    speed = Speed(image_size=32, train_images=32.0, predict_images=1e6, start=0)
    fitted = in_time(seconds / SAFETY, stages, workload, speed)
    assert bool(fitted[0].epochs) == trained
    assert trained or {stage.head_views for stage in fitted} == {views}


@pytest.mark.parametrize(("seconds", "trained"), [(60, True), (40, False)])
def test_after_heads_that_see_all_flips_fifty_steps_are_asked_for(seconds, trained):
    head = make_stage(2, 32, 0.0).model_copy(update={"batch_size": 16, "head_views": 4})
    workload = Workload(2, 640, 0, 1, refits_head=True, shares_features=True, head_views=4)
    speed = Speed(image_size=32, train_images=32.0, predict_images=1e6, start=0)
    (fitted,) = in_time(seconds / SAFETY, [head], workload, speed)
    assert (bool(fitted.epochs), fitted.head_views) == ((True, 1) if trained else (False, 4))


def test_without_time_nothing_fits():
    workload = Workload(folds=2, train_rows=100, test_rows=10, views=1)
    speed = Speed(image_size=32, train_images=10, predict_images=10, start=0)
    assert within(0, [make_stage()], workload, speed, capped=False) == ()


def test_a_time_limit_buys_at_most_thirty_epochs():
    workload = Workload(folds=2, train_rows=100, test_rows=10, views=1)
    speed = Speed(image_size=32, train_images=1e6, predict_images=1e6, start=0)
    (only,) = within(1e6, [make_stage()], workload, speed, capped=False)
    assert only.epochs == 30
    assert math.isfinite(cost_of(only, workload, speed).total)
