"""Staged against one size: the same fold, the same time, and who wins is said either way."""

import re

import pytest
from toys import Recorder

import kaggle_prz as prz
from kaggle_prz import comparison, workdir, workers
from kaggle_prz.errors import RunError, UsageError
from kaggle_prz.offline.shapes import Shapes
from kaggle_prz.spec import Recipe

QUICK = {"backbone": "tiny", "sizes": (16, 24), "folds": 2, "epochs": 3, "batch_size": 8}


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """A run that was compared, how to make the same call again, and what was said."""
    place = tmp_path_factory.mktemp("compared")
    Shapes(seed=3, train=48, test=12).materialise(place / "drawn")

    def fit(console):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("KAGGLE_PRZ_HOME", str(place / "home"))
            return prz.fit(
                str(place / "drawn"),
                output_dir=place / "runs",
                console=console,
                compare="single",
                **QUICK,
            )

    console = Recorder()
    return fit(console), fit, console


@pytest.mark.keras
def test_the_sentence_names_the_better_score(compared):
    run, _, console = compared
    found = workdir.read_json(run.path / "compare.json")
    staged, single = found["staged"]["score"], found["single"]["score"]
    assert found["wins"] == ("staged" if staged < single else "single")
    assert found["sentence"] in console.lines
    assert f"{staged:.4f} of 16 → 24 px, {single:.4f} of 24 px alone" in found["sentence"]
    assert found["sentence"] in run.report.read_text("utf-8")
    assert staged == workdir.read_seal(run.path / "stage2-24" / "fold0")["score"]


@pytest.mark.keras
def test_both_sides_hold_out_the_same_rows_and_train_on_the_others(compared):
    run, _, _ = compared
    one, other = run.path / "stage2-24/fold0", run.path / "compare/stage1-24/fold0"
    for file, key in (("oof.npz", "ids"), ("trained_on.npz", "ids")):
        there, here = (workdir.read_arrays(place / file)[key].tolist() for place in (one, other))
        assert there == here
    assert workdir.is_sealed(other)


@pytest.mark.keras
def test_one_size_trains_as_long_as_a_fold_did_in_all_stages(compared):
    run, _, _ = compared
    records = [workdir.read_json(run.path / f"stage{k}/stage.json") for k in ("1-16", "2-24")]
    spent = sum(record["seconds"][part] for record in records for part in ("build", "train"))
    found = workdir.read_json(run.path / "compare.json")
    assert found["seconds"] == pytest.approx(spent / 2, abs=0.06)
    alone = workdir.read_json(run.path / "compare/stage1-24/stage.json")["seconds"]
    took = alone["build"] / 2 + alone["train"]
    assert took == pytest.approx(found["seconds"], abs=2.0)


@pytest.mark.keras
def test_the_same_call_again_trains_nothing(compared, monkeypatch):
    run, fit, _ = compared
    before = (run.path / "compare.json").read_bytes()
    monkeypatch.setattr(workers.InProcess, "prepare", lambda *given, **named: 1 / 0)
    console = Recorder()
    fit(console)
    assert (run.path / "compare.json").read_bytes() == before
    (run.path / "compare.json").unlink()
    fit(console)  # the fold is sealed, so only the result is written again
    assert (run.path / "compare.json").read_bytes() == before
    assert sum("Compared on fold 1" in line for line in console.lines) == 2


@pytest.mark.keras
def test_a_run_that_is_not_finished_is_not_compared(compared, tmp_path):
    run, _, _ = compared
    unfinished = type(run)(tmp_path, run.recipe, run.task)
    (tmp_path / "plan.json").write_bytes((run.path / "plan.json").read_bytes())
    with pytest.raises(RunError, match="is not finished, so there is nothing yet to compare with"):
        comparison.compare(unfinished, None, None, {}, console=Recorder())


@pytest.mark.parametrize(
    ("compare", "recipe", "said"),
    [
        ("double", {}, "--compare takes single, received 'double'."),
        ("single", {"sizes": (24,)}, "received --sizes 24. Give two sizes or more"),
        ("single", {"time_limit": 60}, "no time limit counts that. Leave out --time-limit"),
    ],
)
def test_what_cannot_be_compared_is_refused(compare, recipe, said):
    with pytest.raises(UsageError, match=re.escape(said)):
        comparison.check(compare, Recipe(**recipe))
    comparison.check(None, Recipe(**recipe))


@pytest.mark.parametrize(
    ("staged", "single", "wins", "said"),
    [
        (0.3, 0.4, "staged", "progressive resizing wins"),
        (0.4, 0.3, "single", "24 px alone wins"),
        (0.3, 0.3, "neither", "neither wins"),
    ],
)
def test_whoever_wins_is_said(staged, single, wins, said):
    facts = {
        "fold": 0, "held_out": 24, "seconds": 80.4, "wins": wins,
        "staged": {"sizes": [16, 24], "score": staged}, "single": {"score": single},
    }  # fmt: skip
    assert comparison.sentence(facts, "log loss") == (
        f"Compared on fold 1, 80 s of training each: log loss {staged:.4f} of 16 → 24 px, "
        f"{single:.4f} of 24 px alone; {said}. It is one fold of 24 rows."
    )
