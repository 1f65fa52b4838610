"""What benchmarks count: parts without the parts inside them, slopes, limits not run twice."""

import importlib.util
import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

PLACE = Path(__file__).parents[2] / "benchmarks"


def load(name: str):
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", PLACE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def counted(monkeypatch):
    """Parts, and a clock that goes on only when it is told to."""
    module, now = load("parts"), [0.0]
    clock = SimpleNamespace(monotonic=lambda: now[0], process_time=lambda: 2 * now[0])
    monkeypatch.setattr(module, "time", clock)

    def passes(seconds, error=None):
        now[0] += seconds
        if error is not None:
            raise error

    return module.Parts(), passes


def test_a_part_counts_without_the_parts_inside_it(counted):
    parts, passes = counted
    for _ in range(2):
        with parts.timed("outer"):
            passes(1)
            with parts.timed("inner"):
                passes(3)
                with parts.timed("innermost"):
                    passes(0.5)
            passes(2)
    assert parts.seconds == {"outer": [6, 12], "inner": [6, 12], "innermost": [1, 2]}
    assert parts.calls == {"outer": 2, "inner": 2, "innermost": 2}


def test_a_part_that_fails_is_counted_as_well(counted):
    parts, passes = counted
    with pytest.raises(ZeroDivisionError), parts.timed("all"), parts.timed("broken"):
        passes(1, ZeroDivisionError())
    assert parts.seconds == {"broken": [1, 2], "all": [0, 0]}


def test_every_part_that_is_timed_exists():
    module, names = load("parts"), set()
    for places in (module.EARLY | module.LATE).values():
        for place in places:
            file, _, name = place.partition(":")
            path = PLACE.parent / "kaggle_prz" / file.replace(".", "/")
            module_file = path.with_suffix(".py")
            source = module_file if module_file.is_file() else path / "__init__.py"
            last = name.removesuffix("/steps").split(".")[-1]
            text = source.read_text("utf-8")
            assert f"def {last}(" in text or f"import {last}" in text or f", {last}" in text, place
            names.add(place)
    assert len(names) > 15


def test_memory_of_one_more_is_a_slope():
    module = load("memory")
    assert module.slope((2, 3, 5), [900.0, 940.0, 1020.0]) == pytest.approx(40)
    assert module.slope((2,), [900.0]) == 0


def test_limits_are_run_once_and_the_rest_another_time(tmp_path, monkeypatch):
    module, file, tried = load("time_limit"), tmp_path / "limits.json", []

    def attempt(competition, limit):
        tried.append(limit)
        fault = "" if limit < 90 else "no submission"
        return {
            "limit": limit,
            "wall": limit / 2,
            "used": 0.5,
            "kept": True,
            "fault": fault,
            "score": 0.5,
        }

    monkeypatch.setattr(module, "attempt", attempt)
    call = ["--limits", "60,75,90", "--json", str(file)]
    first = CliRunner().invoke(module.main, [*call, "--runs", "2"])
    assert first.exit_code == 0
    assert "2 of 2 fits kept their limit with a valid submission" in first.output
    assert tried == [60, 75]
    second = CliRunner().invoke(module.main, call)
    assert tried == [60, 75, 90]
    assert second.exit_code == 1
    assert "FAULT: no submission" in second.output
    assert [one["limit"] for one in json.loads(file.read_text())] == [60, 75, 90]


def test_the_limits_are_twenty_from_one_minute_to_a_quarter_of_an_hour():
    limits = load("time_limit").LIMITS
    assert (len(set(limits)), limits[0], limits[-1]) == (20, 60, 900)
    assert list(limits) == sorted(limits)


def test_a_run_without_a_submission_is_a_fault(tmp_path):
    module = load("time_limit")
    assert module.invalid(tmp_path).startswith("StopIteration")
    (tmp_path / "shapes" / "run").mkdir(parents=True)
    (tmp_path / "shapes" / "run" / "recipe.json").write_text("{")
    assert module.invalid(tmp_path).startswith("RunError")


def test_half_precision_is_compared_repeat_by_repeat():
    found = {
        "float32": [{"MB": 100, "log loss": 0.5}, {"MB": 200, "log loss": 0.6}],
        "mixed_bfloat16": [{"MB": 50, "log loss": 0.5}, {"MB": 80, "log loss": 0.7}],
        "mixed_float16": [{"MB": 75, "log loss": 0.4}, {"MB": 160, "log loss": 0.5}],
    }
    ratios = load("half_precision").compared(found)
    assert ratios == {"mixed_bfloat16": {"MB": 0.45}, "mixed_float16": {"MB": 0.775}}


def test_an_ablation_lists_elements_in_their_own_order(monkeypatch):
    monkeypatch.syspath_prepend(PLACE)
    ablation = load("ablation")
    names = list(ablation.ELEMENTS)
    runs = [
        {"element": element, "seed": 0, "log_loss": 0.5}
        for element in (names[4], "of another version", names[0])
    ]
    assert [row[0] for row in ablation.table(runs)] == [names[0], names[4], "of another version"]
