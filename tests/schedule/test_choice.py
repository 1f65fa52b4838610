"""Which backbone is chosen, from tables alone: nothing is built or measured."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaggle_prz.core.console import Silent
from kaggle_prz.schedule.choice import Device, Weights, candidates, describe, prediction
from kaggle_prz.schedule.choice.choosing import FEWEST_IMAGES, choose
from kaggle_prz.schedule.cost import Speed, Speeds, Workload
from kaggle_prz.schedule.recipe import Recipe

NAMES = [one.name for one in candidates()]
CPU = Device("a processor, 2 cores", "cpu")
ALL = dict.fromkeys(NAMES, Weights(True, "here"))


def speeds_at_96(rate, start):
    return Speeds({(96, 32): Speed(96, rate, 3 * rate, start)})


speeds = st.dictionaries(
    st.sampled_from(NAMES),
    st.builds(speeds_at_96, st.floats(0.01, 1e4), st.floats(0, 60)),
)
held = st.fixed_dictionaries(
    {name: st.builds(Weights, st.booleans(), st.just("")) for name in NAMES}
)
workloads = st.builds(
    Workload, st.just(5), st.integers(10, 10**6), st.integers(0, 10**5), st.just(2)
)
devices = st.builds(
    Device, st.just(""), st.sampled_from(["cpu", "gpu"]), st.none() | st.integers(10**8, 10**11)
)
limits = st.floats(1, 1e6)


def picked(limit, workload, device, weights, measured):
    foreseen = prediction.foreseen(device.kind, measured, 1.0)
    return choose(
        Recipe(time_limit=limit), workload, device, weights=weights, speeds=foreseen, source=""
    )


def top_1(name):
    return next(one.top_1 for one in candidates() if one.name == name)


@given(limits, limits, st.tuples(workloads, devices, held, speeds))
def test_more_time_never_picks_a_less_accurate_network(one, other, rest):
    less, more = (picked(limit, *rest) for limit in sorted((one, other)))
    assert (less is None) == (more is None)
    assert less is None or top_1(less.name) <= top_1(more.name)


@given(limits, workloads, devices, held, speeds)
def test_a_candidate_without_weights_is_never_picked(limit, workload, device, weights, measured):
    choice = picked(limit, workload, device, weights, measured)
    if choice is None:
        assert not any(one.can_be_had for one in weights.values())
    else:
        assert weights[choice.name].can_be_had


@given(limits, workloads, devices, held, speeds)
def test_memory_is_respected_where_any_candidate_fits(limit, workload, device, weights, measured):
    choice = picked(limit, workload, device, weights, measured)
    if choice is None:
        return
    rows = {row.name: row for row in choice.candidates}
    fits = [
        name
        for name, row in rows.items()
        if weights[name].can_be_had and (row.batch is None or row.batch >= FEWEST_IMAGES)
    ]
    assert choice.name in fits or not fits


@given(st.tuples(limits, workloads, devices, held, speeds))
def test_the_same_measurements_give_the_same_choice(measurements):
    assert picked(*measurements) == picked(*measurements)


@given(limits, workloads, devices, held, speeds)
def test_one_row_is_chosen_and_others_say_why_not(limit, workload, device, weights, measured):
    choice = picked(limit, workload, device, weights, measured)
    if choice is not None:
        verdicts = {row.name: row.verdict for row in choice.candidates}
        assert [name for name, said in verdicts.items() if said == "chosen"] == [choice.name]
        assert all(verdicts.values())


@pytest.mark.parametrize(
    ("limit", "why"),
    [
        (None, "at most 1 h 00 min, as long as no time limit is given"),
        (1e5, "at most 19 h 26 min, 70 % of the time limit"),
    ],
)
def test_what_fits_is_chosen_by_its_accuracy(limit, why):
    fast = Speeds({(224, 32): Speed(224, 1e5, 3e5, 0)})
    choice = picked(limit, Workload(5, 1000, 100, 2), CPU, ALL, {"efficientnet_lite0": fast})
    assert top_1(choice.name) == max(one.top_1 for one in candidates())
    assert f"{top_1(choice.name):g} %" in choice.why
    assert choice.why.endswith(why)


def test_where_nothing_fits_the_fastest_is_chosen():
    slow = Speeds({(224, 32): Speed(224, 0.1, 0.3, 0)})
    choice = picked(60, Workload(5, 1000, 100, 2), CPU, ALL, {"efficientnet_lite0": slow})
    assert choice.name == min(choice.candidates, key=lambda row: row.seconds).name
    assert choice.why.endswith("at most 42 s, 70 % of the time limit; it takes least time")


def test_what_is_measured_is_taken_as_it_is():
    known = Speeds({(96, 32): Speed(96, 7, 21, 3)})
    foreseen = prediction.foreseen("cpu", {"EfficientNetV2S": known}, 99)
    assert foreseen["EfficientNetV2S"] is known
    assert set(foreseen) == set(NAMES)


def test_one_measurement_scales_every_other_candidate():
    lite = next(one for one in candidates() if one.name == "efficientnet_lite0")
    table = prediction.foreseen("cpu", {}, 1.0)
    here = table[lite.name]
    twice = Speeds({(96, 32): replace(here.at(96), train_images=2 * here.at(96).train_images)})
    foreseen = prediction.foreseen("cpu", {lite.name: twice}, 1.0)
    for name in set(NAMES) - {lite.name}:
        assert foreseen[name].train_images == pytest.approx(2 * table[name].train_images)


@pytest.mark.parametrize(
    ("machine", "bandwidth", "memory"),
    [
        ("2 × Tesla T4", 320, 15),
        ("1 × Tesla P100-PCIE-16GB", 732, 16),
        ("1 × NVIDIA A100-SXM4-80GB", 1555, 80),
        ("1 × NVIDIA H100 80GB HBM3", 3350, 80),
        ("1 × NVIDIA H200", 4800, 141),
        ("8 × NVIDIA L4", 300, 22),
    ],
)
def test_cards_are_known_by_the_names_of_their_driver(machine, bandwidth, memory):
    card = prediction.card(machine)
    assert (card.bandwidth, card.memory) == (bandwidth, memory)


def test_an_unknown_card_is_not_taken_for_another():
    assert prediction.card("1 × NVIDIA L40S") is None
    assert prediction.without_measurement("gpu", "1 × NVIDIA L40S", 8) == 1.0


def test_half_the_values_take_twice_the_images():
    for one in candidates():
        full, half = (one.batch(320, 16 * 2**30, size) for size in (4, 2))
        assert full * 2 <= half <= full * 2 + 1


def test_the_table_has_a_row_a_candidate():
    class Table(Silent):
        def table(self, title, columns, rows):
            self.shown = title, columns, rows

    shown = Table()
    choice = picked(None, Workload(5, 1000, 100, 2), CPU, ALL, {})
    describe.show(choice, shown)
    title, columns, rows = shown.shown
    assert title == "candidates for the backbone on a processor, 2 cores"
    assert [row[0] for row in rows] == NAMES
    assert all(len(row) == len(columns) for row in rows)
