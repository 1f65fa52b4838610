"""The benchmarks run, their rules hold, and the page of performance is what they measured."""

import importlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from support.toy_nets import plain

ROOT = Path(__file__).parents[2]
BENCHMARKS = ROOT / "benchmarks"


@pytest.fixture
def benchmark(monkeypatch):
    """Imports a script of the folder by its name."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Where the drawn shapes are kept, drawn once."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def split(benchmark, home, monkeypatch):
    monkeypatch.setenv("KAGGLE_PRZ_HOME", str(home))
    return benchmark("split").draw("shapes", 80).to_json()


def run(tool="kaggle-prz", mode="single", seed=0, curve=((9.0, 0.4),), **more):
    points = [
        {"seconds": seconds, "log_loss": loss, "accuracy": 0.5, "image_size": 96}
        for seconds, loss in curve
    ]
    what = {"competition": "elpv", "rows": None, "tool": tool, "mode": mode, "seed": seed}
    return {**what, "sizes": [96], "epochs": [1.0], "curve": points, **more}


def recorded(benchmark, tmp_path, name, runs, notes=()):
    """A file of results as `recording` writes it, read back."""
    file = tmp_path / f"{name}.json"
    benchmark("recording").merge(file, name, runs, ["tool", "mode", "seed"])
    content = json.loads(file.read_text())
    file.write_text(json.dumps({**content, "notes": list(notes)}))
    return file


def test_the_page_is_up_to_date(benchmark):
    performance = benchmark("performance")
    by_hand, mark, rest = performance.PAGE.read_text("utf-8").partition(performance.MARK)
    assert by_hand
    assert mark
    assert rest == "\n" + performance.generated(), "python benchmarks/performance.py"


def test_the_target_is_reached_at_the_first_point_that_is_no_worse(benchmark):
    runs = [
        run(curve=[(5.0, 0.3), (10.0, 0.4)]),
        run(mode="staged", curve=[(2.0, 0.5), (4.0, 0.4), (8.0, 0.41)]),
        run("fastai", curve=[(7.0, 0.41)]),
        run("fastai", seed=1, curve=[(7.0, 0.1)]),  # of another seed, whose single run is missing
    ]
    found = benchmark("target").compare(runs)
    assert {what: [(each.seconds, each.share) for each in of] for what, of in found.items()} == {
        ("kaggle-prz", "single"): [(5.0, 0.5)],
        ("kaggle-prz", "staged"): [(4.0, 0.4)],
        ("fastai", "single"): [(None, None)],
    }


def test_another_tools_best_is_what_the_staged_run_of_its_seed_has_to_reach(benchmark):
    runs = [
        run(mode="staged", curve=[(2.0, 0.5), (4.0, 0.4)]),
        run("fastai", curve=[(7.0, 0.45), (20.0, 0.41), (30.0, 0.43)]),
        run("keras", curve=[(7.0, 0.3)]),
        run("fastai", seed=1, curve=[(7.0, 0.1)]),  # of another seed, whose staged run is missing
    ]
    found = benchmark("target").beside_best(runs)
    assert {what: [each[1:] for each in of] for what, of in found.items()} == {
        ("fastai", "single"): [(0.41, 20.0, 4.0, 0.2)],
        ("keras", "single"): [(0.3, 7.0, None, None)],
    }


def test_a_clock_stands_while_it_is_stopped(benchmark, monkeypatch):
    curves, now = benchmark("curves"), [100.0]
    monkeypatch.setattr(curves.time, "monotonic", lambda: now[0])
    clock = curves.Clock()
    now[0] = 103.0
    with clock.stopped():
        now[0] = 150.0
        point = curves.point(clock, 96, [[0.25, 0.75], [0.5, 0.5]], [1, 1])
    now[0] = 151.0
    assert clock.seconds == 4.0
    loss = -np.log([0.75, 0.5]).mean()
    assert point == {"seconds": 3.0, "image_size": 96, "log_loss": round(loss, 6), "accuracy": 0.5}


@pytest.mark.parametrize(("steps", "points"), [(10, 4), (3, 5), (1, 2), (7, 1)])
def test_a_stage_is_evaluated_at_its_end(benchmark, steps, points):
    wanted = benchmark("curves").spread(steps, points)
    assert max(wanted) == steps
    assert min(wanted) >= 1
    assert len(wanted) == min(steps, points)


def test_a_run_that_is_measured_again_takes_the_place_of_the_first(benchmark, tmp_path):
    recording, file = benchmark("recording"), tmp_path / "staged.json"
    key = ["tool", "mode", "seed"]
    recording.merge(file, "staged", [run(seed=0), run(seed=1)], key)
    recording.merge(file, "staged", [run(seed=1, curve=[(1.0, 0.1)])], key)
    runs = json.loads(file.read_text())["runs"]
    assert [(each["seed"], each["curve"][0]["seconds"]) for each in runs] == [(0, 9.0), (1, 1.0)]
    assert runs[0]["measured"]["cores"] >= 1
    assert runs[0]["measured"]["versions"]["numpy"] == np.__version__


def test_commands_are_kept_without_the_folders_of_a_machine(benchmark, monkeypatch):
    words = ["/home/me/benchmarks/staged.py", "--sizes", "96,144", "--peers", "/home/me/peers"]
    monkeypatch.setattr(sys, "argv", words)
    command = benchmark("recording").circumstances()["command"]
    assert command == "python benchmarks/staged.py --sizes 96,144 --peers peers"


def test_the_page_says_what_fell_short(benchmark, tmp_path):
    runs = [
        run(curve=[(10.0, 0.4)]),
        run(mode="staged", curve=[(12.0, 0.4)]),
        run("fastai", "single", curve=[(8.0, 0.4)]),
        run("keras", "single", curve=[(8.0, 0.5)]),
    ]
    recorded(benchmark, tmp_path, "staged", runs, notes=["By hand."])
    page = benchmark("performance").generated(tmp_path)
    assert page.startswith("## Does progressive resizing reach the log loss")
    assert "| kaggle-prz staged | 96: 1 | 1 | 12 | 0.400 | 0.500 | 12 | 1.20 |" in page
    assert "| fastai single | 1 | 0.400 | 8 | 12 | 1.50 |" in page
    assert "| keras single | 1 | 0.500 | 8 | 12 | 1.50 |" in page
    for short in (
        "- Staged was no sooner than the single run with seed 0.",
        "- fastai single was sooner than staged with seed 0.",
        "- keras single never reached the target with seed 0.",
        "- By hand.",
    ):
        assert short in page


def test_figures_of_any_benchmark_make_a_table(benchmark, tmp_path):
    figures = tmp_path / "figures.json"
    figures.write_text(json.dumps({"fits": [{"ratio": 0.5}, {"ratio": 0.7}], "median ratio": 0.6}))
    command = [sys.executable, BENCHMARKS / "recording.py", figures, tmp_path / "overhead.json"]
    subprocess.run([*command, "--command", "python benchmarks/overhead.py"], check=True)
    figures.unlink()
    page = benchmark("performance").generated(tmp_path)
    assert "| fits ratio | 0.600 (0.500–0.700) |\n| median ratio | 0.6 |" in page
    assert "```console\npython benchmarks/overhead.py\n```" in page


def test_limits_of_several_machines_are_one_table(benchmark, tmp_path):
    kept = {"limit": 90, "wall": 80.04, "used": 0.8893, "kept": True, "fault": "", "score": 0.25}
    late = {"limit": 60, "wall": 61.0, "used": 1.0167, "kept": False, "fault": "no submission"}
    runs = [{"figures": [kept], "machine": 1}, {"figures": [late], "machine": 2}]
    benchmark("recording").merge(tmp_path / "time_limit.json", "time_limit", runs, ["machine"])
    page = benchmark("performance").generated(tmp_path)
    assert ("| 60 | 61.0 (overrun) | 102% | no submission |\n| 90 | 80.0 | 89% | 0.2500 |") in page
    assert "1 of 2 ended in time, with a valid submission; 1 of them used at least 85%" in page


def test_the_split_is_a_fold_and_every_tool_gets_the_same(benchmark, split):
    assert benchmark("split").draw("shapes", 80).to_json() == split
    sides = [{file for file, _ in split[side]} for side in ("train", "held_out")]
    assert [len(side) for side in sides] == [64, 16]
    assert not sides[0] & sides[1]
    assert all(Path(file).is_file() for side in sides for file in side)


@pytest.mark.keras
@pytest.mark.full
def test_what_an_epoch_of_the_store_costs_is_measured(benchmark, home, monkeypatch, tmp_path):
    monkeypatch.setenv("KAGGLE_PRZ_HOME", str(home))
    loaders, file = benchmark("loaders"), tmp_path / "loaders.json"
    result = CliRunner().invoke(loaders.main, ["--quick", "--json", str(file)])
    assert result.exit_code == 0, result.output
    assert "kaggle-prz, 24 px: " in result.output
    (found,) = json.loads(file.read_text())["runs"]
    sizes = found["sizes"]
    assert [(each["image_size"], len(each["seconds"])) for each in sizes] == [(16, 2), (24, 2)]
    said = f"Decoding all {sizes[0]['images']} photographs of shapes once, at 2 sizes together"
    assert said in benchmark("performance").generated(tmp_path)


@pytest.mark.keras
@pytest.mark.full
@pytest.mark.parametrize("pretrained", [False, True])
def test_held_out_rows_are_evaluated_while_stages_train(benchmark, pretrained, split, tmp_path):
    curve = benchmark("staged_run").run(
        split,
        sizes=[16, 24],
        epochs=[2.0, 1.0],
        seed=0,
        points=2,
        place=tmp_path,
        backbone=replace(plain(), pretrained=pretrained),
    )
    assert [point["image_size"] for point in curve] == [16, 16, 16, 24, 24, 24]
    seconds = [point["seconds"] for point in curve]
    assert seconds == sorted(seconds)
    assert all(0 <= point["accuracy"] <= 1 and point["log_loss"] > 0 for point in curve)


@pytest.mark.keras
@pytest.mark.full
def test_a_later_stage_answers_together_with_those_before(benchmark, split, tmp_path):
    """The curve's last point is the mean of the stages' sealed predictions."""
    found = []
    for name, others in (("together", {}), ("alone", {"ensemble_stages": False})):
        curve = benchmark("staged_run").run(
            split,
            sizes=[16, 24],
            epochs=[1.0, 1.0],
            seed=0,
            points=1,
            place=tmp_path / name,
            backbone=replace(plain(), pretrained=True),
            others=others,
        )
        stages = [
            np.load(tmp_path / name / f"run/{stage}/fold0/oof.npz")["probabilities"]
            for stage in ("stage1-16", "stage2-24")
        ]
        labels = [label for _, label in split["held_out"]]
        means = [np.mean(stages, axis=0), stages[-1]]
        losses = [-np.log(mean[np.arange(len(labels)), labels]).mean() for mean in means]
        found.append((curve[-1]["log_loss"], losses))
    (together, (mean, _)), (alone, (_, last)) = found
    assert together == pytest.approx(mean, abs=1e-4)
    assert alone == pytest.approx(last, abs=1e-4)


def test_an_element_is_compared_seed_by_seed(benchmark, tmp_path):
    ablation = benchmark("ablation")
    runs = [
        {"competition": "elpv", "element": element, "seed": seed, "log_loss": loss}
        for element, losses in (("as it is", (0.3, 0.5)), ("without", (0.4, 0.55)))
        for seed, loss in enumerate(losses)
    ]
    plain_rows, (element, losses, differences) = ablation.table(runs)
    assert (plain_rows[0], element, losses) == ("as it is", "without", [0.4, 0.55])
    assert differences == pytest.approx([0.1, 0.05])
    file = tmp_path / "ablation.json"
    benchmark("recording").merge(file, "ablation", runs, ablation.KEY)
    page = benchmark("performance").generated(tmp_path)
    row = "| without | 0.4750 (0.4000–0.5500) | +0.0750 (+0.0500 to +0.1000) | hurts |"
    assert row in page


def test_every_element_is_a_key_of_the_recipe(benchmark):
    from kaggle_prz.commands.cli.options import setting
    from kaggle_prz.schedule.recipe import Recipe

    for pairs in benchmark("ablation").ELEMENTS.values():
        given = dict(setting(pair) for pair in pairs)
        Recipe.parse(given | {"sizes": (96, 144)})


@pytest.mark.keras
@pytest.mark.full
def test_plain_keras_is_measured_on_the_same_split(benchmark, split):
    curve = benchmark("keras_fit").run(
        split, size=16, epochs=1, seed=0, points=2, rate=1e-3, backbone=plain()
    )
    assert [point["image_size"] for point in curve] == [16, 16]
    assert 0 < curve[0]["seconds"] < curve[1]["seconds"]
